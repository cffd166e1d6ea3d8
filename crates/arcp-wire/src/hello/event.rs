//! Events written: once for all who watch, but for what differs by session.

use std::collections::BTreeSet;

use arcp_core::{
    ArtifactRef, Capabilities, ChunkEncoding, Code, Completion, Delegated, Delivery, Event, Fault,
    Feature, Frame, GrantedLease, JobEvent, Json, PermissionRequest, Progress, Quantity,
    ResultChunk, Secret, StreamChange, StreamEvent,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::code;
use super::lease;
use super::line::Version;
use super::message::Message;
use super::profile::Profile;
use super::types::VENDOR;
use crate::json::{Stamp, number};
use crate::prefix::{Prefix, comma};

/// How one session is told events.
#[derive(Debug, Default)]
pub(super) struct Told {
    profile: Profile,
    version: Version,
    /// What both ends have.
    agreed: BTreeSet<Feature>,
}

impl Told {
    pub(super) fn new(profile: Profile, version: Version, agreed: &Capabilities) -> Self {
        Self { profile, version, agreed: agreed.present().collect() }
    }

    /// The frame of one event, told in the session that `prefix` is of.
    pub(super) fn frame(&self, prefix: &Prefix, delivery: &Delivery) -> Option<Frame> {
        let event = &delivery.event;
        let body = Body { version: self.version, event };
        let own = prefix.is_of(event.head.session.as_ref());
        let rest = match self.written_apart(&body, own) {
            Some(written) => comma(Some(written)),
            None if self.version == Version::OneOne => {
                event.encoded.get_or_write(SLOT, || comma(body.write()))
            }
            None => comma(body.write()),
        };
        prefix.frame(delivery.seq, &rest)
    }

    /// What this session is told otherwise than most.
    fn written_apart(&self, body: &Body<'_>, own: bool) -> Option<Vec<u8>> {
        let event = body.event;
        if let Event::Progress(progress) = &event.event {
            let agreed = self.agreed.contains(&Feature::Progress);
            if agreed { None } else { body.kind(PROGRESS, ProgressBody::of(progress)) }
        } else if let Event::ResultChunk(chunk) = &event.event {
            let agreed = self.agreed.contains(&Feature::ResultChunk);
            if agreed { None } else { body.kind(RESULT_CHUNK, Piece::of(chunk)) }
        } else if let Event::CredentialRotated { id, value: Some(value) } = &event.event {
            // Nobody else is told the value, nor who has not agreed on credentials.
            if own && self.agreed.contains(&Feature::ProvisionedCredentials) {
                body.kind("status", Rotated::of(id.as_str(), Some(value)))
            } else {
                None
            }
        } else if let Event::Cancelled { reason } = &event.event {
            let end = || ResultBody::ended("cancelled", reason, event);
            if self.profile.cancel_as_result { body.result(&end()) } else { None }
        } else if let Event::TimedOut(fault) = &event.event {
            let end = || ResultBody::ended("timed_out", &fault.message, event);
            if self.profile.cancel_as_result { body.result(&end()) } else { None }
        } else if let Event::Completed(Completion::Inline(value)) = &event.event {
            let end = || ResultBody { output: Some(value), ..ResultBody::success(event) };
            if self.profile.result_as_output { body.result(&end()) } else { None }
        } else {
            None
        }
    }
}

/// Where this dialect keeps what it has written of an event.
const SLOT: usize = 2;

/// An event, to be written.
struct Body<'a> {
    version: Version,
    event: &'a JobEvent,
}

impl Body<'_> {
    fn write(&self) -> Option<Vec<u8>> {
        let event = self.event;
        match &event.event {
            Event::Started { description } => self.status(RUNNING, Some(description)),
            Event::Log { level, message, attributes } => self.kind(
                "log",
                Log { level: level.as_str(), message, attributes: attributes.as_ref() },
            ),
            Event::Metric { name, value, unit, dimensions } => self.kind(
                "metric",
                Metric {
                    name,
                    value: number(*value),
                    unit: unit.as_deref(),
                    dimensions: dimensions.as_ref(),
                },
            ),
            Event::Progress(progress) => self.kind("progress", ProgressBody::of(progress)),
            Event::Thought { text } => self.kind("thought", Thought { text }),
            Event::ToolCall { call_id, tool, arguments } => {
                self.kind("tool_call", ToolCall { tool, args: arguments, call_id })
            }
            Event::ToolResult { call_id, result } => {
                self.kind("tool_result", ToolResult::of(call_id, result))
            }
            Event::Status { phase, message } => self.status(phase, message.as_deref()),
            Event::Custom { name, data } if name.starts_with(VENDOR) => self.kind(name, data),
            Event::Custom { name, data } => self.kind(CUSTOM, Custom { name, data }),
            Event::ResultChunk(chunk) => self.kind("result_chunk", Piece::of(chunk)),
            Event::Stream(streamed) => self.kind(STREAM, Streamed::of(streamed)),
            Event::Artifact(reference) => self.kind("artifact_ref", Artifact::of(reference)),
            Event::PermissionRequest(request) => self.kind("status", Asks::of(request)),
            Event::LeaseGranted(granted) => self.kind("status", Granted::of(granted)),
            Event::LeaseExtended { .. } => self.status(RUNNING, Some("a permission lasts longer")),
            Event::LeaseRevoked { reason, .. } => {
                self.status(RUNNING, Some(&format!("a permission was taken back: {reason}")))
            }
            Event::Checkpoint { size } => self.kind(CHECKPOINT, Checkpoint { size: *size }),
            Event::Delegated(delegated) => self.kind("delegate", Handed::of(delegated)),
            Event::CredentialRotated { id, value: _ } => {
                self.kind("status", Rotated::of(id.as_str(), None))
            }
            Event::Completed(completion) => self.result(&ResultBody::of(completion, event)),
            // It was ended by force, which is how it was cancelled.
            Event::Failed(fault) if fault.is_end_of_cancelled() => {
                let fault = Fault { code: Code::Cancelled, retryable: false, ..fault.clone() };
                self.error("cancelled", &fault)
            }
            Event::Failed(fault) => self.error("error", fault),
            Event::Cancelled { reason } => {
                self.error("cancelled", &Fault::new(Code::Cancelled, reason))
            }
            Event::TimedOut(fault) => self.error("timed_out", fault),
        }
    }

    fn message<P: Serialize>(&self, kind: &str, payload: P) -> Option<Vec<u8>> {
        let head = &self.event.head;
        Message::new(self.version, &self.event.id, kind, payload)
            .job(Some(&head.job))
            .trace(head.trace.as_ref())
            .write()
    }

    fn kind<B: Serialize>(&self, kind: &str, body: B) -> Option<Vec<u8>> {
        self.message("job.event", Happened { kind, ts: Stamp(self.event.at), body })
    }

    fn status(&self, phase: &str, message: Option<&str>) -> Option<Vec<u8>> {
        self.kind("status", Status { phase, message })
    }

    fn result(&self, body: &ResultBody<'_>) -> Option<Vec<u8>> {
        self.message("job.result", body)
    }

    fn error(&self, final_status: &'static str, fault: &Fault) -> Option<Vec<u8>> {
        let (fault, completed_at) = (code::Told::of(fault), Stamp(self.event.at));
        self.message("job.error", super::payload::Ended { final_status, fault, completed_at })
    }
}

#[derive(Serialize)]
struct Happened<'a, B> {
    kind: &'a str,
    ts: Stamp,
    body: B,
}

#[derive(Serialize)]
struct Status<'a> {
    phase: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct Log<'a> {
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a Json>,
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    value: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<&'a Json>,
}

#[derive(Serialize)]
struct ProgressBody<'a> {
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
            current: number(progress.current),
            // One that was too small is no total (§8.2.1).
            total: progress.total.filter(|total| !is_passed(progress, *total)).map(number),
            units: progress.units.as_deref(),
            message: progress.message.as_deref(),
        }
    }
}

fn is_passed(progress: &Progress, total: Quantity) -> bool {
    progress.current.to_f64() > total.to_f64()
}

#[derive(Serialize)]
struct Thought<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    tool: &'a str,
    args: &'a Json,
    call_id: &'a str,
}

#[derive(Serialize)]
struct ToolResult<'a> {
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<code::Told<'a>>,
}

impl<'a> ToolResult<'a> {
    fn of(call_id: &'a str, result: &'a Result<Json, Fault>) -> Self {
        Self {
            call_id,
            result: result.as_ref().ok(),
            error: result.as_ref().err().map(code::Told::of),
        }
    }
}

#[derive(Serialize)]
struct Custom<'a> {
    name: &'a str,
    data: &'a Json,
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
            encoding: match chunk.encoding {
                ChunkEncoding::Utf8 => "utf8",
                ChunkEncoding::Base64 => "base64",
            },
            more: chunk.more,
        }
    }
}

#[derive(Serialize)]
struct Artifact<'a> {
    uri: String,
    content_type: &'a str,
    byte_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
}

impl<'a> Artifact<'a> {
    fn of(reference: &'a ArtifactRef) -> Self {
        Self {
            uri: format!("{ARTIFACTS}{}", reference.artifact),
            content_type: &reference.media_type,
            byte_size: reference.size,
            sha256: reference.sha256.as_deref(),
        }
    }
}

/// A permission that a job waits for, as the status that it is in meanwhile.
#[derive(Serialize)]
struct Asks<'a> {
    phase: &'static str,
    message: String,
    permission: &'a str,
    resource: &'a str,
    operation: &'a str,
}

impl<'a> Asks<'a> {
    fn of(request: &'a PermissionRequest) -> Self {
        let PermissionRequest { permission, resource, operation, reason, lease: _ } = request;
        let message = match reason {
            Some(reason) => format!("waits for a permission: {reason}"),
            None => "waits for a permission".to_owned(),
        };
        Self { phase: "blocked", message, permission, resource, operation }
    }
}

#[derive(Serialize)]
struct Granted<'a> {
    phase: &'static str,
    message: &'static str,
    permission: &'a str,
    expires_at: Stamp,
}

impl<'a> Granted<'a> {
    fn of(granted: &'a GrantedLease) -> Self {
        Self {
            phase: RUNNING,
            message: "a permission was granted",
            permission: &granted.permission,
            expires_at: Stamp(granted.expires_at),
        }
    }
}

#[derive(Serialize)]
struct Checkpoint {
    size: u64,
}

#[derive(Serialize)]
struct Handed<'a> {
    delegate_id: &'a str,
    child_job_id: &'a str,
    agent: &'a str,
    input: &'a Json,
    lease_request: lease::Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_constraints: Option<lease::Limits>,
}

impl<'a> Handed<'a> {
    fn of(delegated: &'a Delegated) -> Self {
        let Delegated { delegation, child, agent, input, lease } = delegated;
        Self {
            delegate_id: delegation,
            child_job_id: child.as_str(),
            agent,
            input,
            lease_request: lease::Written(lease),
            lease_constraints: lease::Limits::of(lease),
        }
    }
}

#[derive(Serialize)]
struct Rotated<'a> {
    phase: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl<'a> Rotated<'a> {
    fn of(id: &'a str, value: Option<&'a Secret<String>>) -> Self {
        let value = value.map(|secret| secret.expose().as_str());
        Self { phase: ROTATED, id, value }
    }
}

#[derive(Serialize)]
struct Streamed<'a> {
    stream_id: &'a str,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<code::Told<'a>>,
}

impl<'a> Streamed<'a> {
    fn of(streamed: &'a StreamEvent) -> Self {
        let plain = Self {
            stream_id: streamed.stream.as_str(),
            change: "open",
            kind: None,
            content_type: None,
            sequence: None,
            data: None,
            error: None,
        };
        match &streamed.change {
            StreamChange::Opened(info) => Self {
                kind: Some(info.kind.as_str()),
                content_type: info.content_type.as_deref(),
                ..plain
            },
            StreamChange::Chunk(chunk) => Self {
                change: "chunk",
                content_type: chunk.content_type.as_deref(),
                sequence: Some(chunk.sequence),
                data: Some(&chunk.data),
                ..plain
            },
            StreamChange::Closed { last } => Self { change: "close", sequence: *last, ..plain },
            StreamChange::Failed(fault) => {
                Self { change: "error", error: Some(code::Told::of(fault)), ..plain }
            }
        }
    }
}

#[derive(Serialize)]
struct ResultBody<'a> {
    final_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    completed_at: Stamp,
}

impl<'a> ResultBody<'a> {
    fn success(event: &JobEvent) -> Self {
        Self {
            final_status: "success",
            result: None,
            output: None,
            result_id: None,
            result_size: None,
            summary: None,
            completed_at: Stamp(event.at),
        }
    }

    fn of(completion: &'a Completion, event: &JobEvent) -> Self {
        let plain = Self::success(event);
        match completion {
            Completion::Inline(value) => Self { result: Some(value), ..plain },
            Completion::Streamed { result, size, summary } => Self {
                result_id: Some(result.as_str()),
                result_size: Some(*size),
                summary: summary.as_deref(),
                ..plain
            },
        }
    }

    /// An end that is no success, told as a result.
    fn ended(final_status: &'static str, reason: &'a str, event: &JobEvent) -> Self {
        Self { final_status, summary: Some(reason), ..Self::success(event) }
    }
}

/// Kinds of our own, for what the text has no kind for, and for what was not agreed on: the numbers of
/// events have no gap, so each is told.
pub(super) const CUSTOM: &str = "x-vendor.arcp.event";
const STREAM: &str = "x-vendor.arcp.stream";
pub(super) const CHECKPOINT: &str = "x-vendor.arcp.checkpoint";
pub(super) const PROGRESS: &str = "x-vendor.arcp.progress";
pub(super) const RESULT_CHUNK: &str = "x-vendor.arcp.result_chunk";
/// The phase that says that a credential has another value.
pub(super) const ROTATED: &str = "credential_rotated";
/// Where the artifacts of a runtime are.
pub(super) const ARTIFACTS: &str = "arcp://artifacts/";
/// The phase that a job is in while it works.
pub(super) const RUNNING: &str = "running";
