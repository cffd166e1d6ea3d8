//! What a runtime says to a peer, whatever the dialect. Closed on purpose.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use crate::lease::Budget;
use crate::{
    Artifact, ArtifactRef, Capabilities, Credential, Fault, IdempotencyKey, JobEvent, JobHead,
    JobId, JobState, JobSummary, Lease, MessageId, Parent, PingKind, Secret, SessionId,
    SubscriptionId, Timestamp, TraceId,
};

/// What a runtime says to a peer.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Something that happened in a job: sequenced, kept, replayed.
    Event(Delivery),
    /// An event of a job, told to an observer: without a number of the observer's session.
    Observed(Observed),
    /// The answer to one command.
    Reply {
        /// The message's id.
        id: MessageId,
        /// When it was said.
        at: Timestamp,
        /// The command's message id.
        to: MessageId,
        /// The answer.
        reply: Reply,
    },
    /// Neither of the two.
    Notice {
        /// The message's id.
        id: MessageId,
        /// When it was said.
        at: Timestamp,
        /// What is said.
        notice: Notice,
    },
}

/// An event at its place in one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The session's `event_seq`, from 1 without gaps.
    pub seq: u64,
    /// The event, shared by all who watch.
    pub event: Arc<JobEvent>,
}

/// An event, told to an observer (R§13.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The message's id.
    pub id: MessageId,
    /// When it was said.
    pub at: Timestamp,
    /// The subscription that it passes.
    pub subscription: SubscriptionId,
    /// The event; `None` marks the end of the past (R§13.3).
    pub event: Option<Arc<JobEvent>>,
}

/// The answer to one command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The session is open, or its lease renewed.
    Accepted(Box<SessionAccepted>),
    /// The session goes on.
    Resumed(Box<SessionResumed>),
    /// Answer this before there is a session, or before it is renewed.
    Challenged {
        /// The question.
        challenge: String,
    },
    /// The answer to a challenge was not good; another one may be.
    Unauthenticated(Fault),
    /// There is no session.
    Rejected(Fault),
    /// The session is closed; the connection ends.
    Closed,
    /// It came before there is a session, where it has nothing to say. Some dialects pass over it, in
    /// others it ends the connection.
    Premature(Fault),
    /// Here.
    Pong {
        /// Which ping is answered.
        kind: PingKind,
        /// Its nonce.
        nonce: Option<String>,
    },
    /// The job is accepted, and kept.
    JobAccepted(Box<JobAccepted>),
    /// There is no job.
    JobRefused {
        /// An id for dialects that need one; it is in no list.
        job: JobId,
        /// Why.
        fault: Fault,
        /// The key, when the refusal is about it.
        key: Option<IdempotencyKey>,
    },
    /// A page of a listing.
    Jobs(JobsPage),
    /// The target is being cancelled; its end will be told.
    CancelAccepted {
        /// The target, as the peer spelt it.
        target_id: String,
        /// The job, when it is one.
        job: Option<JobId>,
    },
    /// The target is not being cancelled.
    CancelRefused {
        /// The target, as the peer spelt it.
        target_id: String,
        /// Why.
        fault: Fault,
    },
    /// The job is watched.
    Watched(Box<JobWatched>),
    /// The subscription is there.
    Subscribed {
        /// What it goes by.
        subscription: SubscriptionId,
    },
    /// The artifact is kept.
    ArtifactKept(Box<ArtifactRef>),
    /// Here is the artifact.
    Artifact(Box<Artifact>),
    /// Its events are told once more, from the one after this number on (R§19).
    Replaying {
        /// The last number that its client says it has.
        after: u64,
    },
    /// Done, and there is nothing more to say.
    Done,
    /// The command was refused.
    Nack(Fault),
    /// The command has done nothing, and is one that mostly has no answer.
    Unheeded(Fault),
}

/// A job, watched from now on (§7.6).
#[derive(Debug, Clone, PartialEq)]
pub struct JobWatched {
    /// The job as it stands.
    pub summary: JobSummary,
    /// What is left of its budget; `None` when that is not known.
    pub budget: Option<Budget>,
    /// The index of the job's events after which it is told.
    pub after: u64,
    /// Whether what is told begins in the past.
    pub replayed: bool,
}

/// A job is alive (R§10.3): not kept, not numbered.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// The job.
    pub head: Arc<JobHead>,
    /// Its place among the job's heartbeats, from 1.
    pub sequence: u64,
    /// Within how many milliseconds the next one comes.
    pub deadline_ms: u64,
    /// Where the job stands.
    pub state: JobState,
}

/// What a runtime says unasked, outside of any job.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A frame was refused that has no id to answer to.
    Nack(Fault),
    /// Such a frame came before there is a session.
    Premature(Fault),
    /// A job of the session has delegated to another one, which is accepted (§10).
    Delegated(Box<JobAccepted>),
    /// Authenticate again, or the session ends (R§8.4).
    Refresh {
        /// By when.
        deadline: Timestamp,
    },
    /// The session is over (R§8.5).
    Evicted(Fault),
    /// A job is alive.
    Heartbeat(Heartbeat),
    /// Are you there? Whoever stays silent for as long again is given up.
    Ping {
        /// To be echoed.
        nonce: String,
    },
    /// The client has fallen behind what it is told: until it has caught up its events come from the
    /// log. Said once for each time.
    Backpressure,
    /// A subscription has ended (R§13.4).
    Unsubscribed {
        /// Which.
        subscription: SubscriptionId,
        /// Why.
        fault: Fault,
    },
}

/// A session, opened.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionAccepted {
    /// The session.
    pub session: SessionId,
    /// What the runtime says of itself.
    pub runtime: RuntimeIdentity,
    /// What both ends can do, and the agents on offer.
    pub capabilities: Capabilities,
    /// What the client declared; an encoder needs it, no client is told.
    pub declared: Capabilities,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How often each end lets the other hear of it, where both agreed on that (§6.4).
    pub heartbeat: Option<Duration>,
    /// When the session ends if nobody renews it.
    pub expires_at: Option<Timestamp>,
    /// By what it goes on when its connection is gone; `None` when it is renewed, which leaves that as
    /// it was, and where sessions do not wait for their clients.
    pub resumption: Option<Resumption>,
}

/// By what a session goes on when its connection is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Resumption {
    /// Good until the next one is in use, for whoever has it.
    pub token: Secret<String>,
    /// How long the session waits.
    pub window: Duration,
}

/// A session that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionResumed {
    /// The session and its next token. Of what the client has declared only the extensions and the
    /// heartbeats are known after a restart.
    pub session: SessionAccepted,
    /// The last event that its client says it has; the next one follows.
    pub after: u64,
    /// Whether events follow that its client has missed.
    pub replayed: bool,
}

/// What a runtime says of itself (R§8.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuntimeIdentity {
    /// The program.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// A fingerprint that clients may pin.
    pub fingerprint: Option<String>,
    /// How far it is to be trusted (R§15.3).
    pub trust_level: TrustLevel,
}

/// How far a runtime is to be trusted (R§15.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrustLevel {
    /// Public.
    Untrusted,
    /// Of limited access.
    Constrained,
    /// Internal.
    #[default]
    Trusted,
    /// Of system level.
    Privileged,
}

/// A job, accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct JobAccepted {
    /// The job.
    pub job: JobId,
    /// The agent, with the version that a bare name resolved to; `None` when the peer did not say.
    pub agent: Option<String>,
    /// The effective lease.
    pub lease: Lease,
    /// The counters as they stand.
    pub budget: Budget,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its trace.
    pub trace: Option<TraceId>,
    /// Credentials that are bound to the job; for the submitter only.
    pub credentials: Vec<Credential>,
    /// The key, when this repeats an earlier answer.
    pub repeated: Option<IdempotencyKey>,
    /// On whose behalf it runs.
    pub parent: Option<Parent>,
}

/// A page of a listing, in the order of creation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobsPage {
    /// The jobs.
    pub jobs: Vec<JobSummary>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<JobId>,
}

/// What dialects have made of a shared value: each writes it once, all connections reuse it.
#[derive(Debug, Default)]
pub struct Encoded([OnceLock<Bytes>; Encoded::SLOTS]);

impl Encoded {
    /// How many things dialects can keep here, each in slots of its own.
    pub const SLOTS: usize = 3;

    /// What `slot` keeps, made by `write` the first time. A slot that is not there keeps nothing.
    pub fn get_or_write(&self, slot: usize, write: impl FnOnce() -> Bytes) -> Bytes {
        match self.0.get(slot) {
            Some(cell) => cell.get_or_init(write).clone(),
            None => write(),
        }
    }
}

/// A cache is no part of a value.
impl PartialEq for Encoded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
