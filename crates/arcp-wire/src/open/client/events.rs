//! Events read.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{
    ChunkEncoding, Code, Completion, CredentialId, Delegated, Delivery, Encoded, Event, Fault,
    GrantedLease, JobEvent, JobHead, JobId, Json, Lease, LeaseId, LogLevel, Observed, Output,
    PermissionRequest, Progress, Quantity, ResultChunk, ResultId, Secret, StreamChange,
    StreamChunk, StreamEvent, StreamInfo, StreamKind, SubscriptionId,
};
use serde_json::value::RawValue;

use super::super::envelope::{Envelope, Unsound};
use super::super::event::ROTATED;
use super::super::lease;
use super::super::types::is_foreign;
use super::replies;
use crate::json::{Object, id};

/// The event that a frame is, if it is one.
pub(super) fn read(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Option<Output>, Fault> {
    // The answer to a put has no job, and no number.
    if envelope.kind == "artifact.ref" && envelope.seq.is_none() {
        return Ok(None);
    }
    let Some(event) = event(envelope, payload)? else {
        return Ok(None);
    };
    let seq = envelope.seq.ok_or_else(|| missing("event_seq"))?;
    Ok(Some(Output::Event(Delivery { seq, event: Arc::new(of_job(envelope, event)?) })))
}

/// What an observer is told: an event within an event.
pub(super) fn observed(
    envelope: &Envelope<'_>,
    payload: &Object<'_>,
) -> Result<Option<Output>, Fault> {
    let raw = payload.value("event").ok_or_else(|| payload.missing("event"))?;
    let inner = Envelope::read(raw.get()).map_err(Unsound::into_fault)?;
    let body = Object::read(inner.payload, "event.payload")?;
    let ends = inner.kind == "event.emit"
        && body.text("name")?.as_deref() == Some("subscription.backfill_complete");
    let event = match event(&inner, &body)? {
        _ if ends => None,
        Some(event) => Some(Arc::new(of_job(&inner, event)?)),
        // Runtimes that publish more than events of jobs.
        None => return Ok(None),
    };
    let told = match &envelope.subscription {
        Some(subscription) => subscription.clone(),
        None => id(payload, "subscription_id", SubscriptionId::parse)?,
    };
    let (id, at) = (envelope.id.clone(), envelope.at);
    Ok(Some(Output::Observed(Observed { id, at, subscription: told, event })))
}

fn of_job(envelope: &Envelope<'_>, event: Event) -> Result<JobEvent, Fault> {
    let head = JobHead {
        job: envelope.job.clone().ok_or_else(|| missing("job_id"))?,
        // A watcher's copy may have none; the job's id is what matters then.
        request: envelope.correlation.as_ref().unwrap_or(&envelope.id).clone(),
        // Who watches a job is told it in a session of his own.
        session: envelope.session.clone().filter(|_| envelope.seq.is_none()),
        trace: envelope.trace.clone(),
        priority: envelope.priority,
    };
    Ok(JobEvent {
        head: Arc::new(head),
        id: envelope.id.clone(),
        at: envelope.at,
        event,
        encoded: Encoded::default(),
    })
}

fn missing(key: &str) -> Fault {
    Fault::invalid(format!("an event without `{key}`"))
}

fn event(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Option<Event>, Fault> {
    let event = match envelope.kind.as_ref() {
        "job.started" => {
            Event::Started { description: payload.owned("description")?.unwrap_or_default() }
        }
        "log" => log(payload)?,
        "metric" => metric(payload)?,
        "job.progress" => Event::Progress(progress(payload)?),
        "event.emit" => emitted(payload)?,
        "job.result_chunk" => Event::ResultChunk(chunk(payload)?),
        "job.completed" => Event::Completed(completed(payload)?),
        "job.failed" => failed(replies::fault(payload)?),
        "job.cancelled" => {
            Event::Cancelled { reason: payload.owned("reason")?.unwrap_or_default() }
        }
        "stream.open" | "stream.chunk" | "stream.close" | "stream.error" => {
            let stream = envelope.stream.clone().ok_or_else(|| missing("stream_id"))?;
            Event::Stream(StreamEvent { stream, change: change(&envelope.kind, payload)? })
        }
        "artifact.ref" => Event::Artifact(replies::reference(payload)?),
        "permission.request" => Event::PermissionRequest(PermissionRequest {
            permission: payload.need_text("permission")?.into_owned(),
            resource: payload.need_text("resource")?.into_owned(),
            operation: payload.need_text("operation")?.into_owned(),
            reason: payload.owned("reason")?,
            lease: payload.whole("requested_lease_seconds")?.map(Duration::from_secs),
        }),
        "lease.granted" => Event::LeaseGranted(GrantedLease {
            lease: id(payload, "lease_id", LeaseId::parse)?,
            permission: payload.need_text("permission")?.into_owned(),
            resource: payload.need_text("resource")?.into_owned(),
            operation: payload.need_text("operation")?.into_owned(),
            expires_at: payload.need_time("expires_at")?,
        }),
        "lease.extended" => Event::LeaseExtended {
            lease: id(payload, "lease_id", LeaseId::parse)?,
            expires_at: payload.need_time("expires_at")?,
        },
        "job.checkpoint" => Event::Checkpoint { size: payload.whole("size")?.unwrap_or_default() },
        "agent.delegate" => Event::Delegated(Box::new(delegated(payload)?)),
        "lease.revoked" => Event::LeaseRevoked {
            lease: id(payload, "lease_id", LeaseId::parse)?,
            reason: payload.owned("reason")?.unwrap_or_default(),
        },
        foreign if is_foreign(foreign) && envelope.job.is_some() && envelope.seq.is_some() => {
            Event::Custom { name: foreign.to_owned(), data: Json::from(envelope.payload) }
        }
        _ => return Ok(None),
    };
    Ok(Some(event))
}

fn delegated(payload: &Object<'_>) -> Result<Delegated, Fault> {
    let context = payload.need_object("context", "context")?;
    let granted = context.object("lease", "context.lease")?;
    Ok(Delegated {
        delegation: payload.need_text("task")?.into_owned(),
        child: id(&context, "job_id", JobId::parse)?,
        agent: payload.need_text("target")?.into_owned(),
        input: context.raw("input").map_or_else(Json::null, Json::from),
        lease: granted.map_or(Ok(Lease::default()), |granted| lease::read(&granted))?,
    })
}

fn change(kind: &str, payload: &Object<'_>) -> Result<StreamChange, Fault> {
    Ok(match kind {
        "stream.open" => StreamChange::Opened(StreamInfo {
            // A kind that nobody knows is treated as events (R§11.1).
            kind: StreamKind::parse(&payload.need_text("kind")?).unwrap_or(StreamKind::Event),
            content_type: payload.owned("content_type")?,
            encoding: payload.owned("encoding")?,
        }),
        "stream.chunk" => StreamChange::Chunk(StreamChunk {
            sequence: payload.need_whole("sequence")?,
            data: match payload.raw("data").or_else(|| payload.raw("content")) {
                Some(raw) => Json::from(raw),
                None => return Err(payload.missing("data")),
            },
            content_type: payload.owned("content_type")?,
            sha256: payload.owned("sha256")?,
            role: payload.owned("role")?,
            redacted: payload.flag("redacted")?.unwrap_or(false),
        }),
        "stream.close" => StreamChange::Closed { last: payload.whole("final_sequence")? },
        _ => StreamChange::Failed(replies::fault(payload)?),
    })
}

fn failed(fault: Fault) -> Event {
    if fault.code == Code::TimedOut { Event::TimedOut(fault) } else { Event::Failed(fault) }
}

fn log(payload: &Object<'_>) -> Result<Event, Fault> {
    let level = LogLevel::parse(&payload.need_text("level")?);
    Ok(Event::Log {
        level: level.ok_or_else(|| payload.wrong("level", "a level of log"))?,
        message: payload.need_text("message")?.into_owned(),
        attributes: payload.json("attributes"),
    })
}

fn metric(payload: &Object<'_>) -> Result<Event, Fault> {
    let unit = payload.owned("unit")?.filter(|unit| !unit.is_empty());
    Ok(Event::Metric {
        name: payload.need_text("name")?.into_owned(),
        value: number(payload, "value")?.ok_or_else(|| payload.missing("value"))?,
        unit,
        dimensions: payload.json("dims"),
    })
}

/// Older runtimes tell a share of a hundred only.
fn progress(payload: &Object<'_>) -> Result<Progress, Fault> {
    let percent = number(payload, "percent")?;
    let (current, total) = match number(payload, "current")? {
        Some(current) => (current, number(payload, "total")?),
        None => match percent {
            Some(percent) => (percent, Some(Quantity::from(100_u32))),
            None => (Quantity::from(0_u32), None),
        },
    };
    Ok(Progress {
        current,
        total,
        units: payload.owned("units")?,
        message: payload.owned("message")?,
    })
}

fn number(payload: &Object<'_>, key: &str) -> Result<Option<Quantity>, Fault> {
    let read = |raw: &RawValue| {
        Quantity::parse(raw.get()).map_err(|_| payload.wrong(key, "a finite number"))
    };
    payload.value(key).map(read).transpose()
}

fn chunk(payload: &Object<'_>) -> Result<ResultChunk, Fault> {
    let encoding = match payload.need_text("encoding")?.as_ref() {
        "utf8" => ChunkEncoding::Utf8,
        "base64" => ChunkEncoding::Base64,
        _ => return Err(payload.wrong("encoding", "utf8 or base64")),
    };
    Ok(ResultChunk {
        result: result_id(&payload.need_text("result_id")?)?,
        chunk: payload.need_whole("chunk_seq")?,
        data: payload.need_text("data")?.as_ref().into(),
        encoding,
        more: payload.flag("more")?.unwrap_or(false),
    })
}

fn completed(payload: &Object<'_>) -> Result<Completion, Fault> {
    if let Some(value) = payload.raw("value") {
        return Ok(Completion::Inline(Json::from(value)));
    }
    let Some(result) = payload.text("result_id")? else {
        return Ok(Completion::Inline(Json::null()));
    };
    Ok(Completion::Streamed {
        result: result_id(&result)?,
        size: payload.whole("result_size")?.unwrap_or_default(),
        summary: payload.owned("summary")?,
    })
}

/// Agents of older runtimes name their results as they like; the prefix is ours.
fn result_id(text: &str) -> Result<ResultId, Fault> {
    ResultId::parse(text)
        .or_else(|_| ResultId::parse(&format!("res_{text}")))
        .map_err(|error| Fault::invalid(error.to_string()))
}

/// What has no type of its own goes by its name; what is not of the name's form is custom.
fn emitted(payload: &Object<'_>) -> Result<Event, Fault> {
    let name = payload.need_text("name")?;
    let data = payload.raw("data");
    let known = data
        .and_then(|raw| Object::read(raw, "data").ok())
        .and_then(|data| named(&name, &data).ok().flatten());
    Ok(known.unwrap_or_else(|| Event::Custom {
        name: name.into_owned(),
        data: data.map_or_else(Json::null, Json::from),
    }))
}

fn named(name: &str, data: &Object<'_>) -> Result<Option<Event>, Fault> {
    let event = match name {
        "thought" => Event::Thought { text: data.need_text("text")?.into_owned() },
        "tool_call" => Event::ToolCall {
            call_id: data.need_text("call_id")?.into_owned(),
            tool: data.need_text("tool")?.into_owned(),
            arguments: data.raw("args").map_or_else(Json::null, Json::from),
        },
        "tool_result" => Event::ToolResult {
            call_id: data.need_text("call_id")?.into_owned(),
            result: match data.object("error", "data.error")? {
                Some(error) => Err(replies::fault(&error)?),
                None => Ok(data.raw("result").map_or_else(Json::null, Json::from)),
            },
        },
        "checkpoint" => Event::Checkpoint { size: data.whole("size")?.unwrap_or_default() },
        "status" if data.text("phase")?.as_deref() == Some(ROTATED) => Event::CredentialRotated {
            id: id(data, "id", CredentialId::parse)?,
            value: data.owned("value")?.map(Secret::new),
        },
        "status" => Event::Status {
            phase: data.need_text("phase")?.into_owned(),
            message: data.owned("message")?,
        },
        _ => return Ok(None),
    };
    Ok(Some(event))
}
