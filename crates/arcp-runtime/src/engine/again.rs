//! Telling a session's events once more, from the one after a message on (R§19).

use arcp_core::{
    Code, ConnectionId, Event, Fault, Feature, MessageId, Notice, Now, Replay, Reply, SessionId,
};

use super::{Effects, Engine, From, Task};
use crate::record::Anchor;

/// The number of an event, to be found in the store.
#[derive(Debug)]
pub struct Search {
    /// Who asked.
    pub connection: ConnectionId,
    /// In which session.
    pub session: SessionId,
    /// By which message.
    pub to: MessageId,
    /// The event.
    pub anchor: Anchor,
}

impl Engine {
    pub(super) fn handle_replay(
        &mut self,
        now: Now,
        from: &From,
        replay: &Replay,
        fx: &mut Effects,
    ) {
        match self.check_replay(from, replay) {
            Ok(anchor) => {
                self.waits(&from.session);
                if let Some(session) = self.sessions.get_mut(&from.session) {
                    session.searches = true;
                }
                let From { connection, session, id: to } = from.clone();
                fx.task(Task::Search(Box::new(Search { connection, session, to, anchor })));
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// An event was looked for; the connection reads on from there.
    pub(super) fn on_searched(
        &mut self,
        now: Now,
        search: Search,
        found: Result<Option<u64>, Fault>,
        fx: &mut Effects,
    ) {
        let from = From { connection: search.connection, session: search.session, id: search.to };
        if let Some(session) = self.sessions.get_mut(&from.session) {
            session.searches = false;
        }
        if !self.is_there(&from) {
            return;
        }
        let kept_from = self.sessions.get(&from.session).map_or(1, |session| session.kept_from);
        let reply = match found {
            Err(fault) => Reply::Nack(fault),
            Ok(Some(after)) if after + 1 >= kept_from => Reply::Replaying { after },
            Ok(None) if kept_from == 1 => Reply::Nack(unknown()),
            Ok(_) => Reply::Nack(super::gone_before(kept_from)),
        };
        self.reply(now, &from, reply, fx);
    }

    /// One search at a time: it reads all that the session has been told, so far as it is kept.
    fn check_replay(&self, from: &From, replay: &Replay) -> Result<Anchor, Fault> {
        if self.sessions.get(&from.session).is_some_and(|session| session.searches) {
            let message = "another `resume` of the session is under way";
            return Err(Fault::new(Code::FailedPrecondition, message));
        }
        if replay.session.as_ref().is_some_and(|session| *session != from.session) {
            let message = format!(
                "this connection has {}; another session goes on by `session.resume`",
                from.session
            );
            return Err(Fault::new(Code::FailedPrecondition, message));
        }
        Anchor::parse(&replay.after).ok_or_else(unknown)
    }

    /// A client reads more slowly than its jobs speak. It is told if it knows that a session goes on.
    pub(super) fn on_behind(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        if self.knows_resume(connection) {
            self.notify(now, connection, Notice::Backpressure, fx);
        }
        self.tell_lag(now, connection, fx);
    }

    /// Says in the session's stream that its client is slow (§6.5), where both have agreed on acks: as
    /// the status of a job that it has submitted, for what is told of other sessions' jobs is theirs.
    fn tell_lag(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        let Some(session) = self.carried_by(connection) else { return };
        if !self.agreed(session, Feature::Ack) {
            return;
        }
        let id = self.connections.get(&connection).and_then(|state| state.session());
        let job = session.watching.iter().find(|job| {
            self.jobs.get(*job).is_some_and(|job| job.has_started() && Some(&job.session) == id)
        });
        let Some(job) = job.cloned() else { return };
        let lag = session.next_seq.saturating_sub(1).saturating_sub(session.acked);
        let said = Event::Status {
            phase: "back_pressure".to_owned(),
            message: Some(format!("consumer lag {lag} events")),
        };
        self.emit(now, &job, said, fx);
    }
}

fn unknown() -> Fault {
    Fault::new(Code::NotFound, "no event of this session has that message id")
}
