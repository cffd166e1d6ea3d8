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
