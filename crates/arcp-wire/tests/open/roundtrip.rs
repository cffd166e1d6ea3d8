//! What one end writes, the other reads.

use std::time::Duration;

use arcp_core::{
    Cancel, CancelTarget, Capabilities, ClientIdentity, Code, Command, Event, Fault, Feature,
    Frame, IdempotencyKey, JobAccepted, JobFilter, JobState, JobSummary, JobsPage, Json, Lease,
    ListJobs, MessageId, Notice, Offer, OnClose, Open, Output, PingKind, Reply, Secret,
    SessionAccepted, Submit, TraceId, Vocabulary, Wanted,
};
use arcp_wire::open::OpenDialect;
use arcp_wire::{Decoded, Dialect};
use proptest::prelude::*;

use crate::samples::{accepted, at, event, events, fault, issued, job, lease, message, reply};
use crate::values::json;

/// Sends the outputs over one connection and returns what the client reads.
pub(crate) fn told(outputs: &[Output]) -> Vec<Output> {
    let (_, mut writer) = OpenDialect.runtime_codec();
    let (mut reader, _) = OpenDialect.client_codec();
    let mut frames = Vec::new();
    for output in outputs {
        writer.encode(output, &mut frames);
    }
    let read = frames.iter().map(|frame| match reader.decode(frame) {
        Decoded::Message(output) => output,
        other => panic!("{other:?} of {}", text(frame)),
    });
    read.collect()
}

/// Sends a command and returns how the runtime reads it.
fn asked(command: Command) -> Command {
    let (mut reader, _) = OpenDialect.runtime_codec();
    let (_, mut writer) = OpenDialect.client_codec();
    let mut frames = Vec::new();
    writer.observe(&reply(Reply::Accepted(Box::new(accepted(&[])))));
    let mut asking = issued(command);
    asking.trace = Some(TraceId::parse("t").unwrap());
    writer.encode(&asking, &mut frames);
    assert_eq!(frames.len(), 1);
    assert!(text(&frames[0]).contains(r#""session_id":"sess_\"1\"""#));
    match reader.decode(&frames[0]) {
        Decoded::Message(read) => {
            assert_eq!((read.id, read.at, read.trace), (asking.id, asking.at, asking.trace));
            read.command
        }
        other => panic!("{other:?}"),
    }
}

fn text(frame: &Frame) -> &str {
    std::str::from_utf8(&frame.bytes).unwrap()
}

pub(crate) fn same(command: Command) {
    let wanted = format!("{command:?}");
    assert_eq!(format!("{:?}", asked(command)), wanted);
}

#[test]
fn an_open_keeps_its_token() {
    let open = Open {
        offer: Offer { scheme: "bearer".into(), token: Some(Secret::new("s3cret".into())) },
        client: ClientIdentity {
            kind: "cli".into(),
            version: "1".into(),
            fingerprint: Some("f".into()),
        },
        capabilities: Capabilities {
            extensions: ["resume".to_owned()].into(),
            ..Capabilities::default()
        }
        .with(Feature::Streaming, true)
        .with(Feature::Anonymous, false),
        vocabulary: Vocabulary::named("open"),
    };
    let Command::Open(read) = asked(Command::Open(Box::new(open.clone()))) else {
        panic!("no open");
    };
    assert!(read.offer.token.clone().unwrap().matches(b"s3cret"));
    assert_eq!(read.capabilities, open.capabilities);
    assert_eq!(read.client, open.client);
    let Command::Authenticate { response } =
        asked(Command::Authenticate { response: Secret::new("answer".into()) })
    else {
        panic!("no authenticate");
    };
    assert!(response.matches(b"answer"));
}

#[test]
fn commands_come_back() {
    same(Command::Close { reason: Some("bye".into()), jobs: OnClose::Cancel });
    for kind in [PingKind::Connection, PingKind::Session] {
        same(Command::Ping { kind, nonce: Some("n".into()) });
    }
    same(Command::Ack { seq: u64::MAX });
    same(Command::ListJobs(Box::default()));
    same(Command::ListJobs(Box::new(ListJobs {
        filter: JobFilter {
            states: Some(vec![
                JobState::Running,
                JobState::Failed,
                JobState::TimedOut,
                JobState::Aborted,
            ]),
            agent: Some("echo@1".into()),
            created_after: Some(at()),
            created_before: Some(at()),
        },
        limit: Some(5),
        after: Some(job()),
    })));
    for target in [CancelTarget::Job, CancelTarget::Stream, CancelTarget::Session] {
        same(Command::Cancel(Box::new(Cancel {
            target,
            target_id: "job_1".into(),
            reason: Some("enough".into()),
            deadline: Some(Duration::from_millis(100)),
        })));
    }
}

#[test]
fn what_is_refused_is_not_written() {
    let (_, mut writer) = OpenDialect.client_codec();
    let mut frames = Vec::new();
    let fault = Fault::invalid("x");
    writer.encode(&issued(Command::Refused { wanted: Wanted::Job, fault }), &mut frames);
    assert!(frames.is_empty());
}

#[test]
fn submits_come_back() {
    for asked in [None, Some(Lease::default()), Some(lease())] {
        same(Command::Submit(Box::new(Submit {
            agent: "echo@1".into(),
            input: Json::parse(r#"{"a": [1, 2.50]}"#).unwrap(),
            lease: asked,
            key: Some(IdempotencyKey::parse("k \"1\"").unwrap()),
            max_runtime: Some(Duration::from_secs(9)),
            priority: arcp_core::Priority::default(),
            parent: None,
            expires_at: None,
        })));
    }
}

#[test]
fn the_session_comes_back() {
    let sent = accepted(&["resume"]);
    let told = told(&[reply(Reply::Accepted(Box::new(sent.clone()))), reply(Reply::Closed)]);
    let read = SessionAccepted { declared: Capabilities::default(), ..sent };
    assert_eq!(told, [reply(Reply::Accepted(Box::new(read))), reply(Reply::Closed)]);
}

fn job_accepted() -> Reply {
    Reply::JobAccepted(Box::new(JobAccepted {
        job: job(),
        agent: Some("echo@2".into()),
        budget: lease().budget,
        lease: lease(),
        accepted_at: at(),
        trace: Some(TraceId::parse("t").unwrap()),
        credentials: Vec::new(),
        repeated: Some(IdempotencyKey::parse("k").unwrap()),
        parent: None,
    }))
}

fn jobs() -> Reply {
    let summary = |state| JobSummary {
        job: job(),
        agent: "echo@2".into(),
        state,
        created_at: at(),
        trace: Some(TraceId::parse("t").unwrap()),
        parent: Some(job()),
        lease: Lease::default(),
        last_index: 7,
    };
    Reply::Jobs(JobsPage {
        jobs: vec![summary(JobState::Queued), summary(JobState::Cancelled)],
        next: Some(job()),
    })
}

#[test]
fn replies_and_notices_come_back() {
    let gone = Fault::new(Code::JobNotFound, "no such in-flight job");
    let denied = Fault::new(Code::PermissionDenied, "permission denied: not yours");
    let nack = Fault::invalid("`x` is missing").with_detail(Json::parse("[1]").unwrap());
    let replies = [
        Reply::Challenged { challenge: "carol:\"1\"".to_owned() },
        Reply::Unauthenticated(Fault::new(Code::Unauthenticated, "no")),
        Reply::Rejected(Fault::new(Code::Unauthenticated, "no")),
        Reply::Pong { kind: PingKind::Connection, nonce: None },
        Reply::Pong { kind: PingKind::Session, nonce: Some("n".into()) },
        job_accepted(),
        Reply::Jobs(JobsPage::default()),
        jobs(),
        Reply::CancelAccepted { target_id: "job_1".into(), job: Some(job()) },
        Reply::CancelRefused { target_id: "xyz".into(), fault: gone },
        Reply::CancelRefused { target_id: "job_1".into(), fault: denied },
        Reply::Nack(nack.clone()),
    ];
    let mut outputs: Vec<Output> = replies.into_iter().map(reply).collect();
    let notices = [
        Notice::Nack(nack),
        Notice::Refresh { deadline: at() },
        Notice::Evicted(Fault::new(Code::LeaseExpired, "late")),
    ];
    outputs.extend(notices.into_iter().map(|notice| Output::Notice {
        id: message(),
        at: at(),
        notice,
    }));
    assert_eq!(told(&outputs), outputs);
}

#[test]
fn a_refused_job_is_told_from_a_failed_one() {
    let fault = Fault::new(Code::FailedPrecondition, "bound to another intent");
    let refused = reply(Reply::JobRefused {
        job: job(),
        fault: fault.clone(),
        key: Some(IdempotencyKey::parse("k").unwrap()),
    });
    let outputs = [refused, reply(job_accepted()), event(1, Event::Failed(fault))];
    assert_eq!(told(&outputs), outputs);
}

#[test]
fn a_numbered_failure_of_a_job_never_accepted_is_a_refusal() {
    let frame = r#"{"arcp":"1.1","id":"msg_9","timestamp":"2026-11-22T10:59:14Z","correlation_id":"msg_7","event_seq":4,"type":"job.failed","payload":{"code":"RATE_LIMITED","message":"m"}}"#;
    let (mut reader, _) = OpenDialect.client_codec();
    let Decoded::Message(Output::Reply { to, reply, .. }) = reader.decode(&Frame::text(frame))
    else {
        panic!("no reply");
    };
    assert_eq!(to, MessageId::parse("msg_7").unwrap());
    let Reply::JobRefused { job, fault, .. } = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(job.as_str(), "job_7");
    assert_eq!(fault, Fault::new(Code::ResourceExhausted, "m"));
}

proptest! {
    #[test]
    fn events_come_back(happened in events(), seq in 1..u64::MAX) {
        let outputs = [reply(job_accepted()), event(seq, happened)];
        prop_assert_eq!(told(&outputs), outputs);
    }

    #[test]
    fn faults_come_back(fault in fault()) {
        let refused = [reply(Reply::JobRefused { job: job(), fault, key: None })];
        prop_assert_eq!(told(&refused), refused);
    }

    #[test]
    fn inputs_come_back(input in json(), agent in any::<String>()) {
        same(Command::Submit(Box::new(Submit {
            agent,
            input,
            lease: None,
            key: None,
            max_runtime: None,
            priority: arcp_core::Priority::default(),
            parent: None,
            expires_at: None,
        })));
    }
}
