//! What is nearly too large, and what is.

use arcp_core::Frame;
use serde_json::{Value, json};

use crate::support::{House, On, Setup, code, envelope, kind};

matrix!(
    an_input_of_almost_a_frame_comes_back,
    a_frame_over_the_limit_ends_its_connection_only,
    what_does_not_fit_a_frame_fails_the_job_clearly,
    an_answer_that_would_not_fit_leaves_the_session,
    a_lease_that_fills_a_frame_is_answered,
    a_text_that_others_are_told_is_bounded,
    a_thought_of_more_than_half_a_frame_is_refused_and_harms_nothing,
);

async fn an_input_of_almost_a_frame_comes_back(on: On) {
    let house = small(on).await;
    let mut raw = house.raw_as("alice").await;
    let input = json!("x".repeat(FRAME - (5 << 10)));
    let job = raw.submit("echo", input.clone()).await;
    let events = raw.finish(&job).await;
    assert_eq!(events[1]["payload"]["value"], input);
    // At its default the limit is that of the protocol's other programs.
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let input = json!("y".repeat((1 << 20) - (5 << 10)));
    let job = raw.submit("echo", input.clone()).await;
    assert_eq!(raw.finish(&job).await[1]["payload"]["value"], input);
}

async fn a_frame_over_the_limit_ends_its_connection_only(on: On) {
    let house = small(on).await;
    let mut other = house.raw_as("bob").await;
    let job = other.submit("gate", json!(1)).await;
    other.expect("job.started").await;
    let mut raw = house.raw_as("alice").await;
    let payload = json!({"tool": "echo", "arguments": "x".repeat(FRAME)});
    let invoke = envelope("msg_large", "tool.invoke", payload).to_string();
    // The runtime may end the connection before all of it is sent.
    raw.send_all(vec![Frame::text(invoke)]).await;
    raw.is_over().await;
    other.is_quiet().await;
    house.stage.open_gate();
    assert_eq!(other.finish(&job).await.last().map(kind), Some("job.completed"));
    assert_eq!(house.stage.echoes(), 0);
}

async fn what_does_not_fit_a_frame_fails_the_job_clearly(on: On) {
    let house = small(on).await;
    let mut raw = house.raw_as("alice").await;
    for input in [json!({"result": FRAME}), json!({"event": FRAME})] {
        let job = raw.submit("large", input).await;
        let events = raw.finish(&job).await;
        let failed = events.last().unwrap();
        assert_eq!((kind(failed), code(failed)), ("job.failed", "OUT_OF_RANGE"));
        assert!(failed["payload"]["message"].as_str().unwrap().contains("exceeds"), "{failed}");
        assert_eq!(events.len(), 2);
    }
    let job = raw.submit("large", json!({"message": FRAME})).await;
    let events = raw.finish(&job).await;
    assert_eq!(code(&events[1]), "FAILED_PRECONDITION");
    raw.is_quiet().await;
}

/// What a client says may come back in an answer, which has to say more than that.
async fn an_answer_that_would_not_fit_leaves_the_session(on: On) {
    let house = small(on).await;
    let mut raw = house.raw_as("alice").await;
    let fill = "x".repeat(FRAME - 250);
    let questions = [
        ("ping", json!({"nonce": fill})),
        ("session.ping", json!({"nonce": fill, "sent_at": "2026-01-01T00:00:00Z"})),
        ("cancel", json!({"target": "job", "target_id": fill})),
        ("tool.invoke", json!({"tool": fill, "arguments": 1})),
        ("tool.invoke", json!({"tool": format!("echo@{fill}"), "arguments": 1})),
    ];
    for (kind, payload) in questions {
        let request = raw.say(kind, payload).await;
        let answer = raw.next().await;
        let answer = answer.unwrap_or_else(|| panic!("`{kind}` ends the connection"));
        assert_eq!(answer["correlation_id"], request, "{kind}");
        assert!(answer.to_string().len() <= FRAME, "{kind}");
        raw.is_quiet().await;
    }
}

async fn a_lease_that_fills_a_frame_is_answered(on: On) {
    let house = small(on).await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"note": {"text": "x".repeat(FRAME - 250)}});
    let payload = json!({"tool": "echo", "arguments": 1, "lease_request": lease});
    let request = raw.say("tool.invoke", payload).await;
    let answer: Value = raw.next().await.expect("an answer");
    assert_eq!(answer["correlation_id"], request);
}

async fn a_text_that_others_are_told_is_bounded(on: On) {
    let house = small(on).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let (fits, long) = ("x".repeat(4 << 10), "x".repeat((4 << 10) + 1));
    let cancel = |reason: &str| json!({"target": "job", "target_id": job, "reason": reason});
    let revoke = |reason: &str| json!({"lease_id": "lease_1", "reason": reason});
    let close = |reason: &str| json!({"reason": reason});
    let refused = [
        ("cancel", cancel(&long)),
        ("lease.revoked", revoke(&long)),
        ("session.close", close(&long)),
    ];
    for (name, payload) in refused {
        raw.say(name, payload).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT", "{name}");
    }
    raw.say("lease.revoked", revoke(&fits)).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
    raw.say("cancel", cancel(&fits)).await;
    raw.expect("cancel.accepted").await;
    assert_eq!(raw.expect("job.cancelled").await["payload"]["reason"], fits);
    raw.say("session.close", close(&fits)).await;
    raw.is_over().await;
}

/// It is written under two names, so it takes twice its own room.
async fn a_thought_of_more_than_half_a_frame_is_refused_and_harms_nothing(on: On) {
    let house = small(on).await;
    let mut raw = house.raw_as("alice").await;
    let steps = json!([
        ["stream.open", 0, "thought"],
        ["stream.think", 0, "assistant_thought", "x".repeat(FRAME - (6 << 10)), false],
        ["stream.think", 0, "assistant_thought", "short", false],
        ["stream.close", 0],
    ]);
    let job = raw.submit("script", steps).await;
    let events = raw.finish(&job).await;
    let kinds: Vec<_> = events.iter().skip(1).map(kind).collect();
    let wanted = ["stream.open", "event.emit", "stream.chunk", "stream.close", "job.completed"];
    assert_eq!(kinds, wanted);
    assert_eq!(events[2]["payload"]["data"], "OUT_OF_RANGE");
    assert_eq!(events[3]["payload"]["sequence"], 0);
}

async fn small(on: On) -> House {
    on.start(Setup::new().limits(|limits| limits.frame_bytes = FRAME)).await
}

const FRAME: usize = 64 << 10;
