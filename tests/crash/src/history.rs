//! What all clients have seen, which is what the server has acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use crate::frame::Frame;
use crate::violation::Violation;

/// What all clients have seen.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) sessions: BTreeMap<String, Session>,
    /// Jobs that were accepted, in order, by principal.
    pub(crate) jobs: BTreeMap<&'static str, Vec<String>>,
    /// Which job was accepted for a key of a principal.
    pub(crate) keys: BTreeMap<(&'static str, String), String>,
    /// By which message a job has ended.
    ends: BTreeMap<String, String>,
    pub(crate) counts: Counts,
}

/// What is said at the end of a run.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) resumes: u64,
    pub(crate) acks: u64,
    pub(crate) cancels: u64,
}

/// What was seen of a session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Its events, from number 1 on.
    pub(crate) events: Vec<Seen>,
    /// The number that is due on the connection that it has.
    due: u64,
    /// The jobs of which it has to be told the end.
    pub(crate) watched: BTreeSet<String>,
    /// Whether its client has asked to close it.
    pub(crate) left: bool,
    /// Whether it was told that it is closed.
    pub(crate) closed: bool,
}

/// An event as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) job: String,
    pub(crate) kind: String,
}

impl Seen {
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.kind.as_str(), "job.completed" | "job.failed" | "job.cancelled")
    }

    pub(crate) fn shown(&self) -> String {
        format!("{} {} of {}", self.id, self.kind, self.job)
    }
}

impl Session {
    pub(crate) fn last(&self) -> u64 {
        u64::try_from(self.events.len()).unwrap_or(u64::MAX)
    }

    /// Whether it was told the end of a job.
    pub(crate) fn has_end_of(&self, job: &str) -> bool {
        self.events.iter().any(|event| event.job == job && event.is_terminal())
    }
}

impl History {
    pub(crate) fn opened(&mut self, session: &str) {
        self.sessions.insert(session.to_owned(), Session { due: 1, ..Session::default() });
    }

    /// A session goes on, from the event after that number.
    pub(crate) fn resumed(&mut self, session: &str, after: u64) {
        self.counts.resumes += 1;
        if let Some(session) = self.sessions.get_mut(session) {
            session.due = after + 1;
        }
    }

    pub(crate) fn last(&self, session: &str) -> u64 {
        self.sessions.get(session).map_or(0, Session::last)
    }

    /// Whether a session has not been told the end of all that it watches.
    pub(crate) fn waits(&self, session: &str) -> bool {
        let session = self.sessions.get(session);
        session.is_some_and(|session| session.watched.iter().any(|job| !session.has_end_of(job)))
    }

    pub(crate) fn leave(&mut self, session: &str) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.left = true;
        }
    }

    pub(crate) fn closed(&mut self, session: &str) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.closed = true;
        }
    }

    pub(crate) fn watch(&mut self, session: &str, job: &str) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.watched.insert(job.to_owned());
        }
    }

    /// A job was accepted, perhaps again, for a key if one came along.
    pub(crate) fn accepted(
        &mut self,
        principal: &'static str,
        session: &str,
        key: Option<&str>,
        job: &str,
    ) -> Result<(), Violation> {
        self.watch(session, job);
        let Some(key) = key else {
            self.jobs.entry(principal).or_default().push(job.to_owned());
            return Ok(());
        };
        match self.keys.insert((principal, key.to_owned()), job.to_owned()) {
            None => self.jobs.entry(principal).or_default().push(job.to_owned()),
            Some(one) if one == job => {}
            Some(one) => {
                let (key, other) = (key.to_owned(), job.to_owned());
                return Err(Violation::TwoJobs { key, one, other });
            }
        }
        Ok(())
    }

    /// An event came. It is the one that is due, and if it came before it is the same.
    pub(crate) fn event(&mut self, name: &str, seq: u64, frame: &Frame) -> Result<(), Violation> {
        let is = frame.seen();
        self.end(&is)?;
        let Some(session) = self.sessions.get_mut(name) else { return Ok(()) };
        if seq != session.due {
            let (session, expected) = (name.to_owned(), session.due);
            return Err(Violation::Number { session, expected, got: seq });
        }
        session.due += 1;
        let place = usize::try_from(seq - 1).unwrap_or(usize::MAX);
        match session.events.get(place) {
            None => {
                // A job of which only the acceptance was lost is the session's too.
                session.watched.insert(is.job.clone());
                session.events.push(is);
                self.counts.events += 1;
                Ok(())
            }
            Some(was) if *was == is => Ok(()),
            Some(was) => {
                let (session, was, is) = (name.to_owned(), was.shown(), is.shown());
                Err(Violation::Replaced { session, seq, was, is })
            }
        }
    }

    fn end(&mut self, is: &Seen) -> Result<(), Violation> {
        if !is.is_terminal() {
            return Ok(());
        }
        let (job, other) = (is.job.clone(), is.id.clone());
        match self.ends.insert(job.clone(), other.clone()) {
            Some(one) if one != other => Err(Violation::TwoEnds { job, one, other }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, kind: &str) -> Frame {
        let text = format!(r#"{{"id":"{id}","type":"{kind}","job_id":"job_1","payload":{{}}}}"#);
        Frame::read(&text).unwrap()
    }

    fn two_events() -> History {
        let mut history = History::default();
        history.opened("s");
        history.event("s", 1, &event("m1", "log")).unwrap();
        history.event("s", 2, &event("m2", "log")).unwrap();
        history
    }

    fn number(expected: u64, got: u64) -> Violation {
        Violation::Number { session: "s".to_owned(), expected, got }
    }

    #[test]
    fn numbers_go_on_and_may_come_again_after_a_resume() {
        let mut history = two_events();
        history.resumed("s", 1);
        history.event("s", 2, &event("m2", "log")).unwrap();
        history.event("s", 3, &event("m3", "job.completed")).unwrap();
        assert_eq!((history.last("s"), history.counts.events), (3, 3));
    }

    #[test]
    fn a_session_waits_for_the_ends_of_all_that_it_hears_of() {
        let mut history = two_events();
        assert!(history.waits("s"));
        history.opened("t");
        history.event("t", 1, &event("m3", "job.completed")).unwrap();
        assert!(history.waits("s"), "another session was told");
        history.event("s", 3, &event("m3", "job.completed")).unwrap();
        assert!(!history.waits("s"));
    }

    #[test]
    fn a_gap_a_double_and_a_number_that_was_told_are_found() {
        let log = event("m3", "log");
        assert_eq!(two_events().event("s", 4, &log), Err(number(3, 4)));
        assert_eq!(two_events().event("s", 2, &log), Err(number(3, 2)));
        let mut history = two_events();
        history.resumed("s", 2);
        assert_eq!(history.event("s", 1, &log), Err(number(3, 1)));
    }

    #[test]
    fn another_message_under_a_number_is_found() {
        for other in [event("m9", "log"), event("m2", "metric")] {
            let mut history = two_events();
            history.resumed("s", 1);
            let found = history.event("s", 2, &other);
            assert!(matches!(found, Err(Violation::Replaced { seq: 2, .. })), "{found:?}");
        }
    }

    #[test]
    fn a_second_end_is_found_in_whatever_session() {
        let mut history = two_events();
        history.opened("t");
        history.event("s", 3, &event("m3", "job.failed")).unwrap();
        history.event("t", 1, &event("m3", "job.failed")).unwrap();
        let found = history.event("t", 2, &event("m4", "job.completed"));
        assert!(matches!(found, Err(Violation::TwoEnds { .. })), "{found:?}");
    }

    #[test]
    fn a_second_job_for_a_key_is_found() {
        let mut history = two_events();
        history.accepted("alice", "s", Some("k"), "job_1").unwrap();
        history.accepted("alice", "s", Some("k"), "job_1").unwrap();
        history.accepted("bob", "s", Some("k"), "job_2").unwrap();
        let found = history.accepted("alice", "s", Some("k"), "job_3");
        assert!(matches!(found, Err(Violation::TwoJobs { .. })), "{found:?}");
        assert_eq!(history.jobs["alice"], ["job_1"]);
    }
}
