//! The vocabulary of the Agent Runtime Control Protocol: plain data and pure functions.
//!
//! No clock, no socket, no task and no wire format lives here. Dialects (`arcp-wire`) translate
//! between these values and frames; the runtime's engine decides with them; stores keep what
//! [`Commit`] says.

mod agent_ref;
mod capability;
mod code;
mod command;
mod commit;
mod event;
mod fault;
mod frame;
mod id;
mod job;
mod json;
pub mod lease;
mod limits;
mod output;
mod principal;
mod quantity;
mod secret;
mod time;

pub use agent_ref::{AgentCard, AgentRef, ParseAgentRefError};
pub use capability::{Capabilities, Feature};
pub use code::Code;
pub use command::{
    Cancel, CancelTarget, ClientIdentity, Command, Issued, JobFilter, ListJobs, Offer, OnClose,
    Open, PingKind, Submit,
};
pub use commit::{Append, Commit, Key, Record};
pub use event::{
    ChunkEncoding, Completion, Event, JobEvent, JobHead, LogLevel, Progress, ResultChunk,
};
pub use fault::Fault;
pub use frame::{Frame, FrameKind};
pub use id::{
    ConnectionId, IdempotencyKey, JobId, MessageId, ParseIdError, ResultId, SessionId, TraceId,
};
pub use job::{JobState, JobSummary};
pub use json::{Json, ParseJsonError};
pub use lease::Lease;
pub use limits::Limits;
pub use output::{
    Delivery, Encoded, JobAccepted, JobsPage, Notice, Output, Reply, RuntimeIdentity,
    SessionAccepted, TrustLevel,
};
pub use principal::Principal;
pub use quantity::{ParseQuantityError, Quantity};
pub use secret::Secret;
pub use time::{Moment, Now, ParseTimestampError, Timestamp};
