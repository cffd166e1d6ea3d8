//! Payloads of answers and notices.

use arcp_core::{
    AgentCard, Capabilities, Credential, Fault, JobAccepted, JobSummary, JobWatched, JobsPage,
    MessageId, SessionAccepted,
};
use serde::Serialize;

use super::code::Told;
use super::message::plain_trace;
use super::{budget, feature, lease, state};
use crate::json::Stamp;

#[derive(Serialize)]
pub(super) struct Empty {}

#[derive(Serialize)]
pub(super) struct Welcome<'a> {
    runtime: Runtime<'a>,
    session_id: &'a str,
    accepted_at: Stamp,
    resume_token: &'a str,
    resume_window_sec: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_interval_sec: Option<u64>,
    capabilities: Agreed<'a>,
}

#[derive(Serialize)]
struct Runtime<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Agreed<'a> {
    encodings: [&'static str; 1],
    features: Vec<&'static str>,
    agents: Vec<Agent<'a>>,
}

#[derive(Serialize)]
struct Agent<'a> {
    name: &'a str,
    versions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
}

impl<'a> Welcome<'a> {
    pub(super) fn of(accepted: &'a SessionAccepted) -> Self {
        let SessionAccepted { session, runtime, capabilities, opened_at, .. } = accepted;
        // Clients want a token and a window. Where sessions do not wait, one is worth nothing.
        let (resume_token, window) = match &accepted.resumption {
            Some(resumption) => (resumption.token.expose().as_str(), resumption.window),
            None => (NO_TOKEN, std::time::Duration::from_secs(1)),
        };
        Self {
            runtime: Runtime { name: &runtime.kind, version: &runtime.version },
            session_id: session.as_str(),
            accepted_at: Stamp(*opened_at),
            resume_token,
            resume_window_sec: whole_seconds(window),
            heartbeat_interval_sec: accepted.heartbeat.map(whole_seconds),
            capabilities: Agreed::of(capabilities),
        }
    }
}

impl<'a> Agreed<'a> {
    fn of(capabilities: &'a Capabilities) -> Self {
        let agent = |card: &'a AgentCard| Agent {
            name: &card.name,
            versions: &card.versions,
            default: card.default.as_deref(),
        };
        Self {
            encodings: ["json"],
            features: feature::names(capabilities),
            agents: capabilities.agents.iter().map(agent).collect(),
        }
    }
}

/// A part of a second is one.
fn whole_seconds(span: std::time::Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)).max(1)
}

/// Stands where there is no token.
const NO_TOKEN: &str = "none";

#[derive(Serialize)]
pub(super) struct Refused<'a> {
    #[serde(flatten)]
    fault: Told<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl<'a> Refused<'a> {
    pub(super) fn of(fault: &'a Fault, request: Option<&'a MessageId>) -> Self {
        Self { fault: Told::of(fault), request_id: request.map(MessageId::as_str) }
    }
}

#[derive(Serialize)]
pub(super) struct Bye<'a> {
    pub(super) reason: &'a str,
    pub(super) code: &'static str,
}

#[derive(Serialize)]
pub(super) struct Ping<'a> {
    pub(super) nonce: &'a str,
    pub(super) sent_at: Stamp,
}

#[derive(Serialize)]
pub(super) struct Pong<'a> {
    pub(super) ping_nonce: &'a str,
    pub(super) received_at: Stamp,
}

#[derive(Serialize)]
pub(super) struct JobBody<'a> {
    job_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    lease: lease::Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_constraints: Option<lease::Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<budget::Written<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<CredentialBody<'a>>,
    accepted_at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl<'a> JobBody<'a> {
    pub(super) fn of(
        accepted: &'a JobAccepted,
        request: Option<&'a MessageId>,
        budget_as_text: bool,
    ) -> Self {
        let parent = accepted.parent.as_ref();
        Self {
            job_id: accepted.job.as_str(),
            agent: accepted.agent.as_deref(),
            lease: lease::Written(&accepted.lease),
            lease_constraints: lease::Limits::of(&accepted.lease),
            budget: budget::Written::of(&accepted.budget, budget_as_text),
            credentials: accepted.credentials.iter().map(CredentialBody::of).collect(),
            accepted_at: Stamp(accepted.accepted_at),
            trace_id: plain_trace(accepted.trace.as_ref()),
            parent_job_id: parent.map(|parent| parent.job.as_str()),
            delegate_id: parent.and_then(|parent| parent.delegation.as_deref()),
            request_id: request.map(MessageId::as_str),
        }
    }
}

#[derive(Serialize)]
struct CredentialBody<'a> {
    id: &'a str,
    scheme: &'static str,
    value: &'a str,
    endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraints: Option<lease::Constraints<'a>>,
}

impl<'a> CredentialBody<'a> {
    fn of(credential: &'a Credential) -> Self {
        Self {
            id: credential.id.as_str(),
            scheme: "bearer",
            value: credential.value.expose(),
            endpoint: &credential.endpoint,
            profile: credential.profile.as_deref(),
            constraints: credential.constraints.as_ref().map(lease::Constraints),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Page<'a> {
    request_id: &'a str,
    jobs: Vec<Line<'a>>,
    /// Clients want it also where it is nothing.
    next_cursor: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    job_id: &'a str,
    agent: &'a str,
    status: &'static str,
    lease: lease::Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_constraints: Option<lease::Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<&'a str>,
    created_at: Stamp,
    /// The same, as some clients look for it.
    submitted_at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    last_event_seq: u64,
}

impl<'a> Page<'a> {
    pub(super) fn of(request: &'a MessageId, page: &'a JobsPage) -> Self {
        Self {
            request_id: request.as_str(),
            jobs: page.jobs.iter().map(Line::of).collect(),
            next_cursor: page.next.as_ref().map(AsRef::as_ref),
        }
    }
}

impl<'a> Line<'a> {
    fn of(job: &'a JobSummary) -> Self {
        Self {
            job_id: job.job.as_str(),
            agent: &job.agent,
            status: state::name(job.state),
            lease: lease::Written(&job.lease),
            lease_constraints: lease::Limits::of(&job.lease),
            parent_job_id: job.parent.as_ref().map(AsRef::as_ref),
            created_at: Stamp(job.created_at),
            submitted_at: Stamp(job.created_at),
            trace_id: plain_trace(job.trace.as_ref()),
            last_event_seq: job.last_index,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Watched<'a> {
    job_id: &'a str,
    current_status: &'static str,
    agent: &'a str,
    lease: lease::Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_constraints: Option<lease::Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<budget::Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    subscribed_from: u64,
    replayed: bool,
    request_id: &'a str,
}

impl<'a> Watched<'a> {
    pub(super) fn of(watched: &'a JobWatched, request: &'a MessageId) -> Self {
        let JobWatched { summary, budget, after, replayed } = watched;
        Self {
            job_id: summary.job.as_str(),
            current_status: state::name(summary.state),
            agent: &summary.agent,
            lease: lease::Written(&summary.lease),
            lease_constraints: lease::Limits::of(&summary.lease),
            budget: budget.as_ref().and_then(|left| budget::Written::of(left, false)),
            parent_job_id: summary.parent.as_ref().map(AsRef::as_ref),
            trace_id: plain_trace(summary.trace.as_ref()),
            subscribed_from: *after,
            replayed: *replayed,
            request_id: request.as_str(),
        }
    }
}

/// A refused submit as the end of a job that never was.
#[derive(Serialize)]
pub(super) struct Ended<'a> {
    pub(super) final_status: &'static str,
    #[serde(flatten)]
    pub(super) fault: Told<'a>,
    pub(super) completed_at: Stamp,
}
