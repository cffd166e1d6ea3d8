//! What one end writes of watching, observing, artifacts, permissions, streams and heartbeats, the
//! other reads; and how it stands on the wire.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arcp_core::{
    Artifact, ArtifactId, ArtifactRef, ArtifactRetention, Capabilities, Code, Command, Event,
    EventFilter, EventKind, Fault, Frame, GrantedLease, Heartbeat, HeartbeatPolicy,
    HeartbeatRecovery, JobHead, JobState, JobSummary, JobWatched, Json, LeaseId, MessageId, Notice,
    Observed, Output, PermissionAnswer, PermissionRequest, PermissionVerdict, Priority,
    PutArtifact, Reply, SessionId, Since, StreamChange, StreamChunk, StreamEvent, StreamId,
    StreamInfo, StreamKind, Subscribe, SubscriptionId, TraceId, Wanted, WatchJob,
};
use arcp_wire::open::OpenDialect;
use arcp_wire::{Decoded, Dialect};
use serde_json::{Value, json};

use crate::roundtrip::{same, told};
use crate::samples::{accepted, at, event, job, lease, message, reply};

fn subscription() -> SubscriptionId {
    SubscriptionId::parse("sub_\"1\"").unwrap()
}

fn reference() -> ArtifactRef {
    ArtifactRef {
        artifact: ArtifactId::parse("art_1").unwrap(),
        media_type: "text/plain".to_owned(),
        size: 3,
        sha256: Some("ab".repeat(32)),
        expires_at: Some(at()),
    }
}

/// One of each event that has a type of its own since.
fn happened() -> Vec<Event> {
    let stream = |change| {
        let stream = StreamId::parse("str_1").unwrap();
        Event::Stream(StreamEvent { stream, change })
    };
    let lease = LeaseId::parse("lease_1").unwrap();
    vec![
        stream(StreamChange::Opened(StreamInfo {
            kind: StreamKind::Thought,
            content_type: Some("text/plain".to_owned()),
            encoding: None,
        })),
        stream(StreamChange::Chunk(StreamChunk {
            sequence: 3,
            data: Json::parse(r#"{"a":[1.50]}"#).unwrap(),
            content_type: None,
            sha256: Some("00".to_owned()),
            role: Some("assistant_thought".to_owned()),
            redacted: true,
        })),
        stream(StreamChange::Chunk(StreamChunk {
            sequence: 4,
            data: Json::null(),
            content_type: None,
            sha256: None,
            role: None,
            redacted: false,
        })),
        stream(StreamChange::Closed { last: Some(4) }),
        stream(StreamChange::Closed { last: None }),
        stream(StreamChange::Failed(Fault::new(Code::Cancelled, "stopped"))),
        Event::Artifact(reference()),
        Event::PermissionRequest(PermissionRequest {
            permission: "fs.write".to_owned(),
            resource: "/a".to_owned(),
            operation: "write".to_owned(),
            reason: Some("to keep it".to_owned()),
            lease: Some(Duration::from_mins(5)),
        }),
        Event::LeaseGranted(GrantedLease {
            lease: lease.clone(),
            permission: "fs.write".to_owned(),
            resource: "/a".to_owned(),
            operation: "write".to_owned(),
            expires_at: at(),
        }),
        Event::LeaseExtended { lease: lease.clone(), expires_at: at() },
        Event::LeaseRevoked { lease, reason: "no more".to_owned() },
    ]
}

#[test]
fn commands_come_back() {
    for after in [None, Some(0), Some(7)] {
        same(Command::Watch(WatchJob { job: job(), after }));
    }
    same(Command::Unwatch { job: job() });
    same(Command::Subscribe(Box::default()));
    let filter = EventFilter {
        sessions: [SessionId::parse("sess_1").unwrap()].into(),
        traces: [TraceId::parse("t").unwrap()].into(),
        jobs: [job()].into(),
        streams: [StreamId::parse("str_1").unwrap()].into(),
        kinds: Some([EventKind::Log, EventKind::Failed, EventKind::TimedOut].into()),
        names: ["com.acme.note.v1".to_owned()].into(),
        own_types: BTreeSet::new(),
        min_priority: Some(Priority::High),
    };
    let since = [Some(Since::Start), Some(Since::After(message())), None];
    for since in since {
        same(Command::Subscribe(Box::new(Subscribe { filter: filter.clone(), since })));
    }
    let none = EventFilter { kinds: Some([].into()), ..EventFilter::default() };
    same(Command::Subscribe(Box::new(Subscribe { filter: none, since: None })));
    same(Command::Unsubscribe { subscription: subscription() });
    same(Command::PutArtifact(Box::new(PutArtifact {
        media_type: "text/plain".to_owned(),
        data: b"\x00\xffabc".as_slice().into(),
        sha256: Some("ab".repeat(32)),
        retain: Some(Duration::from_secs(9)),
    })));
    let artifact = || ArtifactId::parse("art_1").unwrap();
    same(Command::FetchArtifact { artifact: artifact() });
    same(Command::ReleaseArtifact { artifact: artifact() });
    let lease = || LeaseId::parse("lease_1").unwrap();
    for verdict in [
        PermissionVerdict::Grant {
            resource: "/a".to_owned(),
            operation: "write".to_owned(),
            lease: Duration::from_mins(1),
        },
        PermissionVerdict::Deny { reason: "no".to_owned() },
    ] {
        for (request, job) in [(Some(message()), Some(job())), (None, None)] {
            let (permission, verdict) = ("fs.write".to_owned(), verdict.clone());
            let answer = PermissionAnswer { request, job, permission, verdict };
            same(Command::AnswerPermission(Box::new(answer)));
        }
    }
    same(Command::RefreshLease { lease: lease(), additional: Duration::from_secs(5) });
    same(Command::RevokeLease { lease: lease(), reason: "no more".to_owned() });
    for (stream, rate) in [(Some(StreamId::parse("str_1").unwrap()), Some(0)), (None, None)] {
        same(Command::Backpressure { stream, rate });
    }
}

#[test]
fn replies_and_notices_come_back() {
    let watched = |budget: bool| JobWatched {
        summary: JobSummary {
            job: job(),
            agent: "echo@1".to_owned(),
            state: JobState::Blocked,
            created_at: arcp_core::Timestamp::from_micros(0),
            trace: Some(TraceId::parse("t").unwrap()),
            parent: Some(job()),
            lease: lease(),
            last_index: 5,
        },
        budget: budget.then(|| lease().budget),
        after: 5,
        replayed: budget,
    };
    let mut outputs = vec![
        reply(Reply::Accepted(Box::new(heartbeating()))),
        reply(Reply::Watched(Box::new(watched(true)))),
        reply(Reply::Watched(Box::new(watched(false)))),
        reply(Reply::Subscribed { subscription: subscription() }),
        reply(Reply::ArtifactKept(Box::new(reference()))),
        reply(Reply::Done),
    ];
    let head = JobHead {
        job: job(),
        request: MessageId::parse("msg_asked").unwrap(),
        session: None,
        trace: None,
        priority: Priority::Normal,
    };
    let alive = Heartbeat {
        head: Arc::new(head),
        sequence: 2,
        deadline_ms: 60_000,
        state: JobState::Running,
    };
    let fault = Fault::new(Code::BackpressureOverflow, "too slow");
    for notice in
        [Notice::Heartbeat(alive), Notice::Unsubscribed { subscription: subscription(), fault }]
    {
        outputs.push(Output::Notice { id: message(), at: at(), notice });
    }
    let mut read = told(&outputs);
    let Output::Reply { reply: Reply::Accepted(session), .. } = &mut read[0] else {
        panic!("no session");
    };
    session.declared = heartbeating().declared;
    assert_eq!(read, outputs);
}

/// A session whose client wants heartbeats.
fn heartbeating() -> arcp_core::SessionAccepted {
    let mut session = accepted(&[]);
    let policy = |interval| HeartbeatPolicy { recovery: HeartbeatRecovery::Block, interval };
    session.declared.heartbeats = Some(policy(None));
    session.capabilities.heartbeats = Some(policy(Some(Duration::from_secs(30))));
    session.capabilities.binary_encodings = ["base64".to_owned()].into();
    session.capabilities.artifact_retention =
        Some(ArtifactRetention { default: Duration::from_mins(1), max: Duration::from_mins(2) });
    session
}

#[test]
fn a_client_that_did_not_ask_gets_no_heartbeats() {
    let (_, mut writer) = OpenDialect.runtime_codec();
    let mut frames = Vec::new();
    writer.encode(&reply(Reply::Accepted(Box::new(accepted(&[])))), &mut frames);
    let head = JobHead {
        job: job(),
        request: message(),
        session: None,
        trace: None,
        priority: Priority::Normal,
    };
    let (head, state) = (Arc::new(head), JobState::Running);
    let notice = Notice::Heartbeat(Heartbeat { head, sequence: 1, deadline_ms: 1, state });
    writer.encode(&Output::Notice { id: message(), at: at(), notice }, &mut frames);
    assert_eq!(frames.len(), 1);
}

#[test]
fn events_come_back() {
    for (number, happened) in happened().into_iter().enumerate() {
        let outputs = [event(number as u64 + 1, happened)];
        assert_eq!(told(&outputs), outputs);
    }
}

#[test]
fn an_artifact_comes_back_but_for_its_name() {
    let artifact = Artifact { reference: reference(), data: b"abc".as_slice().into() };
    let read = told(&[reply(Reply::Artifact(Box::new(artifact)))]);
    let Output::Reply { reply: Reply::Artifact(read), .. } = &read[0] else { panic!("{read:?}") };
    assert_eq!((&read.data[..], read.reference.media_type.as_str()), (&b"abc"[..], "text/plain"));
    assert_eq!(read.reference.sha256, reference().sha256);
}

fn frames(outputs: &[Output]) -> Vec<Value> {
    let (_, mut writer) = OpenDialect.runtime_codec();
    let mut frames = Vec::new();
    for output in outputs {
        writer.encode(output, &mut frames);
    }
    frames.iter().map(|frame| serde_json::from_slice(&frame.bytes).unwrap()).collect()
}

fn observed(event: Option<Event>) -> Output {
    let event = event.map(|happened| {
        let Output::Event(delivery) = self::event(1, happened) else { panic!("no event") };
        let mut event = Arc::into_inner(delivery.event).unwrap();
        let mut head = Arc::into_inner(event.head).unwrap();
        head.session = Some(SessionId::parse("sess_other").unwrap());
        head.priority = Priority::High;
        event.head = Arc::new(head);
        Arc::new(event)
    });
    Output::Observed(Observed { id: message(), at: at(), subscription: subscription(), event })
}

#[test]
fn an_observer_is_told_an_event_within_an_event() {
    let outputs = [
        reply(Reply::Accepted(Box::new(accepted(&[])))),
        observed(Some(Event::Thought { text: "t".to_owned() })),
        observed(None),
    ];
    let written = frames(&outputs);
    let wrapper = &written[1];
    assert_eq!(wrapper["type"], "subscribe.event");
    assert_eq!(wrapper["subscription_id"], subscription().as_str());
    for absent in ["session_id", "event_seq", "correlation_id", "job_id"] {
        assert_eq!(wrapper.get(absent), None, "{absent}");
    }
    let inner = &wrapper["payload"]["event"];
    assert_eq!(
        (&inner["type"], &inner["session_id"]),
        (&json!("event.emit"), &json!("sess_other"))
    );
    assert_eq!((&inner["job_id"], &inner["priority"]), (&json!("job_1"), &json!("high")));
    assert_eq!(inner.get("event_seq"), None);
    let end = &written[2]["payload"]["event"];
    assert_eq!(end["payload"]["name"], "subscription.backfill_complete");
    assert_ne!(end["id"], written[2]["id"]);
    let read = told(&outputs);
    assert_eq!(read[1..], outputs[1..]);
}

#[test]
fn an_agreed_type_goes_by_its_name() {
    let custom = |name: &str, data: &str| Event::Custom {
        name: name.to_owned(),
        data: Json::parse(data).unwrap(),
    };
    let agreed = reply(Reply::Accepted(Box::new(accepted(&["a.b.v1"]))));
    let outputs = [
        agreed,
        event(1, custom("a.b.v1", r#"{"x":1}"#)),
        event(2, custom("a.b.v1", "[1]")),
        event(3, custom("c.d.v1", r#"{"x":1}"#)),
    ];
    let written = frames(&outputs);
    let types: Vec<_> = written.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["session.accepted", "a.b.v1", "event.emit", "event.emit"]);
    assert_eq!(written[1]["payload"], json!({"x": 1}));
    assert_eq!(told(&outputs)[1..], outputs[1..]);
}

#[test]
fn inventories_are_flat_when_no_agent_has_versions() {
    let mut session = accepted(&[]);
    for card in &mut session.capabilities.agents {
        (card.versions, card.default) = (Vec::new(), None);
    }
    let written = frames(&[reply(Reply::Accepted(Box::new(session.clone())))]);
    assert_eq!(written[0]["payload"]["capabilities"]["agents"], json!(["echo"]));
    let read = told(&[reply(Reply::Accepted(Box::new(session.clone())))]);
    let Output::Reply { reply: Reply::Accepted(read), .. } = &read[0] else { panic!("{read:?}") };
    let wanted = Capabilities { ..session.capabilities };
    assert_eq!(read.capabilities, wanted);
}

#[test]
fn what_is_malformed_names_the_key() {
    let cases = [
        ("job.subscribe", json!({}), "`job_id` is missing"),
        ("job.subscribe", json!({"job_id": "x"}), "`job_id`: a job id must be"),
        (
            "job.subscribe",
            json!({"job_id": "job_1", "history": 1}),
            "`history` must be true or false",
        ),
        (
            "job.subscribe",
            json!({"job_id": "job_1", "from_event_seq": -1}),
            "`from_event_seq` must be",
        ),
        ("job.unsubscribe", json!({"job_id": null}), "`job_id` is missing"),
        ("subscribe", json!({"filter": null}), "`filter` must be an object"),
        ("subscribe", json!({"filter": {"job_id": null}}), "`filter.job_id` must be a list"),
        ("subscribe", json!({"filter": {"job_id": "job_1"}}), "`filter.job_id` must be a list"),
        ("subscribe", json!({"filter": {"job_id": ["x"]}}), "`filter.job_id`: a job id must be"),
        (
            "subscribe",
            json!({"filter": {"types": vec!["log"; 1001]}}),
            "`filter.types` has more than",
        ),
        (
            "subscribe",
            json!({"filter": {"min_priority": "top"}}),
            "`filter.min_priority` must be low",
        ),
        (
            "subscribe",
            json!({"since": {"after_message_id": ""}}),
            "`since.after_message_id` must be",
        ),
        ("subscribe", json!({"since": 5}), "`since` must be an object"),
        ("unsubscribe", json!({"subscription_id": "x"}), "`subscription_id`: a subscription id"),
        ("artifact.put", json!({"data": "QQ=="}), "`media_type` is missing"),
        ("artifact.put", json!({"media_type": "", "data": "QQ=="}), "`media_type` must be text of"),
        ("artifact.put", json!({"media_type": "a/b"}), "`data` is missing"),
        ("artifact.put", json!({"media_type": "a/b", "data": "QQ"}), "`data` must be base64"),
        ("artifact.put", json!({"media_type": "a/b", "data": "Q!=="}), "`data` must be base64"),
        (
            "artifact.put",
            json!({"media_type": "a/b", "data": "QQ==", "sha256": "ff"}),
            "`sha256` must be 64",
        ),
        (
            "artifact.put",
            json!({"media_type": "a/b", "data": "QQ==", "retain_seconds": 1.5}),
            "`retain_seconds` must",
        ),
        ("artifact.fetch", json!({"artifact_id": "1"}), "`artifact_id`: an artifact id must be"),
        ("artifact.release", json!({}), "`artifact_id` is missing"),
        (
            "permission.grant",
            json!({"permission": "p", "resource": "r", "operation": "o"}),
            "`lease_seconds` is missing",
        ),
        (
            "permission.grant",
            json!({"resource": "r", "operation": "o", "lease_seconds": 1}),
            "`permission` is missing",
        ),
        ("permission.deny", json!({"permission": "p"}), "`reason` is missing"),
        (
            "lease.refresh",
            json!({"lease_id": "x", "additional_seconds": 1}),
            "`lease_id`: a lease id",
        ),
        ("lease.revoked", json!({"lease_id": "lease_1"}), "`reason` is missing"),
        (
            "backpressure",
            json!({"desired_rate_per_second": "fast"}),
            "`desired_rate_per_second` must",
        ),
    ];
    let (mut reader, _) = OpenDialect.runtime_codec();
    for (kind, payload, wanted) in cases {
        let frame = json!({
            "arcp": "1.1", "id": "msg_1", "timestamp": "2026-01-01T00:00:00Z",
            "type": kind, "payload": payload,
        });
        match reader.decode(&Frame::text(frame.to_string())) {
            Decoded::Message(issued) => match issued.command {
                Command::Refused { wanted: Wanted::Other, fault } => {
                    assert_eq!(fault.code, Code::InvalidArgument, "{frame}");
                    assert!(fault.message.starts_with(wanted), "{frame}: {}", fault.message);
                }
                other => panic!("{frame}: {other:?}"),
            },
            other => panic!("{frame}: {other:?}"),
        }
    }
}

#[test]
fn a_digest_reads_however_it_is_written() {
    let (mut reader, _) = OpenDialect.runtime_codec();
    let digest = "AB".repeat(32);
    for text in [digest.clone(), format!("sha256:{digest}")] {
        let frame = json!({
            "arcp": "1.1", "id": "msg_1", "timestamp": "2026-01-01T00:00:00Z",
            "type": "artifact.put",
            "payload": {"media_type": "a/b", "data": "", "sha256": text},
        });
        let Decoded::Message(issued) = reader.decode(&Frame::text(frame.to_string())) else {
            panic!("{frame}");
        };
        let Command::PutArtifact(put) = issued.command else { panic!("{frame}") };
        assert_eq!(put.sha256, Some("ab".repeat(32)));
    }
}

#[test]
fn a_traceparent_names_the_trace() {
    let (mut reader, _) = OpenDialect.runtime_codec();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let sound = format!("00-{trace}-00f067aa0ba902b7-01");
    let cases = [
        (Some(sound.as_str()), None, Some(trace)),
        (Some(sound.as_str()), Some("t"), Some("t")),
        (Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None, None),
        (Some("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), None, None),
        (Some("nonsense"), None, None),
        (Some("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"), None, None),
        (None, None, None),
    ];
    for (parent, given, wanted) in cases {
        let frame = json!({
            "arcp": "1.1", "id": "msg_1", "timestamp": "2026-01-01T00:00:00Z", "type": "ping",
            "traceparent": parent, "trace_id": given, "payload": {},
        });
        let Decoded::Message(issued) = reader.decode(&Frame::text(frame.to_string())) else {
            panic!("{frame}");
        };
        assert_eq!(issued.trace.as_ref().map(TraceId::as_str), wanted, "{frame}");
    }
}
