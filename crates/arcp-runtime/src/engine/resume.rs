//! Going on with a session whose connection is gone: by a token that is good until the next one is in
//! use, from the event after the last one that its client has.

use std::time::Duration;

use arcp_core::{
    Capabilities, Code, ConnectionId, Fault, MessageId, Now, Principal, Reply, Resume, Resumption,
    Secret, SessionId, SessionResumed, Vocabulary, hex,
};
use arcp_transport::CloseReason;
use sha2::{Digest, Sha256};

use super::connection::Purpose;
use super::handshake::is_same;
use super::session::{Phase, Session};
use super::{Effects, Engine, Timer};

/// What a client wants that comes back.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    token: TokenHash,
    session: Option<SessionId>,
    last_seq: u64,
    declared: Option<Capabilities>,
    vocabulary: Vocabulary,
}

/// The SHA-256 of a token. The token itself is told to the client and kept nowhere.
pub(super) type TokenHash = [u8; 32];

impl Engine {
    /// Nothing is used up before all of it is found to be good.
    pub(super) fn handle_resume(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: MessageId,
        resume: Resume,
        fx: &mut Effects,
    ) {
        if !self.may_begin(now, connection, &id, fx) {
            return;
        }
        let Resume { token, session, last_seq, offer, client: _, capabilities, vocabulary } =
            resume;
        let token = hash_of(token.expose());
        let wanted = Wanted { token, session, last_seq, declared: capabilities, vocabulary };
        let session = match self.check_resume(connection, &wanted) {
            Ok(session) => session,
            Err(fault) => return self.reject(now, connection, id, fault, fx),
        };
        match offer {
            None => self.resume(now, connection, id, &session, wanted, fx),
            Some(offer) => match self.check_scheme(&offer.scheme) {
                Ok(()) => {
                    let purpose = Purpose::Resume(wanted);
                    self.start_attempt(now, connection, id, offer, purpose, fx);
                }
                Err(fault) => self.reject(now, connection, id, fault, fx),
            },
        }
    }

    /// The offer that came beside a token is good.
    pub(super) fn resume_as(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: MessageId,
        principal: &Principal,
        wanted: Wanted,
        fx: &mut Effects,
    ) {
        let checked = self.check_resume(connection, &wanted).and_then(|session| {
            let owner = self.sessions.get(&session).map(|session| &session.principal);
            let same = owner.is_some_and(|owner| is_same(owner, principal));
            let message = "a session goes on for the principal that opened it";
            if same { Ok(session) } else { Err(Fault::new(Code::PermissionDenied, message)) }
        });
        match checked {
            Ok(session) => self.resume(now, connection, id, &session, wanted, fx),
            Err(fault) => self.reject(now, connection, id, fault, fx),
        }
    }

    /// The session that a token is good for, if it can go on after that event.
    fn check_resume(&self, connection: ConnectionId, wanted: &Wanted) -> Result<SessionId, Fault> {
        self.check_draining()?;
        let last_seq = wanted.last_seq;
        let gone = || {
            let message =
                "the session is over, or the token is not its latest: nothing is kept of it";
            Fault::new(Code::ResumeWindowExpired, message)
        };
        let id = self.tokens.get(&wanted.token).ok_or_else(gone)?;
        let session = self.sessions.get(id).ok_or_else(gone)?;
        if wanted.session.as_ref().is_some_and(|said| said != id) {
            return Err(gone());
        }
        if wanted.vocabulary != session.vocabulary {
            let (old, new) = (session.vocabulary.as_str(), wanted.vocabulary.as_str());
            let message = format!("the session speaks `{old}`, and cannot go on in `{new}`");
            return Err(Fault::new(Code::FailedPrecondition, message));
        }
        if session.is_closing() {
            return Err(super::session_closing());
        }
        if session.phase.connection() == Some(connection) {
            let message = "the session is on this connection";
            return Err(Fault::new(Code::FailedPrecondition, message));
        }
        let last = session.next_seq - 1;
        if last_seq > last {
            let message = format!("`last_event_seq` {last_seq} is ahead of the last event, {last}");
            return Err(Fault::invalid(message));
        }
        if last_seq + 1 < session.kept_from {
            return Err(super::gone_before(session.kept_from));
        }
        Ok(id.clone())
    }

    fn resume(
        &mut self,
        now: Now,
        connection: ConnectionId,
        request: MessageId,
        id: &SessionId,
        wanted: Wanted,
        fx: &mut Effects,
    ) {
        let Wanted { token, last_seq: after, declared, .. } = wanted;
        self.take_over(id, fx);
        let declared = declared.map(|declared| self.known_of(declared));
        if let (Some(declared), Some(session)) = (declared, self.sessions.get_mut(id)) {
            session.declared = declared;
        }
        self.carry(now, connection, id, fx);
        let resumption = self.next_token(id, Some(token));
        let bound = self.settings.limits.remembered_messages;
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.phase = Phase::Live(connection);
        session.seen.add(request.clone(), bound);
        // Their answers may be lost, and they do no harm.
        session.asked = super::session::Seen::default();
        session.acked = session.acked.max(after);
        let (last, acked) = (session.next_seq - 1, session.acked);
        self.keep_session(id, fx);
        // Who was asked to authenticate again while away is asked once more.
        self.time_session_lease(now, id);
        let Some(accepted) = self.acceptance(id, resumption) else { return };
        let resumed = SessionResumed { session: accepted, after, replayed: after < last };
        self.reply_to(now, connection, request, Reply::Resumed(Box::new(resumed)), fx);
        fx.acked(connection, acked);
        if after < last {
            fx.feed(connection, last);
        }
    }

    /// The newest connection has a session: one that still carries it is closed.
    fn take_over(&mut self, id: &SessionId, fx: &mut Effects) {
        let Some(session) = self.sessions.get(id) else { return };
        self.timers.cancel(&Timer::Resume(id.clone()));
        if let Phase::Detached { since } = session.phase {
            self.waiting.remove(&(since, id.clone()));
        }
        if let Some(carrier) = session.phase.connection() {
            self.observers.drop_session(&session.principal, id);
            self.end_connection(carrier, CloseReason::Policy, fx);
        }
    }

    /// Gives a session its next token. One that was `used` stays good until the next one is in use, for
    /// the client may not have been told of that; when it was an older one, so does the latest. `None`
    /// where sessions do not wait for their clients.
    pub(super) fn next_token(
        &mut self,
        id: &SessionId,
        used: Option<TokenHash>,
    ) -> Option<Resumption> {
        let window = self.settings.resume_window;
        if !self.waits_for_clients() {
            return None;
        }
        let session = self.sessions.get_mut(id)?;
        let token = format!("rt_{}", hex(&self.ids.secret()));
        let hash = hash_of(&token);
        let before = session.resume.replace(hash);
        if used == before {
            for old in session.older.drain(..) {
                self.tokens.remove(&old);
            }
        }
        session.older.extend(before);
        // The one in use is kept, and the latest of the others.
        while session.older.len() > OLDER {
            let Some(oldest) = session.older.iter().position(|old| Some(*old) != used) else {
                break;
            };
            self.tokens.remove(&session.older.remove(oldest));
        }
        self.tokens.insert(hash, id.clone());
        Some(Resumption { token: Secret::new(token), window })
    }

    /// Whether a session waits long enough for its client to be worth a token.
    pub(super) fn waits_for_clients(&self) -> bool {
        self.settings.resume_window >= Duration::from_secs(1)
    }

    /// A session is gone, and so are its tokens.
    pub(super) fn forget_tokens(&mut self, session: &Session) {
        for token in session.resume.iter().chain(&session.older) {
            self.tokens.remove(token);
        }
    }
}

fn hash_of(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Tokens besides the latest that a session may have.
const OLDER: usize = 4;
