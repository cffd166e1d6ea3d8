//! Payloads that a runtime writes.

use arcp_core::lease::Budget;
use arcp_core::{
    ArtifactRef, Code, Credential, Fault, JobSummary, JobWatched, JobsPage, Json, MessageId,
    RuntimeIdentity, SubscriptionId, TrustLevel,
};
use serde::Serialize;

use super::message::Stamp;
use super::{capabilities, code, lease, state};

/// A payload that says nothing.
#[derive(Serialize)]
pub(super) struct Empty {}

/// `session.accepted`.
#[derive(Serialize)]
pub(super) struct Accepted<'a> {
    pub(super) session_id: &'a str,
    pub(super) runtime: Runtime<'a>,
    pub(super) capabilities: capabilities::Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<SessionLease>,
    #[serde(flatten)]
    pub(super) resumption: Option<Resumption<'a>>,
}

#[derive(Serialize)]
pub(super) struct Resumed<'a> {
    pub(super) session_id: &'a str,
    pub(super) replayed_from: u64,
    pub(super) replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<SessionLease>,
    #[serde(flatten)]
    pub(super) resumption: Option<Resumption<'a>>,
}

#[derive(Serialize)]
pub(super) struct Resumption<'a> {
    resume_token: &'a str,
    resume_window_sec: u64,
}

impl<'a> Resumption<'a> {
    pub(super) fn of(resumption: &'a arcp_core::Resumption) -> Self {
        let arcp_core::Resumption { token, window } = resumption;
        Self { resume_token: token.expose(), resume_window_sec: window.as_secs() }
    }
}

#[derive(Serialize)]
pub(super) struct Runtime<'a> {
    kind: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
    trust_level: &'static str,
}

impl<'a> Runtime<'a> {
    pub(super) fn of(runtime: &'a RuntimeIdentity) -> Self {
        Self {
            kind: &runtime.kind,
            version: &runtime.version,
            fingerprint: runtime.fingerprint.as_deref(),
            trust_level: trust(runtime.trust_level),
        }
    }
}

#[derive(Serialize)]
pub(super) struct SessionLease {
    pub(super) expires_at: Stamp,
}

/// `session.challenge`.
#[derive(Serialize)]
pub(super) struct Challenged<'a> {
    pub(super) challenge: &'a str,
}

/// `session.rejected` and `session.unauthenticated`.
#[derive(Serialize)]
pub(super) struct Rejected<'a> {
    code: &'static str,
    message: &'a str,
    retryable: bool,
}

impl<'a> Rejected<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        let Fault { code, message, retryable, .. } = fault;
        Self { code: code::spell(*code), message, retryable: *retryable }
    }
}

/// `session.evicted`.
#[derive(Serialize)]
pub(super) struct Evicted<'a> {
    code: &'static str,
    reason: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Json>,
}

impl<'a> Evicted<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        let Fault { code, message: reason, retryable, detail } = fault;
        let (code, details) = (code::spell(*code), detail.as_ref());
        Self { code, reason, retryable: *retryable, details }
    }
}

/// `nack`.
#[derive(Serialize)]
pub(super) struct Nack<'a> {
    code: &'static str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Json>,
}

impl<'a> Nack<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        let Fault { code, message, retryable, detail: _ } = fault;
        let details = detail(fault);
        Self { code: code::spell(*code), message, retryable: *retryable, details }
    }
}

/// `job.failed`, and what a tool's result says in place of a value.
#[derive(Serialize)]
pub(super) struct Failed<'a> {
    code: &'static str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Json>,
}

impl<'a> Failed<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        Self {
            code: code::spell(fault.code),
            message: &fault.message,
            retryable: fault.retryable,
            details: detail(fault),
        }
    }

    /// The failure of a job that ran too long, whatever the fault's code.
    pub(super) fn timed_out(fault: &'a Fault) -> Self {
        Self { code: code::spell(Code::TimedOut), ..Self::of(fault) }
    }
}

/// `session.refresh`.
#[derive(Serialize)]
pub(super) struct Refresh {
    pub(super) deadline: Stamp,
}

/// `ack`, with a note.
#[derive(Serialize)]
pub(super) struct Note<'a> {
    pub(super) note: &'a str,
}

/// `backpressure`.
#[derive(Serialize)]
pub(super) struct Backpressure<'a> {
    pub(super) buffer_remaining_bytes: u64,
    pub(super) reason: &'a str,
}

/// `pong`, and the runtime's own `ping`.
#[derive(Serialize)]
pub(super) struct Pong<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<&'a str>,
}

/// `session.pong`.
#[derive(Serialize)]
pub(super) struct SessionPong<'a> {
    pub(super) ping_nonce: &'a str,
    pub(super) received_at: Stamp,
}

/// `cancel.accepted` and `cancel.refused`.
#[derive(Serialize)]
pub(super) struct CancelAnswer<'a> {
    pub(super) target_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
}

/// `job.subscribed`.
#[derive(Serialize)]
pub(super) struct Watched<'a> {
    job_id: &'a str,
    current_status: &'static str,
    agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    subscribed_from: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<lease::Written<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    budget: Vec<String>,
}

impl<'a> Watched<'a> {
    pub(super) fn of(watched: &'a JobWatched) -> Self {
        let JobWatched { summary, budget, after, replayed } = watched;
        Self {
            job_id: summary.job.as_str(),
            current_status: state::name(summary.state),
            agent: &summary.agent,
            parent_job_id: summary.parent.as_ref().map(AsRef::as_ref),
            trace_id: summary.trace.as_ref().map(AsRef::as_ref),
            subscribed_from: *after,
            replayed: *replayed,
            lease: (!summary.lease.is_empty()).then_some(lease::Written(&summary.lease)),
            budget: budget.as_ref().map(Budget::to_amounts).unwrap_or_default(),
        }
    }
}

/// `subscribe.accepted`.
#[derive(Serialize)]
pub(super) struct Subscribed<'a> {
    pub(super) subscription_id: &'a str,
}

/// `subscribe.closed`.
#[derive(Serialize)]
pub(super) struct Unsubscribed<'a> {
    subscription_id: &'a str,
    code: &'static str,
    reason: &'a str,
}

impl<'a> Unsubscribed<'a> {
    pub(super) fn of(subscription: &'a SubscriptionId, fault: &'a Fault) -> Self {
        let subscription_id = subscription.as_str();
        Self { subscription_id, code: code::spell(fault.code), reason: &fault.message }
    }
}

/// `artifact.ref`.
#[derive(Serialize)]
pub(super) struct ArtifactKept<'a> {
    artifact: Reference<'a>,
}

#[derive(Serialize)]
struct Reference<'a> {
    artifact_id: &'a str,
    uri: String,
    media_type: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Stamp>,
}

impl<'a> ArtifactKept<'a> {
    pub(super) fn of(reference: &'a ArtifactRef) -> Self {
        let ArtifactRef { artifact, media_type, size, sha256, expires_at } = reference;
        Self {
            artifact: Reference {
                artifact_id: artifact.as_str(),
                uri: format!("arcp://artifact/{artifact}"),
                media_type,
                size: *size,
                sha256: sha256.as_deref(),
                expires_at: expires_at.map(Stamp),
            },
        }
    }
}

/// `artifact.put`, which is how an artifact is given too.
#[derive(Serialize)]
pub(super) struct ArtifactBody<'a> {
    pub(super) media_type: &'a str,
    pub(super) data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retain_seconds: Option<u64>,
}

/// `job.heartbeat`.
#[derive(Serialize)]
pub(super) struct Heartbeat {
    pub(super) sequence: u64,
    pub(super) deadline_ms: u64,
    pub(super) state: &'static str,
}

/// `job.accepted`.
#[derive(Serialize)]
pub(super) struct JobAccepted<'a> {
    pub(super) job_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) credentials: Vec<CredentialBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<lease::Written<'a>>,
}

/// A credential, its value with it.
#[derive(Serialize)]
pub(super) struct CredentialBody<'a> {
    id: &'a str,
    scheme: &'static str,
    value: &'a str,
    endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraints: Option<lease::Written<'a>>,
}

impl<'a> CredentialBody<'a> {
    pub(super) fn of(credential: &'a Credential) -> Self {
        Self {
            id: credential.id.as_str(),
            scheme: "bearer",
            value: credential.value.expose(),
            endpoint: &credential.endpoint,
            profile: credential.profile.as_deref(),
            constraints: credential.constraints.as_ref().map(lease::Written),
        }
    }
}

/// `session.jobs`.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    request_id: &'a str,
    jobs: Vec<JobLine<'a>>,
    next_cursor: Option<&'a str>,
}

impl<'a> Page<'a> {
    pub(super) fn of(request: &'a MessageId, page: &'a JobsPage) -> Self {
        Self {
            request_id: request.as_str(),
            jobs: page.jobs.iter().map(JobLine::of).collect(),
            next_cursor: page.next.as_ref().map(AsRef::as_ref),
        }
    }
}

#[derive(Serialize)]
struct JobLine<'a> {
    job_id: &'a str,
    agent: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<&'a str>,
    created_at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    last_event_seq: u64,
}

impl<'a> JobLine<'a> {
    fn of(job: &'a JobSummary) -> Self {
        Self {
            job_id: job.job.as_str(),
            agent: &job.agent,
            status: state::name(job.state),
            parent_job_id: job.parent.as_ref().map(AsRef::as_ref),
            created_at: Stamp(job.created_at),
            trace_id: job.trace.as_ref().map(AsRef::as_ref),
            last_event_seq: job.last_index,
        }
    }
}

/// An absent detail is left out, never `null`.
fn detail(fault: &Fault) -> Option<&Json> {
    fault.detail.as_ref().filter(|detail| !detail.is_null())
}

/// The name of a trust level.
pub(super) const fn trust(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Untrusted => "untrusted",
        TrustLevel::Constrained => "constrained",
        TrustLevel::Trusted => "trusted",
        TrustLevel::Privileged => "privileged",
    }
}
