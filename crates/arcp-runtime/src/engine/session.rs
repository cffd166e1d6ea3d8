//! A session: it survives its connections, numbers its events, and ends.

use std::collections::{BTreeSet, VecDeque};

use arcp_core::{
    Capabilities, Code, Command, ConnectionId, Fault, HeartbeatPolicy, JobId, Key, MessageId,
    Moment, Notice, Now, OnClose, Principal, Reply, SessionId, Timestamp, Vocabulary,
};
use arcp_transport::CloseReason;

use super::resume::TokenHash;
use super::{Effects, Engine, From, Reach, Timer};
use crate::record::{SessionFact, closed_session, key};

/// What the engine knows of a session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) principal: Principal,
    pub(super) scheme: String,
    pub(super) declared: Capabilities,
    /// What it is told in.
    pub(super) vocabulary: Vocabulary,
    pub(super) opened_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) phase: Phase,
    pub(super) stream: Key,
    /// The number of its next event.
    pub(super) next_seq: u64,
    /// The number of the first event that is still kept.
    pub(super) kept_from: u64,
    /// The number up to which the client says that it has processed its events.
    pub(super) acked: u64,
    /// Commands that did something.
    pub(super) seen: Seen,
    /// Commands that only asked, which are many and cheap to repeat.
    pub(super) asked: Seen,
    /// The open jobs whose events it gets.
    pub(super) watching: BTreeSet<JobId>,
    /// How many of its commands wait for something to be done outside.
    pub(super) waits: usize,
    /// Whether one of them looks for the number of an event.
    pub(super) searches: bool,
    /// The hash of the token by which it goes on.
    pub(super) resume: Option<TokenHash>,
    /// Those of tokens before it that are good while it is not in use, the oldest first.
    pub(super) older: Vec<TokenHash>,
}

/// Where a session stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// Its client is there.
    Live(ConnectionId),
    /// It waits for its client since then; a timer ends it.
    Detached { since: Moment },
    /// It closes as soon as what was asked has its answer and, where they were cancelled, its jobs have
    /// ended.
    Closing { connection: Option<ConnectionId>, request: MessageId, jobs: OnClose },
}

impl Phase {
    /// Where its events are told now.
    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::Live(connection) => Some(*connection),
            Self::Detached { .. } => None,
            Self::Closing { connection, .. } => *connection,
        }
    }
}

impl Session {
    pub(super) fn new(
        id: &SessionId,
        principal: Principal,
        scheme: String,
        declared: Capabilities,
        connection: ConnectionId,
        opened_at: Timestamp,
    ) -> Self {
        Self {
            principal,
            scheme,
            declared,
            vocabulary: Vocabulary::default(),
            opened_at,
            expires_at: None,
            phase: Phase::Live(connection),
            stream: key::session_stream(id),
            next_seq: 1,
            kept_from: 1,
            acked: 0,
            seen: Seen::default(),
            asked: Seen::default(),
            watching: BTreeSet::new(),
            waits: 0,
            searches: false,
            resume: None,
            older: Vec::new(),
        }
    }

    /// A session as the store knows it.
    pub(super) fn recovered(
        id: &SessionId,
        fact: SessionFact,
        stream: Reach,
        since: Moment,
    ) -> Self {
        Self {
            principal: fact.principal,
            scheme: fact.scheme,
            vocabulary: fact.vocabulary,
            declared: Capabilities {
                features: fact.features.into_iter().map(|feature| (feature, true)).collect(),
                extensions: fact.extensions,
                heartbeats: fact.heartbeats.then(HeartbeatPolicy::default),
                ..Capabilities::default()
            },
            opened_at: fact.opened_at,
            expires_at: fact.expires_at,
            phase: Phase::Detached { since },
            stream: key::session_stream(id),
            next_seq: stream.last + 1,
            kept_from: stream.kept_from,
            acked: 0,
            seen: Seen::default(),
            asked: Seen::default(),
            watching: BTreeSet::new(),
            waits: 0,
            searches: false,
            resume: fact.resume,
            older: fact.older,
        }
    }

    pub(super) fn fact(&self) -> SessionFact {
        SessionFact {
            principal: self.principal.clone(),
            scheme: self.scheme.clone(),
            opened_at: self.opened_at,
            resume: self.resume,
            older: self.older.clone(),
            expires_at: self.expires_at,
            extensions: self.declared.extensions.clone(),
            heartbeats: self.declared.heartbeats.is_some(),
            features: self.declared.present().collect(),
            vocabulary: self.vocabulary.clone(),
        }
    }

    /// The last event that its client may have.
    fn last_sent(&self, window: u64) -> u64 {
        let last = self.next_seq - 1;
        if window == 0 { last } else { last.min(self.acked.saturating_add(window)) }
    }

    pub(super) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. })
    }

    pub(super) fn is_detached(&self) -> bool {
        matches!(self.phase, Phase::Detached { .. })
    }
}

/// The messages that a session has had lately.
#[derive(Debug, Default)]
pub(super) struct Seen {
    order: VecDeque<MessageId>,
    ids: BTreeSet<MessageId>,
}

impl Seen {
    pub(super) fn has(&self, id: &MessageId) -> bool {
        self.ids.contains(id)
    }

    /// Remembers a message, at most `bound` of them.
    pub(super) fn add(&mut self, id: MessageId, bound: usize) {
        if self.ids.insert(id.clone()) {
            self.order.push_back(id);
        }
        while self.order.len() > bound {
            if let Some(oldest) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
    }
}

impl Engine {
    /// Whether the command has been handled before (R§6.1.1). Remembers those that do something.
    pub(super) fn is_repeated(
        &mut self,
        session: &SessionId,
        id: &MessageId,
        command: &Command,
    ) -> bool {
        if matches!(command, Command::Pong { .. } | Command::Ack { .. }) {
            return false;
        }
        let bound = self.settings.limits.remembered_messages;
        let Some(session) = self.sessions.get_mut(session) else { return false };
        if session.seen.has(id) || session.asked.has(id) {
            return true;
        }
        match command {
            Command::Ping { .. }
            | Command::ListJobs(_)
            | Command::Replay(_)
            | Command::Refused { .. } => {
                session.asked.add(id.clone(), bound.min(ASKED));
            }
            _ => session.seen.add(id.clone(), bound),
        }
        false
    }

    /// Notes how far the client has come; a number that goes back is an old one.
    pub(super) fn handle_ack(&mut self, now: Now, from: &From, seq: u64, fx: &mut Effects) {
        let window = self.settings.ack_window;
        let Some(session) = self.sessions.get_mut(&from.session) else {
            return;
        };
        let last = session.last_sent(window);
        if seq <= last {
            session.acked = session.acked.max(seq);
            if window > 0 {
                fx.acked(from.connection, session.acked);
            }
            return;
        }
        let message = format!("`last_processed_seq` {seq} is ahead of the last event, {last}");
        self.reply(now, from, Reply::Unheeded(Fault::invalid(message)), fx);
    }

    pub(super) fn handle_close(
        &mut self,
        now: Now,
        from: &From,
        reason: Option<String>,
        jobs: OnClose,
        fx: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(&from.session) else {
            return;
        };
        let jobs = self.settings.on_close.unwrap_or(jobs);
        let From { connection, session: id, id: request } = from.clone();
        session.phase = Phase::Closing { connection: Some(connection), request, jobs };
        let watching = match jobs {
            OnClose::Detach | OnClose::Wait => BTreeSet::new(),
            OnClose::Cancel => session.watching.clone(),
        };
        self.leave_drafts(now, &id, fx);
        self.drop_attempt(now, connection, fx);
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        for job in &watching {
            if self.is_submitter(&id, job) {
                self.cancel_job(now, job, format!("session closed{reason}"), None, fx);
            }
        }
        self.close_when_idle(now, &id, fx);
    }

    /// A command of a session waits for something to be done outside.
    pub(super) fn waits(&mut self, id: &SessionId) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.waits += 1;
        }
    }

    /// It does not any more, and has its answer.
    pub(super) fn waited(&mut self, now: Now, id: &SessionId, fx: &mut Effects) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.waits = session.waits.saturating_sub(1);
            self.close_when_idle(now, id, fx);
        }
    }

    /// Closes a session that wanted to be closed, once it has no command without an answer and, where it
    /// wanted them cancelled, no job of its own left.
    pub(super) fn close_when_idle(&mut self, now: Now, id: &SessionId, fx: &mut Effects) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        let Phase::Closing { jobs, .. } = session.phase else { return };
        let works = session.watching.iter().any(|job| self.is_submitter(id, job));
        if (jobs != OnClose::Cancel || !works) && session.waits == 0 {
            self.finish_close(now, id, jobs, fx);
        }
    }

    fn finish_close(&mut self, now: Now, id: &SessionId, jobs: OnClose, fx: &mut Effects) {
        if jobs == OnClose::Wait && self.wait_closed(now, id, fx) {
            return;
        }
        let Some(session) = self.remove_session(now, id, fx) else {
            return;
        };
        if let Phase::Closing { connection: Some(connection), request, .. } = session.phase {
            let closed = Fault::new(Code::Cancelled, "the session has closed");
            self.end_subscriptions(now, &session.principal, id, &closed, fx);
            self.reply_to(now, connection, request, Reply::Closed, fx);
            self.end_connection(connection, CloseReason::Done, fx);
        }
    }

    /// Says farewell to a client whose session may still go on for a while (§6.7), if its connection is
    /// there.
    fn wait_closed(&mut self, now: Now, id: &SessionId, fx: &mut Effects) -> bool {
        let Some(session) = self.sessions.get_mut(id) else { return false };
        let Phase::Closing { connection: Some(connection), request, .. } = &session.phase else {
            return false;
        };
        let (connection, request, principal) =
            (*connection, request.clone(), session.principal.clone());
        session.phase = Phase::Live(connection);
        let closed = Fault::new(Code::Cancelled, "the session has closed");
        self.end_subscriptions(now, &principal, id, &closed, fx);
        self.reply_to(now, connection, request, Reply::Closed, fx);
        self.let_go(now, connection, CloseReason::Done, fx);
        true
    }

    /// The session's client is gone, its jobs go on.
    pub(super) fn detach(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: &SessionId,
        fx: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.phase.connection() != Some(connection) {
            return;
        }
        self.observers.drop_session(&session.principal, id);
        if let Phase::Closing { connection, .. } = &mut session.phase {
            *connection = None;
            return;
        }
        session.phase = Phase::Detached { since: now.moment };
        self.waiting.insert((now.moment, id.clone()));
        let window = self.settings.resume_window;
        if window.is_zero() {
            self.remove_session(now, id, fx);
        } else {
            self.timers.set(Timer::Resume(id.clone()), now.moment.after(window));
        }
    }

    pub(super) fn on_resume_window_over(&mut self, now: Now, id: &SessionId, fx: &mut Effects) {
        self.remove_session(now, id, fx);
    }

    /// Begins the session's lease anew, where sessions have one. The caller keeps it.
    pub(super) fn start_session_lease(&mut self, now: Now, id: &SessionId) {
        if let (Some(lease), Some(session)) =
            (self.settings.session_lease, self.sessions.get_mut(id))
        {
            session.expires_at = Some(now.wall.after(lease));
        }
        self.time_session_lease(now, id);
    }

    /// Sets the timers of the session's lease, if it has one.
    pub(super) fn time_session_lease(&mut self, now: Now, id: &SessionId) {
        let end = self.sessions.get(id).and_then(|session| session.expires_at);
        let (Some(lease), Some(end)) = (self.settings.session_lease, end) else { return };
        let (end, rest) = (now.moment_of(end), lease.mul_f64(1.0 - REFRESH_AFTER));
        let refresh = now.moment.after(end.since(now.moment).saturating_sub(rest));
        self.timers.set(Timer::SessionRefresh(id.clone()), refresh);
        self.timers.set(Timer::SessionLease(id.clone()), end);
    }

    pub(super) fn on_refresh_due(&mut self, now: Now, id: &SessionId, fx: &mut Effects) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        if let (Some(connection), Some(deadline)) = (session.phase.connection(), session.expires_at)
        {
            self.notify(now, connection, Notice::Refresh { deadline }, fx);
        }
    }

    /// Nobody renewed it (R§8.4).
    pub(super) fn on_session_lease_over(&mut self, now: Now, id: &SessionId, fx: &mut Effects) {
        let fault = Fault::new(Code::Unauthenticated, "the session's lease has ended");
        self.evict(now, id, fault, CloseReason::Policy, fx);
    }

    /// Ends a session and says why (R§8.5). Its jobs go on.
    pub(super) fn evict(
        &mut self,
        now: Now,
        id: &SessionId,
        fault: Fault,
        reason: CloseReason,
        fx: &mut Effects,
    ) {
        self.leave_drafts(now, id, fx);
        let Some(session) = self.remove_session(now, id, fx) else { return };
        if let Some(connection) = session.phase.connection() {
            self.end_subscriptions(now, &session.principal, id, &fault, fx);
            self.notify(now, connection, Notice::Evicted(fault), fx);
            self.end_connection(connection, reason, fx);
        }
    }

    /// A client lacks events that are no longer kept. It is told so and loses its connection: whether it
    /// goes on from what is kept is for it to say.
    pub(super) fn on_lost(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: &SessionId,
        next: u64,
        fx: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.kept_from = session.kept_from.max(next);
        if session.phase.connection() != Some(connection) {
            return;
        }
        let message =
            format!("events that the client has not had are gone; the oldest still kept is {next}");
        let fault = Fault::new(Code::ResumeWindowExpired, message);
        self.notify(now, connection, Notice::Nack(fault), fx);
        self.let_go(now, connection, CloseReason::Policy, fx);
    }

    /// Forgets a session, and that it watched. The rest is the caller's.
    pub(super) fn remove_session(
        &mut self,
        now: Now,
        id: &SessionId,
        fx: &mut Effects,
    ) -> Option<Session> {
        let session = self.sessions.remove(id)?;
        self.drop_drafts(&session.principal, id);
        self.forget_tokens(&session);
        for timer in [Timer::Resume, Timer::SessionRefresh, Timer::SessionLease] {
            self.timers.cancel(&timer(id.clone()));
        }
        if let Phase::Detached { since } = session.phase {
            self.waiting.remove(&(since, id.clone()));
        }
        self.tallies.remove_session(&session.principal, id);
        for job in &session.watching {
            let Some(open) = self.jobs.get_mut(job) else { continue };
            open.watchers.retain(|watcher| watcher != id);
            if open.session != *id {
                fx.delete(key::watcher(job, id));
            }
        }
        fx.delete(key::session(id));
        if session.next_seq > 1 {
            // What it was told is forgotten in small steps, and may still be on its way.
            fx.put(key::closed_session(id), closed_session(now.wall));
        }
        if session.principal.is_anonymous() {
            // Nobody else is this one.
            self.forget_artifacts(&session.principal, fx);
            self.forget_keys(&session.principal, fx);
        }
        Some(session)
    }

    fn is_submitter(&self, session: &SessionId, job: &JobId) -> bool {
        self.jobs.get(job).is_some_and(|job| job.session == *session)
    }
}

/// After which part of a session's lease its client is asked to authenticate again.
const REFRESH_AFTER: f64 = 0.75;
/// Commands that only asked: how many are remembered.
const ASKED: usize = 64;
