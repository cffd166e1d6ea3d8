//! Events read.

use std::sync::Arc;

use arcp_core::{
    ArtifactId, ArtifactRef, ChunkEncoding, Code, Completion, CredentialId, Delegated, Delivery,
    Encoded, Event, Fault, JobEvent, JobHead, JobId, Json, Lease, LogLevel, Priority, Progress,
    Quantity, ResultChunk, ResultId, Secret, Timestamp,
};
use serde_json::value::RawValue;

use super::super::envelope::Envelope;
use super::super::{event, lease};
use super::replies;
use crate::json::{Object, maybe_id};

/// A `job.event`. The first one of a job says that it has started, if that is what it says.
pub(super) fn event(
    envelope: &Envelope<'_>,
    payload: &Object<'_>,
    first: bool,
) -> Result<Delivery, Fault> {
    let kind = payload.need_text("kind")?;
    let at = payload.time("ts")?.unwrap_or(replies::NO_TIME);
    let body = payload.raw("body").unwrap_or(RawValue::NULL);
    // A body that is not of its kind's form is an event of the agent's own.
    let known = Object::read(body, "body").ok().and_then(|body| known(&kind, &body).ok().flatten());
    let known = known.map(|event| if first { start_of(event) } else { event });
    let event =
        known.unwrap_or_else(|| Event::Custom { name: kind.into_owned(), data: body.into() });
    delivery(envelope, payload, at, event)
}

fn start_of(said: Event) -> Event {
    if let Event::Status { phase, message } = &said
        && phase == event::RUNNING
    {
        return Event::Started { description: message.clone().unwrap_or_default() };
    }
    said
}

/// A `job.result`; some runtimes end cancelled jobs with one.
pub(super) fn result(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Delivery, Fault> {
    let status = payload.text("final_status")?.unwrap_or_default();
    let reason = || Ok(payload.owned("summary")?.unwrap_or_default());
    let event = match status.as_ref() {
        "cancelled" => Event::Cancelled { reason: reason()? },
        "timed_out" => Event::TimedOut(Fault::new(Code::TimedOut, reason()?)),
        _ => Event::Completed(completion(payload)?),
    };
    delivery(envelope, payload, ended_at(payload)?, event)
}

/// A `job.error`.
pub(super) fn error(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Delivery, Fault> {
    let fault = replies::fault(payload)?;
    let status = payload.text("final_status")?.unwrap_or_default();
    let event = match (status.as_ref(), fault.code) {
        ("cancelled", _) | (_, Code::Cancelled) => Event::Cancelled { reason: fault.message },
        ("timed_out", _) => Event::TimedOut(fault),
        _ => Event::Failed(fault),
    };
    delivery(envelope, payload, ended_at(payload)?, event)
}

fn ended_at(payload: &Object<'_>) -> Result<Timestamp, Fault> {
    Ok(payload.time("completed_at")?.unwrap_or(replies::NO_TIME))
}

fn delivery(
    envelope: &Envelope<'_>,
    payload: &Object<'_>,
    at: Timestamp,
    event: Event,
) -> Result<Delivery, Fault> {
    let head = JobHead {
        job: replies::job(envelope, payload)?,
        // It is not told; the job's id is what matters.
        request: envelope.id.clone(),
        session: None,
        trace: envelope.trace.clone(),
        priority: Priority::default(),
    };
    let event = JobEvent {
        head: Arc::new(head),
        id: envelope.id.clone(),
        at,
        event,
        encoded: Encoded::default(),
    };
    Ok(Delivery { seq: envelope.seq.unwrap_or_default(), event: Arc::new(event) })
}

fn completion(payload: &Object<'_>) -> Result<Completion, Fault> {
    if let Some(result) = payload.text("result_id")? {
        return Ok(Completion::Streamed {
            result: result_id(&result)?,
            size: payload.whole("result_size")?.unwrap_or_default(),
            summary: payload.owned("summary")?,
        });
    }
    let value = payload.raw("result").or_else(|| payload.raw("output"));
    Ok(Completion::Inline(value.map_or_else(Json::null, Json::from)))
}

/// Agents of other runtimes name their results as they like; the prefix is ours.
fn result_id(text: &str) -> Result<ResultId, Fault> {
    ResultId::parse(text)
        .or_else(|_| ResultId::parse(&format!("res_{text}")))
        .map_err(|error| Fault::invalid(error.to_string()))
}

fn known(kind: &str, body: &Object<'_>) -> Result<Option<Event>, Fault> {
    let event = match kind {
        "log" => Event::Log {
            level: level(&body.need_text("level")?),
            message: body.need_text("message")?.into_owned(),
            attributes: body.json("attributes"),
        },
        "thought" => Event::Thought { text: body.need_text("text")?.into_owned() },
        "tool_call" => Event::ToolCall {
            call_id: body.need_text("call_id")?.into_owned(),
            tool: body.need_text("tool")?.into_owned(),
            arguments: body.raw("args").map_or_else(Json::null, Json::from),
        },
        "tool_result" => Event::ToolResult {
            call_id: body.need_text("call_id")?.into_owned(),
            result: match body.object("error", "body.error")? {
                Some(error) => Err(replies::fault(&error)?),
                None => Ok(body.raw("result").map_or_else(Json::null, Json::from)),
            },
        },
        "status" => status(body)?,
        "metric" => Event::Metric {
            name: body.need_text("name")?.into_owned(),
            value: need_number(body, "value")?,
            unit: body.owned("unit")?,
            dimensions: body.json("dimensions").or_else(|| body.json("dims")),
        },
        "progress" | event::PROGRESS => Event::Progress(Progress {
            current: need_number(body, "current")?,
            total: number(body, "total")?,
            units: body.owned("units")?,
            message: body.owned("message")?,
        }),
        "result_chunk" | event::RESULT_CHUNK => Event::ResultChunk(chunk(body)?),
        "artifact_ref" => return artifact(body),
        "delegate" => return delegated(body),
        event::CHECKPOINT => Event::Checkpoint { size: body.whole("size")?.unwrap_or_default() },
        event::CUSTOM => Event::Custom {
            name: body.need_text("name")?.into_owned(),
            data: body.raw("data").map_or_else(Json::null, Json::from),
        },
        _ => return Ok(None),
    };
    Ok(Some(event))
}

/// Levels of other runtimes may be written large, and have other names.
fn level(text: &str) -> LogLevel {
    let text = text.to_ascii_lowercase();
    LogLevel::parse(&text).unwrap_or(if text == "warning" {
        LogLevel::Warn
    } else {
        LogLevel::Info
    })
}

fn status(body: &Object<'_>) -> Result<Event, Fault> {
    let phase = body.need_text("phase")?.into_owned();
    if phase == event::ROTATED {
        // Some say it a level deeper.
        let deeper = body.object("details", "body.details").ok().flatten();
        let told = deeper.as_ref().filter(|_| !body.has("id")).unwrap_or(body);
        if let Some(id) = maybe_id(told, "id", CredentialId::parse)? {
            let value = told.owned("value")?.map(Secret::new);
            return Ok(Event::CredentialRotated { id, value });
        }
    }
    Ok(Event::Status { phase, message: body.owned("message")? })
}

/// An artifact of a runtime that keeps artifacts; what others refer to stays as it is.
fn artifact(body: &Object<'_>) -> Result<Option<Event>, Fault> {
    let uri = body.need_text("uri")?;
    let artifact = uri.strip_prefix(event::ARTIFACTS).and_then(|id| ArtifactId::parse(id).ok());
    let Some(artifact) = artifact else { return Ok(None) };
    Ok(Some(Event::Artifact(ArtifactRef {
        artifact,
        media_type: body.need_text("content_type")?.into_owned(),
        size: body.whole("byte_size")?.unwrap_or_default(),
        sha256: body.owned("sha256")?,
        expires_at: None,
    })))
}

/// A delegation that names its child; others stay as they are.
fn delegated(body: &Object<'_>) -> Result<Option<Event>, Fault> {
    let Some(child) = maybe_id(body, "child_job_id", JobId::parse)? else { return Ok(None) };
    let granted = body.object("lease_request", "body.lease_request")?;
    let mut lease = granted.map_or(Ok(Lease::default()), |granted| lease::read_told(&granted))?;
    let constraints = body.object("lease_constraints", "body.lease_constraints")?;
    lease.expires_at = constraints.map_or(Ok(None), |object| object.time("expires_at"))?;
    Ok(Some(Event::Delegated(Box::new(Delegated {
        delegation: body.owned("delegate_id")?.unwrap_or_default(),
        child,
        agent: body.owned("agent")?.unwrap_or_default(),
        input: body.raw("input").map_or_else(Json::null, Json::from),
        lease,
    }))))
}

fn chunk(body: &Object<'_>) -> Result<ResultChunk, Fault> {
    let encoding = match body.need_text("encoding")?.as_ref() {
        "utf8" => ChunkEncoding::Utf8,
        "base64" => ChunkEncoding::Base64,
        _ => return Err(body.wrong("encoding", "utf8 or base64")),
    };
    Ok(ResultChunk {
        result: result_id(&body.need_text("result_id")?)?,
        chunk: body.need_whole("chunk_seq")?,
        data: body.need_text("data")?.as_ref().into(),
        encoding,
        more: body.flag("more")?.unwrap_or(false),
    })
}

fn need_number(body: &Object<'_>, key: &str) -> Result<Quantity, Fault> {
    number(body, key)?.ok_or_else(|| body.missing(key))
}

fn number(body: &Object<'_>, key: &str) -> Result<Option<Quantity>, Fault> {
    let read =
        |raw: &RawValue| Quantity::parse(raw.get()).map_err(|_| body.wrong(key, "a finite number"));
    body.value(key).map(read).transpose()
}
