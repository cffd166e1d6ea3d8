//! Answers read.

use arcp_core::{
    Code, Fault, JobAccepted, JobId, JobSummary, JobsPage, Lease, MessageId, Output, PingKind,
    Reply, RuntimeIdentity, SessionAccepted, SessionId, TraceId, TrustLevel,
};
use serde_json::value::RawValue;

use super::super::envelope::Envelope;
use super::super::object::Object;
use super::super::payload::trust;
use super::super::{capabilities, code, lease, state};
use super::outputs::job_named_after;

/// The answer that a frame is, if it is one.
pub(super) fn read(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Option<Reply>, Fault> {
    let reply = match envelope.kind.as_ref() {
        "session.accepted" => session_accepted(payload)?,
        "session.rejected" | "session.unauthenticated" => Reply::Rejected(fault(payload)?),
        "session.challenge" => {
            Reply::Rejected(Fault::new(Code::Unauthenticated, "challenges are not supported"))
        }
        "session.closed" => Reply::Closed,
        "pong" => Reply::Pong { kind: PingKind::Connection, nonce: payload.owned("nonce")? },
        "session.pong" => {
            Reply::Pong { kind: PingKind::Session, nonce: payload.owned("ping_nonce")? }
        }
        "session.jobs" => Reply::Jobs(page(payload)?),
        "job.accepted" => job_accepted(envelope, payload)?,
        "cancel.accepted" => {
            let target_id = payload.need_text("target_id")?.into_owned();
            Reply::CancelAccepted { job: JobId::parse(&target_id).ok(), target_id }
        }
        "cancel.refused" => cancel_refused(payload)?,
        "nack" => Reply::Nack(fault(payload)?),
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

/// The message that an answer is about.
pub(super) fn request(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<MessageId, Fault> {
    if let Some(request) = &envelope.correlation {
        return Ok(request.clone());
    }
    let told = payload.text("request_id")?;
    let told = told.and_then(|text| MessageId::parse(&text).ok());
    told.ok_or_else(|| Fault::invalid("`correlation_id` is missing"))
}

/// The refusal of a job.
pub(super) fn refusal(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Output, Fault> {
    let to = request(envelope, payload)?;
    let job = match &envelope.job {
        Some(job) => job.clone(),
        None => job_named_after(&to)?,
    };
    Ok(Output::Reply {
        id: envelope.id.clone(),
        at: envelope.at,
        to,
        reply: Reply::JobRefused { job, fault: fault(payload)?, key: envelope.key.clone() },
    })
}

/// What went wrong; the text is a `message`, or a `reason` where there is none.
pub(super) fn fault(payload: &Object<'_>) -> Result<Fault, Fault> {
    let message = match payload.text("message")? {
        Some(message) => Some(message),
        None => payload.text("reason")?,
    };
    Ok(code::fault(
        &payload.need_text("code")?,
        &message.unwrap_or_default(),
        payload.flag("retryable")?,
        payload.json("details"),
    ))
}

fn session_accepted(payload: &Object<'_>) -> Result<Reply, Fault> {
    let runtime = payload.need_object("runtime", "runtime")?;
    let lease = payload.object("lease", "lease")?;
    Ok(Reply::Accepted(Box::new(SessionAccepted {
        session: id(payload, "session_id", SessionId::parse)?,
        runtime: RuntimeIdentity {
            kind: runtime.need_text("kind")?.into_owned(),
            version: runtime.need_text("version")?.into_owned(),
            fingerprint: runtime.owned("fingerprint")?,
            trust_level: runtime
                .text("trust_level")?
                .as_deref()
                .map_or(TrustLevel::Trusted, trust_level),
        },
        capabilities: capabilities::agreed(payload)?,
        declared: arcp_core::Capabilities::default(),
        expires_at: lease.map_or(Ok(None), |lease| lease.time("expires_at"))?,
    })))
}

/// A level that nobody knows is the least.
fn trust_level(text: &str) -> TrustLevel {
    let levels = [TrustLevel::Constrained, TrustLevel::Trusted, TrustLevel::Privileged];
    let known = levels.into_iter().find(|level| trust(*level) == text);
    known.unwrap_or(TrustLevel::Untrusted)
}

fn job_accepted(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Reply, Fault> {
    let granted = payload.object("lease", "lease")?;
    let lease = granted.map_or(Ok(Lease::default()), |granted| lease::read(&granted))?;
    Ok(Reply::JobAccepted(Box::new(JobAccepted {
        job: id(payload, "job_id", JobId::parse)?,
        agent: payload.owned("agent")?,
        budget: lease.budget.clone(),
        lease,
        accepted_at: envelope.at,
        trace: envelope.trace.clone(),
        repeated: envelope.key.clone(),
    })))
}

fn page(payload: &Object<'_>) -> Result<JobsPage, Fault> {
    let lines = payload.value("jobs").ok_or_else(|| payload.missing("jobs"))?;
    let lines: Vec<&RawValue> =
        serde_json::from_str(lines.get()).map_err(|_| payload.wrong("jobs", "a list"))?;
    Ok(JobsPage {
        jobs: lines.into_iter().map(line).collect::<Result<_, _>>()?,
        next: maybe_id(payload, "next_cursor", JobId::parse)?,
    })
}

fn line(raw: &RawValue) -> Result<JobSummary, Fault> {
    let line = Object::read(raw, "jobs")?;
    let status = line.need_text("status")?;
    Ok(JobSummary {
        job: id(&line, "job_id", JobId::parse)?,
        agent: line.need_text("agent")?.into_owned(),
        state: state::parse(&status).ok_or_else(|| line.wrong("status", "a job state"))?,
        created_at: line.need_time("created_at")?,
        trace: maybe_id(&line, "trace_id", TraceId::parse)?,
        parent: maybe_id(&line, "parent_job_id", JobId::parse)?,
        lease: Lease::default(),
        last_index: line.whole("last_event_seq")?.unwrap_or_default(),
    })
}

/// The wire gives the reason as text only; its beginning tells the code.
fn cancel_refused(payload: &Object<'_>) -> Result<Reply, Fault> {
    let reason = payload.owned("reason")?.unwrap_or_default();
    let code = if reason.starts_with("permission denied") {
        Code::PermissionDenied
    } else if reason.starts_with("malformed") {
        Code::InvalidArgument
    } else {
        Code::JobNotFound
    };
    Ok(Reply::CancelRefused {
        target_id: payload.need_text("target_id")?.into_owned(),
        fault: Fault::new(code, reason),
    })
}

fn id<T, E: ToString>(
    object: &Object<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Fault> {
    maybe_id(object, key, parse)?.ok_or_else(|| object.missing(key))
}

fn maybe_id<T, E: ToString>(
    object: &Object<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Fault> {
    let refuse =
        |error: E| Fault::invalid(format!("`{}`: {}", object.name(key), error.to_string()));
    let text = object.text(key)?;
    text.map(|text| parse(&text).map_err(refuse)).transpose()
}
