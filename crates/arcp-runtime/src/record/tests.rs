//! What is written reads back; what is damaged or newer is refused; the format stays as it is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    AgentRef, ArtifactId, ArtifactRef, ChunkEncoding, Code, Completion, CredentialId, Delegated,
    Event, Fault, Feature, GrantedLease, JobHead, JobId, JobState, Json, Lease, LeaseId, LogLevel,
    MessageId, Parent, PermissionRequest, Principal, Priority, Progress, Quantity, Record,
    ResultChunk, ResultId, Secret, SessionId, StreamChange, StreamChunk, StreamEvent, StreamId,
    StreamInfo, StreamKind, Timestamp, TraceId, Vocabulary,
};

use super::{
    JobFact, JobPage, Outcome, SessionFact, SessionPage, event_id, read_job_page, read_session_page,
};

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn number(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

fn fault() -> Fault {
    Fault::new(Code::NotFound, "no \"such\" thing\n").with_detail(json(r#"{"a":[1]}"#))
}

/// One of each, with texts that need escapes.
fn events() -> Vec<Event> {
    let odd = "a \"quoted\" \\ line\nand \u{0}\u{1F600}".to_owned();
    let result = ResultId::parse("res_1").unwrap();
    let chunk = |encoding, more| {
        let (result, data) = (result.clone(), Arc::from("QUJD"));
        Event::ResultChunk(ResultChunk { result, chunk: 3, data, encoding, more })
    };
    let lease = LeaseId::parse("lease_1").unwrap();
    let streamed = |change| {
        let stream = StreamId::parse("str_1").unwrap();
        Event::Stream(StreamEvent { stream, change })
    };
    let metric = |value: &str, unit: Option<&str>| Event::Metric {
        name: "m".to_owned(),
        value: number(value),
        unit: unit.map(str::to_owned),
        dimensions: unit.map(|_| json(r#"{"x": 1.0}"#)),
    };
    vec![
        Event::Started { description: odd.clone() },
        Event::Log { level: LogLevel::Warn, message: odd.clone(), attributes: Some(json("{}")) },
        Event::Log { level: LogLevel::Critical, message: String::new(), attributes: None },
        metric("0.10", Some("USD")),
        metric("1e300", None),
        Event::Progress(Progress {
            current: number("1"),
            total: Some(number("2.5")),
            units: Some(odd.clone()),
            message: None,
        }),
        Event::Thought { text: odd.clone() },
        Event::ToolCall { call_id: "c".to_owned(), tool: odd.clone(), arguments: json("[null]") },
        Event::ToolResult { call_id: "c".to_owned(), result: Ok(json("null")) },
        Event::ToolResult { call_id: "c".to_owned(), result: Err(fault()) },
        Event::Status { phase: "p".to_owned(), message: Some(odd.clone()) },
        Event::Custom { name: odd.clone(), data: json("{\"k\" : [1, 2]}") },
        chunk(ChunkEncoding::Utf8, true),
        chunk(ChunkEncoding::Base64, false),
        streamed(StreamChange::Opened(StreamInfo {
            kind: StreamKind::Thought,
            content_type: Some(odd.clone()),
            encoding: None,
        })),
        streamed(StreamChange::Chunk(StreamChunk {
            sequence: 7,
            data: json("{\"a\": [1 ]}"),
            content_type: None,
            sha256: Some("00".to_owned()),
            role: Some(odd.clone()),
            redacted: true,
        })),
        streamed(StreamChange::Closed { last: Some(7) }),
        streamed(StreamChange::Closed { last: None }),
        streamed(StreamChange::Failed(fault())),
        Event::Artifact(ArtifactRef {
            artifact: ArtifactId::parse("art_1").unwrap(),
            media_type: odd.clone(),
            size: u64::MAX,
            sha256: Some("ff".to_owned()),
            expires_at: Some(Timestamp::from_micros(5)),
        }),
        Event::PermissionRequest(PermissionRequest {
            permission: "p".to_owned(),
            resource: odd.clone(),
            operation: "o".to_owned(),
            reason: Some(odd.clone()),
            lease: Some(Duration::from_secs(9)),
        }),
        Event::LeaseGranted(GrantedLease {
            lease: lease.clone(),
            permission: "p".to_owned(),
            resource: odd.clone(),
            operation: "o".to_owned(),
            expires_at: Timestamp::from_micros(6),
        }),
        Event::LeaseExtended { lease: lease.clone(), expires_at: Timestamp::from_micros(7) },
        Event::LeaseRevoked { lease, reason: odd.clone() },
        Event::Checkpoint { size: 9 },
        Event::Delegated(Box::new(Delegated {
            delegation: odd.clone(),
            child: JobId::parse("job_2").unwrap(),
            agent: "a@1".to_owned(),
            input: json("[1 ]"),
            lease: Lease::default().grant("fs.read", Pattern::parse("/a/*").unwrap()),
        })),
        Event::CredentialRotated { id: CredentialId::parse("cred_1").unwrap(), value: None },
        Event::Completed(Completion::Inline(json("null"))),
        Event::Completed(Completion::Streamed { result, size: 7, summary: Some(odd.clone()) }),
        Event::Failed(fault()),
        Event::Cancelled { reason: odd },
        Event::TimedOut(fault().with_retryable(true)),
    ]
}

fn head() -> JobHead {
    JobHead {
        job: JobId::parse("job_01M825XHE1Z8AC27G8MHZ6EPJT").unwrap(),
        request: MessageId::parse("msg_\"1\"").unwrap(),
        session: Some(SessionId::parse("sess_1").unwrap()),
        trace: Some(TraceId::parse("trace\\1").unwrap()),
        priority: Priority::High,
    }
}

fn page(events: &[Event]) -> Record {
    let mut page = JobPage::new(&head(), 5).unwrap();
    for event in events {
        page.push(Timestamp::from_micros(1_700_000_000_000_001), event).unwrap();
    }
    page.into_record()
}

#[test]
fn every_event_reads_back() {
    let events = events();
    let record = page(&events);
    assert_eq!((record.first, record.span as usize), (5, events.len()));
    let read = read_job_page(&head().job, &record, 0).unwrap();
    assert_eq!(read.len(), events.len());
    for ((index, read), (at, event)) in read.iter().zip((5..).zip(&events)) {
        assert_eq!(*index, at);
        assert_eq!(read.event, *event);
        assert_eq!(*read.head, head());
        assert_eq!(read.id, event_id(&head().job, at, read.at));
    }
    assert_eq!(read_job_page(&head().job, &record, 6).unwrap()[0].0, 7);
}

#[test]
fn the_value_of_a_credential_is_not_written() {
    let id = CredentialId::parse("cred_1").unwrap();
    let value = Some(Secret::new("s3cret".to_owned()));
    let record = page(&[Event::CredentialRotated { id: id.clone(), value }]);
    assert!(!record.body.windows(6).any(|part| part == b"s3cret"));
    let read = read_job_page(&head().job, &record, 0).unwrap();
    assert_eq!(read[0].1.event, Event::CredentialRotated { id, value: None });
}

#[test]
fn line_breaks_between_tokens_do_not_break_a_page() {
    let spread = json("{\r\n  \"a\": [\n1\n]\n}");
    let events = [Event::Completed(Completion::Inline(spread.clone()))];
    let read = read_job_page(&head().job, &page(&events), 0).unwrap();
    let Event::Completed(Completion::Inline(value)) = &read[0].1.event else { panic!("{read:?}") };
    let plain = |json: &Json| json.read::<serde_json::Value>().unwrap();
    assert_eq!(plain(value), plain(&spread));
}

#[test]
fn ids_of_events_differ_between_jobs_of_one_millisecond() {
    let at = Timestamp::from_micros(1_700_000_000_000_001);
    let mut ids = BTreeSet::new();
    for number in 0..1_000_u128 {
        let job = JobId::from_ulid(ulid::Ulid::from_parts(at.as_millis(), number));
        for index in 1..10 {
            assert!(ids.insert(event_id(&job, index, at)), "{job} {index}");
        }
    }
}

#[test]
fn the_format_of_a_page_stays_as_it_is() {
    let record =
        page(&[Event::Log { level: LogLevel::Info, message: "hi".to_owned(), attributes: None }]);
    let body = std::str::from_utf8(&record.body).unwrap();
    assert_eq!(
        body,
        concat!(
            r#"{"v":1,"request":"msg_\"1\"","session":"sess_1","trace":"trace\\1","priority":"high"}"#,
            "\n",
            r#"{"a":1700000000000001,"e":{"log":{"level":"info","message":"hi"}}}"#,
            "\n"
        )
    );
}

#[test]
fn a_page_without_session_and_priority_reads() {
    let whole = page(&[Event::Thought { text: "t".to_owned() }]);
    let text = std::str::from_utf8(&whole.body).unwrap();
    let old = text.replace(r#","session":"sess_1""#, "").replace(r#","priority":"high""#, "");
    let record = Record { body: old.into(), ..whole };
    let events = read_job_page(&head().job, &record, 0).unwrap();
    assert_eq!((&events[0].1.head.session, events[0].1.head.priority), (&None, Priority::Normal));
}

#[test]
fn damaged_and_newer_pages_are_refused() {
    let whole = page(&events());
    let text = std::str::from_utf8(&whole.body).unwrap();
    let with = |body: &str| Record { body: body.to_owned().into(), ..whole.clone() };
    let refused = |record: &Record| read_job_page(&head().job, record, 0).is_err();
    assert!(refused(&with("")));
    assert!(refused(&with(&text[..text.len() / 2])));
    assert!(refused(&with(&text.replacen("\"v\":1", "\"v\":2", 1))));
    assert!(refused(&with(&text.replacen("\"warn\"", "\"loud\"", 1))));
    let lines: Vec<_> = text.lines().collect();
    assert!(refused(&with(&lines[..lines.len() - 1].join("\n"))));
}

#[test]
fn pointers_run_together_and_read_back() {
    let job = |n: u64| JobId::parse(&format!("job_{n}")).unwrap();
    let mut page = SessionPage::new(10);
    for (number, index) in [(1, 1), (1, 2), (2, 1), (1, 3), (1, 5)] {
        page.push(&job(number), index);
    }
    let record = page.into_record().unwrap();
    assert_eq!((record.first, record.span), (10, 5));
    let runs = read_session_page(&record).unwrap();
    let runs: Vec<_> =
        runs.iter().map(|(seq, r)| (*seq, r.job.as_str(), r.index, r.count)).collect();
    let wanted =
        [(10, "job_1", 1, 2), (12, "job_2", 1, 1), (13, "job_1", 3, 1), (14, "job_1", 5, 1)];
    assert_eq!(runs, wanted);
    assert!(read_session_page(&Record { span: 6, ..record.clone() }).is_err());
    assert!(read_session_page(&Record { body: "{}".into(), ..record }).is_err());
}

#[test]
fn facts_read_back_and_newer_ones_are_refused() {
    let mut lease = Lease::default().grant("fs.read", Pattern::parse("/a/**").unwrap());
    lease.budget = Budget::parse(["USD:0.10"]).unwrap();
    lease.expires_at = Some(Timestamp::from_micros(9));
    lease.other.insert("x".to_owned(), json("[1.0]"));
    let (state, ended_at) = (JobState::TimedOut, Timestamp::from_micros(8));
    let mut left = Budget::parse(["USD:0.03", "EUR:1"]).unwrap();
    left.charge("EUR", "1.50".parse().unwrap()).unwrap();
    let outcome = Outcome { state, ended_at, last_index: 4, left };
    let job = JobFact {
        principal: Principal::anonymous("a\"b"),
        session: SessionId::parse("sess_1").unwrap(),
        request: head().request,
        trace: head().trace,
        priority: Priority::Low,
        agent: AgentRef::parse("a@1").unwrap(),
        lease,
        created_at: Timestamp::from_micros(7),
        max_runtime: Some(Duration::from_millis(1_500)),
        parent: Some(Parent {
            job: JobId::parse("job_0").unwrap(),
            delegation: Some("d".to_owned()),
        }),
        outcome: Some(outcome),
    };
    let bytes = job.to_bytes().unwrap();
    assert_eq!(JobFact::from_bytes(&bytes).unwrap(), job);
    let open = JobFact { outcome: None, ..job };
    assert_eq!(JobFact::from_bytes(&open.to_bytes().unwrap()).unwrap(), open);
    let session = SessionFact {
        principal: Principal::named("alice"),
        scheme: "bearer".to_owned(),
        opened_at: Timestamp::from_micros(6),
        resume: Some([0xa7; 32]),
        older: vec![[0x0b; 32], [0; 32]],
        expires_at: Some(Timestamp::from_micros(5)),
        extensions: ["com.example.x.v1".to_owned()].into(),
        heartbeats: true,
        features: BTreeSet::from([Feature::Ack, Feature::CostBudget]),
        vocabulary: Vocabulary::named("hello"),
    };
    assert_eq!(SessionFact::from_bytes(&session.to_bytes().unwrap()).unwrap(), session);
    let newer = String::from_utf8(bytes.to_vec()).unwrap().replacen("\"v\":1", "\"v\":2", 1);
    assert!(JobFact::from_bytes(newer.as_bytes()).is_err());
    assert!(JobFact::from_bytes(b"{}").is_err());
}
