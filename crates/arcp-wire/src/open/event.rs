//! Events written: once for all who watch, but for what differs by session.

use std::collections::BTreeSet;

use arcp_core::{
    ChunkEncoding, Completion, Delivery, Event, Fault, Frame, GrantedLease, JobEvent, Json,
    LogLevel, PermissionRequest, Progress, Quantity, RESUME_EXTENSION, ResultChunk, SessionId,
    StreamChange, StreamChunk, StreamEvent, StreamInfo,
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::message::{Message, Stamp};
use super::payload::{self, Failed};
use super::types::is_foreign;

/// What all events of one session begin with.
#[derive(Debug, Default)]
pub(super) struct Prefix(Vec<u8>);

impl Prefix {
    /// The beginning of events of `session`.
    pub(super) fn of(session: &SessionId) -> Self {
        // An id is any text after its prefix, so it is written as one.
        let id = serde_json::Value::from(session.as_str());
        Self(format!("{{\"session_id\":{id},\"event_seq\":").into_bytes())
    }

    /// The frame of one event.
    pub(super) fn frame(&self, delivery: &Delivery, agreed: &BTreeSet<String>) -> Option<Frame> {
        let rest = told(&delivery.event, agreed);
        if rest.is_empty() {
            return None;
        }
        let seq = delivery.seq.to_string();
        let start: &[u8] = if self.0.is_empty() { NO_SESSION } else { &self.0 };
        let mut frame = Vec::with_capacity(start.len() + seq.len() + rest.len());
        frame.extend_from_slice(start);
        frame.extend_from_slice(seq.as_bytes());
        frame.extend_from_slice(&rest);
        Some(Frame::text(frame))
    }
}

const NO_SESSION: &[u8] = b"{\"event_seq\":";

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

fn comma(written: Option<Vec<u8>>) -> Bytes {
    match written {
        Some(mut bytes) => {
            // The brace that opens the message becomes the comma after the number.
            if let Some(first) = bytes.first_mut() {
                *first = b',';
            }
            Bytes::from(bytes)
        }
        None => Bytes::new(),
    }
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
        | Event::Checkpoint { .. } => emitted(event),
        Event::ResultChunk(chunk) => write(event, "job.result_chunk", Piece::of(chunk)),
        Event::Stream(stream) => streamed(event, stream),
        Event::Artifact(reference) => {
            write(event, "artifact.ref", payload::ArtifactKept::of(reference))
        }
        Event::PermissionRequest(request) => write(event, "permission.request", Asked::of(request)),
        Event::LeaseGranted(granted) => write(event, "lease.granted", Granted::of(granted)),
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
        .to(&event.head.request)
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
fn emitted(event: &JobEvent) -> Option<Vec<u8>> {
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
        Event::Started { .. }
        | Event::Log { .. }
        | Event::Metric { .. }
        | Event::Progress(_)
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
    Custom(&'a Json),
    Checkpoint(Checkpoint),
}

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

/// A number, with the digits that it has.
fn number(quantity: Quantity) -> Box<RawValue> {
    // A quantity's text is that of a JSON number; `null` stands in for what cannot happen.
    RawValue::from_string(quantity.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
