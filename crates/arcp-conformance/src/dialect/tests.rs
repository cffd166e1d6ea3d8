//! The rules that every frame of the open dialect is held to.

use std::fmt::Write;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

/// Frames as `type session job seq`, `-` where there is none.
fn frame(line: &str) -> Value {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut frame = json!({
        "arcp": "1.1", "id": "msg_1", "timestamp": "2026-01-01T00:00:00Z",
        "type": words[0], "payload": {},
    });
    for (key, word) in ["session_id", "job_id"].into_iter().zip(&words[1..]) {
        if *word != "-" {
            frame[key] = json!(word);
        }
    }
    if words[3] != "-" {
        frame["event_seq"] = words[3].parse::<u64>().map_or(json!(words[3]), |seq| json!(seq));
    }
    frame
}

fn check(lines: &[&str], expected: &Expect) {
    let mut watch = by_name("open").unwrap().watch();
    let mut out = String::new();
    for line in lines {
        for (id, what) in watch.received(&frame(line)) {
            writeln!(out, "{line}: {id} {what}").unwrap();
        }
    }
    expected.assert_eq(&out);
}

#[test]
fn right_frames_break_nothing() {
    check(
        &[
            "session.accepted s1 - -",
            "job.accepted s1 j1 -",
            "job.started s1 j1 1",
            "log s1 j1 2",
            "com.example.thing s1 j1 3",
            "pong s1 - -",
            "job.failed s1 j2 -",
            "subscribe.event - j1 -",
            "artifact.ref s1 - -",
            "artifact.put s1 j1 -",
            "event.emit s1 - -",
            "job.subscribed s1 j3 -",
            "stream.chunk s1 - 4",
            "job.failed s1 - -",
            "job.completed s1 j1 5",
            "session.accepted s2 - -",
            "job.accepted s2 j4 -",
            "job.started s2 j4 1",
        ],
        &expect![[""]],
    );
}

#[test]
fn a_heartbeat_has_a_number_or_none() {
    check(
        &[
            "session.accepted s1 - -",
            "job.accepted s1 j1 -",
            "job.started s1 j1 1",
            "job.heartbeat s1 j1 -",
            "log s1 j1 2",
            "job.heartbeat s1 j1 3",
            "log s1 j1 4",
        ],
        &expect![[""]],
    );
}

#[test]
fn wrong_numbers_are_told_once_each() {
    check(
        &[
            "session.accepted s1 - -",
            "job.accepted s1 j1 -",
            "job.started s1 j1 2",
            "log s1 j1 3",
            "log s1 j1 3",
            "metric s1 j1 x",
            "log s1 j1 -",
            "job.failed s1 j1 -",
        ],
        &expect![[r#"
            job.started s1 j1 2: M3-1 `job.started` has event_seq 2, and the next one was 1
            log s1 j1 3: M3-1 `log` has event_seq 3, and the next one was 4
            metric s1 j1 x: M3-1 the event_seq of `metric` is "x"
            log s1 j1 -: M3-1 `log` has no event_seq
            job.failed s1 j1 -: M3-1 `job.failed` has no event_seq
        "#]],
    );
}

#[test]
fn who_numbers_replies_breaks_one_rule() {
    check(
        &[
            "session.accepted s1 - -",
            "job.accepted s1 j1 1",
            "job.started s1 j1 2",
            "cancel.accepted s1 - 3",
            "job.cancelled s1 j1 4",
        ],
        &expect![["
            job.accepted s1 j1 1: M3-2 `job.accepted` is no event and has event_seq 1
            cancel.accepted s1 - 3: M3-2 `cancel.accepted` is no event and has event_seq 3
        "]],
    );
}

#[test]
fn a_resumed_session_goes_on_from_where_its_client_says() {
    let mut watch = by_name("open").unwrap().watch();
    let sent = json!({"type": "session.resume", "payload": {"last_event_seq": 4}});
    watch.sent(sent.as_object().unwrap());
    assert_eq!(watch.received(&frame("session.resumed s1 - -")), []);
    assert_eq!(watch.received(&frame("log s1 j1 5")), []);
    assert_eq!(watch.received(&frame("log s1 j1 5")).len(), 1);
}

#[test]
fn what_is_told_once_more_has_its_numbers_again() {
    let mut watch = by_name("open").unwrap().watch();
    let event = |kind: &str, id: &str, seq: u64| {
        let mut frame = frame(&format!("{kind} s1 j1 {seq}"));
        frame["id"] = json!(id);
        frame
    };
    let mut kept = event("event.emit", "msg_c", 2);
    kept["payload"] = json!({"name": "checkpoint", "data": {"checkpoint_id": "chk_c"}});
    let told = [event("job.started", "msg_a", 1), kept, event("log", "msg_e", 3)];
    let mut again = |payload: Value, told: &[Value]| {
        let sent = json!({"type": "resume", "id": "msg_r", "payload": payload});
        watch.sent(sent.as_object().unwrap());
        let mut ack = frame("ack s1 - -");
        ack["correlation_id"] = json!("msg_r");
        let answers = [frame("session.accepted s1 - -"), ack];
        answers.iter().chain(told).flat_map(|frame| watch.received(frame)).count()
    };
    // Of what is not known any event may be the next.
    assert_eq!(again(json!({"after_message_id": "msg_of_another_connection"}), &told[..]), 0);
    assert_eq!(again(json!({"checkpoint_id": "chk_c"}), &told[2..]), 0);
    assert_eq!(again(json!({"after_message_id": "msg_a"}), &told[1..]), 0);
    assert_eq!(again(json!({"after_message_id": "msg_a"}), &told[2..]), 1, "one is left out");
    assert_eq!(again(json!({"after_message_id": "msg_e"}), &told[2..]), 1, "one is too many");
}

#[test]
fn what_wants_resume_is_said_to_those_who_declared_it() {
    let broken = |extensions: Value| {
        let mut watch = by_name("open").unwrap().watch();
        let payload = json!({"capabilities": {"extensions": extensions}});
        let sent = json!({"type": "session.open", "payload": payload});
        watch.sent(sent.as_object().unwrap());
        let frames = [
            "session.accepted s1 - -",
            "ping s1 - -",
            "backpressure s1 - -",
            "job.checkpoint s1 j1 1",
        ];
        let broken = frames.iter().flat_map(|line| watch.received(&frame(line)));
        broken.map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert!(broken(json!(["resume"])).is_empty());
    assert_eq!(broken(json!(["arcpx.resume.v1"])), ["M2-23"; 3]);
    assert_eq!(broken(Value::Null), ["M2-23"; 3]);
}

#[test]
fn a_renewed_session_goes_on() {
    check(
        &[
            "session.accepted s1 - -",
            "job.accepted s1 j1 -",
            "job.started s1 j1 1",
            "session.accepted s1 - -",
            "log s1 j1 2",
            "job.completed s1 j1 4",
        ],
        &expect![["
            job.completed s1 j1 4: M3-1 `job.completed` has event_seq 4, and the next one was 3
        "]],
    );
}

#[test]
fn an_envelope_has_all_its_parts() {
    let broken = |change: fn(&mut Value)| {
        let mut frame = frame("pong s1 - -");
        change(&mut frame);
        by_name("open").unwrap().watch().received(&frame)
    };
    let is_envelope = |broken: &[(&str, String)]| broken.len() == 1 && broken[0].0 == "R6.1-1";
    assert!(is_envelope(&broken(|frame| frame["arcp"] = json!(1))));
    assert!(is_envelope(&broken(|frame| frame["id"] = Value::Null)));
    assert!(is_envelope(&broken(|frame| frame["timestamp"] = json!("noon"))));
    assert!(is_envelope(&broken(|frame| frame["payload"] = json!([]))));
    assert!(is_envelope(&broken(|frame| *frame = json!("text"))));
}

#[test]
fn agents_are_listed_in_two_ways() {
    let open = by_name("open").unwrap();
    let listed = json!({"capabilities": {"agents": ["a", {"name": "b", "versions": ["1"]}, 3]}});
    assert_eq!(open.agents(&listed), ["a", "b"]);
    assert!(open.agents(&json!({})).is_empty());
}
