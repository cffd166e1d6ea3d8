//! Watching a job: with its past or without, no gap and no double, and only by its principal.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{On, Raw, Setup, code, job_of, seq};

matrix!(
    a_watcher_gets_what_comes_next,
    a_watcher_gets_the_past_first,
    the_past_begins_where_it_is_wanted,
    a_job_that_has_ended_can_be_watched,
    whoever_watches_twice_gets_everything_once,
    the_submitter_may_ask_for_the_past,
    strangers_see_nothing,
    a_watcher_may_stop,
    what_cannot_be_watched_is_refused,
    watching_has_a_limit,
    many_watchers_at_different_times_get_each_event_once,
    a_watcher_is_told_of_the_end_that_a_restart_makes,
);

async fn watch(raw: &mut Raw, payload: Value) -> Value {
    let request = raw.say("job.subscribe", payload).await;
    let subscribed = raw.expect("job.subscribed").await;
    assert_eq!(subscribed["correlation_id"], request);
    assert_eq!(subscribed.get("event_seq"), None);
    assert_eq!(subscribed["session_id"], raw.session.as_str());
    subscribed
}

async fn refused(raw: &mut Raw, payload: Value) -> Value {
    let request = raw.say("job.subscribe", payload).await;
    let nack = raw.expect("nack").await;
    assert_eq!(nack["correlation_id"], request);
    nack
}

/// What an event says, without what differs by session.
fn told(event: &Value) -> Value {
    json!([
        event["id"],
        event["type"],
        event["timestamp"],
        event["correlation_id"],
        event["payload"]
    ])
}

fn lines(events: &[Value]) -> Vec<Value> {
    events.iter().map(told).collect()
}

async fn a_watcher_gets_what_comes_next(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw
        .submit_as(json!({
            "tool": "gate", "arguments": 5,
            "lease_request": {"cost_budget": ["USD:1.5"], "fs.read": ["/a"]},
        }))
        .await;
    raw.expect("job.started").await;
    let mut other = house.raw_as("alice").await;
    let subscribed = watch(&mut other, json!({"job_id": job})).await;
    assert_eq!(job_of(&subscribed), job);
    let payload = &subscribed["payload"];
    assert_eq!(payload["job_id"], job.as_str());
    assert_eq!(
        (&payload["current_status"], &payload["agent"]),
        (&json!("running"), &json!("gate@1"))
    );
    assert_eq!((&payload["subscribed_from"], payload.get("replayed")), (&json!(1), None));
    assert_eq!(payload["lease"], json!({"cost_budget": ["USD:1.5"], "fs.read": ["/a"]}));
    assert_eq!(payload["budget"], json!(["USD:1.5"]));
    assert!(payload["trace_id"].is_string());
    other.is_quiet().await;
    house.stage.open_gate();
    let end = raw.expect("job.completed").await;
    let seen = other.expect("job.completed").await;
    assert_eq!(told(&seen), told(&end));
    assert_eq!((seq(&end), seq(&seen)), (2, 1));
    assert_eq!(seen["session_id"], other.session.as_str());
}

async fn a_watcher_gets_the_past_first(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    // Numbers of an earlier job come before those of the watched one.
    let mut other = house.raw_as("alice").await;
    let echo = other.submit("echo", json!(1)).await;
    assert_eq!(other.finish(&echo).await.len(), 2);
    let job = raw
        .submit(
            "script",
            json!([["log", "info", "a"], ["log", "info", "b"], ["gate"], ["log", "info", "c"],]),
        )
        .await;
    house.stage.arrived(1).await;
    let subscribed = watch(&mut other, json!({"job_id": job, "history": true})).await;
    assert_eq!(subscribed["payload"]["subscribed_from"], 0);
    assert_eq!(subscribed["payload"]["replayed"], true);
    house.stage.open_gate();
    let mine = raw.finish(&job).await;
    let theirs = other.finish(&job).await;
    assert_eq!(lines(&theirs), lines(&mine));
    assert!(theirs.iter().map(seq).eq(3..=7));
    other.is_quiet().await;
}

async fn the_past_begins_where_it_is_wanted(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("emit", json!({"n": 50})).await;
    let mine = raw.finish(&job).await;
    assert_eq!(mine.len(), 52);
    for after in [0, 1, 25, 51, 52] {
        let mut other = house.raw_as("alice").await;
        let ask = json!({"job_id": job, "history": true, "from_event_seq": after});
        let subscribed = watch(&mut other, ask).await;
        assert_eq!(subscribed["payload"]["subscribed_from"], after);
        let mut theirs = Vec::new();
        for _ in after..52 {
            theirs.push(other.recv().await);
        }
        assert_eq!(lines(&theirs), lines(mine.get(after..).unwrap()));
        other.is_quiet().await;
        // Without history the place does not matter.
        let ask = json!({"job_id": job, "from_event_seq": after});
        assert_eq!(watch(&mut other, ask).await["payload"]["subscribed_from"], 52);
        other.is_quiet().await;
    }
}

async fn a_job_that_has_ended_can_be_watched(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut jobs = Vec::new();
    for (tool, input, state) in [
        ("echo", json!({"a": 1}), "completed"),
        ("fail", json!({"code": "NOT_FOUND", "message": "m"}), "failed"),
        ("chunks", json!({"pieces": ["a", "b"]}), "completed"),
    ] {
        let job = raw.submit(tool, input).await;
        jobs.push((job.clone(), state, raw.finish(&job).await));
    }
    let house = house.crash().await.restart(Setup::new()).await;
    let mut other = house.raw_as("alice").await;
    for (job, state, mine) in jobs {
        let subscribed = watch(&mut other, json!({"job_id": job, "history": true})).await;
        assert_eq!(subscribed["payload"]["current_status"], state);
        assert_eq!(lines(&other.finish(&job).await), lines(&mine));
        // Live only: there is nothing more.
        watch(&mut other, json!({"job_id": job})).await;
        other.is_quiet().await;
    }
}

async fn whoever_watches_twice_gets_everything_once(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let mut other = house.raw_as("alice").await;
    for _ in 0..3 {
        watch(&mut other, json!({"job_id": job})).await;
    }
    watch(&mut raw, json!({"job_id": job})).await;
    house.stage.open_gate();
    for raw in [&mut raw, &mut other] {
        raw.expect("job.completed").await;
        raw.is_quiet().await;
    }
}

async fn the_submitter_may_ask_for_the_past(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    let started = raw.expect("job.started").await;
    watch(&mut raw, json!({"job_id": job, "history": true})).await;
    let again = raw.expect("job.started").await;
    assert_eq!((told(&again), seq(&again)), (told(&started), 2));
    house.stage.open_gate();
    assert_eq!(seq(&raw.expect("job.completed").await), 3);
    raw.is_quiet().await;
}

async fn strangers_see_nothing(on: On) {
    let house = on.usual().await;
    let mut alice = house.raw_as("alice").await;
    let running = alice.submit("gate", json!(1)).await;
    alice.expect("job.started").await;
    let ended = alice.submit("echo", json!(1)).await;
    alice.finish(&ended).await;
    let mut bob = house.raw_as("bob").await;
    let mut nobody = house.raw().await;
    nobody
        .say(
            "session.open",
            json!({
                "auth": {"scheme": "none"}, "client": {"kind": "t", "version": "1"},
                "capabilities": {"anonymous": true},
            }),
        )
        .await;
    nobody.expect("session.accepted").await;
    for raw in [&mut bob, &mut nobody] {
        let mut answers = Vec::new();
        for job in [running.as_str(), ended.as_str(), "job_none"] {
            for history in [false, true] {
                let nack = refused(raw, json!({"job_id": job, "history": history})).await;
                answers.push(nack["payload"].clone());
            }
        }
        // What is not theirs looks like what is not there.
        assert!(answers.iter().all(|answer| *answer == answers[5]), "{answers:?}");
        assert_eq!(answers[0]["code"], "NOT_FOUND");
    }
    house.stage.open_gate();
    alice.finish(&running).await;
    bob.is_quiet().await;
    nobody.is_quiet().await;
}

async fn a_watcher_may_stop(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let mut other = house.raw_as("alice").await;
    watch(&mut other, json!({"job_id": job})).await;
    let request = other.say("job.unsubscribe", json!({"job_id": job})).await;
    assert_eq!(other.expect("ack").await["correlation_id"], request);
    other.say("job.unsubscribe", json!({"job_id": job})).await;
    assert_eq!(code(&other.expect("nack").await), "NOT_FOUND");
    // Whoever submitted a job goes on getting its events.
    raw.say("job.unsubscribe", json!({"job_id": job})).await;
    raw.expect("ack").await;
    house.stage.open_gate();
    raw.expect("job.completed").await;
    other.is_quiet().await;
}

async fn what_cannot_be_watched_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for payload in [json!({}), json!({"job_id": 5}), json!({"job_id": "sess_1"})] {
        assert_eq!(code(&refused(&mut raw, payload).await), "INVALID_ARGUMENT");
    }
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let ahead = json!({"job_id": job, "history": true, "from_event_seq": 2});
    assert_eq!(code(&refused(&mut raw, ahead.clone()).await), "INVALID_ARGUMENT");
    house.stage.open_gate();
    raw.expect("job.completed").await;
    let mut ahead = ahead;
    ahead["from_event_seq"] = json!(3);
    assert_eq!(code(&refused(&mut raw, ahead).await), "INVALID_ARGUMENT");
    let long = format!("job_{}", "x".repeat(300));
    assert_eq!(code(&refused(&mut raw, json!({"job_id": long})).await), "INVALID_ARGUMENT");
}

async fn watching_has_a_limit(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.watched_per_session = 2)).await;
    let mut raw = house.raw_as("alice").await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(raw.submit("gate", json!(1)).await);
        raw.expect("job.started").await;
    }
    let mut other = house.raw_as("alice").await;
    for job in &jobs[..2] {
        watch(&mut other, json!({"job_id": job})).await;
    }
    let nack = refused(&mut other, json!({"job_id": jobs[2]})).await;
    assert_eq!(code(&nack), "RESOURCE_EXHAUSTED");
    assert_eq!(nack["payload"]["message"], "`watched_per_session` is 2");
    watch(&mut other, json!({"job_id": jobs[0]})).await;
    other.say("job.unsubscribe", json!({"job_id": jobs[0]})).await;
    other.expect("ack").await;
    watch(&mut other, json!({"job_id": jobs[2]})).await;
}

async fn many_watchers_at_different_times_get_each_event_once(on: On) {
    let house = on.start(Setup::new().little_queued()).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("emit", json!({"n": 800, "pad": 80})).await;
    let mut watchers = Vec::new();
    for _ in 0..8 {
        let mut other = house.raw_as("alice").await;
        // Some of them while it goes on, some perhaps after its end.
        watch(&mut other, json!({"job_id": job, "history": true})).await;
        watchers.push(other);
    }
    let mine = raw.finish(&job).await;
    assert_eq!(mine.len(), 802);
    let all = join_all(watchers.iter_mut().map(|other| other.finish(&job))).await;
    for theirs in all {
        assert_eq!(lines(&theirs), lines(&mine));
        assert!(theirs.iter().map(seq).eq(1..=802));
    }
}

async fn a_watcher_is_told_of_the_end_that_a_restart_makes(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let mut other = house.raw_as("alice").await;
    let session = other.session.clone();
    watch(&mut other, json!({"job_id": job, "history": true})).await;
    other.expect("job.started").await;
    let remains = house.crash().await;
    let house = remains.restart(Setup::new()).await;
    let mut again = house.raw_as("alice").await;
    assert_eq!(again.until_ended(&job).await, "failed");
    // The watcher's session has it under its next number, for when its client comes back.
    let session = arcp_core::SessionId::parse(&session).unwrap();
    let events = crate::support::numbers(&*house.store, session.as_str()).await;
    assert_eq!(events.len(), 2);
}
