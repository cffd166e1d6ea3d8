//! Idempotency keys: the same intent again is the same job, whatever has happened meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HandClock, On, Raw, Setup, code, envelope, job_of, kind, seq};

matrix!(
    a_repeat_of_a_running_job_is_told_the_same,
    a_repeat_of_an_ended_job_is_told_its_end_again,
    another_session_joins_what_runs,
    another_intent_is_a_conflict,
    equal_json_is_the_same_intent,
    keys_belong_to_a_principal,
    fifty_at_once_are_one_job,
    a_key_outlives_the_runtime,
    a_key_is_forgotten_after_its_horizon,
    keys_have_a_limit,
    a_refused_submit_binds_nothing,
);

/// Sends an invoke under a key and returns its message id.
fn gate() -> Value {
    json!({"tool": "gate", "arguments": 1})
}

/// Submits under a key and returns the job, accepted for the first time.
async fn first(raw: &mut Raw, key: &str, payload: Value) -> String {
    let request = raw.invoke_with_key(key, payload).await;
    let accepted = raw.expect("job.accepted").await;
    assert_eq!(
        (&accepted["correlation_id"], &accepted["idempotency_key"]),
        (&json!(request), &Value::Null)
    );
    job_of(&accepted).to_owned()
}

/// Submits again and takes care that the answer is that of the first time.
async fn again(raw: &mut Raw, key: &str, payload: Value, job: &str) -> Value {
    let request = raw.invoke_with_key(key, payload).await;
    let accepted = raw.expect("job.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    assert_eq!((job_of(&accepted), &accepted["idempotency_key"]), (job, &json!(key)));
    assert_eq!(accepted.get("event_seq"), None);
    accepted
}

async fn jobs(raw: &mut Raw) -> usize {
    raw.list(json!({})).await["jobs"].as_array().unwrap().len()
}

async fn a_repeat_of_a_running_job_is_told_the_same(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"cost_budget": ["USD:1"], "expires_at": "2999-01-01T00:00:00Z"});
    let payload = json!({"tool": "gate", "arguments": 1, "lease_request": lease});
    let request = raw.invoke_with_key("k", payload.clone()).await;
    let accepted = raw.expect("job.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    raw.expect("job.started").await;
    let repeated = again(&mut raw, "k", payload, job_of(&accepted)).await;
    assert_eq!(repeated["payload"], accepted["payload"]);
    raw.is_quiet().await;
    house.stage.open_gate();
    // Its events come once.
    let end = raw.finish(job_of(&accepted)).await;
    assert_eq!(end.iter().map(kind).collect::<Vec<_>>(), ["job.completed"]);
    raw.is_quiet().await;
    assert_eq!(jobs(&mut raw).await, 1);
}

async fn a_repeat_of_an_ended_job_is_told_its_end_again(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let payload = json!({"tool": "echo", "arguments": {"a": 1}});
    let job = first(&mut raw, "k", payload.clone()).await;
    let end = raw.finish(&job).await.pop().unwrap();
    for more in 1..=3 {
        again(&mut raw, "k", payload.clone(), &job).await;
        let told = raw.expect("job.completed").await;
        assert_eq!((&told["id"], &told["payload"]), (&end["id"], &end["payload"]));
        assert_eq!(seq(&told), seq(&end) + more, "numbered anew");
    }
    // Numbers go on after it, and another session is told it under numbers of its own.
    let next = raw.submit("echo", json!(2)).await;
    assert_eq!(seq(&raw.finish(&next).await[0]), seq(&end) + 4);
    let mut other = house.raw_as("alice").await;
    again(&mut other, "k", payload, &job).await;
    assert_eq!(seq(&other.expect("job.completed").await), 1);
    assert_eq!(house.stage.echoes(), 2);
}

async fn another_session_joins_what_runs(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = first(&mut raw, "k", gate()).await;
    raw.expect("job.started").await;
    let mut other = house.raw_as("alice").await;
    again(&mut other, "k", gate(), &job).await;
    again(&mut other, "k", gate(), &job).await;
    other.is_quiet().await;
    // The first client is gone for good; the second gets the end, once.
    raw.close().await;
    house.stage.open_gate();
    let end = other.expect("job.completed").await;
    assert_eq!((job_of(&end), seq(&end)), (job.as_str(), 1));
    other.is_quiet().await;
}

async fn another_intent_is_a_conflict(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = first(&mut raw, "k", gate()).await;
    raw.expect("job.started").await;
    for other in [
        json!({"tool": "gate", "arguments": 2}),
        json!({"tool": "gate@1", "arguments": 1}),
        json!({"tool": "echo", "arguments": 1}),
        json!({"tool": "gate", "arguments": 1, "cost_budget": ["USD:1"]}),
        json!({"tool": "gate", "arguments": 1, "max_runtime_sec": 5}),
    ] {
        let request = raw.invoke_with_key("k", other).await;
        let failed = raw.expect("job.failed").await;
        assert_eq!(
            (code(&failed), &failed["correlation_id"]),
            ("FAILED_PRECONDITION", &json!(request))
        );
        assert_eq!(failed["idempotency_key"], "k");
        assert_eq!(failed["payload"]["retryable"], false);
        assert_eq!(failed.get("event_seq"), None);
    }
    raw.is_quiet().await;
    assert_eq!(jobs(&mut raw).await, 1);
    house.stage.open_gate();
    raw.finish(&job).await;
    let request = raw.invoke_with_key("k", json!({"tool": "gate", "arguments": 3})).await;
    assert_eq!(raw.expect("job.failed").await["correlation_id"], request, "also when it is over");
}

async fn equal_json_is_the_same_intent(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let id = raw.next_id();
    let head = format!(
        r#"{{"arcp":"1.1","id":"{id}","timestamp":"2026-01-01T00:00:00Z","type":"tool.invoke","idempotency_key":"k","payload":"#
    );
    raw.send_text(&format!(r#"{head}{{"tool":"gate","arguments":{{"a":1,"b":[1.0,"x"]}}}}}}"#))
        .await;
    let accepted = raw.expect("job.accepted").await;
    raw.expect("job.started").await;
    let head = head.replace(&id, &raw.next_id());
    raw.send_text(&format!(
        r#"{head}{{"lease_request":{{}},"arguments":{{ "b" : [1, "\u0078"], "a":1e0 }},"tool":"gate"}}}}"#
    ))
    .await;
    assert_eq!(job_of(&raw.expect("job.accepted").await), job_of(&accepted));
    raw.is_quiet().await;
}

async fn keys_belong_to_a_principal(on: On) {
    let house = on.usual().await;
    let mut alice = house.raw_as("alice").await;
    let mut bob = house.raw_as("bob").await;
    let of_alice = first(&mut alice, "k", gate()).await;
    let of_bob = first(&mut bob, "k", json!({"tool": "gate", "arguments": 2})).await;
    assert_ne!(of_alice, of_bob);
    // Nobody shares anything with nobody.
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut raw = house.raw().await;
        let open = json!({
            "auth": {"scheme": "none"},
            "client": {"kind": "test", "version": "1"},
            "capabilities": {"anonymous": true},
        });
        raw.say("session.open", open).await;
        raw.expect("session.accepted").await;
        let job = first(&mut raw, "k", gate()).await;
        raw.expect("job.started").await;
        again(&mut raw, "k", gate(), &job).await;
        assert!(!seen.contains(&job));
        seen.push(job);
    }
}

async fn fifty_at_once_are_one_job(on: On) {
    let house = on.usual().await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(house.raw_as("alice").await);
    }
    let payload = json!({"tool": "echo", "arguments": "once"});
    let race = sessions.into_iter().map(|mut raw| {
        let payload = payload.clone();
        async move {
            for _ in 0..10 {
                raw.invoke_with_key("k", payload.clone()).await;
            }
            let mut accepted = Vec::new();
            while accepted.len() < 10 {
                let message = raw.recv().await;
                match kind(&message) {
                    "job.accepted" => accepted.push(message),
                    kind => assert!(matches!(kind, "job.started" | "job.completed"), "{message}"),
                }
            }
            accepted
        }
    });
    let accepted = futures_util::future::join_all(race).await.concat();
    assert!(accepted.iter().all(|one| job_of(one) == job_of(&accepted[0])));
    let fresh = accepted.iter().filter(|one| one.get("idempotency_key").is_none());
    assert_eq!(fresh.count(), 1);
    let mut raw = house.raw_as("alice").await;
    assert_eq!(raw.until_ended(job_of(&accepted[0])).await, "completed");
    assert_eq!(house.stage.echoes(), 1);
}

async fn a_key_outlives_the_runtime(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let echo = json!({"tool": "echo", "arguments": 1});
    let ended = first(&mut raw, "ended", echo.clone()).await;
    raw.finish(&ended).await;
    let died = first(&mut raw, "died", gate()).await;
    raw.expect("job.started").await;
    let house = house.crash().await.restart(Setup::new()).await;
    let mut raw = house.raw_as("alice").await;
    again(&mut raw, "ended", echo, &ended).await;
    assert_eq!(raw.expect("job.completed").await["payload"]["value"], 1);
    again(&mut raw, "died", gate(), &died).await;
    let failed = raw.expect("job.failed").await;
    assert_eq!((code(&failed), &failed["payload"]["retryable"]), ("UNAVAILABLE", &json!(true)));
    assert_eq!((house.stage.echoes(), seq(&failed)), (0, 2));
    let request = raw.invoke_with_key("died", json!({"tool": "gate", "arguments": 2})).await;
    assert_eq!(raw.expect("job.failed").await["correlation_id"], request);
}

async fn a_key_is_forgotten_after_its_horizon(on: On) {
    let clock = HandClock::new();
    let setup = Setup::new().clock(&clock);
    let setup = setup.configure(|builder| builder.idempotency_horizon(Duration::from_secs(100)));
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let echo = json!({"tool": "echo", "arguments": 1});
    let job = first(&mut raw, "ended", echo.clone()).await;
    raw.finish(&job).await;
    let running = first(&mut raw, "running", gate()).await;
    raw.expect("job.started").await;
    clock.advance(Duration::from_secs(99));
    again(&mut raw, "ended", echo.clone(), &job).await;
    raw.expect("job.completed").await;
    clock.advance(Duration::from_secs(2));
    forgotten(&mut raw, &echo, &job).await;
    // What has not ended keeps its key as long as it lasts.
    again(&mut raw, "running", gate(), &running).await;
}

/// Waits until the key is free again: the clock has moved, and the runtime is about to see it.
async fn forgotten(raw: &mut Raw, echo: &Value, job: &str) {
    loop {
        raw.invoke_with_key("ended", echo.clone()).await;
        let accepted = raw.expect("job.accepted").await;
        raw.until(|message| kind(message) == "job.completed").await;
        if accepted.get("idempotency_key").is_none() {
            assert_ne!(job_of(&accepted), job);
            return;
        }
    }
}

async fn keys_have_a_limit(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.keys_per_principal = 2)).await;
    let mut raw = house.raw_as("alice").await;
    for key in ["a", "b"] {
        let job = first(&mut raw, key, json!({"tool": "echo", "arguments": 1})).await;
        raw.finish(&job).await;
    }
    raw.invoke_with_key("c", gate()).await;
    let failed = raw.expect("job.failed").await;
    assert_eq!(code(&failed), "RESOURCE_EXHAUSTED");
    assert_eq!(failed["payload"]["message"], "`keys_per_principal` is 2");
    // The keys that are there still answer, and a submit without one goes.
    raw.invoke_with_key("a", json!({"tool": "echo", "arguments": 1})).await;
    raw.expect("job.accepted").await;
    raw.expect("job.completed").await;
    let job = raw.submit("echo", json!(1)).await;
    raw.finish(&job).await;
}

async fn a_refused_submit_binds_nothing(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for refused in [
        json!({"tool": "nobody", "arguments": 1}),
        json!({"tool": "Bad Name", "arguments": 1}),
        json!({"tool": "echo"}),
        json!({"tool": "echo", "arguments": 1, "lease_request": {"expires_at": "2001-01-01T00:00:00Z"}}),
    ] {
        raw.invoke_with_key("k", refused).await;
        raw.expect("job.failed").await;
    }
    let job = first(&mut raw, "k", gate()).await;
    raw.expect("job.started").await;
    // A key that is none is refused as such.
    for key in [json!(""), json!(5), json!("k".repeat(257))] {
        let id = raw.next_id();
        let mut message = envelope(&id, "tool.invoke", gate());
        message["idempotency_key"] = key;
        raw.send(&message).await;
        let nack = raw.expect("nack").await;
        assert_eq!((code(&nack), &nack["correlation_id"]), ("INVALID_ARGUMENT", &json!(id)));
    }
    again(&mut raw, "k", gate(), &job).await;
}
