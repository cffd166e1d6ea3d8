//! Frames that are none.

use arcp_core::{Frame, Reply};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{Compatibility, Dialect};
use expect_test::expect;
use proptest::prelude::*;

use crate::reading::{check, envelope, fresh, live, read, said, said_of};
use crate::samples::{accepted, reply};

#[test]
fn no_envelope() {
    let texts = [
        "",
        "{nope",
        "[1,2]",
        "null",
        r#""s3cret""#,
        "5",
        r#"{"id":"m1","id":"m2"}"#,
        r#"{"id":"m1","type":"session.ack"}"#,
        r#"{"arcp":"1.1","type":"session.ack","payload":{}}"#,
        r#"{"arcp":"1.1","id":"","type":"session.ack","payload":{}}"#,
        r#"{"arcp":"1.1","id":7,"type":"session.ack","payload":{}}"#,
        r#"{"arcp":"1.1","id":null,"type":"session.ack","payload":{}}"#,
        r#"{"arcp":"1.1","id":"m1","payload":{}}"#,
        r#"{"arcp":"1.1","id":"m1","type":5,"payload":{}}"#,
        r#"{"arcp":"1.1","id":"m1","type":"session.ack"}"#,
        r#"{"arcp":"1.1","id":"m1","type":"session.ack","payload":null}"#,
        r#"{"arcp":"1.1","id":"m1","type":"session.ack","payload":[]}"#,
        r#"{"arcp":"1.1","id":"m1","type":"session.ack","payload":"s3cret"}"#,
        r#"{"arcp":"1.1","id":"m1","type":"session.ack","payload":{"a":1,"a":2}}"#,
    ];
    check(
        texts.map(said),
        &expect![[r#"
            bad None: INVALID_ARGUMENT: the frame is not a JSON object
            bad None: INVALID_ARGUMENT: the frame is not a JSON object
            bad None: INVALID_ARGUMENT: `envelope` must be an object
            bad None: INVALID_ARGUMENT: `envelope` must be an object
            bad None: INVALID_ARGUMENT: `envelope` must be an object
            bad None: INVALID_ARGUMENT: `envelope` must be an object
            bad None: INVALID_ARGUMENT: `envelope` has `id` twice
            bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` is missing
            bad None: INVALID_ARGUMENT: `envelope.id` is missing
            bad None: INVALID_ARGUMENT: `envelope.id`: a message id must be non-empty text, at most 256 bytes
            bad None: INVALID_ARGUMENT: `envelope.id` must be text
            bad None: INVALID_ARGUMENT: `envelope.id` is missing
            bad Some(m1): INVALID_ARGUMENT: `envelope.type` is missing
            bad Some(m1): INVALID_ARGUMENT: `envelope.type` must be text
            bad Some(m1): INVALID_ARGUMENT: `envelope.payload` is missing
            bad Some(m1): INVALID_ARGUMENT: `envelope.payload` is missing
            bad Some(m1): INVALID_ARGUMENT: `envelope.payload` must be an object
            bad Some(m1): INVALID_ARGUMENT: `envelope.payload` must be an object
            refused unanswered: INVALID_ARGUMENT: `payload` has `a` twice"#]],
    );
}

#[test]
fn ids() {
    let ids = [
        "01M81F38HD5Z87SYAYT8N0Z75C",
        "msg_01M81F38HD5Z87SYAYT8N0Z75C",
        "019aab6e-6c06-7eed-9cfd-a2e8b2f0dcc7",
        "bab7d9ae-6c06-4eed-9cfd-a2e8b2f0dcc7",
        "m",
        "\\u00e4 \\\"1\\\"",
    ];
    for id in ids {
        let frame = format!(r#"{{"arcp":"1.1","id":"{id}","type":"session.pong","payload":{{}}}}"#);
        assert_eq!(said(&frame), "Pong { nonce: None }", "{id}");
    }
    let long = |length: usize| {
        let id = "x".repeat(length);
        format!(r#"{{"arcp":"1.1","id":"{id}","type":"session.pong","payload":{{}}}}"#)
    };
    assert_eq!(said(&long(256)), "Pong { nonce: None }");
    assert!(said(&long(257)).starts_with("bad None: INVALID_ARGUMENT: `envelope.id`"));
}

/// The spellings that there are of the version are taken, and the runtime spells it likewise.
#[test]
fn versions() {
    for (version, answered) in [("1.1", true), ("1.0", true), ("1", true), ("1.2", false)] {
        let (mut reader, mut writer) = HelloDialect::default().runtime_codec();
        let hello = format!(
            r#"{{"arcp":"{version}","id":"m1","type":"session.hello","payload":{{"client":{{"name":"c","version":"1"}},"auth":{{"scheme":"bearer"}}}}}}"#
        );
        let heard = read(&mut *reader, &hello);
        assert_eq!(heard.starts_with("Open("), answered, "{heard}");
        let mut frames = Vec::new();
        writer.encode(&reply(Reply::Accepted(Box::new(accepted()))), &mut frames);
        let happened = arcp_core::Event::Thought { text: "hm".into() };
        writer.encode(&crate::samples::event(1, happened), &mut frames);
        let spelt = if answered { version } else { "1.1" };
        for frame in frames {
            let text = std::str::from_utf8(&frame.bytes).unwrap();
            assert!(text.contains(&format!(r#""arcp":"{spelt}""#)), "{text}");
        }
    }
    let versions = [r#""1.2""#, r#""2""#, r#""1.10""#, r#""""#, "1.1", "null", "{}"];
    let frame = |version: &str| {
        format!(r#"{{"arcp":{version},"id":"m1","type":"session.pong","payload":{{}}}}"#)
    };
    check(
        versions.map(|version| said(&frame(version))),
        &expect![[r#"
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` must be "1.1"
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` must be "1.1"
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` must be "1.1"
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` must be "1.1"
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` must be text
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` is missing
        bad Some(m1): INVALID_ARGUMENT: `envelope.arcp` must be text"#]],
    );
}

#[test]
fn keys_of_the_envelope() {
    let more = [
        r#","session_id":null,"job_id":null,"trace_id":null,"event_seq":null,"extensions":null"#,
        r#","timestamp":"whenever","priority":5,"zzz":{},"extensions":{"zzz":1}"#,
        r#","session_id":"sess_\"1\"""#,
        r#","session_id":"sess_other""#,
        r#","session_id":"job_1""#,
        r#","session_id":5"#,
        r#","session_id":"""#,
        r#","job_id":5"#,
        r#","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736""#,
        r#","trace_id":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01""#,
        r#","trace_id":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more""#,
        r#","trace_id":"00-4bf92f3577b34da6a3ce929d0e0e4736""#,
        r#","trace_id":"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01""#,
        r#","trace_id":"4BF92F3577B34DA6A3CE929D0E0E4736""#,
        r#","trace_id":"00000000000000000000000000000000""#,
        r#","trace_id":"4bf92f3577b34da6a3ce929d0e0e473""#,
        r#","trace_id":"""#,
        r#","trace_id":7"#,
        r#","event_seq":1.0"#,
        r#","event_seq":-1"#,
        r#","event_seq":"1""#,
        r#","extensions":[]"#,
        r#","payload":{}"#,
    ];
    check(
        more.map(|more| said(&envelope("session.pong", "{}", more))),
        &expect![[r#"
        Pong { nonce: None }
        Pong { nonce: None }
        Pong { nonce: None }
        bad Some(m1): INVALID_ARGUMENT: `session_id` is not the session of this connection
        bad Some(m1): INVALID_ARGUMENT: `envelope.session_id`: a session id must be `sess_` and at least one more character, at most 256 bytes
        bad Some(m1): INVALID_ARGUMENT: `envelope.session_id` must be text
        bad Some(m1): INVALID_ARGUMENT: `envelope.session_id`: a session id must be `sess_` and at least one more character, at most 256 bytes
        bad Some(m1): INVALID_ARGUMENT: `envelope.job_id` must be text
        Pong { nonce: None } in 4bf92f3577b34da6a3ce929d0e0e4736
        Pong { nonce: None } in 4bf92f3577b34da6a3ce929d0e0e4736
        Pong { nonce: None } in 4bf92f3577b34da6a3ce929d0e0e4736
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be 32 lower-case hexadecimal digits, or a W3C traceparent
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be 32 lower-case hexadecimal digits, or a W3C traceparent
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be 32 lower-case hexadecimal digits, or a W3C traceparent
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be 32 lower-case hexadecimal digits, or a W3C traceparent
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be 32 lower-case hexadecimal digits, or a W3C traceparent
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be 32 lower-case hexadecimal digits, or a W3C traceparent
        bad Some(m1): INVALID_ARGUMENT: `envelope.trace_id` must be text
        bad Some(m1): INVALID_ARGUMENT: `envelope.event_seq` must be a whole number, at least 0
        bad Some(m1): INVALID_ARGUMENT: `envelope.event_seq` must be a whole number, at least 0
        bad Some(m1): INVALID_ARGUMENT: `envelope.event_seq` must be a whole number, at least 0
        bad Some(m1): INVALID_ARGUMENT: `extensions` must be an object
        bad None: INVALID_ARGUMENT: `envelope` has `payload` twice"#]],
    );
}

#[test]
fn types() {
    let optional = r#","extensions":{"optional":true}"#;
    let cases = [
        ("x-vendor.acme.thing", ""),
        ("x-vendor.acme.thing", optional),
        ("x-vendor.acme.thing", r#","extensions":{"optional":false}"#),
        ("x-vendor.acme.thing", r#","extensions":{"optional":"yes"}"#),
        ("x-vendor.", optional),
        ("session.nonsense", optional),
        ("com.acme.thing", optional),
        ("", ""),
        ("session.welcome", ""),
        ("session.closed", ""),
        ("session.error", optional),
        ("job.accepted", ""),
        ("job.event", ""),
        ("tool.invoke", ""),
        ("session.open", ""),
    ];
    check(
        cases.map(|(kind, more)| said(&envelope(kind, "{}", more))),
        &expect![[r#"
        refused: INVALID_ARGUMENT: message type `x-vendor.acme.thing` is not known
        ignored
        refused: INVALID_ARGUMENT: message type `x-vendor.acme.thing` is not known
        refused: INVALID_ARGUMENT: message type `x-vendor.acme.thing` is not known
        ignored
        refused: INVALID_ARGUMENT: message type `session.nonsense` is not known
        refused: INVALID_ARGUMENT: message type `com.acme.thing` is not known
        refused: INVALID_ARGUMENT: message type `` is not known
        refused: INVALID_ARGUMENT: only a runtime sends `session.welcome`
        refused: INVALID_ARGUMENT: only a runtime sends `session.closed`
        refused: INVALID_ARGUMENT: only a runtime sends `session.error`
        refused: INVALID_ARGUMENT: only a runtime sends `job.accepted`
        refused: INVALID_ARGUMENT: only a runtime sends `job.event`
        refused: INVALID_ARGUMENT: message type `tool.invoke` is not known
        refused: INVALID_ARGUMENT: message type `session.open` is not known"#]],
    );
}

#[test]
fn no_token_is_shown() {
    let hello = envelope(
        "session.hello",
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":"s3cret"},"resume":{"session_id":"sess_1","resume_token":"s3cret","last_event_seq":0}}"#,
        "",
    );
    let shown = format!("{:?}", fresh(Compatibility::Auto).decode(&Frame::text(hello)));
    assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn deep_and_large_frames_do_no_harm() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let submit = |input: &str| {
        said(&envelope("job.submit", &format!(r#"{{"agent":"e","input":{input}}}"#), ""))
    };
    assert!(submit(&nested(90)).starts_with("Submit"));
    let deep = "bad None: INVALID_ARGUMENT: the frame nests more than 100 levels deep";
    assert_eq!(submit(&nested(100)), deep);
    assert_eq!(submit(&nested(300_000)), deep);
    assert_eq!(said(&"[".repeat(1 << 20)), deep);
    let unknown = |more: &str| said(&envelope("session.pong", "{}", more));
    assert_eq!(unknown(&format!(r#","zzz":{}"#, nested(300_000))), deep);
    let long = "x".repeat(1 << 20);
    assert!(submit(&format!("\"{long}\"")).starts_with("Submit"));
    // What is told of a text is not as long as the text.
    let keys = format!(r#"{{"{long}":1,"{long}":2}}"#);
    for told in [
        said(&envelope(&long, "{}", "")),
        said(&envelope("session.pong", &keys, "")),
        unknown(&format!(r#","session_id":"sess_{long}""#)),
        unknown(&format!(r#","trace_id":"{long}""#)),
        said(&envelope(
            "job.submit",
            &format!(r#"{{"agent":"e","idempotency_key":"{long}"}}"#),
            "",
        )),
        said(&envelope(
            "job.submit",
            &format!(r#"{{"agent":"e","parent_job_id":"job_{long}"}}"#),
            "",
        )),
        said(&envelope(
            "job.submit",
            &format!(r#"{{"agent":"e","lease_request":{{"{long}":[]}}}}"#),
            "",
        )),
        said(&envelope(
            "job.submit",
            &format!(r#"{{"agent":"e","lease_request":{{"fs.read":["{long}"]}}}}"#),
            "",
        )),
        said(&envelope(
            "job.submit",
            &format!(r#"{{"agent":"e","lease_request":{{"cost.budget":["{long}"]}}}}"#),
            "",
        )),
        said(&envelope("job.cancel", "{}", &format!(r#","job_id":"job_{long}""#))),
        said(&envelope(
            "session.list_jobs",
            &format!(r#"{{"filter":{{"status":["{long}"]}}}}"#),
            "",
        )),
        said(&envelope("session.list_jobs", &format!(r#"{{"cursor":"job_{long}"}}"#), "")),
    ] {
        assert!(told.len() < 320, "{}", &told[..320]);
    }
}

#[test]
fn bytes_that_are_no_text() {
    let heard = |frame: &Frame| said_of(live(Compatibility::Auto).decode(frame));
    let ping = envelope("session.pong", "{}", "");
    check(
        [
            heard(&Frame::binary(ping.clone().into_bytes())),
            heard(&Frame::binary(&[0xff][..])),
            heard(&Frame::text(&[0xff, 0xfe][..])),
            heard(&Frame::text([ping.as_bytes(), &[0xc3]].concat())),
            heard(&Frame::text(format!("\u{feff}{ping}"))),
            heard(&Frame::text(format!(" {ping}\n"))),
            heard(&Frame::text(format!("{ping}{ping}"))),
        ],
        &expect![[r#"
            bad None: INVALID_ARGUMENT: messages are text frames
            bad None: INVALID_ARGUMENT: messages are text frames
            bad None: INVALID_ARGUMENT: the frame is not UTF-8 text
            bad None: INVALID_ARGUMENT: the frame is not UTF-8 text
            bad None: INVALID_ARGUMENT: the frame is not a JSON object
            Pong { nonce: None }
            bad None: INVALID_ARGUMENT: the frame is not a JSON object"#]],
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let frame = Frame::text(bytes);
        look(&fresh(Compatibility::Auto).decode(&frame));
        look(&live(Compatibility::Strict).decode(&frame));
        look(&HelloDialect::default().client_codec().0.decode(&frame));
        look(&HelloDialect::default().claims(&frame));
    }

    #[test]
    fn no_payload_panics(kind in kinds(), payload in crate::values::json(), key in keys()) {
        let payload = format!(r#"{{"{key}":{payload}}}"#);
        let frame = Frame::text(envelope(kind, &payload, r#","job_id":"job_1","event_seq":1"#));
        look(&fresh(Compatibility::Auto).decode(&frame));
        look(&live(Compatibility::Auto).decode(&frame));
        look(&HelloDialect::default().client_codec().0.decode(&frame));
    }
}

/// Whatever it is, it can be shown.
fn look(decoded: &impl std::fmt::Debug) {
    assert!(!format!("{decoded:?}").is_empty());
}

fn kinds() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "session.hello",
        "session.resume",
        "session.list_jobs",
        "job.submit",
        "job.cancel",
        "job.subscribe",
        "session.welcome",
        "session.jobs",
        "session.error",
        "job.accepted",
        "job.subscribed",
        "job.event",
        "job.result",
        "job.error",
    ])
}

fn keys() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "auth",
        "capabilities",
        "filter",
        "lease_request",
        "lease_constraints",
        "jobs",
        "lease",
        "budget",
        "credentials",
        "body",
        "result",
        "details",
        "replayed",
    ])
}
