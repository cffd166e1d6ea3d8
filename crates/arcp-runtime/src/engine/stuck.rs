//! What is said while the store does not take what there is to keep: nothing that would have to be.

use arcp_core::{
    Code, Command, ConnectionId, Fault, Issued, MessageId, Now, Reply, SessionId, Wanted,
};

use super::{Connection, Effects, Engine, From, Timer};

impl Engine {
    /// Answers a command that nothing can be kept of now. One that can wait until the store is back comes
    /// back, if there is `room` for it. Nothing that is answered here has been done, so the same message
    /// may come again. `told` is the session of which the connection has been told that it has it.
    pub fn handle_stuck(
        &mut self,
        now: Now,
        connection: ConnectionId,
        issued: Issued,
        told: Option<&SessionId>,
        room: bool,
        fx: &mut Effects,
    ) -> Option<Issued> {
        self.hear(now, connection);
        let session = self.connections.get(&connection).and_then(Connection::session);
        // Nothing comes before the acceptance, which may wait for the store.
        let live = session.is_some() && session == told;
        if self.is_known(connection, &issued.id) {
            // It is under way, or done; it is passed over as at other times.
            return None;
        }
        let reply = match &issued.command {
            Command::Open(_) | Command::Resume(_) => Reply::Rejected(unavailable()),
            Command::Refused { wanted: Wanted::Session, fault } => Reply::Rejected(fault.clone()),
            Command::Ping { kind, nonce } if live => {
                Reply::Pong { kind: *kind, nonce: nonce.clone() }
            }
            Command::Submit(_) if live => {
                let (job, fault) = (self.ids.job(now), unavailable());
                Reply::JobRefused { job, fault, key: None }
            }
            // Nothing is kept of it, and its client says it once: what its window held back may follow.
            Command::Ack { seq } if live => {
                let from = From { connection, session: told?.clone(), id: issued.id };
                self.handle_ack(now, &from, *seq, fx);
                return None;
            }
            Command::Pong { .. } | Command::Ack { .. } => return None,
            Command::Authenticate { .. } if !live && !room => Reply::Unauthenticated(unavailable()),
            _ if room => return Some(issued),
            _ if live => Reply::Nack(unavailable()),
            _ => return None,
        };
        self.reply_to(now, connection, issued.id, reply, fx);
        None
    }

    /// The store is back. Nobody was asked meanwhile whether they are there, nobody could come back, open a
    /// session or renew one: what was offered in time has yet to be judged.
    pub(super) fn on_unstuck(&mut self, now: Now) {
        let judged = now.moment.after(self.settings.limits.handshake_time);
        for (connection, state) in &mut self.connections {
            (state.heard_at, state.asked_at) = (now.moment, None);
            match state.session() {
                None => self.timers.set(Timer::Handshake(*connection), judged),
                Some(session) if state.pending.is_some() => {
                    self.timers.put_off(&Timer::SessionLease(session.clone()), judged);
                }
                Some(_) => {}
            }
        }
        let end = now.moment.after(self.settings.resume_window);
        for (_, session) in &self.waiting {
            self.timers.set(Timer::Resume(session.clone()), end);
        }
    }

    /// Whether a message has come before and is being done, or was.
    fn is_known(&self, connection: ConnectionId, id: &MessageId) -> bool {
        let Some(state) = self.connections.get(&connection) else { return true };
        let session = state.session().and_then(|session| self.sessions.get(session));
        let seen = session.is_some_and(|s| s.seen.has(id) || s.asked.has(id));
        seen || state.pending.as_ref().is_some_and(|pending| pending.request == *id)
    }
}

fn unavailable() -> Fault {
    Fault::new(Code::Unavailable, "the store does not keep anything now; try again later")
}
