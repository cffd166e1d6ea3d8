//! Clients that have fallen silent: asked whether they are there, then given up (§6.4). Their jobs go
//! on, and their sessions wait for them.

use std::time::Duration;

use arcp_core::{Code, ConnectionId, Fault, Feature, Moment, Notice, Now, RESUME_EXTENSION};
use arcp_transport::CloseReason;

use super::session::Session;
use super::{Effects, Engine, Timer};

impl Engine {
    /// A session begins on a connection. Only those clients are asked that have declared heartbeats or
    /// that they can go on: others need not know the question, and would lose their session by silence.
    pub(super) fn expect_signs_of_life(&mut self, now: Now, connection: ConnectionId) {
        let Some(interval) = self.settings.ping_interval else { return };
        let timer = Timer::Silence(connection);
        let beats = self.carried_by(connection).and_then(|session| self.beats(session)).is_some();
        let asked = beats || (self.knows_resume(connection) && self.waits_for_clients());
        if let Some(state) = self.connections.get_mut(&connection) {
            (state.beats, state.pinged_at) = (beats, now.moment);
        }
        if asked {
            self.timers.set(timer, now.moment.after(interval));
        } else {
            self.timers.cancel(&timer);
        }
    }

    /// How often a session's client hears of the runtime and lets it hear of itself, if both agreed on
    /// that (§6.4).
    pub(super) fn beats(&self, session: &Session) -> Option<Duration> {
        let agreed = self.waits_for_clients() && self.agreed(session, Feature::Heartbeat);
        self.settings.ping_interval.filter(|_| agreed)
    }

    /// Whether the client of a connection has declared that its session can go on.
    pub(super) fn knows_resume(&self, connection: ConnectionId) -> bool {
        let session = self.carried_by(connection);
        session.is_some_and(|session| session.declared.extensions.contains(RESUME_EXTENSION))
    }

    /// The session that a connection carries.
    pub(super) fn carried_by(&self, connection: ConnectionId) -> Option<&Session> {
        let state = self.connections.get(&connection)?;
        self.sessions.get(state.session()?)
    }

    /// Something came from a client, whatever it was.
    pub(super) fn hear(&mut self, now: Now, connection: ConnectionId) {
        if let Some(state) = self.connections.get_mut(&connection) {
            state.heard_at = now.moment;
            state.asked_at = None;
        }
    }

    /// A client is asked whether it is there when it has been silent for an interval, or in each interval,
    /// whatever it says, if both agreed on heartbeats. It is given up when it has been silent for two, of
    /// which it had one to answer in. A runtime that was held up itself, before it asked or since, asks
    /// before it judges: what was said may not be read yet.
    pub(super) fn on_silence(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        let (Some(interval), Some(state)) =
            (self.settings.ping_interval, self.connections.get_mut(&connection))
        else {
            return;
        };
        let silent = state.heard_at.after(interval.saturating_mul(2));
        let lost = |asked: Moment| asked.after(interval).max(silent);
        state.asked_at.take_if(|asked| lost(*asked).after(interval / 2) < now.moment);
        let ask_at = match state.asked_at {
            Some(asked) if lost(asked) <= now.moment => return self.give_up(now, connection, fx),
            _ if state.beats => Some(state.pinged_at.after(interval)),
            None => Some(state.heard_at.after(interval)),
            Some(_) => None,
        };
        let asks = ask_at.is_some_and(|at| at <= now.moment);
        if asks {
            state.pinged_at = now.moment;
            state.asked_at.get_or_insert(now.moment);
        }
        let ask_at = if asks { Some(now.moment.after(interval)) } else { ask_at };
        if let Some(next) = ask_at.into_iter().chain(state.asked_at.map(lost)).min() {
            self.timers.set(Timer::Silence(connection), next);
        }
        if asks {
            let nonce = self.ids.message(now).to_string();
            self.notify(now, connection, Notice::Ping { nonce }, fx);
        }
    }

    fn give_up(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        let fault = Fault::new(Code::HeartbeatLost, "nothing has come for two intervals");
        self.notify(now, connection, Notice::Nack(fault), fx);
        self.let_go(now, connection, CloseReason::Policy, fx);
    }
}
