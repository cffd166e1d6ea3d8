//! Answers read.

use std::time::Duration;

use arcp_core::lease::Budget;
use arcp_core::{
    AgentCard, Capabilities, Code, Credential, CredentialId, Fault, JobAccepted, JobId, JobSummary,
    JobWatched, JobsPage, Lease, MessageId, Parent, Quantity, Resumption, RuntimeIdentity, Secret,
    SessionAccepted, SessionId, Timestamp, TraceId,
};
use serde_json::value::RawValue;

use super::super::envelope::Envelope;
use super::super::{code, feature, lease, state};
use super::payload::FOREIGN_CURSOR;
use crate::json::{Object, id, maybe_id, string};

/// What went wrong.
pub(super) fn fault(payload: &Object<'_>) -> Result<Fault, Fault> {
    let message = payload.text("message")?.unwrap_or_default();
    let retryable = payload.flag("retryable")?;
    Ok(code::fault(&payload.need_text("code")?, &message, retryable, payload.json("details")))
}

/// The message that an answer says that it answers.
pub(super) fn request(payload: &Object<'_>) -> Option<MessageId> {
    let told = payload.text("request_id").ok().flatten()?;
    MessageId::parse(&told).ok()
}

/// A session, as some runtimes say it in the payload and others in the envelope.
pub(super) fn welcome(
    envelope: &Envelope<'_>,
    payload: &Object<'_>,
) -> Result<SessionAccepted, Fault> {
    let said = maybe_id(payload, "session_id", SessionId::parse)?;
    let session = said.or_else(|| envelope.session.clone());
    let runtime = payload.object("runtime", "runtime")?;
    let text = |key: &str| match &runtime {
        Some(runtime) => Ok(runtime.owned(key)?.unwrap_or_default()),
        None => Ok(String::new()),
    };
    let token = payload.owned("resume_token")?.filter(|token| !token.is_empty());
    let window = Duration::from_secs(payload.whole("resume_window_sec")?.unwrap_or(WINDOW));
    Ok(SessionAccepted {
        session: session.ok_or_else(|| payload.missing("session_id"))?,
        runtime: RuntimeIdentity {
            kind: text("name")?,
            version: text("version")?,
            ..RuntimeIdentity::default()
        },
        capabilities: capabilities(payload)?,
        declared: Capabilities::default(),
        opened_at: payload.time("accepted_at")?.unwrap_or(NO_TIME),
        heartbeat: payload.whole("heartbeat_interval_sec")?.map(Duration::from_secs),
        expires_at: None,
        resumption: token.map(|token| Resumption { token: Secret::new(token), window }),
    })
}

/// Whether the runtime knows `session.bye` and not `session.close`, by what its welcome lacks or has
/// that only those do.
pub(super) fn says_bye(payload: &Object<'_>) -> bool {
    let token = payload.text("resume_token").ok().flatten();
    !payload.has("session_id") || token.is_some_and(|token| token.starts_with("rtk_"))
}

fn capabilities(payload: &Object<'_>) -> Result<Capabilities, Fault> {
    let Some(object) = payload.object("capabilities", "capabilities")? else {
        return Ok(Capabilities::default());
    };
    let features = object.texts("features")?.unwrap_or_default();
    let agents: Vec<&RawValue> = match object.value("agents") {
        Some(raw) => serde_json::from_str(raw.get())
            .map_err(|_| Fault::invalid("`capabilities.agents` must be a list"))?,
        None => Vec::new(),
    };
    Ok(Capabilities {
        agents: agents.into_iter().map(agent).collect::<Result<_, _>>()?,
        ..feature::declared(features.iter().map(AsRef::as_ref))
    })
}

fn agent(raw: &RawValue) -> Result<AgentCard, Fault> {
    if let Some(name) = string(raw) {
        return Ok(AgentCard { name: name.into_owned(), versions: Vec::new(), default: None });
    }
    let object = Object::read(raw, "capabilities.agents")?;
    let versions = object.texts("versions")?.unwrap_or_default();
    Ok(AgentCard {
        name: object.need_text("name")?.into_owned(),
        versions: versions.into_iter().map(std::borrow::Cow::into_owned).collect(),
        default: object.owned("default")?,
    })
}

pub(super) fn job_accepted(
    envelope: &Envelope<'_>,
    payload: &Object<'_>,
) -> Result<JobAccepted, Fault> {
    let lease = effective(payload)?;
    let trace = maybe_id(payload, "trace_id", TraceId::parse)?;
    let parent = maybe_id(payload, "parent_job_id", JobId::parse)?;
    let delegation = payload.owned("delegate_id")?;
    Ok(JobAccepted {
        job: job(envelope, payload)?,
        agent: payload.owned("agent")?,
        budget: budget(payload)?.unwrap_or_else(|| lease.budget.clone()),
        lease,
        accepted_at: payload.time("accepted_at")?.unwrap_or(NO_TIME),
        trace: trace.or_else(|| envelope.trace.clone()),
        credentials: credentials(payload)?,
        repeated: None,
        parent: parent.map(|job| Parent { job, delegation }),
    })
}

/// The job that a frame is about.
pub(super) fn job(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<JobId, Fault> {
    if let Some(job) = maybe_id(payload, "job_id", JobId::parse)? {
        return Ok(job);
    }
    let told = envelope.job.as_deref().ok_or_else(|| payload.missing("job_id"))?;
    JobId::parse(told).map_err(|error| Fault::invalid(error.to_string()))
}

/// A lease with its end. A namespace that nobody knows here is passed over: it grants nothing to us.
fn effective(payload: &Object<'_>) -> Result<Lease, Fault> {
    let granted = payload.object("lease", "lease")?;
    let mut lease = granted.map_or(Ok(Lease::default()), |granted| lease::read_told(&granted))?;
    let constraints = payload.object("lease_constraints", "lease_constraints")?;
    lease.expires_at = constraints.map_or(Ok(None), |object| object.time("expires_at"))?;
    Ok(lease)
}

/// Counters, as numbers, amounts or decimals in texts; what is none of these is passed over.
fn budget(payload: &Object<'_>) -> Result<Option<Budget>, Fault> {
    let Some(object) = payload.object("budget", "budget")? else { return Ok(None) };
    let counter = |(currency, raw): (&str, &RawValue)| {
        let text = string(raw).map_or_else(|| raw.get().to_owned(), std::borrow::Cow::into_owned);
        let number = text.split_once(':').map_or(text.as_str(), |(_, number)| number);
        let amount = Quantity::parse(number).ok().and_then(Quantity::to_decimal)?;
        Some((currency.to_owned(), amount))
    };
    Ok(Some(Budget::of_counters(object.entries().filter_map(counter))))
}

fn credentials(payload: &Object<'_>) -> Result<Vec<Credential>, Fault> {
    let Some(all) = payload.value("credentials") else { return Ok(Vec::new()) };
    // What the parser says may show a value.
    let all: Vec<&RawValue> =
        serde_json::from_str(all.get()).map_err(|_| payload.wrong("credentials", "a list"))?;
    all.into_iter().map(|raw| credential(&Object::read(raw, "credentials")?)).collect()
}

fn credential(object: &Object<'_>) -> Result<Credential, Fault> {
    let constraints = object.object("constraints", "constraints")?;
    let mut bound = constraints.as_ref().map(lease::read_told).transpose()?;
    if let (Some(bound), Some(constraints)) = (&mut bound, &constraints) {
        bound.expires_at = constraints.time("expires_at")?;
    }
    Ok(Credential {
        id: id(object, "id", CredentialId::parse)?,
        value: Secret::new(object.need_text("value")?.into_owned()),
        endpoint: object.owned("endpoint")?.unwrap_or_default(),
        profile: object.owned("profile")?,
        constraints: bound,
    })
}

pub(super) fn page(payload: &Object<'_>) -> Result<JobsPage, Fault> {
    let lines = payload.value("jobs").ok_or_else(|| payload.missing("jobs"))?;
    let lines: Vec<&RawValue> =
        serde_json::from_str(lines.get()).map_err(|_| payload.wrong("jobs", "a list"))?;
    let next = payload.text("next_cursor")?.filter(|cursor| !cursor.is_empty());
    // A cursor stays the text that it is, also where it looks like one that was marked here.
    let ours = |text: &str| JobId::parse(text).ok().filter(|_| !text.starts_with(FOREIGN_CURSOR));
    let marked = |text: &str| JobId::parse(&format!("{FOREIGN_CURSOR}{text}"));
    let cursor = |text: &str| {
        ours(text)
            .map_or_else(|| marked(text), Ok)
            .map_err(|_| payload.wrong("next_cursor", "a shorter text"))
    };
    Ok(JobsPage {
        jobs: lines.into_iter().map(line).collect::<Result<_, _>>()?,
        next: next.as_deref().map(cursor).transpose()?,
    })
}

fn line(raw: &RawValue) -> Result<JobSummary, Fault> {
    let line = Object::read(raw, "jobs")?;
    let created = line.time("created_at")?;
    let created = created.map_or_else(|| line.time("submitted_at"), |at| Ok(Some(at)))?;
    Ok(JobSummary {
        job: id(&line, "job_id", JobId::parse)?,
        agent: line.need_text("agent")?.into_owned(),
        state: job_state(&line, "status")?,
        created_at: created.unwrap_or(NO_TIME),
        trace: maybe_id(&line, "trace_id", TraceId::parse)?,
        parent: maybe_id(&line, "parent_job_id", JobId::parse)?,
        lease: effective(&line)?,
        last_index: line.whole("last_event_seq")?.unwrap_or_default(),
    })
}

fn job_state(object: &Object<'_>, key: &str) -> Result<arcp_core::JobState, Fault> {
    let named = state::named(&object.need_text(key)?);
    named.first().copied().ok_or_else(|| object.wrong(key, "a job state"))
}

pub(super) fn watched(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<JobWatched, Fault> {
    let after = payload.whole("subscribed_from")?.unwrap_or_default();
    // Some say how many, others whether.
    let replayed = payload.value("replayed").is_some_and(|raw| !matches!(raw.get(), "false" | "0"));
    Ok(JobWatched {
        summary: JobSummary {
            job: job(envelope, payload)?,
            agent: payload.owned("agent")?.unwrap_or_default(),
            state: job_state(payload, "current_status")?,
            created_at: NO_TIME,
            trace: maybe_id(payload, "trace_id", TraceId::parse)?,
            parent: maybe_id(payload, "parent_job_id", JobId::parse)?,
            lease: effective(payload)?,
            last_index: after,
        },
        budget: budget(payload)?,
        after,
        replayed,
    })
}

/// What a cancel is refused with, when it is refused.
pub(super) fn is_about_job(code: Code) -> bool {
    matches!(code, Code::JobNotFound | Code::PermissionDenied)
}

/// Stands where a runtime did not say when.
pub(super) const NO_TIME: Timestamp = Timestamp::from_micros(0);
/// What all runtimes have where they do not say.
const WINDOW: u64 = 600;
