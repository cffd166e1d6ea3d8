//! Events written: once for all who watch, but for what differs by session.

use std::collections::BTreeSet;

use arcp_core::{
    ChunkEncoding, Completion, Delegated, Delivery, Event, Fault, Frame, GrantedLease, JobEvent,
    Json, LogLevel, PermissionRequest, Progress, RESUME_EXTENSION, ResultChunk, Secret,
    StreamChange, StreamChunk, StreamEvent, StreamInfo,
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::lease;
use super::message::{Message, Stamp};
use super::payload::{self, Failed};
use super::types::is_foreign;
use crate::json::number;
use crate::prefix::{Prefix, comma};

/// The frame of one event, told in the session that `prefix` is of.
pub(super) fn frame(
    prefix: &Prefix,
    delivery: &Delivery,
    agreed: &BTreeSet<String>,
) -> Option<Frame> {
    let event = &delivery.event;
    if let Event::CredentialRotated { value: Some(value), .. } = &event.event
        && prefix.is_of(event.head.session.as_ref())
    {
        return prefix.frame(delivery.seq, &comma(emitted(event, Some(value))));
    }
    prefix.frame(delivery.seq, &told(event, agreed))
}

/// Where this dialect keeps what it has written of an event.
const SLOT: usize = 0;
/// Where it keeps the same under a type that not everybody knows.
const NAMED_SLOT: usize = 1;

/// An event of the agent's own that goes by a type of its own: both ends have agreed on the
/// extension (R§21.2), and its data is an object.
fn named_type<'a>(event: &'a JobEvent, agreed: &BTreeSet<String>) -> Option<(&'a str, &'a Json)> {
    let Event::Custom { name, data } = &event.event else { return None };
    (data.is_object() && agreed.contains(name) && is_foreign(name)).then_some((name.as_str(), data))
}

/// All of an event's frame that follows its number, from the comma on, as those are told it who have
/// `agreed` on these extensions.
pub(super) fn told(event: &JobEvent, agreed: &BTreeSet<String>) -> Bytes {
    if let Event::Checkpoint { size } = &event.event
        && agreed.contains(RESUME_EXTENSION)
    {
        let body = || comma(write(event, "job.checkpoint", Checkpoint::of(event, *size)));
        return event.encoded.get_or_write(NAMED_SLOT, body);
    }
    match named_type(event, agreed) {
        Some((name, data)) => {
            event.encoded.get_or_write(NAMED_SLOT, || comma(write(event, name, data)))
        }
        None => body(event),
    }
}

fn body(event: &JobEvent) -> Bytes {
    event.encoded.get_or_write(SLOT, || comma(written(event)))
}

fn written(event: &JobEvent) -> Option<Vec<u8>> {
    match &event.event {
        Event::Started { description } => write(event, "job.started", Started { description }),
        Event::Log { level, message, attributes } => {
            write(event, "log", Log::of(*level, message, attributes.as_ref()))
        }
        Event::Metric { name, value, unit, dimensions } => {
            let metric = Metric {
                name,
                value: number(*value),
                unit: unit.as_deref().unwrap_or_default(),
                dims: dimensions.as_ref(),
            };
            write(event, "metric", metric)
        }
        Event::Progress(progress) => write(event, "job.progress", ProgressBody::of(progress)),
        Event::Thought { .. }
        | Event::ToolCall { .. }
        | Event::ToolResult { .. }
        | Event::Status { .. }
        | Event::Custom { .. }
        | Event::CredentialRotated { .. }
        | Event::Checkpoint { .. } => emitted(event, None),
        Event::ResultChunk(chunk) => write(event, "job.result_chunk", Piece::of(chunk)),
        Event::Stream(stream) => streamed(event, stream),
        Event::Artifact(reference) => {
            write(event, "artifact.ref", payload::ArtifactKept::of(reference))
        }
        Event::PermissionRequest(request) => write(event, "permission.request", Asked::of(request)),
        Event::LeaseGranted(granted) => write(event, "lease.granted", Granted::of(granted)),
        Event::Delegated(delegated) => write(event, "agent.delegate", Delegate::of(delegated)),
        Event::LeaseExtended { lease, expires_at } => {
            let extended = Extended { lease_id: lease.as_str(), expires_at: Stamp(*expires_at) };
            write(event, "lease.extended", extended)
        }
        Event::LeaseRevoked { lease, reason } => {
            write(event, "lease.revoked", Revoked { lease_id: lease.as_str(), reason })
        }
        Event::Completed(completion) => completed(event, completion),
        Event::Failed(fault) => write(event, "job.failed", Failed::of(fault)),
        Event::Cancelled { reason } => write(event, "job.cancelled", Cancelled { reason }),
        Event::TimedOut(fault) => write(event, "job.failed", Failed::timed_out(fault)),
    }
}

fn write<P: Serialize>(event: &JobEvent, kind: &str, payload: P) -> Option<Vec<u8>> {
    message(event, kind, payload).write()
}

fn message<'a, P: Serialize>(event: &'a JobEvent, kind: &'a str, payload: P) -> Message<'a, P> {
    Message::new(&event.id, event.at, kind, payload)
        .job(&event.head.job)
        .answers(&event.head.request)
        .trace(event.head.trace.as_ref())
        .priority(event.head.priority)
}

fn completed(event: &JobEvent, completion: &Completion) -> Option<Vec<u8>> {
    match completion {
        Completion::Inline(value) => write(event, "job.completed", Value { value }),
        Completion::Streamed { result, size, summary } => {
            let streamed = Streamed {
                result_id: result.as_str(),
                result_size: *size,
                summary: summary.as_deref(),
            };
            write(event, "job.completed", streamed)
        }
    }
}

fn streamed(event: &JobEvent, streamed: &StreamEvent) -> Option<Vec<u8>> {
    let stream = Some(&streamed.stream);
    match &streamed.change {
        StreamChange::Opened(info) => {
            message(event, "stream.open", Opened::of(info)).stream(stream).write()
        }
        StreamChange::Chunk(chunk) => {
            message(event, "stream.chunk", StreamPiece::of(chunk)).stream(stream).write()
        }
        StreamChange::Closed { last } => {
            message(event, "stream.close", Closed { final_sequence: *last }).stream(stream).write()
        }
        StreamChange::Failed(fault) => {
            message(event, "stream.error", Failed::of(fault)).stream(stream).write()
        }
    }
}

/// What has no type of its own goes by its name.
fn emitted(event: &JobEvent, secret: Option<&Secret<String>>) -> Option<Vec<u8>> {
    let (name, data) = match &event.event {
        Event::Thought { text } => ("thought", Data::Thought { text }),
        Event::ToolCall { call_id, tool, arguments } => {
            ("tool_call", Data::ToolCall { tool, args: arguments, call_id })
        }
        Event::ToolResult { call_id, result } => ("tool_result", Data::result(call_id, result)),
        Event::Status { phase, message } => {
            ("status", Data::Status { phase, message: message.as_deref() })
        }
        Event::Custom { name, data } => (name.as_str(), Data::Custom(data)),
        Event::Checkpoint { size } => {
            ("checkpoint", Data::Checkpoint(Checkpoint::of(event, *size)))
        }
        Event::CredentialRotated { id, value: _ } => {
            let value = secret.map(|secret| secret.expose().as_str());
            ("status", Data::Rotated { phase: ROTATED, id: id.as_str(), value })
        }
        Event::Started { .. }
        | Event::Log { .. }
        | Event::Metric { .. }
        | Event::Progress(_)
        | Event::Delegated(_)
        | Event::ResultChunk(_)
        | Event::Stream(_)
        | Event::Artifact(_)
        | Event::PermissionRequest(_)
        | Event::LeaseGranted(_)
        | Event::LeaseExtended { .. }
        | Event::LeaseRevoked { .. }
        | Event::Completed(_)
        | Event::Failed(_)
        | Event::Cancelled { .. }
        | Event::TimedOut(_) => return None,
    };
    write(event, "event.emit", Emit { name, data })
}

#[derive(Serialize)]
struct Started<'a> {
    description: &'a str,
}

#[derive(Serialize)]
struct Log<'a> {
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a Json>,
}

impl<'a> Log<'a> {
    fn of(level: LogLevel, message: &'a str, attributes: Option<&'a Json>) -> Self {
        Self { level: level.as_str(), message, attributes }
    }
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    value: Box<RawValue>,
    unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dims: Option<&'a Json>,
}

#[derive(Serialize)]
struct ProgressBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
    current: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> ProgressBody<'a> {
    fn of(progress: &'a Progress) -> Self {
        Self {
            percent: percent(progress),
            current: number(progress.current),
            total: progress.total.map(number),
            units: progress.units.as_deref(),
            message: progress.message.as_deref(),
        }
    }
}

/// The share that is done, when it is known of how much.
fn percent(progress: &Progress) -> Option<f64> {
    let total = progress.total?.to_f64();
    let share = progress.current.to_f64() / total * 100.0;
    (total > 0.0 && share.is_finite()).then(|| share.clamp(0.0, 100.0))
}

#[derive(Serialize)]
struct Emit<'a> {
    name: &'a str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Thought {
        text: &'a str,
    },
    ToolCall {
        tool: &'a str,
        args: &'a Json,
        call_id: &'a str,
    },
    Result {
        call_id: &'a str,
        result: &'a Json,
    },
    Error {
        call_id: &'a str,
        error: Failed<'a>,
    },
    Status {
        phase: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
    Rotated {
        phase: &'static str,
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<&'a str>,
    },
    Custom(&'a Json),
    Checkpoint(Checkpoint),
}

/// The phase that says that a credential has another value.
pub(super) const ROTATED: &str = "credential_rotated";

/// It goes by the id of its event.
#[derive(Serialize)]
struct Checkpoint {
    checkpoint_id: String,
    size: u64,
}

impl Checkpoint {
    fn of(event: &JobEvent, size: u64) -> Self {
        let id = event.id.as_str();
        Self { checkpoint_id: format!("chk_{}", id.strip_prefix("msg_").unwrap_or(id)), size }
    }
}

impl<'a> Data<'a> {
    fn result(call_id: &'a str, result: &'a Result<Json, Fault>) -> Self {
        match result {
            Ok(result) => Self::Result { call_id, result },
            Err(fault) => Self::Error { call_id, error: Failed::of(fault) },
        }
    }
}

#[derive(Serialize)]
struct Piece<'a> {
    result_id: &'a str,
    chunk_seq: u64,
    data: &'a str,
    encoding: &'static str,
    more: bool,
}

impl<'a> Piece<'a> {
    fn of(chunk: &'a ResultChunk) -> Self {
        Self {
            result_id: chunk.result.as_str(),
            chunk_seq: chunk.chunk,
            data: &chunk.data,
            encoding: chunk_encoding(chunk.encoding),
            more: chunk.more,
        }
    }
}

const fn chunk_encoding(encoding: ChunkEncoding) -> &'static str {
    match encoding {
        ChunkEncoding::Utf8 => "utf8",
        ChunkEncoding::Base64 => "base64",
    }
}

#[derive(Serialize)]
struct Opened<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'a str>,
}

impl<'a> Opened<'a> {
    fn of(info: &'a StreamInfo) -> Self {
        Self {
            kind: info.kind.as_str(),
            content_type: info.content_type.as_deref(),
            encoding: info.encoding.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct StreamPiece<'a> {
    sequence: u64,
    data: &'a Json,
    /// Reasoning goes by this name too (R§11.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
}

impl<'a> StreamPiece<'a> {
    fn of(chunk: &'a StreamChunk) -> Self {
        Self {
            sequence: chunk.sequence,
            data: &chunk.data,
            content: chunk.role.as_ref().map(|_| &chunk.data),
            content_type: chunk.content_type.as_deref(),
            sha256: chunk.sha256.as_deref(),
            role: chunk.role.as_deref(),
            redacted: chunk.redacted,
        }
    }
}

#[derive(Serialize)]
struct Closed {
    #[serde(skip_serializing_if = "Option::is_none")]
    final_sequence: Option<u64>,
}

#[derive(Serialize)]
struct Asked<'a> {
    permission: &'a str,
    resource: &'a str,
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_lease_seconds: Option<u64>,
}

impl<'a> Asked<'a> {
    fn of(request: &'a PermissionRequest) -> Self {
        let PermissionRequest { permission, resource, operation, reason, lease } = request;
        Self {
            permission,
            resource,
            operation,
            reason: reason.as_deref(),
            requested_lease_seconds: lease.map(|lease| lease.as_secs()),
        }
    }
}

#[derive(Serialize)]
struct Granted<'a> {
    lease_id: &'a str,
    permission: &'a str,
    resource: &'a str,
    operation: &'a str,
    expires_at: Stamp,
}

impl<'a> Granted<'a> {
    fn of(granted: &'a GrantedLease) -> Self {
        Self {
            lease_id: granted.lease.as_str(),
            permission: &granted.permission,
            resource: &granted.resource,
            operation: &granted.operation,
            expires_at: Stamp(granted.expires_at),
        }
    }
}

/// The published types know an agent, a task and what goes with it.
#[derive(Serialize)]
struct Delegate<'a> {
    target: &'a str,
    task: &'a str,
    context: DelegateContext<'a>,
}

#[derive(Serialize)]
struct DelegateContext<'a> {
    job_id: &'a str,
    input: &'a Json,
    lease: lease::Written<'a>,
}

impl<'a> Delegate<'a> {
    fn of(delegated: &'a Delegated) -> Self {
        let Delegated { delegation, child, agent, input, lease } = delegated;
        let context =
            DelegateContext { job_id: child.as_str(), input, lease: lease::Written(lease) };
        Self { target: agent, task: delegation, context }
    }
}

#[derive(Serialize)]
struct Extended<'a> {
    lease_id: &'a str,
    expires_at: Stamp,
}

#[derive(Serialize)]
struct Revoked<'a> {
    lease_id: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Value<'a> {
    value: &'a Json,
}

#[derive(Serialize)]
struct Streamed<'a> {
    result_id: &'a str,
    result_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
}

#[derive(Serialize)]
struct Cancelled<'a> {
    reason: &'a str,
}
