//! Answers read.

use std::time::Duration;

use arcp_core::lease::Budget;
use arcp_core::{
    Artifact, ArtifactId, ArtifactRef, Code, Credential, CredentialId, Fault, JobAccepted, JobId,
    JobSummary, JobWatched, JobsPage, Lease, MessageId, Output, PingKind, Reply, Resumption,
    RuntimeIdentity, Secret, SessionAccepted, SessionId, SessionResumed, SubscriptionId, Timestamp,
    TraceId, TrustLevel,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::super::envelope::Envelope;
use super::super::payload::trust;
use super::super::{capabilities, code, lease, state};
use super::outputs::job_named_after;
use crate::json::{Object, id, maybe_id};

/// The answer that a frame is, if it is one.
pub(super) fn read(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Option<Reply>, Fault> {
    let reply = match envelope.kind.as_ref() {
        "session.accepted" => session_accepted(envelope, payload)?,
        "session.resumed" => session_resumed(envelope, payload)?,
        "session.rejected" => Reply::Rejected(fault(payload)?),
        "session.unauthenticated" => Reply::Unauthenticated(fault(payload)?),
        "session.challenge" => {
            Reply::Challenged { challenge: payload.need_text("challenge")?.into_owned() }
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
        "job.subscribed" => Reply::Watched(Box::new(watched(payload)?)),
        "subscribe.accepted" => Reply::Subscribed {
            subscription: id(payload, "subscription_id", SubscriptionId::parse)?,
        },
        "artifact.ref" => Reply::ArtifactKept(Box::new(reference(payload)?)),
        "artifact.put" => Reply::Artifact(Box::new(artifact(envelope, payload)?)),
        "ack" if envelope.correlation.is_some() => Reply::Done,
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
    // Of the form that ids of messages have in this dialect.
    let is_id = |text: &str| text.strip_prefix("msg_").is_some_and(|rest| !rest.is_empty());
    let told = payload.text("request_id")?.filter(|text| is_id(text));
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

fn session_accepted(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Reply, Fault> {
    let runtime = payload.need_object("runtime", "runtime")?;
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
        opened_at: envelope.at,
        heartbeat: None,
        expires_at: expiry(payload)?,
        resumption: resumption(payload)?,
    })))
}

/// What the runtime is and can do was said when the session was opened, and is not said again.
fn session_resumed(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Reply, Fault> {
    Ok(Reply::Resumed(Box::new(SessionResumed {
        session: SessionAccepted {
            session: id(payload, "session_id", SessionId::parse)?,
            runtime: RuntimeIdentity::default(),
            capabilities: arcp_core::Capabilities::default(),
            declared: arcp_core::Capabilities::default(),
            opened_at: envelope.at,
            heartbeat: None,
            expires_at: expiry(payload)?,
            resumption: resumption(payload)?,
        },
        after: payload.need_whole("replayed_from")?,
        replayed: payload.flag("replayed")?.unwrap_or(false),
    })))
}

/// When the session's lease ends, if it has one.
fn expiry(payload: &Object<'_>) -> Result<Option<Timestamp>, Fault> {
    let lease = payload.object("lease", "lease")?;
    lease.map_or(Ok(None), |lease| lease.time("expires_at"))
}

/// By what the session goes on, if it can.
fn resumption(payload: &Object<'_>) -> Result<Option<Resumption>, Fault> {
    let Some(token) = payload.owned("resume_token")? else { return Ok(None) };
    let window = payload.whole("resume_window_sec")?.unwrap_or(0);
    Ok(Some(Resumption { token: Secret::new(token), window: Duration::from_secs(window) }))
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
        credentials: credentials(payload)?,
        repeated: envelope.key.clone(),
        parent: None,
    })))
}

fn credentials(payload: &Object<'_>) -> Result<Vec<Credential>, Fault> {
    let Some(all) = payload.value("credentials") else { return Ok(Vec::new()) };
    // What the parser says may show a value.
    let all: Vec<&RawValue> =
        serde_json::from_str(all.get()).map_err(|_| payload.wrong("credentials", "a list"))?;
    all.into_iter().map(|raw| credential(&Object::read(raw, "credentials")?)).collect()
}

fn credential(object: &Object<'_>) -> Result<Credential, Fault> {
    if object.need_text("scheme")? != "bearer" {
        return Err(object.wrong("scheme", "`bearer`"));
    }
    let constraints = object.object("constraints", "constraints")?;
    Ok(Credential {
        id: id(object, "id", CredentialId::parse)?,
        value: Secret::new(object.need_text("value")?.into_owned()),
        endpoint: object.need_text("endpoint")?.into_owned(),
        profile: object.owned("profile")?,
        constraints: constraints.as_ref().map(lease::read).transpose()?,
    })
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

fn watched(payload: &Object<'_>) -> Result<JobWatched, Fault> {
    let status = payload.need_text("current_status")?;
    let granted = payload.object("lease", "lease")?;
    let budget = payload.texts("budget")?;
    let budget = budget.map(|amounts| Budget::parse(amounts.iter().map(AsRef::as_ref)));
    let after = payload.whole("subscribed_from")?.unwrap_or_default();
    Ok(JobWatched {
        summary: JobSummary {
            job: id(payload, "job_id", JobId::parse)?,
            agent: payload.need_text("agent")?.into_owned(),
            state: state::parse(&status)
                .ok_or_else(|| payload.wrong("current_status", "a job state"))?,
            created_at: Timestamp::from_micros(0),
            trace: maybe_id(payload, "trace_id", TraceId::parse)?,
            parent: maybe_id(payload, "parent_job_id", JobId::parse)?,
            lease: granted.map_or(Ok(Lease::default()), |granted| lease::read(&granted))?,
            last_index: after,
        },
        budget: budget.transpose().map_err(|error| Fault::invalid(format!("`budget`: {error}")))?,
        after,
        replayed: payload.flag("replayed")?.unwrap_or(false),
    })
}

/// What refers to an artifact.
pub(super) fn reference(payload: &Object<'_>) -> Result<ArtifactRef, Fault> {
    let artifact = payload.need_object("artifact", "artifact")?;
    Ok(ArtifactRef {
        artifact: id(&artifact, "artifact_id", ArtifactId::parse)?,
        media_type: artifact.need_text("media_type")?.into_owned(),
        size: artifact.need_whole("size")?,
        sha256: artifact.owned("sha256")?,
        expires_at: artifact.time("expires_at")?,
    })
}

/// An artifact with its bytes; whoever fetched it knows its id.
fn artifact(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Artifact, Fault> {
    let data = payload.need_text("data")?;
    let data = STANDARD.decode(data.as_bytes()).map_err(|_| payload.wrong("data", "base64"))?;
    let name = envelope.id.as_str().strip_prefix("msg_").unwrap_or_default();
    let stand_in = format!("art_{name}");
    Ok(Artifact {
        reference: ArtifactRef {
            artifact: ArtifactId::parse(&stand_in)
                .map_err(|error| Fault::invalid(error.to_string()))?,
            media_type: payload.need_text("media_type")?.into_owned(),
            size: data.len() as u64,
            sha256: payload.owned("sha256")?,
            expires_at: None,
        },
        data: data.into(),
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
