//! What of something that is said comes through: some of it this dialect has no words for.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{
    ArtifactRef, Capabilities, Code, Delivery, Encoded, Event, Fault, JobAccepted, JobEvent,
    JobHead, JobId, JobState, JobSummary, JobWatched, JobsPage, Json, Notice, Output, Priority,
    Progress, Reply, Resumption, RuntimeIdentity, Secret, SessionAccepted, SessionResumed,
    StreamChange, StreamChunk, StreamEvent, Timestamp,
};

use crate::samples::{FEATURES, asking};

/// What a client makes of it, in the session of somebody else's job; nothing where it is not told.
pub(crate) fn heard(output: &Output) -> Option<Output> {
    let nobody_says_when = Timestamp::from_micros(0);
    match output {
        Output::Event(delivery) => Some(Output::Event(heard_delivery(delivery))),
        Output::Observed(_) => None,
        Output::Reply { id, at: _, to, reply } => Some(Output::Reply {
            id: id.clone(),
            at: nobody_says_when,
            to: to.clone(),
            reply: heard_reply(reply)?,
        }),
        Output::Notice { id, at: _, notice } => Some(Output::Notice {
            id: id.clone(),
            at: nobody_says_when,
            notice: heard_notice(notice)?,
        }),
    }
}

fn heard_reply(reply: &Reply) -> Option<Reply> {
    let rejected = |fault: &Fault| Some(Reply::Rejected(heard_fault(fault)));
    match reply {
        Reply::Accepted(session) => Some(Reply::Accepted(Box::new(heard_session(session)))),
        Reply::Resumed(resumed) => Some(Reply::Resumed(Box::new(SessionResumed {
            session: heard_session(&resumed.session),
            after: resumed.after,
            replayed: true,
        }))),
        Reply::Challenged { .. } => rejected(&Fault::new(
            Code::Unauthenticated,
            "this token needs an answer to a challenge, which this dialect has not",
        )),
        Reply::Unauthenticated(fault) | Reply::Rejected(fault) | Reply::Premature(fault) => {
            rejected(fault)
        }
        Reply::Closed => Some(Reply::Closed),
        Reply::Pong { kind, nonce } => {
            Some(Reply::Pong { kind: *kind, nonce: Some(nonce.clone().unwrap_or_default()) })
        }
        Reply::JobAccepted(accepted) => Some(Reply::JobAccepted(Box::new(heard_job(accepted)))),
        Reply::JobRefused { job: _, fault, key: _ } => {
            let number = asking().as_str().replace("msg_", "job_");
            let job = JobId::parse(&number).unwrap();
            Some(Reply::JobRefused { job, fault: heard_fault(fault), key: None })
        }
        Reply::Jobs(page) => Some(Reply::Jobs(JobsPage {
            jobs: page.jobs.iter().map(heard_summary).collect(),
            next: page.next.clone(),
        })),
        Reply::CancelAccepted { .. } => Some(reply.clone()),
        Reply::CancelRefused { target_id, fault } => {
            Some(Reply::CancelRefused { target_id: target_id.clone(), fault: heard_fault(fault) })
        }
        Reply::Watched(watched) => Some(Reply::Watched(Box::new(heard_watched(watched)))),
        Reply::Nack(fault) | Reply::Unheeded(fault) => Some(Reply::Nack(heard_fault(fault))),
        Reply::Subscribed { .. }
        | Reply::ArtifactKept(_)
        | Reply::Artifact(_)
        | Reply::Replaying { .. }
        | Reply::Repeated
        | Reply::Done => None,
    }
}

fn heard_notice(notice: &Notice) -> Option<Notice> {
    match notice {
        Notice::Nack(fault) | Notice::Premature(fault) => Some(Notice::Nack(heard_fault(fault))),
        Notice::Delegated(child) => Some(Notice::Delegated(Box::new(heard_job(child)))),
        Notice::Evicted(fault) => {
            let (code, _) = spelt(fault.code);
            let fault = Fault::new(code, fault.message.clone()).with_retryable(true);
            Some(Notice::Evicted(fault))
        }
        Notice::Ping { nonce } => Some(Notice::Ping { nonce: nonce.clone() }),
        Notice::Refresh { .. }
        | Notice::Heartbeat(_)
        | Notice::Backpressure
        | Notice::Unsubscribed { .. } => None,
    }
}

fn heard_session(session: &SessionAccepted) -> SessionAccepted {
    let known = FEATURES.into_iter().filter(|feature| session.capabilities.has(*feature));
    let none = Resumption { token: Secret::new("none".to_owned()), window: Duration::from_secs(1) };
    SessionAccepted {
        runtime: RuntimeIdentity {
            kind: session.runtime.kind.clone(),
            version: session.runtime.version.clone(),
            ..RuntimeIdentity::default()
        },
        capabilities: Capabilities {
            agents: session.capabilities.agents.clone(),
            features: known.map(|feature| (feature, true)).collect(),
            ..Capabilities::default()
        },
        declared: Capabilities::default(),
        expires_at: None,
        heartbeat: session.heartbeat.map(|interval| {
            let part = u64::from(interval.subsec_nanos() > 0);
            Duration::from_secs(interval.as_secs() + part)
        }),
        resumption: session.resumption.clone().or(Some(none)),
        ..session.clone()
    }
}

fn heard_job(accepted: &JobAccepted) -> JobAccepted {
    JobAccepted { repeated: None, ..accepted.clone() }
}

fn heard_summary(summary: &JobSummary) -> JobSummary {
    let state = match summary.state {
        JobState::Accepted => JobState::Queued,
        JobState::Blocked => JobState::Running,
        JobState::Aborted => JobState::Cancelled,
        other => other,
    };
    JobSummary { state, ..summary.clone() }
}

fn heard_watched(watched: &JobWatched) -> JobWatched {
    let summary =
        JobSummary { created_at: Timestamp::from_micros(0), ..heard_summary(&watched.summary) };
    // What is told is where the job was, not from where the past is told.
    JobWatched { after: summary.last_index, summary, ..watched.clone() }
}

fn heard_delivery(delivery: &Delivery) -> Delivery {
    let JobEvent { head, id, at, event, encoded: _ } = delivery.event.as_ref();
    let head = JobHead {
        request: id.clone(),
        session: None,
        priority: Priority::default(),
        ..head.as_ref().clone()
    };
    let (id, at) = (id.clone(), *at);
    let event = heard_event(event);
    let event = JobEvent { head: Arc::new(head), id, at, event, encoded: Encoded::default() };
    Delivery { seq: delivery.seq, event: Arc::new(event) }
}

fn heard_event(event: &Event) -> Event {
    let status = |phase: &str, message: String| Event::Status {
        phase: phase.to_owned(),
        message: Some(message),
    };
    match event {
        Event::Started { description } => status("running", description.clone()),
        Event::ToolResult { call_id, result: Err(fault) } => {
            Event::ToolResult { call_id: call_id.clone(), result: Err(heard_fault(fault)) }
        }
        Event::Stream(streamed) => heard_stream(streamed),
        Event::Artifact(reference) => {
            Event::Artifact(ArtifactRef { expires_at: None, ..reference.clone() })
        }
        Event::PermissionRequest(request) => {
            let reason = request.reason.as_ref().map(|reason| format!(": {reason}"));
            status("blocked", format!("waits for a permission{}", reason.unwrap_or_default()))
        }
        Event::LeaseGranted(_) => status("running", "a permission was granted".to_owned()),
        Event::LeaseExtended { .. } => status("running", "a permission lasts longer".to_owned()),
        Event::LeaseRevoked { reason, .. } => {
            status("running", format!("a permission was taken back: {reason}"))
        }
        Event::CredentialRotated { id, value: _ } => {
            Event::CredentialRotated { id: id.clone(), value: None }
        }
        Event::Failed(fault) if fault.code == Code::Cancelled => {
            Event::Cancelled { reason: heard_fault(fault).message }
        }
        Event::Failed(fault) => Event::Failed(heard_fault(fault)),
        Event::TimedOut(fault) => Event::TimedOut(heard_fault(fault)),
        Event::Cancelled { reason } => {
            let reason = if reason.is_empty() { "CANCELLED" } else { reason };
            Event::Cancelled { reason: reason.to_owned() }
        }
        Event::Progress(progress)
            if progress.total.is_some_and(|total| total.to_f64() < progress.current.to_f64()) =>
        {
            Event::Progress(Progress { total: None, ..progress.clone() })
        }
        other => other.clone(),
    }
}

/// Streams are told under a name of our own, and read as what anybody makes of that.
fn heard_stream(streamed: &StreamEvent) -> Event {
    let more = match &streamed.change {
        StreamChange::Opened(info) => {
            let content_type = info.content_type.as_deref().unwrap();
            format!(r#""open","kind":"{}","content_type":"{content_type}""#, info.kind.as_str())
        }
        StreamChange::Chunk(StreamChunk { sequence, data, content_type, .. }) => {
            let content_type = content_type.as_deref().unwrap();
            format!(
                r#""chunk","content_type":"{content_type}","sequence":{sequence},"data":{data}"#
            )
        }
        StreamChange::Closed { last: None } => r#""close""#.to_owned(),
        StreamChange::Closed { last: Some(last) } => format!(r#""close","sequence":{last}"#),
        StreamChange::Failed(fault) => {
            let Fault { message, retryable, detail, .. } = heard_fault(fault);
            let (name, detail) = (spelt(fault.code).1, detail.unwrap());
            format!(
                r#""error","error":{{"code":"{name}","message":"{message}","retryable":{retryable},"details":{detail}}}"#
            )
        }
    };
    let text = format!(r#"{{"stream_id":"{}","change":{more}}}"#, streamed.stream);
    Event::Custom { name: "x-vendor.arcp.stream".to_owned(), data: Json::parse(&text).unwrap() }
}

/// What is left of a fault that is told.
pub(crate) fn heard_fault(fault: &Fault) -> Fault {
    let (spelt_as, name) = spelt(fault.code);
    let message = if fault.message.is_empty() { name } else { &fault.message };
    let retryable = match spelt_as {
        Code::Internal => true,
        Code::LeaseExpired | Code::BudgetExhausted => false,
        _ => fault.retryable,
    };
    let lossy = LOSSY.contains(&fault.code);
    let reason = lossy.then(|| format!(r#""reason":"{}""#, fault.code.as_str()));
    let told = match (&fault.detail, reason) {
        (None, None) => None,
        (None, Some(reason)) => Some(reason),
        (Some(detail), reason) if detail.is_object() => {
            let own = detail.as_str().strip_prefix('{').unwrap().strip_suffix('}').unwrap();
            Some(listed([reason.as_deref().unwrap_or_default(), own]))
        }
        (Some(detail), reason) => {
            let own = format!(r#""detail":{detail}"#);
            Some(listed([reason.as_deref().unwrap_or_default(), &own]))
        }
    };
    let detail = told.map(|told| Json::parse(&format!("{{{told}}}")).unwrap());
    let code = if lossy { fault.code } else { spelt_as };
    Fault { code, message: message.to_owned(), retryable, detail }
}

fn listed(parts: [&str; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

/// How a code is spelt, and what is read for that (MAPPING §4).
fn spelt(code: Code) -> (Code, &'static str) {
    match code {
        Code::Unauthenticated => (code, "UNAUTHENTICATED"),
        Code::PermissionDenied | Code::LeaseRevoked => {
            (Code::PermissionDenied, "PERMISSION_DENIED")
        }
        Code::JobNotFound | Code::NotFound => (Code::JobNotFound, "JOB_NOT_FOUND"),
        Code::AgentNotAvailable => (code, "AGENT_NOT_AVAILABLE"),
        Code::AgentVersionNotAvailable => (code, "AGENT_VERSION_NOT_AVAILABLE"),
        Code::DuplicateKey => (code, "DUPLICATE_KEY"),
        Code::Cancelled => (code, "CANCELLED"),
        Code::TimedOut => (code, "TIMEOUT"),
        Code::ResumeWindowExpired => (code, "RESUME_WINDOW_EXPIRED"),
        Code::HeartbeatLost => (code, "HEARTBEAT_LOST"),
        Code::LeaseExpired => (code, "LEASE_EXPIRED"),
        Code::BudgetExhausted => (code, "BUDGET_EXHAUSTED"),
        Code::LeaseSubsetViolation => (code, "LEASE_SUBSET_VIOLATION"),
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::AlreadyExists
        | Code::OutOfRange
        | Code::Unimplemented => (Code::InvalidArgument, "INVALID_REQUEST"),
        _ => (Code::Internal, "INTERNAL_ERROR"),
    }
}

/// Codes that their spelling does not tell: the details do.
const LOSSY: [Code; 7] = [
    Code::ResourceExhausted,
    Code::BackpressureOverflow,
    Code::Unavailable,
    Code::Aborted,
    Code::DataLoss,
    Code::LeaseRevoked,
    Code::Unimplemented,
];
