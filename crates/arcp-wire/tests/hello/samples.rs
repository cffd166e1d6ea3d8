//! Values of every kind.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    AgentCard, Artifact, ArtifactId, ArtifactRef, Capabilities, ChunkEncoding, Code, Command,
    Completion, Credential, CredentialId, Delegated, Delivery, Encoded, Event, Fault, Feature,
    GrantedLease, Heartbeat, Issued, JobAccepted, JobEvent, JobHead, JobId, JobState, JobSummary,
    JobWatched, JobsPage, Json, Lease, LeaseId, LogLevel, MessageId, Notice, Output, Parent,
    PermissionRequest, PingKind, Priority, Progress, Quantity, Reply, ResultChunk, ResultId,
    Resumption, RuntimeIdentity, Secret, SessionAccepted, SessionId, SessionResumed, StreamChange,
    StreamChunk, StreamEvent, StreamId, StreamInfo, StreamKind, SubscriptionId, Timestamp, TraceId,
    TrustLevel,
};

pub(crate) const FEATURES: [Feature; 11] = [
    Feature::Heartbeat,
    Feature::Ack,
    Feature::ListJobs,
    Feature::Subscribe,
    Feature::LeaseExpiresAt,
    Feature::CostBudget,
    Feature::Progress,
    Feature::ResultChunk,
    Feature::AgentVersions,
    Feature::ModelUse,
    Feature::ProvisionedCredentials,
];

pub(crate) fn at() -> Timestamp {
    Timestamp::parse("2026-11-22T10:59:09.362415Z").unwrap()
}

/// The id of what a runtime says.
pub(crate) fn message() -> MessageId {
    MessageId::parse("msg_01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap()
}

/// The id of what a client asks.
pub(crate) fn asking() -> MessageId {
    MessageId::parse("msg_01ARZ3NDEKTSV4RRFFQ69G5ASK").unwrap()
}

pub(crate) fn session() -> SessionId {
    SessionId::parse("sess_\"1\"").unwrap()
}

pub(crate) fn job() -> JobId {
    JobId::parse("job_1").unwrap()
}

pub(crate) fn trace() -> TraceId {
    TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736").unwrap()
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

pub(crate) fn issued(command: Command) -> Issued {
    Issued { id: asking(), at: at(), trace: Some(trace()), command }
}

pub(crate) fn reply(reply: Reply) -> Output {
    Output::Reply { id: message(), at: at(), to: asking(), reply }
}

pub(crate) fn notice(notice: Notice) -> Output {
    Output::Notice { id: message(), at: at(), notice }
}

pub(crate) fn event(seq: u64, event: Event) -> Output {
    event_of(seq, None, event)
}

/// An event of a job that this session has submitted.
pub(crate) fn event_of(seq: u64, session: Option<SessionId>, event: Event) -> Output {
    let head = JobHead {
        job: job(),
        request: asking(),
        session,
        trace: Some(trace()),
        priority: Priority::default(),
    };
    let (id, at) = (message(), at());
    let event = JobEvent { head: Arc::new(head), id, at, event, encoded: Encoded::default() };
    Output::Event(Delivery { seq, event: Arc::new(event) })
}

pub(crate) fn capabilities(features: &[Feature]) -> Capabilities {
    let none = Capabilities::default();
    features.iter().fold(none, |all, feature| all.with(*feature, true))
}

/// A session in which everything is agreed on.
pub(crate) fn accepted() -> SessionAccepted {
    accepted_with(&FEATURES)
}

pub(crate) fn accepted_with(features: &[Feature]) -> SessionAccepted {
    let agent = |name: &str, versions: &[&str]| AgentCard {
        name: name.to_owned(),
        versions: versions.iter().map(ToString::to_string).collect(),
        default: versions.last().map(ToString::to_string),
    };
    SessionAccepted {
        session: session(),
        runtime: RuntimeIdentity {
            kind: "arcp".to_owned(),
            version: "0.1.0".to_owned(),
            fingerprint: Some("f".to_owned()),
            trust_level: TrustLevel::Constrained,
        },
        capabilities: Capabilities {
            agents: vec![agent("echo", &["1", "2"]), agent("bare", &[])],
            ..capabilities(features)
        },
        declared: Capabilities::default(),
        opened_at: at(),
        heartbeat: Some(Duration::from_millis(1500)),
        expires_at: Some(at()),
        resumption: Some(Resumption {
            token: Secret::new("rt_1".to_owned()),
            window: Duration::from_mins(10),
        }),
    }
}

pub(crate) fn lease() -> Lease {
    let mut lease = Lease::default()
        .grant("fs.read", Pattern::parse("/a/**").unwrap())
        .grant("model.use", Pattern::parse("m*").unwrap())
        .grant("x-vendor.acme.db", Pattern::parse("t?").unwrap());
    lease.budget = Budget::parse(["USD:1.5", "credits:3"]).unwrap();
    lease.expires_at = Some(at());
    lease
}

pub(crate) fn credential() -> Credential {
    Credential {
        id: CredentialId::parse("cred_1").unwrap(),
        value: Secret::new("s3cret".to_owned()),
        endpoint: "https://models.example/v1".to_owned(),
        profile: Some("openai".to_owned()),
        constraints: Some(lease()),
    }
}

pub(crate) fn job_accepted() -> JobAccepted {
    JobAccepted {
        job: job(),
        agent: Some("echo@2".to_owned()),
        lease: lease(),
        budget: lease().budget,
        accepted_at: at(),
        trace: Some(trace()),
        credentials: vec![credential()],
        repeated: None,
        parent: Some(Parent {
            job: JobId::parse("job_0").unwrap(),
            delegation: Some("d1".to_owned()),
        }),
    }
}

/// One that says as little as it can.
pub(crate) fn bare_job() -> JobAccepted {
    JobAccepted {
        lease: Lease::default(),
        budget: Budget::default(),
        trace: None,
        credentials: Vec::new(),
        parent: None,
        ..job_accepted()
    }
}

pub(crate) fn summary(state: JobState) -> JobSummary {
    JobSummary {
        job: job(),
        agent: "echo@2".to_owned(),
        state,
        created_at: at(),
        trace: Some(trace()),
        parent: Some(JobId::parse("job_0").unwrap()),
        lease: lease(),
        last_index: 7,
    }
}

pub(crate) fn bare_summary(state: JobState) -> JobSummary {
    JobSummary { trace: None, parent: None, lease: Lease::default(), ..summary(state) }
}

pub(crate) fn watched() -> JobWatched {
    let budget = Budget::of_counters([("USD".to_owned(), "-0.25".parse().unwrap())]);
    JobWatched {
        summary: summary(JobState::Running),
        budget: Some(budget),
        after: 3,
        replayed: true,
    }
}

const STATES: [JobState; 9] = [
    JobState::Accepted,
    JobState::Queued,
    JobState::Running,
    JobState::Blocked,
    JobState::Completed,
    JobState::Failed,
    JobState::Cancelled,
    JobState::TimedOut,
    JobState::Aborted,
];

/// A fault of each code, with the details that it can have; one has no message.
pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    for code in Code::ALL {
        faults.push(Fault::new(*code, "no"));
        faults.push(Fault::new(*code, "").with_retryable(!code.is_retryable()));
        faults.push(Fault::new(*code, "no").with_detail(json(r#"{"at":null,"limit":"jobs"}"#)));
        faults.push(Fault::new(*code, "no").with_detail(json("null")));
    }
    faults
}

/// Answers of every kind.
pub(crate) fn replies() -> Vec<Reply> {
    let fault = || Fault::new(Code::AgentNotAvailable, "no such agent");
    let target_id = || "job_1".to_owned();
    let resumed = SessionResumed { session: accepted(), after: 2, replayed: true };
    let mut brief = accepted();
    (brief.resumption, brief.heartbeat) = (None, None);
    let mut all = vec![
        Reply::Accepted(Box::new(accepted())),
        Reply::Accepted(Box::new(brief)),
        Reply::Resumed(Box::new(resumed)),
        Reply::Challenged { challenge: "what?".to_owned() },
        Reply::Unauthenticated(Fault::new(Code::Unauthenticated, "no")),
        Reply::Rejected(Fault::new(Code::Unauthenticated, "no")),
        Reply::Closed,
        Reply::Premature(Fault::invalid("say hello first")),
        Reply::Pong { kind: PingKind::Session, nonce: Some("n".to_owned()) },
        Reply::Pong { kind: PingKind::Session, nonce: None },
        Reply::JobAccepted(Box::new(job_accepted())),
        Reply::JobAccepted(Box::new(bare_job())),
        Reply::JobRefused { job: job(), fault: fault(), key: None },
        Reply::Jobs(JobsPage::default()),
        Reply::Jobs(JobsPage {
            jobs: STATES
                .into_iter()
                .flat_map(|state| [summary(state), bare_summary(state)])
                .collect(),
            next: Some(job()),
        }),
        Reply::CancelAccepted { target_id: target_id(), job: Some(job()) },
        Reply::CancelRefused { target_id: target_id(), fault: fault() },
        Reply::Watched(Box::new(watched())),
        Reply::Watched(Box::new(JobWatched {
            summary: bare_summary(JobState::Completed),
            budget: None,
            after: 0,
            replayed: false,
        })),
        Reply::Nack(fault()),
        Reply::Unheeded(fault()),
    ];
    all.extend(wordless_replies());
    all
}

/// Answers that this dialect has no words for.
pub(crate) fn wordless_replies() -> Vec<Reply> {
    let reference = artifact();
    vec![
        Reply::Subscribed { subscription: SubscriptionId::parse("sub_1").unwrap() },
        Reply::ArtifactKept(Box::new(reference.clone())),
        Reply::Artifact(Box::new(Artifact { reference, data: b"abc"[..].into() })),
        Reply::Replaying { after: 3 },
        Reply::Done,
        Reply::Repeated,
    ]
}

/// Notices of every kind.
pub(crate) fn notices() -> Vec<Notice> {
    let mut all = vec![
        Notice::Nack(Fault::invalid("no frame")),
        Notice::Premature(Fault::invalid("say hello first")),
        Notice::Delegated(Box::new(job_accepted())),
        Notice::Evicted(Fault::new(Code::HeartbeatLost, "nothing was heard")),
        Notice::Ping { nonce: "n".to_owned() },
    ];
    all.extend(wordless_notices());
    all
}

/// Notices that this dialect has no words for.
pub(crate) fn wordless_notices() -> Vec<Notice> {
    let head = JobHead {
        job: job(),
        request: asking(),
        session: None,
        trace: None,
        priority: Priority::default(),
    };
    let (sequence, deadline_ms, state) = (1, 1000, JobState::Running);
    vec![
        Notice::Refresh { deadline: at() },
        Notice::Heartbeat(Heartbeat { head: Arc::new(head), sequence, deadline_ms, state }),
        Notice::Backpressure,
        Notice::Unsubscribed {
            subscription: SubscriptionId::parse("sub_1").unwrap(),
            fault: Fault::new(Code::BackpressureOverflow, "too slow"),
        },
    ]
}

pub(crate) fn artifact() -> ArtifactRef {
    ArtifactRef {
        artifact: ArtifactId::parse("art_1").unwrap(),
        media_type: "text/plain".to_owned(),
        size: 3,
        sha256: Some("ab".repeat(32)),
        expires_at: Some(at()),
    }
}

pub(crate) fn chunk() -> ResultChunk {
    ResultChunk {
        result: ResultId::parse("res_1").unwrap(),
        chunk: 0,
        data: "YWJj".into(),
        encoding: ChunkEncoding::Base64,
        more: true,
    }
}

pub(crate) fn progress() -> Progress {
    Progress {
        current: Quantity::from(1_u64),
        total: Some(Quantity::parse("2.5").unwrap()),
        units: Some("steps".to_owned()),
        message: None,
    }
}

pub(crate) fn delegated() -> Delegated {
    Delegated {
        delegation: "d1".to_owned(),
        child: JobId::parse("job_2").unwrap(),
        agent: "echo@2".to_owned(),
        input: json("[null]"),
        lease: lease(),
    }
}

fn lease_id() -> LeaseId {
    LeaseId::parse("lease_1").unwrap()
}

/// Streams of every kind.
pub(crate) fn streams() -> Vec<Event> {
    let info = StreamInfo::new(StreamKind::Text).content_type("text/plain").encoding("utf-8");
    let chunk = StreamChunk {
        sequence: 0,
        data: json(r#"{"a":null}"#),
        content_type: Some("text/plain".to_owned()),
        sha256: None,
        role: Some("assistant".to_owned()),
        redacted: true,
    };
    let changes = [
        StreamChange::Opened(info),
        StreamChange::Chunk(chunk),
        StreamChange::Closed { last: Some(0) },
        StreamChange::Closed { last: None },
        StreamChange::Failed(Fault::new(Code::Aborted, "torn")),
    ];
    let stream = StreamId::parse("str_1").unwrap();
    changes.map(|change| Event::Stream(StreamEvent { stream: stream.clone(), change })).into()
}

/// Permissions at every stage.
pub(crate) fn permissions() -> Vec<Event> {
    let request = PermissionRequest::new("fs.write", "/a", "write");
    let granted = GrantedLease {
        lease: lease_id(),
        permission: "fs.write".to_owned(),
        resource: "/a".to_owned(),
        operation: "write".to_owned(),
        expires_at: at(),
    };
    vec![
        Event::PermissionRequest(request.clone()),
        Event::PermissionRequest(request.reason("to save").lease(Duration::from_secs(5))),
        Event::LeaseGranted(granted),
        Event::LeaseExtended { lease: lease_id(), expires_at: at() },
        Event::LeaseRevoked { lease: lease_id(), reason: "enough".to_owned() },
    ]
}

/// Events of every kind.
pub(crate) fn events() -> Vec<Event> {
    let rotated = |value: Option<&str>| Event::CredentialRotated {
        id: CredentialId::parse("cred_1").unwrap(),
        value: value.map(|value| Secret::new(value.to_owned())),
    };
    let failed = || Fault::new(Code::Internal, "broke");
    let mut all = vec![
        Event::Started { description: "a \"b\"\n".to_owned() },
        Event::Log {
            level: LogLevel::Critical,
            message: String::new(),
            attributes: Some(json(r#"{"a":null}"#)),
        },
        Event::Metric {
            name: "cost.search".to_owned(),
            value: Quantity::parse("0.50").unwrap(),
            unit: Some("USD".to_owned()),
            dimensions: Some(json("{}")),
        },
        Event::Progress(progress()),
        Event::Thought { text: "hm".to_owned() },
        Event::ToolCall {
            call_id: "c1".to_owned(),
            tool: "grep".to_owned(),
            arguments: Json::null(),
        },
        Event::ToolResult { call_id: "c1".to_owned(), result: Ok(Json::null()) },
        Event::ToolResult { call_id: "c1".to_owned(), result: Err(failed()) },
        Event::Status { phase: "thinking".to_owned(), message: None },
        Event::Custom { name: "x-vendor.acme.note".to_owned(), data: Json::null() },
        Event::Custom { name: "com.acme.note".to_owned(), data: json("[1,null]") },
        Event::ResultChunk(chunk()),
        Event::Artifact(artifact()),
        Event::Checkpoint { size: 12 },
        Event::Delegated(Box::new(delegated())),
        rotated(None),
        rotated(Some("n3w")),
        Event::Completed(Completion::Inline(Json::null())),
        Event::Completed(Completion::Inline(json(r#"{"a":[1,null]}"#))),
        Event::Completed(Completion::Streamed {
            result: ResultId::parse("res_1").unwrap(),
            size: 3,
            summary: None,
        }),
        Event::Failed(failed()),
        Event::Cancelled { reason: String::new() },
        Event::Cancelled { reason: "enough".to_owned() },
        Event::TimedOut(Fault::new(Code::TimedOut, "")),
    ];
    all.extend(streams());
    all.extend(permissions());
    all.extend(faults().into_iter().map(Event::Failed));
    all
}
