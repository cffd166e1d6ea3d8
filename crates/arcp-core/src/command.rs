//! What a peer asks of a runtime, whatever the dialect. Closed on purpose: a new command must
//! break every codec and machine until they handle it.

use std::borrow::Cow;
use std::time::Duration;

use crate::{
    ArtifactId, Capabilities, Fault, IdempotencyKey, JobId, JobState, Json, Lease, LeaseId,
    MessageId, PermissionAnswer, PermissionVerdict, Priority, PutArtifact, Secret, SessionId,
    StreamId, Subscribe, SubscriptionId, Timestamp, TraceId, WatchJob,
};

/// A command with what its envelope says.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The message's id: a repeated one is the same command again (R§6.1.1).
    pub id: MessageId,
    /// When the sender says that it sent it.
    pub at: Timestamp,
    /// The trace that the sender put it in.
    pub trace: Option<TraceId>,
    /// What is asked.
    pub command: Command,
}

/// What a peer asks.
#[derive(Debug, Clone)]
pub enum Command {
    /// Open a session.
    Open(Box<Open>),
    /// Go on with a session whose connection is gone (MAPPING §5.13).
    Resume(Box<Resume>),
    /// Answer a challenge, or renew a session's lease.
    Authenticate {
        /// The answer.
        response: Secret<String>,
    },
    /// End the session.
    Close {
        /// Why, in the client's words.
        reason: Option<String>,
        /// What becomes of its jobs.
        jobs: OnClose,
    },
    /// Are you there?
    Ping {
        /// Which of a dialect's pings it is.
        kind: PingKind,
        /// To be echoed.
        nonce: Option<String>,
    },
    /// An answer to a ping of the runtime's; wants no answer.
    Pong {
        /// What the ping said, if the client says it.
        nonce: Option<String>,
    },
    /// The client has processed its events up to this number.
    Ack {
        /// The `event_seq`.
        seq: u64,
    },
    /// Tell the session's events once more (R§19).
    Replay(Replay),
    /// List the principal's jobs.
    ListJobs(Box<ListJobs>),
    /// Run an agent.
    Submit(Box<Submit>),
    /// Cancel something.
    Cancel(Box<Cancel>),
    /// Watch a job.
    Watch(WatchJob),
    /// Watch a job no more.
    Unwatch {
        /// The job.
        job: JobId,
    },
    /// Observe what passes a filter.
    Subscribe(Box<Subscribe>),
    /// Observe no more.
    Unsubscribe {
        /// What was accepted.
        subscription: SubscriptionId,
    },
    /// Keep an artifact.
    PutArtifact(Box<PutArtifact>),
    /// Give an artifact.
    FetchArtifact {
        /// Which.
        artifact: ArtifactId,
    },
    /// An artifact is needed no more.
    ReleaseArtifact {
        /// Which.
        artifact: ArtifactId,
    },
    /// Answer a job that asked for a permission.
    AnswerPermission(Box<PermissionAnswer>),
    /// Let a permission last longer.
    RefreshLease {
        /// Which.
        lease: LeaseId,
        /// How much longer.
        additional: Duration,
    },
    /// Take a permission back.
    RevokeLease {
        /// Which.
        lease: LeaseId,
        /// Why.
        reason: String,
    },
    /// Slow down (R§11.2).
    Backpressure {
        /// Which stream; all of the session's jobs when absent.
        stream: Option<StreamId>,
        /// How many chunks a second; `None` lifts an earlier wish.
        rate: Option<u32>,
    },
    /// The envelope was sound, the command in it is not one that can be done. It is answered, and
    /// nothing else happens.
    Refused {
        /// What it wanted.
        wanted: Wanted,
        /// Why it cannot be done.
        fault: Fault,
    },
}

impl Command {
    /// The texts in it that others are told.
    pub fn told_texts(&self) -> Vec<&str> {
        match self {
            Self::Close { reason, .. } => reason.iter().map(String::as_str).collect(),
            Self::Cancel(cancel) => cancel.reason.iter().map(String::as_str).collect(),
            Self::RevokeLease { reason, .. } => vec![reason],
            Self::AnswerPermission(answer) => match &answer.verdict {
                PermissionVerdict::Grant { resource, operation, lease: _ } => {
                    vec![&answer.permission, resource, operation]
                }
                PermissionVerdict::Deny { reason } => vec![&answer.permission, reason],
            },
            _ => Vec::new(),
        }
    }
}

/// What a command wanted that is refused: some have a refusal of their own kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A session.
    Session,
    /// To be authenticated.
    Authentication,
    /// A job.
    Job,
    /// Something that mostly has no answer, such as the end of a job that is there.
    Unanswered,
    /// Something else.
    Other,
}

/// Opening a session (R§8.1).
#[derive(Debug, Clone)]
pub struct Open {
    /// Who the client says it is.
    pub offer: Offer,
    /// What the client is.
    pub client: ClientIdentity,
    /// What the client can do.
    pub capabilities: Capabilities,
    /// The vocabulary that it speaks: a session goes on in the one it was opened in (MAPPING §1).
    pub vocabulary: Vocabulary,
}

/// Names a wire vocabulary. What is told in one of them cannot be told in another from the middle on;
/// nothing else follows from which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary(Cow<'static, str>);

impl Vocabulary {
    /// The vocabulary of that name.
    pub const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A name that was stored.
    pub fn from_text(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which of a session's events are to be told once more.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The session, if the client says which.
    pub session: Option<SessionId>,
    /// The message of the last event that the client has.
    pub after: MessageId,
}

/// Which session is to go on, and from where.
#[derive(Debug, Clone)]
pub struct Resume {
    /// The token that came with the session.
    pub token: Secret<String>,
    /// The session, if the client says which: the token has to be that one's.
    pub session: Option<SessionId>,
    /// The last event that the client has: what comes after it is told again.
    pub last_seq: u64,
    /// Who the client says it is, if it says so: it has to be the session's principal.
    pub offer: Option<Offer>,
    /// What the client is, if it says so again.
    pub client: Option<ClientIdentity>,
    /// What the client can do from now on; what it declared before, when it does not say.
    pub capabilities: Option<Capabilities>,
    /// The vocabulary that it speaks.
    pub vocabulary: Vocabulary,
}

/// Credentials as offered (R§8.2).
#[derive(Debug, Clone)]
pub struct Offer {
    /// `bearer`, `none`, ...
    pub scheme: String,
    /// The token, in schemes that have one.
    pub token: Option<Secret<String>>,
}

/// The scheme of a token of whatever kind: where clients have one field for all (§6.1).
pub const ANY_TOKEN: &str = "token";

/// What a client says of itself; nothing of it is proved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientIdentity {
    /// The program.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// A fingerprint of its build or key.
    pub fingerprint: Option<String>,
}

/// What becomes of a session's jobs when its client closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnClose {
    /// They are cancelled.
    Cancel,
    /// They go on.
    Detach,
    /// They go on, and the session waits for its client as if its connection had dropped (§6.7).
    Wait,
}

/// Which ping: a dialect may have one of the connection and one of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingKind {
    /// Of the connection.
    Connection,
    /// Of the session.
    Session,
}

/// A page of a listing (§6.6).
#[derive(Debug, Clone, Default)]
pub struct ListJobs {
    /// Which jobs.
    pub filter: JobFilter,
    /// At most this many; the runtime's own bound when absent.
    pub limit: Option<usize>,
    /// After this job, in the order of creation: the cursor of the page before.
    pub after: Option<JobId>,
}

/// Which jobs a listing is about. All that is given must hold; what is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// In one of these states; a state that no job can have matches none.
    pub states: Option<Vec<JobState>>,
    /// Of this agent: a bare name matches every version, `name@version` that one.
    pub agent: Option<String>,
    /// Created later than this.
    pub created_after: Option<Timestamp>,
    /// Created earlier than this.
    pub created_before: Option<Timestamp>,
}

/// Running an agent (§7.1).
#[derive(Debug, Clone)]
pub struct Submit {
    /// `name` or `name@version`, not yet checked.
    pub agent: String,
    /// What the agent gets.
    pub input: Json,
    /// The authority asked for; the runtime's default when absent.
    pub lease: Option<Lease>,
    /// When the default ends, where it is taken: a lease that is asked for says that itself.
    pub expires_at: Option<Timestamp>,
    /// A repeated key is the same intent again (§7.2).
    pub key: Option<IdempotencyKey>,
    /// How long it may run.
    pub max_runtime: Option<Duration>,
    /// How pressing it and its events are.
    pub priority: Priority,
    /// The job on whose behalf it runs, and within whose authority (§10).
    pub parent: Option<Parent>,
}

/// The job that another one runs on behalf of (§10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Which.
    pub job: JobId,
    /// What the delegation goes by among those of that job, if it has a name; any text, as it came.
    pub delegation: Option<String>,
}

/// Cancelling (R§10.4).
#[derive(Debug, Clone)]
pub struct Cancel {
    /// What kind of thing.
    pub target: CancelTarget,
    /// Which one, as the peer spelt it.
    pub target_id: String,
    /// Why, in the peer's words.
    pub reason: Option<String>,
    /// How long it may take to wind down before it is ended by force.
    pub deadline: Option<Duration>,
}

/// What can be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelTarget {
    /// A job.
    Job,
    /// A stream.
    Stream,
    /// A session.
    Session,
}
