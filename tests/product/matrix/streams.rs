//! Streams beside a job's events, and stopping and slowing them.

use serde_json::{Value, json};

use crate::support::{House, On, Raw, Setup, code, job_of, kind};

matrix!(
    a_stream_is_told_from_its_opening_to_its_end,
    bytes_come_as_base64_with_their_digest,
    a_stream_that_was_left_open_ends_with_its_job,
    a_stream_can_be_stopped_by_its_principal_only,
    open_streams_are_bounded,
    a_stream_can_be_slowed,
    a_stream_that_died_with_its_runtime_ends,
);

/// Runs a script up to its end; the answers after `job.started`.
async fn run(raw: &mut Raw, steps: Value) -> Vec<Value> {
    let job = raw.submit("script", steps).await;
    raw.expect("job.started").await;
    raw.finish(&job).await
}

/// A script at its gate with one open stream, which has had one chunk.
async fn at_the_gate(house: &House, rest: &[Value]) -> (Raw, String, String) {
    let mut raw = house.raw_as("alice").await;
    let mut steps = vec![
        json!(["stream.open", 0, "text"]),
        json!(["stream.write", 0, "a"]),
        json!(["log", "info", "waiting"]),
        json!(["gate"]),
    ];
    steps.extend_from_slice(rest);
    let job = raw.submit("script", json!(steps)).await;
    raw.expect("job.started").await;
    let stream = raw.expect("stream.open").await["stream_id"].as_str().unwrap().to_owned();
    raw.expect("stream.chunk").await;
    raw.expect("log").await;
    (raw, job, stream)
}

fn refused(message: &Value) -> &Value {
    assert_eq!((kind(message), &message["payload"]["name"]), ("event.emit", &json!("refused")));
    &message["payload"]["data"]
}

async fn a_stream_is_told_from_its_opening_to_its_end(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for name in ["text", "event", "log", "metric", "thought"] {
        let steps = json!([
            ["stream.open", 0, name],
            ["stream.write", 0, {"n": 1}],
            ["stream.write", 0, "two"],
            ["stream.close", 0],
        ]);
        let events = run(&mut raw, steps).await;
        let kinds: Vec<_> = events.iter().map(kind).collect();
        let wanted =
            ["stream.open", "stream.chunk", "stream.chunk", "stream.close", "job.completed"];
        assert_eq!(kinds, wanted);
        let [open, first, second, close, _] = &events[..] else { panic!("{events:?}") };
        assert_eq!(open["payload"], json!({"kind": name, "content_type": "a/b"}));
        assert_eq!(first["payload"], json!({"sequence": 0, "data": {"n": 1}}));
        assert_eq!(second["payload"], json!({"sequence": 1, "data": "two"}));
        assert_eq!(close["payload"], json!({"final_sequence": 1}));
        assert!(open["stream_id"].as_str().unwrap().starts_with("str_"));
        for event in [first, second, close] {
            assert_eq!(event["stream_id"], open["stream_id"]);
        }
    }
    let steps = json!([
        ["stream.open", 0, "thought"],
        ["stream.think", 0, "assistant_thought", "", true],
        ["stream.fail", 0, "UNAVAILABLE", "no more"],
    ]);
    let events = run(&mut raw, steps).await;
    let thought = json!({
        "sequence": 0, "data": "", "content": "", "role": "assistant_thought", "redacted": true,
    });
    assert_eq!(events[1]["payload"], thought);
    let error = json!({"code": "UNAVAILABLE", "message": "no more", "retryable": true});
    assert_eq!((kind(&events[2]), &events[2]["payload"]), ("stream.error", &error));
}

async fn bytes_come_as_base64_with_their_digest(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let steps = json!([
        ["stream.open", 0, "binary"],
        ["stream.bytes", 0, "abc"],
        ["stream.write", 0, "no bytes"],
        ["stream.close", 0],
    ]);
    let events = run(&mut raw, steps).await;
    assert_eq!(events[1]["payload"]["data"], "YWJj");
    assert_eq!(events[1]["payload"]["content_type"], "a/b");
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(events[1]["payload"]["sha256"], digest);
    assert_eq!(refused(&events[2]), "INVALID_ARGUMENT");
    assert_eq!(events[3]["payload"], json!({"final_sequence": 0}));
}

async fn a_stream_that_was_left_open_ends_with_its_job(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let open = json!([["stream.open", 0, "text"], ["stream.write", 0, "a"]]);
    let events = run(&mut raw, open).await;
    assert_eq!(kind(&events[2]), "stream.close");
    assert_eq!(events[2]["payload"], json!({"final_sequence": 0}));
    let fails = json!([["stream.open", 0, "text"], ["end", "UNAVAILABLE"]]);
    let events = run(&mut raw, fails).await;
    assert_eq!((kind(&events[1]), code(&events[1])), ("stream.error", "ABORTED"));
    assert_eq!(kind(&events[2]), "job.failed");
    let cancelled = json!([["stream.open", 0, "text"], ["end", "CANCELLED"]]);
    let events = run(&mut raw, cancelled).await;
    assert_eq!((kind(&events[1]), code(&events[1])), ("stream.error", "CANCELLED"));
    assert_eq!(kind(&events[2]), "job.cancelled");
}

async fn a_stream_can_be_stopped_by_its_principal_only(on: On) {
    let house = on.usual().await;
    let rest = [json!(["stream.stopped", 0]), json!(["stream.write", 0, "b"])];
    let (mut raw, job, stream) = at_the_gate(&house, &rest).await;
    let mut other = house.raw_as("bob").await;
    let cancel = |id: &str| json!({"target": "stream", "target_id": id, "reason": "enough"});
    let mut reasons = Vec::new();
    for id in [&*stream, "str_none"] {
        other.say("cancel", cancel(id)).await;
        reasons.push(other.expect("cancel.refused").await["payload"]["reason"].clone());
    }
    assert_eq!(reasons[0], reasons[1]);
    for bad in ["job_1", "str_", ""] {
        raw.say("cancel", cancel(bad)).await;
        let refused = raw.expect("cancel.refused").await;
        assert_eq!(refused["payload"]["reason"], "malformed stream id");
    }
    let mut same = house.raw_as("alice").await;
    same.say("cancel", cancel(&stream)).await;
    assert_eq!(same.expect("cancel.accepted").await["payload"]["target_id"], stream);
    let error = raw.expect("stream.error").await;
    assert_eq!((code(&error), &error["payload"]["message"]), ("CANCELLED", &json!("enough")));
    assert_eq!((job_of(&error), &error["stream_id"]), (&*job, &json!(stream)));
    same.say("cancel", cancel(&stream)).await;
    same.expect("cancel.refused").await;
    house.stage.open_gate();
    let events = raw.finish(&job).await;
    assert_eq!(refused(&events[0]), "CANCELLED");
    assert_eq!(kind(&events[1]), "job.completed");
}

async fn open_streams_are_bounded(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.streams_per_job = 1)).await;
    let mut raw = house.raw_as("alice").await;
    let steps = json!([
        ["stream.open", 0, "text"],
        ["stream.open", 1, "text"],
        ["stream.close", 0],
        ["stream.open", 1, "text"],
        ["stream.close", 1],
    ]);
    let events = run(&mut raw, steps).await;
    assert_eq!(refused(&events[1]), "RESOURCE_EXHAUSTED");
    let kinds: Vec<_> = events.iter().skip(2).map(kind).collect();
    assert_eq!(kinds, ["stream.close", "stream.open", "stream.close", "job.completed"]);
}

async fn a_stream_can_be_slowed(on: On) {
    let house = on.usual().await;
    let rest =
        [json!(["stream.rate", 0]), json!(["stream.open", 1, "text"]), json!(["stream.rate", 1])];
    let (mut raw, job, stream) = at_the_gate(&house, &rest).await;
    let mut other = house.raw_as("bob").await;
    let mut slow = envelope_of("backpressure", &other.next_id(), &stream, 3);
    other.send(&slow).await;
    assert_eq!(code(&other.expect("nack").await), "NOT_FOUND");
    raw.say("backpressure", json!({"desired_rate_per_second": 0})).await;
    assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    raw.say("backpressure", json!({"desired_rate_per_second": 7, "reason": "slow"})).await;
    raw.expect("ack").await;
    slow["id"] = json!(raw.next_id());
    raw.send(&slow).await;
    raw.expect("ack").await;
    house.stage.open_gate();
    let events = raw.finish(&job).await;
    let rates: Vec<_> = events.iter().filter(|event| event["payload"]["name"] == "rate").collect();
    assert_eq!(rates[0]["payload"]["data"], 3);
    assert_eq!(rates[1]["payload"]["data"], 7);
}

fn envelope_of(name: &str, id: &str, stream: &str, rate: u32) -> Value {
    let payload = json!({"desired_rate_per_second": rate, "buffer_remaining_bytes": 1});
    let mut message = crate::support::envelope(id, name, payload);
    message["stream_id"] = json!(stream);
    message
}

async fn a_stream_that_died_with_its_runtime_ends(on: On) {
    let house = on.usual().await;
    let (_raw, job, stream) = at_the_gate(&house, &[]).await;
    let house = house.crash().await.restart(Setup::new()).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("job.subscribe", json!({"job_id": job, "history": true})).await;
    raw.expect("job.subscribed").await;
    let events = raw.finish(&job).await;
    let last: Vec<_> = events.iter().rev().take(2).collect();
    assert_eq!((kind(last[0]), code(last[0])), ("job.failed", "UNAVAILABLE"));
    assert_eq!((kind(last[1]), code(last[1])), ("stream.error", "ABORTED"));
    assert_eq!(last[1]["stream_id"], stream);
}
