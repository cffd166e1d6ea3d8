//! The vocabulary of the Agent Runtime Control Protocol: plain data and pure functions.
//!
//! No clock, no socket, no task and no wire format lives here. Dialects (`arcp-wire`) translate
//! between these values and frames; the runtime's engine decides with them; stores keep what
//! [`Commit`] says.

mod agent_ref;
mod artifact;
mod capability;
mod code;
mod command;
mod commit;
mod credential;
mod event;
mod fault;
mod frame;
mod hex;
mod id;
mod job;
mod json;
pub mod lease;
mod limits;
mod output;
mod permission;
mod principal;
mod quantity;
mod question;
mod restart;
mod secret;
mod stream;
mod time;
mod watch;

pub use agent_ref::{AgentCard, AgentRef, ParseAgentRefError};
pub use artifact::{Artifact, ArtifactRef, ArtifactRetention, PutArtifact};
pub use capability::{Capabilities, Feature, HeartbeatPolicy, HeartbeatRecovery, RESUME_EXTENSION};
pub use code::Code;
pub use command::{
    ANY_TOKEN, Cancel, CancelTarget, ClientIdentity, Command, Issued, JobFilter, ListJobs, Offer,
    OnClose, Open, Parent, PingKind, Replay, Resume, Submit, Vocabulary, Wanted,
};
pub use commit::{Append, Commit, Key, Record};
pub use credential::Credential;
pub use event::{
    ChunkEncoding, Completion, Delegated, Event, JobEvent, JobHead, LogLevel, Progress, ResultChunk,
};
pub use fault::Fault;
pub use frame::{Frame, FrameKind};
pub use hex::hex;
pub use id::{
    ArtifactId, ConnectionId, CredentialId, IdempotencyKey, JobId, LeaseId, MessageId,
    ParseIdError, ResultId, SessionId, StreamId, SubscriptionId, TraceId,
};
pub use job::{JobState, JobSummary};
pub use json::{Json, ParseJsonError, one_line};
pub use lease::Lease;
pub use limits::Limits;
pub use output::{
    Delivery, Encoded, Heartbeat, JobAccepted, JobWatched, JobsPage, Notice, Observed, Output,
    Reply, Resumption, RuntimeIdentity, SessionAccepted, SessionResumed, TrustLevel,
};
pub use permission::{GrantedLease, PermissionAnswer, PermissionRequest, PermissionVerdict};
pub use principal::Principal;
pub use quantity::{ParseQuantityError, Quantity};
pub use question::{Answer, Delegation, Question};
pub use restart::Restart;
pub use secret::Secret;
pub use stream::{StreamChange, StreamChunk, StreamEvent, StreamInfo, StreamKind};
pub use time::{Moment, Now, ParseTimestampError, Timestamp};
pub use watch::{EventFilter, EventKind, Priority, Since, Subscribe, WatchJob};
