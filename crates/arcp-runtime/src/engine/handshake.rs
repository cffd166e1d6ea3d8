//! Opening a session: offer, verdict, acceptance (R§8.1).

use arcp_core::{
    Capabilities, Code, ConnectionId, Fault, Feature, MessageId, Now, Offer, Open, Principal,
    RESUME_EXTENSION, Reply, Resumption, Secret, SessionAccepted, SessionId, Vocabulary,
};
use arcp_transport::CloseReason;

use super::connection::{Attempt, Phase, Posed, Purpose};
use super::session::Session;
use super::{Effects, Engine, From, Judgement, Task, Timer, exceeds};

impl Engine {
    pub(super) fn handle_open(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: MessageId,
        open: Open,
        fx: &mut Effects,
    ) {
        if !self.may_begin(now, connection, &id, fx) {
            return;
        }
        if let Err(fault) = self.check_offer(&open) {
            self.reject(now, connection, id, fault, fx);
            return;
        }
        let Open { offer, client: _, capabilities: declared, vocabulary } = open;
        let purpose = Purpose::Open { declared, vocabulary };
        self.start_attempt(now, connection, id, offer, purpose, fx);
    }

    /// Whether a session may begin on a connection now. What comes twice, or while an offer is being
    /// judged, is dropped; while the session that is there closes, it is rejected.
    pub(super) fn may_begin(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: &MessageId,
        fx: &mut Effects,
    ) -> bool {
        let Some(state) = self.connections.get(&connection) else { return false };
        if state.pending.is_some() {
            tracing::debug!(%connection, %id, "dropped while an offer is being judged");
            return false;
        }
        let session = state.session().and_then(|session| self.sessions.get(session));
        if session.is_some_and(|session| session.seen.has(id)) {
            return false;
        }
        let closing = session.is_some_and(Session::is_closing);
        if closing {
            let fault = super::session_closing();
            self.reply_to(now, connection, id.clone(), Reply::Rejected(fault), fx);
        }
        !closing
    }

    /// Takes the answer to a challenge; nothing when there is none.
    pub(super) fn handle_response(
        &mut self,
        connection: ConnectionId,
        id: &MessageId,
        response: Secret<String>,
        fx: &mut Effects,
    ) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let Some(Posed { challenge, scheme, purpose, until: _ }) = state.posed.take() else {
            return;
        };
        state.attempts += 1;
        let number = state.attempts;
        let answered = Some(challenge.clone());
        let (request, task_scheme) = (id.clone(), scheme.clone());
        state.pending = Some(Attempt { number, request, scheme, purpose, answered });
        let (attempt, scheme) = (number, task_scheme);
        fx.task(Task::Verify { connection, attempt, scheme, challenge, response });
    }

    /// Renews the session's lease with a fresh token of the scheme that opened it (R§8.4), or with
    /// the answer to the challenge that this brought.
    pub(super) fn handle_authenticate(
        &mut self,
        now: Now,
        from: &From,
        response: Secret<String>,
        fx: &mut Effects,
    ) {
        let state = self.connections.get(&from.connection);
        if state.is_some_and(|state| state.awaits_answer(now.moment)) {
            self.handle_response(from.connection, &from.id, response, fx);
            return;
        }
        let busy = state.is_none_or(|state| state.pending.is_some());
        let Some(session) = self.sessions.get(&from.session).filter(|_| !busy) else {
            let fault = Fault::new(Code::FailedPrecondition, "authentication is under way");
            self.reply(now, from, Reply::Nack(fault), fx);
            return;
        };
        let offer = Offer { scheme: session.scheme.clone(), token: Some(response) };
        self.start_attempt(now, from.connection, from.id.clone(), offer, Purpose::Renew, fx);
    }

    pub(super) fn on_judged(
        &mut self,
        now: Now,
        connection: ConnectionId,
        attempt: u64,
        judgement: Judgement,
        fx: &mut Effects,
    ) {
        let Some(state) = self.connections.get_mut(&connection) else {
            return;
        };
        let Some(attempt) = state.pending.take_if(|pending| pending.number == attempt) else {
            return;
        };
        let Attempt { request, scheme, purpose, answered, number: _ } = attempt;
        let until = now.moment.after(self.settings.limits.handshake_time);
        match (judgement, purpose) {
            (Judgement::Accept(principal), Purpose::Open { declared, vocabulary }) => {
                let asked = (declared, vocabulary);
                self.open_session(now, connection, request, principal, scheme, asked, fx);
            }
            (Judgement::Accept(principal), Purpose::Resume(wanted)) => {
                self.resume_as(now, connection, request, &principal, wanted, fx);
            }
            (Judgement::Accept(principal), Purpose::Renew) => {
                self.renew(now, connection, request, &principal, fx);
            }
            (Judgement::Challenge(challenge), purpose) => {
                let posed = Posed { challenge: challenge.clone(), scheme, purpose, until };
                state.posed = Some(posed);
                self.reply_to(now, connection, request, Reply::Challenged { challenge }, fx);
            }
            (Judgement::Refuse(fault), purpose) => {
                let opens = !matches!(purpose, Purpose::Renew);
                let reply = match answered {
                    Some(challenge) => {
                        // Another answer may be better.
                        state.posed = Some(Posed { challenge, scheme, purpose, until });
                        Reply::Unauthenticated(fault)
                    }
                    None if opens => Reply::Rejected(fault),
                    None => Reply::Nack(fault),
                };
                self.reply_to(now, connection, request, reply, fx);
                self.count_refusal(now, connection, fx);
            }
        }
    }

    /// What can be refused without asking an authenticator.
    fn check_offer(&self, open: &Open) -> Result<(), Fault> {
        let scheme = &open.offer.scheme;
        self.check_draining()?;
        self.check_scheme(scheme)?;
        let agreed = self.settings.capabilities.has(Feature::Anonymous)
            && open.capabilities.has(Feature::Anonymous);
        if scheme == ANONYMOUS_SCHEME && !agreed {
            let message = "anonymous auth requires capabilities.anonymous: true";
            return Err(Fault::new(Code::Unauthenticated, message));
        }
        Ok(())
    }

    /// Whether there is an authenticator for a scheme.
    pub(super) fn check_scheme(&self, scheme: &str) -> Result<(), Fault> {
        if self.settings.schemes.contains(scheme) {
            return Ok(());
        }
        let shown: String = scheme.chars().take(64).collect();
        let message = format!("auth scheme `{shown}` is not configured");
        Err(Fault::new(Code::Unauthenticated, message))
    }

    pub(super) fn start_attempt(
        &mut self,
        now: Now,
        connection: ConnectionId,
        request: MessageId,
        offer: Offer,
        purpose: Purpose,
        fx: &mut Effects,
    ) {
        let Some(state) = self.connections.get_mut(&connection) else {
            return;
        };
        state.attempts += 1;
        let (attempt, scheme) = (state.attempts, offer.scheme.clone());
        state.posed = None;
        state.pending = Some(Attempt { number: attempt, request, scheme, purpose, answered: None });
        let unique = self.ids.unique(now);
        fx.task(Task::Authenticate { connection, attempt, offer, unique });
    }

    /// Refuses a session. The connection may try again, but not for ever.
    pub(super) fn reject(
        &mut self,
        now: Now,
        connection: ConnectionId,
        to: MessageId,
        fault: Fault,
        fx: &mut Effects,
    ) {
        self.reply_to(now, connection, to, Reply::Rejected(fault), fx);
        self.count_refusal(now, connection, fx);
    }

    /// A connection that offers what is refused again and again is ended, also a live one.
    pub(super) fn count_refusal(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        state.refusals += 1;
        if state.refusals >= self.settings.limits.handshake_attempts {
            self.let_go(now, connection, CloseReason::Policy, fx);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what an acceptance consists of")]
    fn open_session(
        &mut self,
        now: Now,
        connection: ConnectionId,
        request: MessageId,
        principal: Principal,
        scheme: String,
        (declared, vocabulary): (Capabilities, Vocabulary),
        fx: &mut Effects,
    ) {
        if let Err(fault) = self.make_room(now, &principal, fx) {
            self.reject(now, connection, request, fault, fx);
            return;
        }
        let id = self.ids.session(now);
        let declared = self.known_of(declared);
        let mut session = Session::new(&id, principal, scheme, declared, connection, now.wall);
        session.vocabulary = vocabulary;
        session.seen.add(request.clone(), self.settings.limits.remembered_messages);
        self.tallies.add_session(&session.principal, id.clone());
        self.sessions.insert(id.clone(), session);
        let resumption = self.next_token(&id, None);
        self.carry(now, connection, &id, fx);
        self.start_session_lease(now, &id);
        self.keep_session(&id, fx);
        self.accept(now, connection, request, &id, resumption, fx);
    }

    /// What matters here of what a client has declared: there may be much more of it.
    pub(super) fn known_of(&self, mut declared: Capabilities) -> Capabilities {
        let known = &self.settings.capabilities.extensions;
        declared.extensions.retain(|name| known.contains(name) || name == RESUME_EXTENSION);
        declared
    }

    /// Puts a session on a connection; one that it carried before waits for its client.
    pub(super) fn carry(
        &mut self,
        now: Now,
        connection: ConnectionId,
        session: &SessionId,
        fx: &mut Effects,
    ) {
        self.timers.cancel(&Timer::Handshake(connection));
        let Some(state) = self.connections.get_mut(&connection) else {
            return;
        };
        // A challenge that was posed before is for nothing now.
        state.posed = None;
        state.refusals = 0;
        let before = std::mem::replace(&mut state.phase, Phase::Live(session.clone()));
        if let Phase::Live(previous) = before {
            self.detach(now, connection, &previous, fx);
        }
        self.expect_signs_of_life(now, connection);
    }

    fn accept(
        &mut self,
        now: Now,
        connection: ConnectionId,
        request: MessageId,
        id: &SessionId,
        resumption: Option<Resumption>,
        fx: &mut Effects,
    ) {
        let Some(accepted) = self.acceptance(id, resumption) else { return };
        self.reply_to(now, connection, request, Reply::Accepted(Box::new(accepted)), fx);
    }

    /// A connection has offered something good: what was refused before counts no more.
    fn clear_refusals(&mut self, connection: ConnectionId) {
        if let Some(state) = self.connections.get_mut(&connection) {
            state.refusals = 0;
        }
    }

    /// What is said of a session.
    pub(super) fn acceptance(
        &self,
        id: &SessionId,
        resumption: Option<Resumption>,
    ) -> Option<SessionAccepted> {
        let session = self.sessions.get(id)?;
        let mut capabilities = self.settings.capabilities.negotiate(&session.declared);
        capabilities.agents = self.settings.catalog.cards();
        let heartbeat = self.beats(session);
        if heartbeat.is_none() && capabilities.has(Feature::Heartbeat) {
            capabilities.features.insert(Feature::Heartbeat, false);
        }
        Some(SessionAccepted {
            session: id.clone(),
            runtime: self.settings.identity.clone(),
            capabilities,
            declared: session.declared.clone(),
            opened_at: session.opened_at,
            heartbeat,
            expires_at: session.expires_at,
            resumption,
        })
    }

    fn renew(
        &mut self,
        now: Now,
        connection: ConnectionId,
        request: MessageId,
        principal: &Principal,
        fx: &mut Effects,
    ) {
        let state = self.connections.get(&connection);
        let Some(id) = state.and_then(|state| state.session()).cloned() else {
            return;
        };
        let session = self.sessions.get(&id);
        let same = session.is_some_and(|session| is_same(&session.principal, principal));
        if same {
            if self.settings.session_lease.is_some() {
                self.start_session_lease(now, &id);
                self.keep_session(&id, fx);
            }
            self.clear_refusals(connection);
            self.accept(now, connection, request, &id, None, fx);
        } else {
            let message = "a session is renewed by the principal that opened it";
            let fault = Fault::new(Code::Unauthenticated, message);
            self.reply_to(now, connection, request, Reply::Nack(fault), fx);
        }
    }

    /// An offer that is being judged on a session's connection is refused: the session closes.
    pub(super) fn drop_attempt(&mut self, now: Now, connection: ConnectionId, fx: &mut Effects) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        if let Some(attempt) = state.pending.take() {
            let fault = super::session_closing();
            let reply = match attempt.purpose {
                Purpose::Renew => Reply::Nack(fault),
                Purpose::Open { .. } | Purpose::Resume { .. } => Reply::Rejected(fault),
            };
            self.reply_to(now, connection, attempt.request, reply, fx);
        }
    }

    /// Keeps what a restart has to know of a session.
    pub(super) fn keep_session(&self, id: &SessionId, fx: &mut Effects) {
        if let Some(session) = self.sessions.get(id) {
            fx.put(crate::record::key::session(id), session.fact().to_bytes());
        }
    }

    /// Sees to it that the principal may have one more session: the one that has waited longest for
    /// its client gives way. Names the limit when all are in use.
    fn make_room(
        &mut self,
        now: Now,
        principal: &Principal,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let limits = &self.settings.limits;
        let (all, each) = (limits.sessions, limits.sessions_per_principal);
        if self.tallies.session_count(principal) >= each {
            let detached =
                |id: &&SessionId| self.sessions.get(*id).is_some_and(Session::is_detached);
            let oldest = self.tallies.sessions(principal).find(detached).cloned();
            self.give_way(now, oldest, "sessions_per_principal", each, fx)?;
        }
        if self.sessions.len() >= all {
            let oldest = self.waiting.first().map(|(_, session)| session.clone());
            self.give_way(now, oldest, "sessions", all, fx)?;
        }
        Ok(())
    }

    fn give_way(
        &mut self,
        now: Now,
        oldest: Option<SessionId>,
        limit: &str,
        bound: usize,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        match oldest {
            Some(oldest) => {
                self.remove_session(now, &oldest, fx);
                Ok(())
            }
            None => Err(exceeds(limit, bound)),
        }
    }
}

/// Whether somebody is a session's principal. Nobody proves anything twice, too.
pub(super) fn is_same(owner: &Principal, somebody: &Principal) -> bool {
    owner == somebody || owner.is_anonymous() && somebody.is_anonymous()
}

/// The scheme in which nobody proves anything (R§8.2).
const ANONYMOUS_SCHEME: &str = "none";
