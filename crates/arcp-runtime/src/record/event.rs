//! One event as a line of JSON.

use std::borrow::Cow;

use arcp_core::{
    ChunkEncoding, Code, Completion, CredentialId, Delegated, Event, Fault, GrantedLease, JobId,
    Json, LeaseId, LogLevel, MessageId, Progress, Quantity, ResultChunk, ResultId, SubscriptionId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use ulid::Ulid;

use super::RecordError;
use super::artifact::StoredArtifact;
use super::fact::StoredLease;
use super::permission::StoredRequest;
use super::stream::StoredStream;

/// The message id of the event at `index` of `job`: the same whenever it is told, and not stored.
pub fn event_id(job: &JobId, index: u64, at: Timestamp) -> MessageId {
    let random = (tag(job) << 40) | (u128::from(index) & 0xFF_FFFF_FFFF);
    MessageId::from_ulid(Ulid::from_parts(at.as_millis(), random))
}

/// What the messages of a job have in common: 40 bits.
pub(super) fn tag(job: &JobId) -> u128 {
    let number = job.as_str().strip_prefix("job_").unwrap_or_default();
    let seed = Ulid::from_string(number).map_or(0, |ulid| ulid.0);
    // Ids minted in one millisecond differ in their last bits only: spread them.
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) >> 88
}

/// The id of the message that tells an observer of the event `event`: the same whenever it is told.
pub fn observed_id(subscription: &SubscriptionId, event: &MessageId) -> MessageId {
    let number = |text: &str| text.split_once('_').and_then(|(_, n)| Ulid::from_string(n).ok());
    let event = number(event.as_str()).unwrap_or_default();
    let subscription = number(subscription.as_str()).unwrap_or_default();
    let random = event.random() ^ subscription.random();
    MessageId::from_ulid(Ulid::from_parts(event.timestamp_ms(), random))
}

/// An event as it is stored; the field names are short because there are many.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    /// Microseconds since the epoch.
    a: i64,
    #[serde(borrow)]
    e: Stored<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored<'a> {
    #[serde(borrow)]
    Started(Text<'a>),
    Log {
        level: Text<'a>,
        #[serde(borrow)]
        message: Text<'a>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        attributes: Option<&'a RawValue>,
    },
    Metric {
        #[serde(borrow)]
        name: Text<'a>,
        /// Text, so that a decimal keeps its digits.
        value: Text<'a>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        unit: Option<Text<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        dimensions: Option<&'a RawValue>,
    },
    Progress {
        current: Text<'a>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        total: Option<Text<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        units: Option<Text<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        message: Option<Text<'a>>,
    },
    Thought(Text<'a>),
    ToolCall {
        call_id: Text<'a>,
        tool: Text<'a>,
        arguments: &'a RawValue,
    },
    ToolResult {
        call_id: Text<'a>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        result: Option<&'a RawValue>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        error: Option<StoredFault<'a>>,
    },
    Status {
        phase: Text<'a>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        message: Option<Text<'a>>,
    },
    Custom {
        name: Text<'a>,
        data: &'a RawValue,
    },
    Chunk {
        result: Text<'a>,
        chunk: u64,
        data: Text<'a>,
        base64: bool,
        more: bool,
    },
    #[serde(borrow)]
    Stream(StoredStream<'a>),
    #[serde(borrow)]
    Artifact(StoredArtifact<'a>),
    #[serde(borrow)]
    Permission(StoredRequest<'a>),
    Granted {
        lease: Text<'a>,
        #[serde(borrow)]
        permission: Text<'a>,
        #[serde(borrow)]
        resource: Text<'a>,
        #[serde(borrow)]
        operation: Text<'a>,
        expires: i64,
    },
    Extended {
        lease: Text<'a>,
        expires: i64,
    },
    Revoked {
        lease: Text<'a>,
        #[serde(borrow)]
        reason: Text<'a>,
    },
    Checkpoint(u64),
    Delegated {
        #[serde(borrow)]
        delegation: Text<'a>,
        child: Text<'a>,
        agent: Text<'a>,
        input: &'a RawValue,
        #[serde(borrow)]
        lease: StoredLease<'a>,
    },
    /// Without the value.
    Rotated(Text<'a>),
    Completed(&'a RawValue),
    Streamed {
        result: Text<'a>,
        size: u64,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        summary: Option<Text<'a>>,
    },
    Failed(StoredFault<'a>),
    Cancelled(Text<'a>),
    TimedOut(StoredFault<'a>),
}

/// A string, borrowed where the JSON has no escapes.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[derive(Serialize, Deserialize)]
pub(super) struct StoredFault<'a> {
    code: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    retryable: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    detail: Option<&'a RawValue>,
}

impl<'a> Line<'a> {
    pub(super) fn of(at: Timestamp, event: &'a Event) -> Self {
        Self { a: at.as_micros(), e: Stored::of(event) }
    }

    /// When it was said.
    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.a)
    }

    pub(super) fn into_event(self) -> Result<(Timestamp, Event), RecordError> {
        Ok((self.at(), self.e.into_event()?))
    }
}

impl<'a> Stored<'a> {
    fn of(event: &'a Event) -> Self {
        match event {
            Event::Started { description } => Self::Started(description.into()),
            Event::Log { level, message, attributes } => Self::Log {
                level: level.as_str().into(),
                message: message.into(),
                attributes: attributes.as_ref().map(Json::as_raw),
            },
            Event::Metric { name, value, unit, dimensions } => Self::Metric {
                name: name.into(),
                value: value.to_string().into(),
                unit: unit.as_ref().map(Into::into),
                dimensions: dimensions.as_ref().map(Json::as_raw),
            },
            Event::Progress(progress) => Self::Progress {
                current: progress.current.to_string().into(),
                total: progress.total.map(|total| total.to_string().into()),
                units: progress.units.as_ref().map(Into::into),
                message: progress.message.as_ref().map(Into::into),
            },
            Event::Thought { text } => Self::Thought(text.into()),
            Event::ToolCall { call_id, tool, arguments } => Self::ToolCall {
                call_id: call_id.into(),
                tool: tool.into(),
                arguments: arguments.as_raw(),
            },
            Event::ToolResult { call_id, result } => Self::ToolResult {
                call_id: call_id.into(),
                result: result.as_ref().ok().map(Json::as_raw),
                error: result.as_ref().err().map(StoredFault::of),
            },
            Event::Status { phase, message } => {
                Self::Status { phase: phase.into(), message: message.as_ref().map(Into::into) }
            }
            Event::Custom { name, data } => Self::Custom { name: name.into(), data: data.as_raw() },
            Event::ResultChunk(chunk) => Self::Chunk {
                result: chunk.result.as_str().into(),
                chunk: chunk.chunk,
                data: (&*chunk.data).into(),
                base64: chunk.encoding == ChunkEncoding::Base64,
                more: chunk.more,
            },
            Event::Stream(event) => Self::Stream(StoredStream::of(event)),
            Event::Artifact(reference) => Self::Artifact(StoredArtifact::of(reference)),
            Event::PermissionRequest(request) => Self::Permission(StoredRequest::of(request)),
            Event::LeaseGranted(granted) => Self::Granted {
                lease: granted.lease.as_str().into(),
                permission: (&granted.permission).into(),
                resource: (&granted.resource).into(),
                operation: (&granted.operation).into(),
                expires: granted.expires_at.as_micros(),
            },
            Event::LeaseExtended { lease, expires_at } => {
                Self::Extended { lease: lease.as_str().into(), expires: expires_at.as_micros() }
            }
            Event::LeaseRevoked { lease, reason } => {
                Self::Revoked { lease: lease.as_str().into(), reason: reason.into() }
            }
            Event::Checkpoint { size } => Self::Checkpoint(*size),
            Event::Delegated(delegated) => Self::Delegated {
                delegation: (&delegated.delegation).into(),
                child: delegated.child.as_str().into(),
                agent: (&delegated.agent).into(),
                input: delegated.input.as_raw(),
                lease: StoredLease::of(&delegated.lease),
            },
            Event::CredentialRotated { id, value: _ } => Self::Rotated(id.as_str().into()),
            Event::Completed(Completion::Inline(value)) => Self::Completed(value.as_raw()),
            Event::Completed(Completion::Streamed { result, size, summary }) => Self::Streamed {
                result: result.as_str().into(),
                size: *size,
                summary: summary.as_ref().map(Into::into),
            },
            Event::Failed(fault) => Self::Failed(StoredFault::of(fault)),
            Event::Cancelled { reason } => Self::Cancelled(reason.into()),
            Event::TimedOut(fault) => Self::TimedOut(StoredFault::of(fault)),
        }
    }

    fn into_event(self) -> Result<Event, RecordError> {
        Ok(match self {
            Self::Started(description) => Event::Started { description: description.into() },
            Self::Log { level, message, attributes } => Event::Log {
                level: LogLevel::parse(&level.0).ok_or_else(|| bad("log level", &level.0))?,
                message: message.into(),
                attributes: attributes.map(Into::into),
            },
            Self::Metric { name, value, unit, dimensions } => Event::Metric {
                name: name.into(),
                value: quantity(&value)?,
                unit: unit.map(Into::into),
                dimensions: dimensions.map(Into::into),
            },
            Self::Progress { current, total, units, message } => Event::Progress(Progress {
                current: quantity(&current)?,
                total: total.as_ref().map(quantity).transpose()?,
                units: units.map(Into::into),
                message: message.map(Into::into),
            }),
            Self::Thought(text) => Event::Thought { text: text.into() },
            Self::ToolCall { call_id, tool, arguments } => Event::ToolCall {
                call_id: call_id.into(),
                tool: tool.into(),
                arguments: arguments.into(),
            },
            Self::ToolResult { call_id, result, error } => Event::ToolResult {
                call_id: call_id.into(),
                result: match error {
                    Some(fault) => Err(fault.into_fault()?),
                    None => Ok(result.map_or_else(Json::null, Into::into)),
                },
            },
            Self::Status { phase, message } => {
                Event::Status { phase: phase.into(), message: message.map(Into::into) }
            }
            Self::Custom { name, data } => Event::Custom { name: name.into(), data: data.into() },
            Self::Chunk { result, chunk, data, base64, more } => Event::ResultChunk(ResultChunk {
                result: result_id(&result)?,
                chunk,
                data: data.0.as_ref().into(),
                encoding: if base64 { ChunkEncoding::Base64 } else { ChunkEncoding::Utf8 },
                more,
            }),
            Self::Stream(stream) => Event::Stream(stream.into_event()?),
            Self::Artifact(reference) => Event::Artifact(reference.into_reference()?),
            Self::Permission(request) => Event::PermissionRequest(request.into_request()),
            Self::Granted { lease, permission, resource, operation, expires } => {
                Event::LeaseGranted(GrantedLease {
                    lease: lease_id(&lease)?,
                    permission: permission.into(),
                    resource: resource.into(),
                    operation: operation.into(),
                    expires_at: Timestamp::from_micros(expires),
                })
            }
            Self::Extended { lease, expires } => Event::LeaseExtended {
                lease: lease_id(&lease)?,
                expires_at: Timestamp::from_micros(expires),
            },
            Self::Revoked { lease, reason } => {
                Event::LeaseRevoked { lease: lease_id(&lease)?, reason: reason.into() }
            }
            Self::Checkpoint(size) => Event::Checkpoint { size },
            Self::Delegated { delegation, child, agent, input, lease } => {
                Event::Delegated(Box::new(Delegated {
                    delegation: delegation.into(),
                    child: JobId::parse(&child.0).map_err(|_| bad("job id", &child.0))?,
                    agent: agent.into(),
                    input: input.into(),
                    lease: lease.into_lease()?,
                }))
            }
            Self::Rotated(id) => Event::CredentialRotated {
                id: CredentialId::parse(&id.0).map_err(|_| bad("credential id", &id.0))?,
                value: None,
            },
            Self::Completed(value) => Event::Completed(Completion::Inline(value.into())),
            Self::Streamed { result, size, summary } => Event::Completed(Completion::Streamed {
                result: result_id(&result)?,
                size,
                summary: summary.map(Into::into),
            }),
            Self::Failed(fault) => Event::Failed(fault.into_fault()?),
            Self::Cancelled(reason) => Event::Cancelled { reason: reason.into() },
            Self::TimedOut(fault) => Event::TimedOut(fault.into_fault()?),
        })
    }
}

impl<'a> StoredFault<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        Self {
            code: fault.code.as_str().into(),
            message: fault.message.as_str().into(),
            retryable: fault.retryable,
            detail: fault.detail.as_ref().map(Json::as_raw),
        }
    }

    pub(super) fn into_fault(self) -> Result<Fault, RecordError> {
        Ok(Fault {
            code: Code::parse(&self.code).ok_or_else(|| bad("code", &self.code))?,
            message: self.message.into_owned(),
            retryable: self.retryable,
            detail: self.detail.map(Into::into),
        })
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Text<'a> {
    fn from(text: &'a String) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.0.into_owned()
    }
}

fn quantity(text: &Text<'_>) -> Result<Quantity, RecordError> {
    Quantity::parse(&text.0).map_err(|_| bad("quantity", &text.0))
}

fn result_id(text: &Text<'_>) -> Result<ResultId, RecordError> {
    ResultId::parse(&text.0).map_err(|_| bad("result id", &text.0))
}

fn lease_id(text: &Text<'_>) -> Result<LeaseId, RecordError> {
    LeaseId::parse(&text.0).map_err(|_| bad("lease id", &text.0))
}

pub(super) fn bad(what: &'static str, text: &str) -> RecordError {
    RecordError::new("event", format!("unknown {what} `{text}`"))
}
