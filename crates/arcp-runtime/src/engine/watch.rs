//! Watching a job: its events, numbered in the watcher's session, from the past on if wanted
//! (§7.6).
//!
//! The past is not told here. Pointers to it are added to the session's stream, and the connection
//! reads from the store what it has not been told, as one does that has fallen behind.

use std::time::Duration;

use arcp_core::{
    Code, ConnectionId, Fault, IdempotencyKey, JobAccepted, JobId, JobSummary, JobWatched,
    MessageId, Now, Principal, Reply, SessionId, WatchJob,
};
use bytes::Bytes;

use super::{Decision, Effects, Engine, From, Task, exceeds};
use crate::record::{JobFact, key};

/// A job that has ended, to be read from the store.
#[derive(Debug)]
pub struct Recall {
    /// Who asked.
    pub connection: ConnectionId,
    /// In which session.
    pub session: SessionId,
    /// By which message.
    pub to: MessageId,
    /// Whose job it has to be.
    pub principal: Principal,
    /// Which.
    pub job: JobId,
    /// What for.
    pub purpose: Purpose,
}

/// What a job is read for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// To tell again what came of it.
    Repeat(IdempotencyKey),
    /// To watch it, from after this index on if the past is wanted.
    Watch(Option<u64>),
}

impl Engine {
    pub(super) fn handle_watch(
        &mut self,
        now: Now,
        from: &From,
        watch: WatchJob,
        fx: &mut Effects,
    ) {
        let principal = self.sessions.get(&from.session).map(|session| session.principal.clone());
        let decided = principal.and_then(|principal| {
            let owner = &self.jobs.get(&watch.job)?.principal;
            let decision = self.settings.watch_policy.decide(&principal, owner, &watch.job);
            Some((principal, owner.clone(), decision))
        });
        // One that has ended is decided on when it is read.
        let Some((principal, owner, decision)) = decided else {
            self.recall(from, watch.job, Purpose::Watch(watch.after), fx);
            return;
        };
        self.audit(now, principal, &from.session, &watch.job, Some((owner, decision)), fx);
        match self.check_watch(from, &watch, decision) {
            Ok((summary, budget)) => {
                self.watch(&from.session, &watch.job, fx);
                self.start_watching(now, from, summary, Some(budget), watch.after, fx);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// The job as it stands, and why it may not be watched. What the principal may not know of looks like
    /// what is not there.
    fn check_watch(
        &self,
        from: &From,
        watch: &WatchJob,
        decision: Decision,
    ) -> Result<(JobSummary, arcp_core::lease::Budget), Fault> {
        match decision {
            Decision::Allow => {}
            Decision::Deny => {
                let message = "the job may not be watched";
                return Err(Fault::new(Code::PermissionDenied, message));
            }
            Decision::Hide => return Err(no_such_job()),
        }
        let session = self.sessions.get(&from.session).ok_or_else(no_such_job)?;
        let job = self.jobs.get(&watch.job).ok_or_else(no_such_job)?;
        let limit = self.settings.limits.watched_per_session;
        if session.watching.len() >= limit && !session.watching.contains(&watch.job) {
            return Err(exceeds("watched_per_session", limit));
        }
        let summary = job.summary();
        check_after(watch.after, job.kept_from, summary.last_index)?;
        Ok((summary, job.remaining.clone()))
    }

    /// Has a session get the job's events from now on; once, however often it asks.
    pub(super) fn watch(&mut self, id: &SessionId, job: &JobId, fx: &mut Effects) {
        let (Some(open), Some(session)) = (self.jobs.get_mut(job), self.sessions.get_mut(id))
        else {
            return;
        };
        if session.watching.insert(job.clone()) {
            open.watchers.push(id.clone());
            fx.put(key::watcher(job, id), Ok(Bytes::new()));
        }
    }

    /// Says that the job is watched, then what has happened after `after`.
    fn start_watching(
        &mut self,
        now: Now,
        from: &From,
        summary: JobSummary,
        budget: Option<arcp_core::lease::Budget>,
        after: Option<u64>,
        fx: &mut Effects,
    ) {
        let (job, last) = (summary.job.clone(), summary.last_index);
        let after = after.unwrap_or(last);
        let watched = JobWatched { summary, budget, after, replayed: after < last };
        self.reply(now, from, Reply::Watched(Box::new(watched)), fx);
        self.tell_past(from, &job, after, last, fx);
    }

    /// Gives the events of a job after `after` up to `last` numbers in the session.
    fn tell_past(&mut self, from: &From, job: &JobId, after: u64, last: u64, fx: &mut Effects) {
        let Some(session) = self.sessions.get_mut(&from.session) else { return };
        let mut index = after + 1;
        while index <= last {
            let count = u32::try_from(last - index + 1).unwrap_or(u32::MAX);
            fx.append_run(&session.stream, session.next_seq, job, index, count);
            session.next_seq += u64::from(count);
            index += u64::from(count);
        }
        if let Some(connection) = session.phase.connection().filter(|_| after < last) {
            fx.feed(connection, session.next_seq - 1);
        }
    }

    pub(super) fn handle_unwatch(&mut self, now: Now, from: &From, job: &JobId, fx: &mut Effects) {
        let submitted = self.jobs.get(job).is_some_and(|open| open.session == from.session);
        let session = self.sessions.get_mut(&from.session);
        // A session goes on getting the events of what it submitted.
        let known = submitted || session.is_some_and(|session| session.watching.remove(job));
        if !known {
            let fault = Fault::new(Code::JobNotFound, "the job is not watched");
            self.reply(now, from, Reply::Unheeded(fault), fx);
            return;
        }
        if let Some(open) = self.jobs.get_mut(job).filter(|_| !submitted) {
            open.watchers.retain(|watcher| *watcher != from.session);
            fx.delete(key::watcher(job, &from.session));
        }
        self.reply(now, from, Reply::Done, fx);
    }

    /// Has a job read from the store that has ended, or never was.
    pub(super) fn recall(&mut self, from: &From, job: JobId, purpose: Purpose, fx: &mut Effects) {
        self.waits(&from.session);
        let Some(session) = self.sessions.get(&from.session) else { return };
        let From { connection, session: id, id: to } = from.clone();
        let principal = session.principal.clone();
        let recall = Recall { connection, session: id, to, principal, job, purpose };
        fx.task(Task::Recall(Box::new(recall)));
    }

    pub(super) fn on_recalled(
        &mut self,
        now: Now,
        recall: Recall,
        found: Result<Option<Box<(JobFact, u64)>>, Fault>,
        fx: &mut Effects,
    ) {
        let Recall { connection, session, to, principal, job, purpose } = recall;
        if let Purpose::Watch(_) = purpose {
            let found = found.as_ref().is_ok_and(Option::is_some);
            let decided = found.then(|| (principal.clone(), Decision::Allow));
            self.audit(now, principal, &session, &job, decided, fx);
        }
        let from = From { connection, session, id: to };
        if !self.is_there(&from) {
            return;
        }
        let result = match found {
            Ok(Some(found)) => self.on_found(now, &from, job, *found, &purpose, fx),
            Ok(None) => Err(no_such_job()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = result {
            let submit = matches!(purpose, Purpose::Repeat(_));
            self.refuse(now, &from, submit, fault, fx);
        }
    }

    fn on_found(
        &mut self,
        now: Now,
        from: &From,
        job: JobId,
        (fact, kept_from): (JobFact, u64),
        purpose: &Purpose,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let ended = fact.outcome.as_ref().ok_or_else(no_such_job)?;
        let last = ended.last_index;
        match purpose {
            Purpose::Repeat(key) => {
                check_after(Some(last - 1), kept_from, last)?;
                let accepted = told_again(&job, fact, key.clone());
                self.reply(now, from, Reply::JobAccepted(Box::new(accepted)), fx);
                self.tell_past(from, &job, last - 1, last, fx);
            }
            Purpose::Watch(after) => {
                // What goes any moment is not begun to be told.
                let retention = self.settings.retention.events;
                let margin = MARGIN.min(retention / 10);
                let goes = ended.ended_at.after(retention) <= now.wall.after(margin);
                let kept_from = if goes { u64::MAX } else { kept_from };
                check_after(*after, kept_from, last)?;
                let left = fact.outcome.as_ref().map(|outcome| outcome.left.clone());
                let summary = fact.summary(job).ok_or_else(no_such_job)?;
                self.start_watching(now, from, summary, left, *after, fx);
            }
        }
        Ok(())
    }
}

/// What was said of a job when it was accepted.
fn told_again(job: &JobId, fact: JobFact, key: IdempotencyKey) -> JobAccepted {
    JobAccepted {
        job: job.clone(),
        agent: Some(fact.agent.to_string()),
        budget: fact.lease.budget.clone(),
        lease: fact.lease,
        accepted_at: fact.created_at,
        trace: fact.trace,
        // They are revoked.
        credentials: Vec::new(),
        repeated: Some(key),
        parent: fact.parent,
    }
}

fn check_after(after: Option<u64>, kept_from: u64, last: u64) -> Result<(), Fault> {
    match after {
        Some(after) if after < last && after + 1 < kept_from => {
            let message = if kept_from <= last {
                format!("the oldest event of the job still kept is {kept_from}")
            } else {
                "none of the job's events is still kept".to_owned()
            };
            Err(Fault::new(Code::ResumeWindowExpired, message))
        }
        Some(after) if after > last => {
            let message = format!("`from_event_seq` {after} is ahead of the job's last, {last}");
            Err(Fault::invalid(message))
        }
        _ => Ok(()),
    }
}

fn no_such_job() -> Fault {
    Fault::new(Code::JobNotFound, "no such job")
}

/// How long before its end the past of a job is not told any more.
const MARGIN: Duration = Duration::from_mins(1);
