//! Frames: pings, acknowledgements, and those that are no messages or not a client's to send.

use arcp_core::Frame;
use serde_json::{Value, json};

use crate::support::{On, Raw, Wire, code, envelope, kind};

matrix!(
    pings_are_echoed,
    an_ack_is_silent_unless_it_is_ahead,
    a_malformed_frame_is_answered_and_nothing_ends,
    sixteen_bad_frames_in_a_row_end_the_connection,
    good_frames_in_between_forgive,
    an_unknown_type_is_not_implemented,
    a_foreign_type_may_be_optional,
    what_only_a_runtime_says_is_refused,
    frames_of_bytes_are_passed_over,
);

async fn pings_are_echoed(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let request = raw.say("ping", json!({"nonce": "n1"})).await;
    let pong = raw.expect("pong").await;
    assert_eq!(
        (&pong["correlation_id"], &pong["payload"]["nonce"]),
        (&json!(request), &json!("n1"))
    );
    raw.say("ping", json!({})).await;
    assert_eq!(raw.expect("pong").await["payload"].get("nonce"), None);
    let sent = json!({"nonce": "n2", "sent_at": "2026-01-01T00:00:00Z"});
    let request = raw.say("session.ping", sent).await;
    let pong = raw.expect("session.pong").await;
    assert_eq!(pong["correlation_id"], request);
    assert_eq!(pong["payload"]["ping_nonce"], "n2");
    assert!(pong["payload"]["received_at"].is_string());
    assert_eq!(pong.get("event_seq"), None);
    raw.say("session.ping", json!({"nonce": "n3"})).await;
    assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
}

async fn an_ack_is_silent_unless_it_is_ahead(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("echo", json!(1)).await;
    raw.finish(&job).await;
    for seq in [0, 2, 1, 2] {
        raw.say("session.ack", json!({"last_processed_seq": seq})).await;
    }
    raw.is_quiet().await;
    let request = raw.say("session.ack", json!({"last_processed_seq": 3})).await;
    let nack = raw.expect("nack").await;
    assert_eq!((code(&nack), &nack["correlation_id"]), ("INVALID_ARGUMENT", &json!(request)));
    raw.is_quiet().await;
}

async fn a_malformed_frame_is_answered_and_nothing_ends(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let without = |key: &str| {
        let mut ping = envelope("msg_bad", "ping", json!({}));
        ping.as_object_mut().unwrap().remove(key).unwrap();
        ping.to_string()
    };
    let with = |key: &str, value: Value| {
        let mut ping = envelope("msg_bad", "ping", json!({}));
        ping[key] = value;
        ping.to_string()
    };
    let twice = with("x", json!(1)).replace("\"x\":1", "\"type\":\"pong\"");
    // Each with whether its id can be answered to.
    let table = [
        ("{nope".to_owned(), false),
        ("[1,2]".to_owned(), false),
        ("\"text\"".to_owned(), false),
        ("{} {}".to_owned(), false),
        ("{}".to_owned(), false),
        (without("arcp"), true),
        (without("id"), false),
        (with("id", json!("abc")), false),
        (with("id", json!("msg_")), false),
        (with("id", json!(7)), false),
        (without("timestamp"), true),
        (with("timestamp", json!("yesterday")), true),
        (without("type"), true),
        (with("type", json!(7)), true),
        (without("payload"), true),
        (with("payload", json!([])), true),
        (envelope("msg_bad", "cancel", json!({"target": "moon"})).to_string(), true),
        (with("session_id", json!("job_1")), true),
        (with("job_id", json!("sess_1")), true),
        (with("priority", json!("urgent")), true),
        (with("priority", Value::Null), true),
        (with("idempotency_key", json!("")), true),
        (with("trace_id", json!("")), true),
        (with("event_seq", json!(-1)), true),
        (twice, false),
        ("[".repeat(100_000), false),
    ];
    for (place, (text, answerable)) in table.into_iter().enumerate() {
        // Each has an id of its own, so that none counts as repeated.
        let id = format!("msg_bad{place}");
        let text = text.replace("\"msg_bad\"", &format!("\"{id}\""));
        let shown: String = text.chars().take(200).collect();
        raw.send_text(&text).await;
        let nack = raw.recv().await;
        assert_eq!((kind(&nack), code(&nack)), ("nack", "INVALID_ARGUMENT"), "{shown}");
        let answers = answerable.then(|| json!(id));
        assert_eq!(nack.get("correlation_id"), answers.as_ref(), "{shown} {nack}");
        assert_eq!(nack["session_id"], raw.session);
        assert_eq!(nack.get("event_seq"), None);
        raw.is_quiet().await;
    }
    if on.wire != Wire::Stdio {
        // A line that is empty is none.
        raw.send_text("").await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    }
    if on.wire != Wire::Ws {
        // There this ends the connection, as WebSocket wants it.
        assert!(raw.send_all(vec![Frame::text(vec![b'{', 0xff, b'}'])]).await);
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    }
    house.stage.open_gate();
    assert_eq!(raw.finish(&job).await.last().map(kind), Some("job.completed"));
}

async fn sixteen_bad_frames_in_a_row_end_the_connection(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    assert!(raw.send_all(vec![Frame::text("{nope"); 16]).await);
    for _ in 0..16 {
        raw.expect("nack").await;
    }
    raw.is_over().await;
    // The job is as well off as after any other end of a connection.
    house.stage.open_gate();
    assert_eq!(house.raw_as("alice").await.until_ended(&job).await, "completed");
}

async fn good_frames_in_between_forgive(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for _ in 0..3 {
        for _ in 0..15 {
            raw.send_text("{nope").await;
            raw.expect("nack").await;
        }
        raw.is_quiet().await;
    }
}

async fn an_unknown_type_is_not_implemented(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let types = [
        "nonsense",
        "job.nonsense",
        "session.hello",
        "interrupt",
        "checkpoint.create",
        "job.schedule",
        "workflow.start",
        "agent.delegate",
        "agent.handoff",
        "stream.open",
    ];
    for name in types {
        let request = raw.say(name, json!({})).await;
        is_nack(&mut raw, &request, "UNIMPLEMENTED", name).await;
    }
    // It says no more than its own words, were they many.
    let long = "n".repeat(10_000);
    let request = raw.say(&long, json!({})).await;
    let nack = is_nack(&mut raw, &request, "UNIMPLEMENTED", "a long type").await;
    assert!(nack.to_string().len() < 1_000);
    raw.is_quiet().await;
}

async fn a_foreign_type_may_be_optional(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for name in ["arcpx.example.v1", "com.example.thing"] {
        let request = raw.say(name, json!({})).await;
        is_nack(&mut raw, &request, "UNIMPLEMENTED", name).await;
        let id = raw.next_id();
        let mut message = envelope(&id, name, json!({}));
        message["extensions"] = json!({"optional": false});
        raw.send(&message).await;
        is_nack(&mut raw, &id, "UNIMPLEMENTED", name).await;
        message["id"] = json!(raw.next_id());
        message["extensions"] = json!({"optional": true, "more": 1});
        raw.send(&message).await;
        raw.is_quiet().await;
    }
    // A word of the protocol is not made optional by saying so.
    let id = raw.next_id();
    let mut message = envelope(&id, "job.nonsense", json!({}));
    message["extensions"] = json!({"optional": true});
    raw.send(&message).await;
    is_nack(&mut raw, &id, "UNIMPLEMENTED", "job.nonsense").await;
}

async fn what_only_a_runtime_says_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut other = house.raw_as("alice").await;
    let job = other.submit("gate", json!(1)).await;
    other.expect("job.started").await;
    let types = [
        "job.accepted",
        "job.started",
        "job.progress",
        "job.completed",
        "job.failed",
        "job.cancelled",
        "job.result_chunk",
        "log",
        "metric",
        "event.emit",
        "trace.span",
        "tool.result",
        "session.accepted",
        "session.evicted",
        "cancel.accepted",
        "artifact.ref",
        "permission.request",
        "lease.granted",
        "subscribe.event",
    ];
    for name in types {
        let id = raw.next_id();
        let mut forged = envelope(&id, name, json!({"value": 1, "code": "INTERNAL"}));
        forged["job_id"] = json!(job);
        forged["event_seq"] = json!(2);
        raw.send(&forged).await;
        is_nack(&mut raw, &id, "INVALID_ARGUMENT", name).await;
    }
    other.is_quiet().await;
    assert_eq!(crate::support::job_events(&*house.store, &job).await.len(), 1);
    house.stage.open_gate();
    assert_eq!(other.finish(&job).await.len(), 1);
}

async fn frames_of_bytes_are_passed_over(on: On) {
    if on.wire == Wire::Stdio {
        return;
    }
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for _ in 0..40 {
        assert!(raw.send_all(vec![Frame::binary(vec![0, 1, 2])]).await);
    }
    raw.is_quiet().await;
}

async fn is_nack(raw: &mut Raw, request: &str, wanted: &str, what: &str) -> Value {
    let nack = raw.recv().await;
    assert_eq!((kind(&nack), code(&nack)), ("nack", wanted), "{what}");
    assert_eq!(nack["correlation_id"], request, "{what}");
    nack
}
