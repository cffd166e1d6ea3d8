//! A connection's life: greeting, live, gone. It owns nothing that lasts.

use arcp_core::{
    Capabilities, ConnectionId, Fault, MessageId, Moment, Notice, Now, Reply, SessionId, Vocabulary,
};
use arcp_transport::CloseReason;

use super::resume::Wanted;
use super::{Effects, Engine, From, Timer};

/// What the engine knows of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) phase: Phase,
    /// The offer that is being judged, if any.
    pub(super) pending: Option<Attempt>,
    /// The challenge that the client has to answer, if any.
    pub(super) posed: Option<Posed>,
    /// When something came from it last.
    pub(super) heard_at: Moment,
    /// Since when it is asked whether it is there.
    pub(super) asked_at: Option<Moment>,
    /// When it was asked last, or its session began.
    pub(super) pinged_at: Moment,
    /// Whether both ends let each other hear in each interval.
    pub(super) beats: bool,
    /// Offers so far.
    pub(super) attempts: u64,
    /// Offers refused since the last that was accepted.
    pub(super) refusals: u32,
}

/// Where a connection stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// No session yet; a timer ends it.
    Greeting,
    /// It carries this session.
    Live(SessionId),
}

/// An offer that is being judged.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) number: u64,
    pub(super) request: MessageId,
    pub(super) scheme: String,
    pub(super) purpose: Purpose,
    /// The challenge that is answered, if one is.
    pub(super) answered: Option<String>,
}

/// A challenge that waits for its answer.
#[derive(Debug)]
pub(super) struct Posed {
    pub(super) challenge: String,
    /// The scheme whose authenticator made it.
    pub(super) scheme: String,
    /// What follows when the answer is good.
    pub(super) purpose: Purpose,
    /// On a live session: until when it is taken for the answer to this, and not for a renewal.
    pub(super) until: Moment,
}

/// What follows when the offer is good.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// A session is opened.
    Open { declared: Capabilities, vocabulary: Vocabulary },
    /// A session goes on.
    Resume(Wanted),
    /// The session's lease begins anew.
    Renew,
}

impl Connection {
    /// Whether what it says next may be the answer to a challenge. On a live session one that nobody has
    /// answered in time is left behind.
    pub(super) fn awaits_answer(&self, moment: Moment) -> bool {
        let posed = self.posed.as_ref();
        posed.is_some_and(|posed| self.session().is_none() || moment < posed.until)
    }

    /// The session that it carries.
    pub(super) fn session(&self) -> Option<&SessionId> {
        match &self.phase {
            Phase::Greeting => None,
            Phase::Live(session) => Some(session),
        }
    }
}

impl Engine {
    pub(super) fn on_connected(&mut self, now: Now, connection: ConnectionId) {
        let state = Connection {
            phase: Phase::Greeting,
            pending: None,
            posed: None,
            heard_at: now.moment,
            asked_at: None,
            pinged_at: now.moment,
            beats: false,
            attempts: 0,
            refusals: 0,
        };
        self.connections.insert(connection, state);
        let deadline = now.moment.after(self.settings.limits.handshake_time);
        self.timers.set(Timer::Handshake(connection), deadline);
    }

    pub(super) fn on_bad_frame(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: Option<MessageId>,
        fault: Fault,
        fx: &mut Effects,
    ) {
        self.hear(now, connection);
        let live = self.connections.get(&connection).and_then(Connection::session).cloned();
        match (live, id) {
            (None, Some(id)) => self.reply_to(now, connection, id, Reply::Premature(fault), fx),
            (None, None) => self.notify(now, connection, Notice::Premature(fault), fx),
            (Some(session), Some(id)) => {
                let from = From { connection, session, id };
                self.reply(now, &from, Reply::Nack(fault), fx);
            }
            (Some(_), None) => self.notify(now, connection, Notice::Nack(fault), fx),
        }
    }

    pub(super) fn on_disconnected(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        self.cancel_timers(connection);
        let Some(state) = self.connections.remove(&connection) else {
            return;
        };
        if let Some(session) = state.session() {
            self.detach(now, connection, session, fx);
        }
    }

    pub(super) fn on_handshake_overdue(&mut self, connection: ConnectionId, fx: &mut Effects) {
        self.end_connection(connection, CloseReason::Policy, fx);
    }

    /// Ends the connection; a session that it carries waits for its client.
    pub(super) fn let_go(
        &mut self,
        now: Now,
        connection: ConnectionId,
        reason: CloseReason,
        fx: &mut Effects,
    ) {
        let state = self.connections.get(&connection);
        if let Some(session) = state.and_then(Connection::session).cloned() {
            self.detach(now, connection, &session, fx);
        }
        self.end_connection(connection, reason, fx);
    }

    fn cancel_timers(&mut self, connection: ConnectionId) {
        self.timers.cancel(&Timer::Handshake(connection));
        self.timers.cancel(&Timer::Silence(connection));
    }

    /// Forgets the connection and ends it.
    pub(super) fn end_connection(
        &mut self,
        connection: ConnectionId,
        reason: CloseReason,
        fx: &mut Effects,
    ) {
        self.cancel_timers(connection);
        if self.connections.remove(&connection).is_some() {
            fx.close(connection, reason);
        }
    }
}
