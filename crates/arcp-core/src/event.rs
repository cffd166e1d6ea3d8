//! What happens in a job, in the order in which it happened. Closed on purpose.

use std::sync::Arc;

use crate::{
    ArtifactRef, CredentialId, Encoded, Fault, GrantedLease, JobId, Json, Lease, LeaseId,
    MessageId, PermissionRequest, Priority, Quantity, ResultId, Secret, SessionId, StreamChange,
    StreamEvent, Timestamp, TraceId,
};

/// One event of one job, as it is kept and as every watcher gets it.
#[derive(Debug, PartialEq)]
pub struct JobEvent {
    /// The job.
    pub head: Arc<JobHead>,
    /// The message id that it goes by in every session.
    pub id: MessageId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// Its body as dialects have written it.
    pub encoded: Encoded,
}

/// What all events of one job share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobHead {
    /// The job.
    pub job: JobId,
    /// The message that submitted it.
    pub request: MessageId,
    /// The session that submitted it; `None` when that is not known.
    pub session: Option<SessionId>,
    /// Its trace.
    pub trace: Option<TraceId>,
    /// How pressing it is.
    pub priority: Priority,
}

/// What happened in a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The agent is at work.
    Started {
        /// For a person.
        description: String,
    },
    /// A line of log.
    Log {
        /// How grave.
        level: LogLevel,
        /// The line.
        message: String,
        /// An object with more.
        attributes: Option<Json>,
    },
    /// A measurement; one named `cost.*` in a budgeted unit has been charged.
    Metric {
        /// What was measured.
        name: String,
        /// How much.
        value: Quantity,
        /// Of what.
        unit: Option<String>,
        /// An object with more.
        dimensions: Option<Json>,
    },
    /// How far the work has come.
    Progress(Progress),
    /// What the agent thinks.
    Thought {
        /// The text.
        text: String,
    },
    /// The agent calls a tool.
    ToolCall {
        /// Names the call within the job.
        call_id: String,
        /// The tool.
        tool: String,
        /// Its arguments.
        arguments: Json,
    },
    /// A tool has answered.
    ToolResult {
        /// The call.
        call_id: String,
        /// What it gave, or why not.
        result: Result<Json, Fault>,
    },
    /// The job has entered a phase.
    Status {
        /// The phase's name.
        phase: String,
        /// For a person.
        message: Option<String>,
    },
    /// Something that only the agent and its users know.
    Custom {
        /// Its name.
        name: String,
        /// Its data.
        data: Json,
    },
    /// A piece of the result.
    ResultChunk(ResultChunk),
    /// Something happened to one of its streams.
    Stream(StreamEvent),
    /// It refers to an artifact.
    Artifact(ArtifactRef),
    /// It waits for a permission.
    PermissionRequest(PermissionRequest),
    /// It was granted a permission.
    LeaseGranted(GrantedLease),
    /// A permission lasts longer.
    LeaseExtended {
        /// Which.
        lease: LeaseId,
        /// The instant from which on it is void.
        expires_at: Timestamp,
    },
    /// A permission was taken back.
    LeaseRevoked {
        /// Which.
        lease: LeaseId,
        /// Why.
        reason: String,
    },
    /// Its state was kept: should the runtime die, it goes on from here if its agent can.
    Checkpoint {
        /// How many bytes the state has, as JSON. The state itself is its agent's and told to nobody.
        size: u64,
    },
    /// It has delegated to another job (§10).
    Delegated(Box<Delegated>),
    /// One of its credentials has another value from now on (§9).
    CredentialRotated {
        /// Which.
        id: CredentialId,
        /// The value: for the submitter and the agent, and kept nowhere.
        value: Option<Secret<String>>,
    },
    /// The end: it has a result.
    Completed(Completion),
    /// The end: it failed.
    Failed(Fault),
    /// The end: it was cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// The end: it ran longer than it was allowed to.
    TimedOut(Fault),
}

impl Event {
    /// Whether no other event can follow.
    pub const fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Completed(_) | Self::Failed(_) | Self::Cancelled { .. } | Self::TimedOut(_)
        )
    }
}

impl Event {
    /// About how many bytes its body takes as JSON: never less than it does, but for a few names.
    pub fn json_size(&self) -> usize {
        let json = |json: &Option<Json>| json.as_ref().map_or(0, |json| json.as_str().len());
        let text = |text: &Option<String>| text.as_ref().map_or(0, |text| escaped(text));
        match self {
            Self::Started { description: one } | Self::Thought { text: one } => escaped(one),
            Self::Cancelled { reason } | Self::LeaseRevoked { lease: _, reason } => escaped(reason),
            Self::Log { level: _, message, attributes } => escaped(message) + json(attributes),
            Self::Metric { name, value: _, unit, dimensions } => {
                escaped(name) + text(unit) + json(dimensions)
            }
            Self::Progress(progress) => text(&progress.units) + text(&progress.message),
            Self::ToolCall { call_id, tool, arguments } => {
                escaped(call_id) + escaped(tool) + arguments.as_str().len()
            }
            Self::ToolResult { call_id, result } => {
                escaped(call_id)
                    + match result {
                        Ok(value) => value.as_str().len(),
                        Err(fault) => escaped(&fault.message) + json(&fault.detail),
                    }
            }
            Self::Status { phase, message } => escaped(phase) + text(message),
            Self::Custom { name, data } => escaped(name) + data.as_str().len(),
            Self::ResultChunk(chunk) => escaped(&chunk.data),
            Self::Stream(StreamEvent { stream: _, change }) => stream_size(change),
            Self::Artifact(reference) => escaped(&reference.media_type),
            Self::PermissionRequest(request) => request.json_size(),
            Self::LeaseGranted(GrantedLease { permission, resource, operation, .. }) => {
                escaped(permission) + escaped(resource) + escaped(operation)
            }
            Self::LeaseExtended { .. } | Self::Checkpoint { .. } => 0,
            Self::Delegated(delegated) => {
                let Delegated { delegation, child: _, agent, input, lease } = delegated.as_ref();
                Delegated::json_size(delegation, agent, input, lease.json_size())
            }
            Self::CredentialRotated { id: _, value } => {
                value.as_ref().map_or(0, |value| escaped(value.expose()))
            }
            Self::Completed(Completion::Inline(value)) => value.as_str().len(),
            Self::Completed(Completion::Streamed { summary, .. }) => text(summary),
            Self::Failed(fault) | Self::TimedOut(fault) => {
                escaped(&fault.message) + json(&fault.detail)
            }
        }
    }
}

fn stream_size(change: &StreamChange) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, |text| escaped(text));
    match change {
        StreamChange::Opened(info) => info.json_size(),
        StreamChange::Chunk(chunk) => {
            // A dialect may say a thought under two names.
            let times = if chunk.role.is_some() { 2 } else { 1 };
            times * chunk.data.as_str().len()
                + text(&chunk.content_type)
                + text(&chunk.sha256)
                + text(&chunk.role)
        }
        StreamChange::Closed { .. } => 0,
        StreamChange::Failed(fault) => {
            escaped(&fault.message) + fault.detail.as_ref().map_or(0, |json| json.as_str().len())
        }
    }
}

/// What can be counted without more than 255 in all: five for each byte.
const BLOCK: usize = 48;

/// How many bytes a text takes inside a JSON string.
pub(crate) fn escaped(text: &str) -> usize {
    // By blocks in small numbers, so that a processor counts many bytes at a time.
    let more = |byte: &u8| u8::from(matches!(byte, b'"' | b'\\')) + 5 * u8::from(*byte < 0x20);
    let more = |block: &[u8]| usize::from(block.iter().map(more).sum::<u8>());
    text.len() + text.as_bytes().chunks(BLOCK).map(more).sum::<usize>()
}

/// What a job has delegated (§10).
#[derive(Debug, Clone, PartialEq)]
pub struct Delegated {
    /// What it goes by among the delegations of the job.
    pub delegation: String,
    /// The job that does it.
    pub child: JobId,
    /// Its agent, with its version.
    pub agent: String,
    /// Its input.
    pub input: Json,
    /// Its effective lease.
    pub lease: Lease,
}

impl Delegated {
    /// About how many bytes the event takes that tells of a delegation whose lease takes so many.
    pub fn json_size(delegation: &str, agent: &str, input: &Json, lease: usize) -> usize {
        escaped(delegation) + escaped(agent) + input.as_str().len() + lease
    }
}

/// How grave a line of log is (R§17.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For following every step.
    Trace,
    /// For finding faults.
    Debug,
    /// For knowing what goes on.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
    /// Everything failed.
    Critical,
}

impl LogLevel {
    /// All levels, from the least grave.
    pub const ALL: [Self; 6] =
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Critical];

    /// The level's name, as both dialects write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// Reads a level's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// How far the work has come (§8.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Done so far, not negative.
    pub current: Quantity,
    /// Of how much; absent when nobody knows.
    pub total: Option<Quantity>,
    /// Counted in what.
    pub units: Option<String>,
    /// For a person.
    pub message: Option<String>,
}

/// A piece of a streamed result (§8.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultChunk {
    /// The result that it is a piece of.
    pub result: ResultId,
    /// Its place, from 0 without gaps.
    pub chunk: u64,
    /// The data, encoded.
    pub data: Arc<str>,
    /// How.
    pub encoding: ChunkEncoding,
    /// Whether another one follows.
    pub more: bool,
}

/// How a chunk's data is written. One stream keeps to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkEncoding {
    /// As text.
    Utf8,
    /// Standard base64, padded.
    Base64,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// Here it is.
    Inline(Json),
    /// It went before, in chunks.
    Streamed {
        /// The chunks' result.
        result: ResultId,
        /// Its size, decoded, in bytes.
        size: u64,
        /// For a person.
        summary: Option<String>,
    },
}
