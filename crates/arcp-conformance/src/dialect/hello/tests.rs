//! The rules that every frame of the hello dialect is held to, and how scripts speak of its frames.

use std::fmt::Write;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

fn frame(kind: &str, more: Value) -> Value {
    let mut frame = json!({
        "arcp": "1.1", "id": "01J", "type": kind, "session_id": "s1", "payload": {},
    });
    let Value::Object(more) = more else { panic!("{more}") };
    frame.as_object_mut().unwrap().extend(more);
    frame
}

fn event(job: &str, seq: u64, kind: &str, body: &Value) -> Value {
    let payload = json!({ "kind": kind, "ts": "2026-01-01T00:00:00Z", "body": body });
    frame("job.event", json!({ "job_id": job, "event_seq": seq, "payload": payload }))
}

fn log(job: &str, seq: u64) -> Value {
    event(job, seq, "log", &json!({}))
}

fn end(job: &str, seq: u64) -> Value {
    let payload = json!({ "final_status": "success", "completed_at": "2026-01-01T00:00:00Z" });
    frame("job.result", json!({ "job_id": job, "event_seq": seq, "payload": payload }))
}

fn failed(job: &str, seq: u64, payload: &Value) -> Value {
    frame("job.error", json!({ "job_id": job, "event_seq": seq, "payload": payload }))
}

fn accepted(job: &str) -> Value {
    frame("job.accepted", json!({ "job_id": job, "payload": { "job_id": job } }))
}

fn welcome(features: &[&str]) -> Value {
    let mut payload = json!({ "capabilities": { "features": features } });
    if features.contains(&"heartbeat") {
        payload["heartbeat_interval_sec"] = json!(30);
    }
    frame("session.welcome", json!({ "payload": payload }))
}

/// A connection whose client has said `hello` with all features and more to its payload.
fn connection(more: Value) -> Box<dyn Watch> {
    let mut watch = Hello.watch();
    let (kind, mut payload) = Hello.opening(&Identity { token: None });
    let Value::Object(more) = more else { panic!("{more}") };
    payload.as_object_mut().unwrap().extend(more);
    watch.sent(frame(kind, json!({ "payload": payload })).as_object().unwrap());
    watch
}

fn told(watch: &mut dyn Watch, frames: &[Value]) -> String {
    let mut out = String::new();
    for (id, what) in frames.iter().flat_map(|frame| watch.received(frame)) {
        writeln!(out, "{id} {what}").unwrap();
    }
    out
}

fn check(frames: &[Value], expected: &Expect) {
    let mut watch = connection(json!({}));
    assert_eq!(told(&mut *watch, &[welcome(&FEATURES)]), "");
    expected.assert_eq(&told(&mut *watch, frames));
}

#[test]
fn right_frames_break_nothing() {
    let error = json!({
        "final_status": "error", "code": "INTERNAL_ERROR", "message": "m", "retryable": true,
        "details": { "any": null }, "completed_at": "2026-01-01T00:00:00.5Z",
    });
    let jobs = json!({ "jobs": [{ "parent_job_id": null }], "next_cursor": null });
    let vendors = event("j1", 4, "x-vendor.a.b", &json!({ "x": null, "ts": "noon" }));
    check(
        &[
            accepted("j1"),
            log("j1", 1),
            frame("session.pong", json!({})),
            event("j1", 2, "tool_call", &json!({ "args": { "x": null } })),
            event("j1", 3, "progress", &json!({ "current": 1 })),
            vendors,
            frame("session.jobs", json!({ "payload": jobs })),
            end("j1", 5),
            accepted("j2"),
            failed("j2", 6, &error),
            // It is told again.
            accepted("j1"),
            end("j1", 7),
            frame(
                "job.subscribed",
                json!({ "job_id": "j2", "trace_id": "0123456789abcdef".repeat(2) }),
            ),
            log("j2", 8),
        ],
        &expect![[""]],
    );
}

#[test]
fn an_envelope_has_all_its_parts() {
    let mut late = accepted("j1");
    late["payload"]["accepted_at"] = json!("2026-01-01T00:00:00+00:00");
    late["payload"]["lease_constraints"] = Value::Null;
    check(
        &[
            json!("text"),
            frame("session.pong", json!({ "arcp": "1" })),
            frame("session.pong", json!({ "id": 3 })),
            frame("session.pong", json!({ "payload": [] })),
            frame("session.pong", json!({ "session_id": "" })),
            frame("session.pong", json!({ "event_seq": 1 })),
            frame("job.accepted", json!({})),
            frame("job.accepted", json!({ "job_id": "j1", "trace_id": "4BF9" })),
            late,
        ],
        &expect![[r#"
            R5-1 `id` is missing or no text
            R5-2 `` names no session
            R5-1 `arcp` is not "1.1"
            R5-1 `id` is missing or no text
            R5-1 `payload` is missing or no object
            R5-2 `session.pong` names no session
            M3-2 `session.pong` is no event and has event_seq 1
            R5-3 `job.accepted` names no job
            R11-1 the trace_id of `job.accepted` is no 32 hexadecimal digits
            M9.1-2 .payload.accepted_at of `job.accepted` is "2026-01-01T00:00:00+00:00"
            M9.1-1 .payload.lease_constraints of `job.accepted` is null
        "#]],
    );
}

#[test]
fn numbers_have_no_gap() {
    check(
        &[
            accepted("j1"),
            log("j1", 2),
            log("j1", 3),
            log("j1", 3),
            frame("job.event", json!({ "job_id": "j1", "payload": log("j1", 0)["payload"] })),
        ],
        &expect![["
            R8.3-1 `job.event` has event_seq 2, and the next one was 1
            R8.3-1 `job.event` has event_seq 3, and the next one was 4
            R8.3-1 `job.event` has no event_seq
        "]],
    );
}

#[test]
fn a_session_that_goes_on_has_the_next_number() {
    let resume = json!({ "session_id": "s1", "resume_token": "t", "last_event_seq": 4 });
    let mut watch = connection(json!({ "resume": resume }));
    assert_eq!(told(&mut *watch, &[welcome(&FEATURES), log("of before", 5), log("j", 6)]), "");
    let mut watch = Hello.watch();
    watch.sent(frame("session.resume", json!({ "payload": resume })).as_object().unwrap());
    let frames = [welcome(&["heartbeat"]), log("of before", 5), end("of before", 5)];
    expect![["
        R8.3-1 `job.result` has event_seq 5, and the next one was 6
    "]]
    .assert_eq(&told(&mut *watch, &frames));
}

#[test]
fn a_job_begins_and_ends_once() {
    check(
        &[log("j1", 1), accepted("j2"), log("j2", 2), end("j2", 3), log("j2", 4), end("j2", 5)],
        &expect![["
            R7.1-2 `job.event` comes before anything says what j1 is
            R7.3-1 `job.event` comes after the end of j2
            R7.3-1 `job.result` comes after the end of j2
        "]],
    );
}

#[test]
fn errors_say_what_they_are() {
    let error = |code: &str, status: &str, retryable: Value| {
        let mut error = json!({ "code": code, "final_status": status, "message": "m" });
        if !retryable.is_null() {
            error["retryable"] = retryable;
        }
        error
    };
    let refused = json!({ "code": "NOT_FOUND", "message": "" });
    let denied =
        json!({ "error": { "code": "BUDGET_EXHAUSTED", "message": "m", "retryable": true } });
    check(
        &[
            frame("session.error", json!({ "payload": refused })),
            accepted("j1"),
            event("j1", 1, "tool_result", &denied),
            failed("j1", 2, &error("CANCELLED", "error", json!(false))),
            accepted("j2"),
            failed("j2", 3, &error("LEASE_EXPIRED", "error", json!(true))),
            accepted("j3"),
            failed("j3", 4, &error("INTERNAL_ERROR", "timed_out", json!(false))),
            accepted("j4"),
            failed("j4", 5, &error("TIMEOUT", "timed_out", Value::Null)),
        ],
        &expect![[r#"
            R12-1 `session.error` has the code Some(String("NOT_FOUND"))
            R12-1 `session.error` NOT_FOUND has no message
            R12-2 `session.error` NOT_FOUND does not say if it is retryable
            R12-3 BUDGET_EXHAUSTED is retryable
            R7.3-2 `job.error` CANCELLED has final_status error
            R12-3 LEASE_EXPIRED is retryable
            R7.3-2 `job.error` INTERNAL_ERROR has final_status timed_out
            R12-4 INTERNAL_ERROR is not retryable
            R12-2 `job.error` TIMEOUT does not say if it is retryable
        "#]],
    );
}

#[test]
fn nothing_goes_by_what_is_not_agreed_on() {
    let mut watch = connection(json!({ "capabilities": { "features": ["ack"] } }));
    let mut accepted = accepted("j1");
    accepted["payload"]["budget"] = json!({ "USD": 1 });
    let frames = [
        welcome(&["ack", "heartbeat"]),
        accepted,
        event("j1", 1, "progress", &json!({})),
        event("j1", 2, "x-vendor.arcp.progress", &json!({})),
        event("j1", 3, "status", &json!({ "phase": "back_pressure" })),
        frame("session.ping", json!({})),
        frame("session.jobs", json!({})),
    ];
    expect![["
        M2-30 `heartbeat` is agreed on and was not offered
        R6.2-4 heartbeat_interval_sec is there
        R6.2-4 `/payload/budget` goes by `cost.budget`
        R6.2-4 `progress` goes by `progress`
        R6.2-4 `session.ping` goes by `heartbeat`
        R6.2-4 `session.jobs` goes by `list_jobs`
    "]]
    .assert_eq(&told(&mut *watch, &frames));
    let mut watch = connection(json!({}));
    let introduced = self::accepted("j1");
    let slow = event("j1", 1, "status", &json!({ "phase": "back_pressure" }));
    let frames = [welcome(&[]), introduced, slow];
    expect![["
        R6.2-4 `back_pressure` goes by `ack`
    "]]
    .assert_eq(&told(&mut *watch, &frames));
}

#[test]
fn events_go_by_their_kind_and_answers_by_what_they_answer() {
    let event = log("j1", 7);
    let seen = Hello.seen(&event);
    assert_eq!(seen["type"], "event.log");
    assert_eq!(seen["payload"], json!({}));
    assert_eq!((&seen["ts"], &seen["event_seq"]), (&json!("2026-01-01T00:00:00Z"), &json!(7)));
    let answer = frame("session.jobs", json!({ "payload": { "request_id": "m" } }));
    assert_eq!(Hello.seen(&answer)[Hello.field("re")], "m");
    assert!(matches!(Hello.seen(&welcome(&[])), Cow::Borrowed(_)));
}

#[test]
fn a_refused_ping_is_answered_too() {
    let (kind, payload) = Hello.ping();
    let ping = Hello.frame(kind, payload, Some("s1"));
    let nonce = &ping["payload"]["nonce"];
    let pong = frame("session.pong", json!({ "payload": { "ping_nonce": nonce } }));
    assert!(Hello.is_pong(&ping, &pong));
    let refused = frame("session.error", json!({ "payload": { "request_id": ping["id"] } }));
    assert!(Hello.is_pong(&ping, &refused));
    assert!(!Hello.is_pong(&ping, &frame("session.error", json!({ "payload": {} }))));
}
