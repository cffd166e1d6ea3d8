//! Payloads that a runtime writes.

use arcp_core::{Code, Fault, JobSummary, JobsPage, Json, MessageId, RuntimeIdentity, TrustLevel};
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

/// `session.rejected`.
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
}

impl<'a> Evicted<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        let Fault { code, message: reason, retryable, .. } = fault;
        Self { code: code::spell(*code), reason, retryable: *retryable }
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

/// `pong`.
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

/// `job.accepted`.
#[derive(Serialize)]
pub(super) struct JobAccepted<'a> {
    pub(super) job_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<lease::Written<'a>>,
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
