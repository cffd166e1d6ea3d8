//! Frames that are none, or ask for what cannot be.

use arcp_core::{Command, Frame, Issued, Wanted};
use arcp_wire::open::OpenDialect;
use arcp_wire::{Decoded, Dialect};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn decode(frame: &Frame) -> Decoded<Issued> {
    OpenDialect.runtime_codec().0.decode(frame)
}

fn said(text: &str) -> String {
    match decode(&Frame::text(text.to_owned())) {
        Decoded::Message(issued) => match issued.command {
            Command::Refused { wanted, fault } => {
                let wanted = match wanted {
                    Wanted::Session => " open",
                    Wanted::Authentication => " authenticate",
                    Wanted::Job => " submit",
                    Wanted::Unanswered | Wanted::Other => "",
                };
                format!("refused{wanted}: {fault}")
            }
            command => format!("{command:?}"),
        },
        Decoded::Ignored => "ignored".into(),
        Decoded::Bad { id, fault } => format!("bad {id:?}: {fault}"),
    }
}

fn envelope(kind: &str, payload: &str, more: &str) -> String {
    format!(
        r#"{{"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22 10:59:09z","type":"{kind}","payload":{payload}{more}}}"#
    )
}

fn check(texts: &[&str], expected: &Expect) {
    let lines: Vec<_> = texts.iter().map(|text| said(text)).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn no_envelope() {
    check(
        &[
            "",
            "{nope",
            "[1,2]",
            "null",
            r#""s3cret""#,
            r#"{"id":"msg_1","id":"msg_2"}"#,
            r#"{"arcp":"1.1","id":"abc"}"#,
            r#"{"arcp":"1.1","id":"msg_"}"#,
            r#"{"arcp":1,"id":"msg_1"}"#,
            r#"{"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09"}"#,
            r#"{"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09Z","type":5}"#,
            r#"{"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09Z","type":"ping"}"#,
            r#"{"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09Z","type":"ping","payload":[]}"#,
        ],
        &expect![[r#"
            bad None: INVALID_ARGUMENT: the frame is not JSON: EOF while parsing a value at line 1 column 0
            bad None: INVALID_ARGUMENT: the frame is not JSON: key must be a string at line 1 column 2
            bad None: INVALID_ARGUMENT: the frame is not a JSON object
            bad None: INVALID_ARGUMENT: the frame is not a JSON object
            bad None: INVALID_ARGUMENT: the frame is not a JSON object
            bad None: INVALID_ARGUMENT: duplicate field `id` at line 1 column 18
            bad None: INVALID_ARGUMENT: `id` must be `msg_` and at least one more character
            bad None: INVALID_ARGUMENT: `id` must be `msg_` and at least one more character
            bad Some(msg_1): INVALID_ARGUMENT: `arcp` must be text
            bad Some(msg_1): INVALID_ARGUMENT: `timestamp` must be an RFC 3339 timestamp
            bad Some(msg_1): INVALID_ARGUMENT: `type` must be text
            bad Some(msg_1): INVALID_ARGUMENT: `payload` is missing
            bad Some(msg_1): INVALID_ARGUMENT: `payload` must be an object"#]],
    );
}

#[test]
fn keys_of_the_envelope() {
    let lines: Vec<_> = [
        r#","session_id":null,"job_id":null,"trace_id":null,"event_seq":null,"idempotency_key":null"#,
        r#","priority":"high","source":5,"zzz":{},"extensions":[]"#,
        r#","session_id":"job_1""#,
        r#","job_id":5"#,
        r#","correlation_id":"x""#,
        r#","trace_id":"""#,
        r#","span_id":"""#,
        r#","priority":"urgent""#,
        r#","priority":null"#,
        r#","idempotency_key":"""#,
        r#","event_seq":1.0"#,
        r#","event_seq":-1"#,
    ]
    .iter()
    .map(|more| said(&envelope("ping", "{}", more)))
    .collect();
    expect![[r#"
        Ping { kind: Connection, nonce: None }
        Ping { kind: Connection, nonce: None }
        bad Some(msg_1): INVALID_ARGUMENT: `session_id` must be `sess_` and at least one more character, at most 256 bytes
        bad Some(msg_1): INVALID_ARGUMENT: `job_id` must be text
        bad Some(msg_1): INVALID_ARGUMENT: `correlation_id` must be `msg_` and at least one more character
        bad Some(msg_1): INVALID_ARGUMENT: `trace_id` must be non-empty text, at most 256 bytes
        bad Some(msg_1): INVALID_ARGUMENT: `span_id` must be non-empty text
        bad Some(msg_1): INVALID_ARGUMENT: `priority` must be low, normal, high or critical
        bad Some(msg_1): INVALID_ARGUMENT: `priority` must be low, normal, high or critical
        bad Some(msg_1): INVALID_ARGUMENT: `idempotency_key` must be non-empty text, at most 256 bytes
        bad Some(msg_1): INVALID_ARGUMENT: `event_seq` must be a whole number, at least 0
        bad Some(msg_1): INVALID_ARGUMENT: `event_seq` must be a whole number, at least 0"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn what_a_session_remembers_is_bounded() {
    let open = |extensions: &[String]| {
        let payload = serde_json::json!({
            "auth": {"scheme": "x"},
            "client": {"kind": "k", "version": "1"},
            "capabilities": {"extensions": extensions},
        });
        said(&envelope("session.open", &payload.to_string(), ""))
    };
    let names = |count: usize| (0..count).map(|n| format!("x{n}")).collect::<Vec<_>>();
    assert!(open(&names(64)).starts_with("Open("));
    assert!(open(&["x".repeat(256)]).starts_with("Open("));
    let refused = "refused open: INVALID_ARGUMENT: `extensions` must have at most 64 names of at \
        most 256 bytes";
    assert_eq!(open(&names(65)), refused);
    assert_eq!(open(&["x".repeat(257)]), refused);
}

#[test]
fn types_that_are_not_done() {
    let optional = r#","extensions":{"optional":true}"#;
    let lines: Vec<_> = [
        ("arcpx.example.v1", ""),
        ("arcpx.example.v1", optional),
        ("job.nonsense", optional),
        ("nonsense", optional),
        ("subscribe", ""),
        ("job.accepted", ""),
        ("log", ""),
        ("pong", ""),
        ("session.pong", ""),
        ("ack", ""),
        ("nack", ""),
    ]
    .iter()
    .map(|(kind, more)| said(&envelope(kind, "{}", more)))
    .collect();
    expect![[r#"
        refused: UNIMPLEMENTED: message type `arcpx.example.v1` is not implemented
        ignored
        refused: UNIMPLEMENTED: message type `job.nonsense` is not implemented
        refused: UNIMPLEMENTED: message type `nonsense` is not implemented
        Subscribe(Subscribe { filter: EventFilter { sessions: {}, traces: {}, jobs: {}, streams: {}, kinds: None, names: {}, own_types: {}, min_priority: None }, since: None })
        refused: INVALID_ARGUMENT: only a runtime sends `job.accepted`
        refused: INVALID_ARGUMENT: only a runtime sends `log`
        Pong { nonce: None }
        Pong { nonce: None }
        ignored
        ignored"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn payloads_that_cannot_be_done() {
    let lines: Vec<_> = [
        ("session.open", "{}"),
        ("session.open", r#"{"auth":"s3cret","client":{}}"#),
        ("session.open", r#"{"auth":{"scheme":"x","token":["s3cret"]},"client":{}}"#),
        ("session.open", r#"{"auth":{"scheme":"x"},"client":{"kind":"k","version":"1"},"capabilities":null}"#),
        ("session.open", r#"{"auth":{"scheme":"x"},"client":{"kind":"k","version":"1"},"capabilities":{"streaming":"yes"}}"#),
        ("session.authenticate", r#"{"response":5}"#),
        ("session.ping", r#"{"nonce":"n"}"#),
        ("session.ack", r#"{"last_processed_seq":-1}"#),
        ("session.list_jobs", r#"{"filter":null,"cursor":null,"limit":null}"#),
        ("session.list_jobs", r#"{"filter":{"status":["failed","moon"]}}"#),
        ("session.list_jobs", r#"{"filter":{"status":["moon"]}}"#),
        ("session.list_jobs", r#"{"filter":{"status":null}}"#),
        ("session.list_jobs", r#"{"cursor":"page 2"}"#),
        ("tool.invoke", r#"{"tool":"echo"}"#),
        ("tool.invoke", r#"{"tool":"echo","arguments":null}"#),
        ("tool.invoke", r#"{"arguments":1}"#),
        ("tool.invoke", r#"{"tool":"echo","tool":"x","arguments":1}"#),
        ("tool.invoke", r#"{"tool":"echo","arguments":1,"cost_budget":["USD:-1"]}"#),
        ("cancel", r#"{"target":"moon"}"#),
        ("cancel", r#"{"target":"job"}"#),
        ("cancel", r#"{"target":"job","target_id":"j","deadline_ms":"soon"}"#),
    ]
    .iter()
    .map(|(kind, payload)| said(&envelope(kind, payload, "")))
    .collect();
    let lines = lines.join("\n");
    assert!(!lines.contains("s3cret"), "{lines}");
    expect![[r#"
        refused open: INVALID_ARGUMENT: `auth` is missing
        refused open: INVALID_ARGUMENT: `auth` must be an object
        refused open: INVALID_ARGUMENT: `auth.token` must be text
        refused open: INVALID_ARGUMENT: `capabilities` must be an object
        refused open: INVALID_ARGUMENT: `capabilities.streaming` must be true or false
        refused authenticate: INVALID_ARGUMENT: `response` must be text
        refused: INVALID_ARGUMENT: `sent_at` is missing
        refused: INVALID_ARGUMENT: `last_processed_seq` must be a whole number, at least 0
        ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: None, after: None })
        ListJobs(ListJobs { filter: JobFilter { states: Some([Failed, TimedOut, Aborted]), agent: None, created_after: None, created_before: None }, limit: None, after: None })
        ListJobs(ListJobs { filter: JobFilter { states: Some([]), agent: None, created_after: None, created_before: None }, limit: None, after: None })
        refused: INVALID_ARGUMENT: `filter.status` must be a list of texts
        refused: INVALID_ARGUMENT: `cursor` must be what a page of jobs gave
        refused submit: INVALID_ARGUMENT: `arguments` is missing
        Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
        refused submit: INVALID_ARGUMENT: `tool` is missing
        refused submit: INVALID_ARGUMENT: `payload` has `tool` twice
        refused submit: INVALID_ARGUMENT: `cost_budget`: `USD:-1` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
        refused: INVALID_ARGUMENT: `target` must be job, stream or session, not `moon`
        refused: INVALID_ARGUMENT: `target_id` is missing
        refused: INVALID_ARGUMENT: `deadline_ms` must be a whole number, at least 0"#]].assert_eq(&lines);
}

#[test]
fn no_token_is_shown() {
    let open = envelope(
        "session.open",
        r#"{"auth":{"scheme":"bearer","token":"s3cret"},"client":{"kind":"k","version":"1"}}"#,
        "",
    );
    let shown = format!("{:?}", decode(&Frame::text(open)));
    assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");
    let answer = envelope("session.authenticate", r#"{"response":"s3cret"}"#, "");
    let shown = format!("{:?}", decode(&Frame::text(answer)));
    assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn deep_and_large_frames_do_no_harm() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let invoke = |arguments: &str| {
        envelope("tool.invoke", &format!(r#"{{"tool":"e","arguments":{arguments}}}"#), "")
    };
    assert!(said(&invoke(&nested(90))).starts_with("Submit"));
    let deep = "bad Some(msg_1): INVALID_ARGUMENT: the frame nests more than 100 levels deep";
    assert_eq!(said(&invoke(&nested(100))), deep);
    assert_eq!(said(&invoke(&nested(300_000))), deep);
    assert!(said(&"[".repeat(1 << 20)).starts_with("bad None"));
    assert!(
        said(&envelope("ping", "{}", &format!(r#","zzz":{}"#, nested(300_000)))).starts_with("bad")
    );
    let long = "x".repeat(1 << 20);
    assert!(said(&invoke(&format!("\"{long}\""))).starts_with("Submit"));
    assert!(said(&envelope(&long, "{}", "")).len() < 200);
    assert!(said(&envelope("ping", "{}", &format!(r#","idempotency_key":"{long}""#))).len() < 200);
}

#[test]
fn bytes_that_are_no_text() {
    assert!(matches!(decode(&Frame::binary(&b"{}"[..])), Decoded::Ignored));
    assert!(matches!(decode(&Frame::text(&[0xff, 0xfe][..])), Decoded::Bad { id: None, .. }));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let frame = Frame::text(bytes);
        look(&decode(&frame));
        look(&OpenDialect.client_codec().0.decode(&frame));
        look(&OpenDialect.claims(&frame));
    }

    #[test]
    fn no_payload_panics(kind in kinds(), payload in crate::values::json(), key in keys()) {
        let payload = format!(r#"{{"{key}":{payload}}}"#);
        let frame = Frame::text(envelope(kind, &payload, r#","job_id":"job_1","event_seq":1"#));
        look(&decode(&frame));
        look(&OpenDialect.client_codec().0.decode(&frame));
    }
}

/// Whatever it is, it can be shown.
fn look(decoded: &impl std::fmt::Debug) {
    assert!(!format!("{decoded:?}").is_empty());
}

fn kinds() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "session.open",
        "session.list_jobs",
        "tool.invoke",
        "cancel",
        "session.accepted",
        "session.jobs",
        "job.accepted",
        "job.failed",
        "job.completed",
        "event.emit",
        "metric",
        "nack",
    ])
}

fn keys() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "auth",
        "capabilities",
        "filter",
        "lease_request",
        "cost_budget",
        "jobs",
        "lease",
        "value",
        "data",
        "details",
    ])
}
