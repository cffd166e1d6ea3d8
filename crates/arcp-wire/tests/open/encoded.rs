//! What exactly goes on the wire.

use arcp_core::{
    Code, Event, Fault, Frame, JobAccepted, Json, Lease, Notice, Output, PingKind, Progress, Reply,
    SessionResumed,
};
use arcp_wire::open::OpenDialect;
use arcp_wire::{Dialect, OutputEncoder};
use expect_test::{Expect, expect};

use crate::samples::{accepted, at, event, job, message, reply};

fn frames(writer: &mut dyn OutputEncoder, output: &Output) -> String {
    let mut frames = Vec::new();
    writer.encode(output, &mut frames);
    frames.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn text(frame: &Frame) -> &str {
    std::str::from_utf8(&frame.bytes).unwrap()
}

fn check(outputs: &[Output], expected: &Expect) {
    let (_, mut writer) = OpenDialect.runtime_codec();
    let lines: Vec<_> = outputs.iter().map(|output| frames(&mut *writer, output)).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_session_and_a_job() {
    let quiet = JobAccepted {
        job: job(),
        agent: Some("echo@2".into()),
        lease: Lease::default(),
        budget: arcp_core::lease::Budget::default(),
        accepted_at: at(),
        trace: None,
        credentials: Vec::new(),
        repeated: None,
        parent: None,
    };
    check(
        &[
            reply(Reply::Rejected(Fault::new(Code::Unauthenticated, "no"))),
            reply(Reply::Accepted(Box::new(accepted(&[])))),
            reply(Reply::Resumed(Box::new(SessionResumed {
                session: accepted(&[]),
                after: 2,
                replayed: true,
            }))),
            reply(Reply::JobAccepted(Box::new(quiet))),
            event(1, Event::Started { description: "a \"b\"\n".into() }),
            event(2, Event::Thought { text: "hm".into() }),
            reply(Reply::JobRefused {
                job: job(),
                fault: Fault::new(Code::DuplicateKey, "bound"),
                key: None,
            }),
        ],
        &expect![[r#"
            {"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"session.rejected","correlation_id":"msg_asked","payload":{"code":"UNAUTHENTICATED","message":"no","retryable":false}}
            {"session_id":"sess_\"1\"","arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"session.accepted","correlation_id":"msg_asked","payload":{"session_id":"sess_\"1\"","runtime":{"kind":"arcp","version":"0.1.0","fingerprint":"f","trust_level":"constrained"},"capabilities":{"durable_jobs":true,"human_input":false,"extensions":["a.b.v1"],"agents":[{"name":"echo","versions":["1","2"],"default":"2"}]},"lease":{"expires_at":"2026-11-22T10:59:09.362415Z"},"resume_token":"rt_1","resume_window_sec":600}}
            {"session_id":"sess_\"1\"","arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"session.resumed","correlation_id":"msg_asked","payload":{"session_id":"sess_\"1\"","replayed_from":2,"replayed":true,"lease":{"expires_at":"2026-11-22T10:59:09.362415Z"},"resume_token":"rt_1","resume_window_sec":600}}
            {"session_id":"sess_\"1\"","arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"job.accepted","job_id":"job_1","correlation_id":"msg_asked","payload":{"job_id":"job_1","agent":"echo@2"}}
            {"session_id":"sess_\"1\"","event_seq":1,"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"job.started","job_id":"job_1","correlation_id":"msg_asked","trace_id":"trace \"1\"","payload":{"description":"a \"b\"\n"}}
            {"session_id":"sess_\"1\"","event_seq":2,"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"event.emit","job_id":"job_1","correlation_id":"msg_asked","trace_id":"trace \"1\"","payload":{"name":"thought","data":{"text":"hm"}}}
            {"session_id":"sess_\"1\"","arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"job.failed","job_id":"job_1","correlation_id":"msg_asked","payload":{"code":"FAILED_PRECONDITION","message":"bound","retryable":false}}"#]],
    );
}

#[test]
fn controls() {
    check(
        &[
            reply(Reply::Pong { kind: PingKind::Connection, nonce: None }),
            reply(Reply::Pong { kind: PingKind::Session, nonce: Some("n".into()) }),
            reply(Reply::Jobs(arcp_core::JobsPage::default())),
            Output::Notice { id: message(), at: at(), notice: Notice::Nack(Fault::invalid("x")) },
        ],
        &expect![[r#"
            {"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"pong","correlation_id":"msg_asked","payload":{}}
            {"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"session.pong","correlation_id":"msg_asked","payload":{"ping_nonce":"n","received_at":"2026-11-22T10:59:09.362415Z"}}
            {"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"session.jobs","correlation_id":"msg_asked","payload":{"request_id":"msg_asked","jobs":[],"next_cursor":null}}
            {"arcp":"1.1","id":"msg_1","timestamp":"2026-11-22T10:59:09.362415Z","type":"nack","payload":{"code":"INVALID_ARGUMENT","message":"x","retryable":false}}"#]],
    );
}

#[test]
fn closed_is_told_to_who_knows_it() {
    for (extensions, count) in [(&[][..], 0), (&["resume"][..], 1)] {
        let (_, mut writer) = OpenDialect.runtime_codec();
        let mut frames = Vec::new();
        writer.encode(&reply(Reply::Accepted(Box::new(accepted(extensions)))), &mut frames);
        frames.clear();
        writer.encode(&reply(Reply::Closed), &mut frames);
        assert_eq!(frames.len(), count);
    }
}

#[test]
fn a_share_is_told_where_there_is_a_total() {
    let share = |current: u32, total: Option<u32>| {
        event(
            1,
            Event::Progress(Progress {
                current: current.into(),
                total: total.map(Into::into),
                units: None,
                message: None,
            }),
        )
    };
    let (_, mut writer) = OpenDialect.runtime_codec();
    let mut payload = |output| {
        let frame = frames(&mut *writer, &output);
        frame.split_once(r#""payload":"#).unwrap().1.to_owned()
    };
    assert_eq!(payload(share(1, Some(4))), r#"{"percent":25.0,"current":1,"total":4}}"#);
    assert_eq!(payload(share(9, Some(4))), r#"{"percent":100.0,"current":9,"total":4}}"#);
    assert_eq!(payload(share(1, Some(0))), r#"{"current":1,"total":0}}"#);
    assert_eq!(payload(share(1, None)), r#"{"current":1}}"#);
}

#[test]
fn an_event_is_written_once_for_all_sessions() {
    let (_, mut one) = OpenDialect.runtime_codec();
    let (_, mut two) = OpenDialect.runtime_codec();
    let mut session = accepted(&[]);
    let mut out = Vec::new();
    one.encode(&reply(Reply::Accepted(Box::new(session.clone()))), &mut out);
    session.session = arcp_core::SessionId::parse("sess_2").unwrap();
    two.encode(&reply(Reply::Accepted(Box::new(session))), &mut out);
    let happened = event(7, Event::Thought { text: "hm".into() });
    let (first, second) = (frames(&mut *one, &happened), frames(&mut *two, &happened));
    assert!(first.starts_with(r#"{"session_id":"sess_\"1\"","event_seq":7,"arcp""#));
    assert!(second.starts_with(r#"{"session_id":"sess_2","event_seq":7,"arcp""#));
    let Output::Event(delivery) = &happened else {
        panic!("no event");
    };
    let kept = delivery.event.encoded.get_or_write(0, || panic!("not kept"));
    assert!(first.as_bytes().ends_with(&kept) && second.as_bytes().ends_with(&kept));
}

#[test]
fn a_frame_is_one_line_whatever_the_value_looks_like() {
    let data = Json::parse("{\r\n  \"a\":\n\t\"b\\n\"\n}").unwrap();
    let happened = event(1, Event::Custom { name: "x".into(), data });
    let (_, mut writer) = OpenDialect.runtime_codec();
    let frame = frames(&mut *writer, &happened);
    assert!(!frame.contains(['\n', '\r']));
    let read: serde_json::Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(read["payload"]["data"]["a"], "b\n");
}
