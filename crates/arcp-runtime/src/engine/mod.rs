//! The rules of sessions and jobs, sans-IO: time, randomness, storage and sockets are arguments or
//! effects, never calls.
//!
//! Feed it every [`Input`] in the order in which things happened, with one [`Effects`] a batch;
//! commit what [`Effects::take_commit`] gives; then, and only then, do what it says, in order.
//! Call [`Engine::wake`] when [`Engine::next_wake`] has come. `handle` is total: any input in any
//! state yields effects and never a panic.

mod again;
mod artifact;
mod cancel;
mod connection;
mod credential;
mod effect;
mod handshake;
mod heartbeat;
mod ids;
mod input;
mod intent;
mod job;
mod keys;
mod list;
mod observe;
mod permission;
mod recover;
mod report;
mod restart;
mod resume;
mod session;
mod settings;
mod silence;
mod stream;
mod stuck;
mod submit;
mod sweep;
mod tally;
mod timers;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{
    Code, Command, ConnectionId, Fault, Feature, Issued, JobId, Json, MessageId, Moment, Notice,
    Now, Output, PingKind, Reply, SessionId, StreamId, TraceId, Wanted,
};

pub use again::Search;
pub use credential::Provisioned;
pub use effect::{Effect, Effects, Issue, ListQuery, Observe, StartJob, Task};
pub use input::{Input, JobReport, Judgement, Ticket};
pub use intent::Intent;
pub use list::{Page, passes};
pub use observe::PastQuery;
pub use recover::{Fact, Reach, RecoverError};
pub use settings::{Catalog, Settings};
pub use sweep::{Retention, Stage, Step, Swept};
pub use watch::{Purpose, Recall};

use artifact::Artifacts;
use connection::Connection;
use credential::Credentials;
use heartbeat::Round;
use ids::Ids;
use job::Job;
use keys::Keys;
use observe::Observers;
use permission::Permissions;
use resume::TokenHash;
use session::Session;
use tally::Tallies;
use timers::{Timer, Timers};

/// The one owner of all that is true of sessions and jobs now.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    ids: Ids,
    connections: BTreeMap<ConnectionId, Connection>,
    sessions: BTreeMap<SessionId, Session>,
    /// The hashes of the tokens by which sessions go on.
    tokens: BTreeMap<TokenHash, SessionId>,
    /// Jobs that have not ended; of those that have, the store knows.
    jobs: BTreeMap<JobId, Job>,
    /// The open streams, each with its job.
    streams: BTreeMap<StreamId, JobId>,
    permissions: Permissions,
    artifacts: Artifacts,
    credentials: Credentials,
    tallies: Tallies,
    keys: Keys,
    observers: Observers,
    timers: Timers,
    /// The round of heartbeats that is under way.
    round: Option<Round>,
    /// The sessions that wait for their clients, by since when.
    waiting: BTreeSet<(Moment, SessionId)>,
    draining: bool,
}

impl Engine {
    /// An engine that knows of nothing yet. `seed` makes its ids and must not be guessable.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        Self {
            settings,
            ids: Ids::new(seed),
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            tokens: BTreeMap::new(),
            jobs: BTreeMap::new(),
            streams: BTreeMap::new(),
            permissions: Permissions::default(),
            artifacts: Artifacts::default(),
            credentials: Credentials::default(),
            tallies: Tallies::default(),
            keys: Keys::default(),
            observers: Observers::default(),
            timers: Timers::default(),
            round: None,
            waiting: BTreeSet::new(),
            draining: false,
        }
    }

    /// Takes one thing that happened, and adds to `fx` what follows from it.
    pub fn handle(&mut self, now: Now, input: Input, fx: &mut Effects) {
        match input {
            Input::Connected { connection } => self.on_connected(now, connection),
            Input::Command { connection, issued, intent } => {
                self.handle_command(now, connection, issued, intent, fx);
            }
            Input::BadFrame { connection, id, fault } => {
                self.on_bad_frame(now, connection, id, fault, fx);
            }
            Input::Disconnected { connection } => self.on_disconnected(now, connection, fx),
            Input::Judged { connection, attempt, judgement } => {
                self.on_judged(now, connection, attempt, judgement, fx);
            }
            Input::Report { job, report } => self.handle_report(now, &job, report, fx),
            Input::Listed { query, done } => {
                let session = query.session.clone();
                self.on_listed(now, *query, done, fx);
                self.waited(now, &session, fx);
            }
            Input::Recalled { recall, found } => {
                let session = recall.session.clone();
                self.on_recalled(now, *recall, found, fx);
                self.waited(now, &session, fx);
            }
            Input::Provisioned { job, provisioned } => {
                self.on_provisioned(now, &job, provisioned, fx);
            }
            Input::Revoked { id, revoked } => self.on_revoked(now, id, revoked, fx),
            Input::BlobKept { artifact, kept } => self.on_blob_kept(now, artifact, kept, fx),
            Input::Past { subscription, past } => self.on_past(now, &subscription, past, fx),
            Input::Overflow { subscription } => {
                let fault =
                    Fault::new(Code::BackpressureOverflow, "the observer fell too far behind");
                self.end_subscription(now, &subscription, fault, fx);
            }
            Input::Searched { search, found } => {
                let session = search.session.clone();
                self.on_searched(now, *search, found, fx);
                self.waited(now, &session, fx);
            }
            Input::Behind { connection } => self.on_behind(now, connection, fx),
            Input::Swept { step, swept } => self.on_swept(now, *step, swept, fx),
            Input::Lost { connection, session, next } => {
                self.on_lost(now, connection, &session, next, fx);
            }
            Input::Busy { connection } => self.hear(now, connection),
            Input::Unstuck => self.on_unstuck(now),
            Input::Drain => self.draining = true,
            Input::Halt => self.on_halt(now, fx),
        }
    }

    /// The moment at which `wake` has something to do.
    pub fn next_wake(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// Does what is due at `now`.
    pub fn wake(&mut self, now: Now, fx: &mut Effects) {
        while let Some(timer) = self.timers.pop_due(now.moment) {
            match timer {
                Timer::Handshake(connection) => self.on_handshake_overdue(connection, fx),
                Timer::Silence(connection) => self.on_silence(now, connection, fx),
                Timer::Resume(session) => self.on_resume_window_over(now, &session, fx),
                Timer::SessionRefresh(session) => self.on_refresh_due(now, &session, fx),
                Timer::SessionLease(session) => self.on_session_lease_over(now, &session, fx),
                Timer::CancelDeadline(job) => self.on_cancel_overdue(now, &job, fx),
                Timer::Lease(job) => self.on_lease_over(now, &job, fx),
                Timer::Runtime(job) => self.on_runtime_over(now, &job, fx),
                Timer::Permission(message) => self.on_permission_overdue(&message, fx),
                Timer::Revoke(id) => self.on_revoke_due(id, fx),
                Timer::Heartbeats => self.on_heartbeats_due(now, fx),
                Timer::Artifacts => self.on_artifacts_due(now, fx),
                Timer::Keys => self.on_keys_due(now, fx),
                Timer::Sweep => self.on_sweep_due(now, fx),
            }
        }
    }

    /// How many jobs have not ended.
    pub fn open_jobs(&self) -> usize {
        self.jobs.len()
    }

    /// Whether a job is at work.
    pub fn is_working(&self) -> bool {
        self.jobs.values().any(Job::has_started)
    }

    fn handle_command(
        &mut self,
        now: Now,
        connection: ConnectionId,
        issued: Issued,
        intent: Option<Intent>,
        fx: &mut Effects,
    ) {
        self.hear(now, connection);
        let Some(state) = self.connections.get(&connection) else {
            return;
        };
        let live = state.session().cloned();
        let Issued { id, trace, command, at: _ } = issued;
        match (command, live) {
            (Command::Open(open), _) => self.handle_open(now, connection, id, *open, fx),
            (Command::Resume(resume), _) => {
                self.handle_resume(now, connection, id, *resume, fx);
            }
            (Command::Refused { wanted: Wanted::Session, fault }, _) => {
                self.reject(now, connection, id, fault, fx);
            }
            (Command::Refused { wanted: Wanted::Authentication, fault }, _)
                if state.awaits_answer(now.moment) =>
            {
                self.reply_to(now, connection, id, Reply::Unauthenticated(fault), fx);
                self.count_refusal(now, connection, fx);
            }
            (Command::Authenticate { response }, None) if state.awaits_answer(now.moment) => {
                self.handle_response(connection, &id, response, fx);
            }
            (command, None) => {
                tracing::debug!(%connection, %id, "came before acceptance");
                let fault = match command {
                    Command::Refused { fault, .. } => fault,
                    _ => Fault::invalid("there is no session yet"),
                };
                self.reply_to(now, connection, id, Reply::Premature(fault), fx);
            }
            (command, Some(session)) => {
                if self.is_repeated(&session, &id, &command) {
                    tracing::debug!(%connection, %id, "dropped a repeated message");
                    return;
                }
                let from = From { connection, session, id };
                self.handle_live_command(now, &from, trace, intent, command, fx);
            }
        }
    }

    fn handle_live_command(
        &mut self,
        now: Now,
        from: &From,
        trace: Option<TraceId>,
        intent: Option<Intent>,
        command: Command,
        fx: &mut Effects,
    ) {
        let harmless =
            matches!(command, Command::Ack { .. } | Command::Pong { .. } | Command::Ping { .. });
        if !harmless && self.sessions.get(&from.session).is_none_or(Session::is_closing) {
            let fault = session_closing();
            let submit = matches!(command, Command::Submit(_));
            self.refuse(now, from, submit, fault, fx);
            return;
        }
        let limit = self.settings.limits.text_bytes;
        if command.told_texts().into_iter().any(|text| text.len() > limit) {
            let fault = Fault::invalid(format!("a text has at most {limit} bytes (`text_bytes`)"));
            self.refuse(now, from, false, fault, fx);
            return;
        }
        match command {
            Command::Open(_) | Command::Resume(_) | Command::Pong { .. } => {}
            Command::Authenticate { response } => {
                self.handle_authenticate(now, from, response, fx);
            }
            Command::Close { reason, jobs } => self.handle_close(now, from, reason, jobs, fx),
            Command::Ping { kind, nonce } => self.handle_ping(now, from, kind, nonce, fx),
            Command::Ack { seq } => self.handle_ack(now, from, seq, fx),
            Command::Replay(replay) => self.handle_replay(now, from, &replay, fx),
            Command::ListJobs(list) => self.handle_list(from, *list, fx),
            Command::Submit(submit) => self.handle_submit(now, from, trace, intent, *submit, fx),
            Command::Cancel(cancel) => self.handle_cancel(now, from, *cancel, fx),
            Command::Watch(watch) => self.handle_watch(now, from, watch, fx),
            Command::Unwatch { job } => self.handle_unwatch(now, from, &job, fx),
            Command::Subscribe(subscribe) => self.handle_subscribe(now, from, *subscribe, fx),
            Command::Unsubscribe { subscription } => {
                self.handle_unsubscribe(now, from, &subscription, fx);
            }
            Command::PutArtifact(put) => self.handle_put_artifact(now, from, *put, fx),
            Command::FetchArtifact { artifact } => {
                self.handle_fetch_artifact(now, from, &artifact, fx);
            }
            Command::ReleaseArtifact { artifact } => {
                self.handle_release_artifact(now, from, &artifact, fx);
            }
            Command::AnswerPermission(answer) => self.handle_permission(now, from, &answer, fx),
            Command::RefreshLease { lease, additional } => {
                self.handle_refresh_lease(now, from, lease, additional, fx);
            }
            Command::RevokeLease { lease, reason } => {
                self.handle_revoke_lease(now, from, lease, reason, fx);
            }
            Command::Backpressure { stream, rate } => {
                self.handle_backpressure(now, from, stream, rate, fx);
            }
            Command::Refused { wanted, fault } => {
                self.refuse(now, from, wanted == Wanted::Job, fault, fx);
            }
        }
    }

    fn handle_ping(
        &mut self,
        now: Now,
        from: &From,
        kind: PingKind,
        nonce: Option<String>,
        fx: &mut Effects,
    ) {
        self.reply(now, from, Reply::Pong { kind, nonce }, fx);
    }

    /// Answers a command that cannot be done.
    fn refuse(&mut self, now: Now, from: &From, submit: bool, fault: Fault, fx: &mut Effects) {
        let reply = if submit {
            Reply::JobRefused { job: self.ids.job(now), fault, key: None }
        } else {
            Reply::Nack(fault)
        };
        self.reply(now, from, reply, fx);
    }

    /// Whether the runtime has declared a feature; one that it has not is refused, whatever the client
    /// declared.
    fn check_feature(&self, feature: Feature) -> Result<(), Fault> {
        if self.settings.capabilities.has(feature) {
            return Ok(());
        }
        Err(Fault::new(Code::Unimplemented, format!("this runtime does not have {feature:?}")))
    }

    /// Whether both ends of a session have a feature.
    fn agreed(&self, session: &Session, feature: Feature) -> bool {
        session.declared.has(feature) && self.settings.capabilities.has(feature)
    }

    /// While the runtime drains it begins nothing new.
    fn check_draining(&self) -> Result<(), Fault> {
        if self.draining { Err(shutting_down()) } else { Ok(()) }
    }

    /// Whether what a command came from is still there: its connection carries its session.
    fn is_there(&self, from: &From) -> bool {
        let state = self.connections.get(&from.connection);
        state.and_then(Connection::session) == Some(&from.session)
    }

    fn reply(&mut self, now: Now, from: &From, reply: Reply, fx: &mut Effects) {
        self.reply_to(now, from.connection, from.id.clone(), reply, fx);
    }

    fn reply_to(
        &mut self,
        now: Now,
        connection: ConnectionId,
        to: MessageId,
        reply: Reply,
        fx: &mut Effects,
    ) {
        let id = self.ids.message(now);
        fx.say(connection, Output::Reply { id, at: now.wall, to, reply });
    }

    fn notify(&mut self, now: Now, connection: ConnectionId, notice: Notice, fx: &mut Effects) {
        let id = self.ids.message(now);
        fx.say(connection, Output::Notice { id, at: now.wall, notice });
    }
}

/// Over a limit, which is named: `RESOURCE_EXHAUSTED`.
fn exceeds(what: &str, limit: impl std::fmt::Display) -> Fault {
    let fault = Fault::new(Code::ResourceExhausted, format!("`{what}` is {limit}"));
    match Json::parse(&format!("{{\"limit\":\"{what}\"}}")) {
        Ok(detail) => fault.with_detail(detail),
        Err(_) => fault,
    }
}

fn shutting_down() -> Fault {
    Fault::new(Code::Unavailable, "the runtime is shutting down")
}

fn session_closing() -> Fault {
    Fault::new(Code::FailedPrecondition, "the session is closing")
}

/// What somebody wants who has had no event from before `kept_from`.
fn gone_before(kept_from: u64) -> Fault {
    let message = format!("the oldest event still kept is {kept_from}");
    Fault::new(Code::ResumeWindowExpired, message)
}

/// Where a command of a live session came from.
#[derive(Debug, Clone)]
struct From {
    connection: ConnectionId,
    session: SessionId,
    id: MessageId,
}
