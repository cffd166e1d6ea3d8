//! Credentials that get other values while their job runs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Gateway, House, On, Setup, code, ended_fact, is_stored, job_of, kind};

matrix!(
    the_new_value_is_the_submitters_and_the_agents_and_nobody_elses,
    a_rotation_that_fails_is_told_to_the_agent,
    nothing_is_revoked_while_it_gets_another_value,
    a_stop_calls_rotations_off,
    the_value_of_a_child_is_told_to_its_agent_only,
);

async fn house(on: On) -> (House, Gateway) {
    let gateway = Gateway::new();
    (on.start(Setup::new().gateway(&gateway)).await, gateway)
}

/// A script whose credentials behave as `wish` says.
fn job(steps: &Value, wish: &str) -> Value {
    let lease = json!({
        "cost_budget": ["USD:2"],
        "model_use": ["m/*"],
        "agent.delegate": ["*"],
        "x-gateway": wish,
    });
    json!({"tool": "script", "arguments": steps, "lease_request": lease})
}

fn rotated(message: &Value) -> bool {
    message["payload"]["data"]["phase"] == "credential_rotated"
}

async fn the_new_value_is_the_submitters_and_the_agents_and_nobody_elses(on: On) {
    let (house, gateway) = house(on).await;
    let (mut raw, mut watcher) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let mut observer = house.raw_as("alice").await;
    observer.say("subscribe", json!({"since": {}})).await;
    observer.until(|message| message["payload"]["event"]["type"] == "event.emit").await;
    let payload = job(&json!([["gate"], ["rotate"], ["rotate"], ["gate"]]), "");
    raw.invoke_with_key("k", payload.clone()).await;
    let accepted = raw.expect("job.accepted").await;
    let (id, first) = (&accepted["payload"]["credentials"][0]["id"], job_of(&accepted));
    raw.expect("job.started").await;
    watcher.say("job.subscribe", json!({"job_id": first, "history": true})).await;
    let mut others = watcher.until(|message| kind(message) == "job.started").await;
    house.stage.open_gate();
    let mut told = raw.until(|message| kind(message) == "job.completed").await;
    told.retain(|message| rotated(message) || message["payload"]["name"] == "rotated");
    let wanted = |count: u32| {
        let value = format!("value-{}-{count}", id.as_str().unwrap());
        json!({"phase": "credential_rotated", "id": id, "value": value})
    };
    let data: Vec<_> = told.iter().map(|message| message["payload"]["data"].clone()).collect();
    assert_eq!(data, [wanted(1), json!(true), wanted(2), json!(true)]);
    others.extend(watcher.until(|message| kind(message) == "job.completed").await);
    others.extend(observer.until(|m| m["payload"]["event"]["type"] == "job.completed").await);
    watcher.say("job.subscribe", json!({"job_id": first, "history": true})).await;
    others.extend(watcher.until(|message| kind(message) == "job.completed").await);
    let seen: Vec<_> = others.iter().filter(|message| rotated(message)).collect();
    assert_eq!(seen.len(), 4);
    assert!(!others.iter().any(|message| message.to_string().contains("value-cred")));
    gateway.until(|books| books.good.is_empty()).await;
    let first = first.to_owned();
    drop((raw, watcher, observer));
    let remains = house.shutdown(Duration::ZERO).await;
    let store = remains.store().await;
    assert!(!is_stored(&*store, &first, b"value-cred").await, "a value is stored");
}

async fn a_rotation_that_fails_is_told_to_the_agent(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    let cases =
        [("fixed", "UNIMPLEMENTED"), ("keep", "PERMISSION_DENIED"), ("break", "UNAVAILABLE")];
    for (wish, wanted) in cases {
        raw.say("tool.invoke", job(&json!([["rotate"], ["rotate", "cred_other"]]), wish)).await;
        let accepted = raw.expect("job.accepted").await;
        let told = raw.finish(job_of(&accepted)).await;
        let said: Vec<_> = told.iter().filter(|m| m["payload"]["name"] == "rotated").collect();
        assert_eq!(said[0]["payload"]["data"], wanted);
        assert_eq!(said[1]["payload"]["data"], "NOT_FOUND");
        assert!(
            !told.iter().any(|message| rotated(message) || message.to_string().contains("s3cret"))
        );
    }
    let books = gateway.until(|books| books.good.is_empty()).await;
    assert_eq!((books.rotations, books.revocations.len()), (3, 3));
    // The submitter has the value that is good when it asks again under the key.
    let payload = job(&json!([["rotate"], ["gate"]]), "");
    raw.invoke_with_key("k", payload.clone()).await;
    raw.until(|message| message["payload"]["name"] == "rotated").await;
    raw.invoke_with_key("k", payload).await;
    let again = raw.expect("job.accepted").await;
    let value = again["payload"]["credentials"][0]["value"].as_str().unwrap();
    assert!(value.ends_with("-4"), "{value}");
}

async fn nothing_is_revoked_while_it_gets_another_value(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("tool.invoke", job(&json!([["rotate"]]), "hang")).await;
    let accepted = raw.expect("job.accepted").await;
    let job = job_of(&accepted).to_owned();
    gateway.until(|books| books.rotations == 1).await;
    let cancel = json!({"target": "job", "target_id": job, "deadline_ms": 0});
    raw.say("cancel", cancel).await;
    let told = raw.until(|message| kind(message) == "job.failed").await;
    assert_eq!(code(told.last().unwrap()), "ABORTED");
    raw.is_quiet().await;
    assert_eq!(gateway.books().revocations.len(), 0);
    gateway.open();
    gateway.until(|books| books.good.is_empty()).await;
    raw.is_quiet().await;
    assert!(ended_fact(&*house.store, "alice", &job).await.is_some());
}

async fn a_stop_calls_rotations_off(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("tool.invoke", job(&json!([["rotate"]]), "hang")).await;
    raw.expect("job.accepted").await;
    gateway.until(|books| books.rotations == 1).await;
    house.shutdown(Duration::ZERO).await;
    gateway.until(|books| books.good.is_empty()).await;
}

async fn the_value_of_a_child_is_told_to_its_agent_only(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"cost.budget": ["USD:1"]});
    let part = json!({"agent": "script", "input": [["rotate"]], "lease": lease});
    raw.say("tool.invoke", job(&json!([["delegate", part], ["outcome", 0]]), "")).await;
    let accepted = raw.expect("job.accepted").await;
    let parent = job_of(&accepted).to_owned();
    let ends = |m: &Value| kind(m) == "job.completed" && job_of(m) == parent;
    let told = raw.until(ends).await;
    assert_eq!(told.iter().filter(|message| rotated(message)).count(), 1);
    let said = told.iter().find(|message| message["payload"]["name"] == "rotated").unwrap();
    assert_eq!(said["payload"]["data"], true);
    assert!(!told.iter().any(|message| message.to_string().contains("value-cred")));
    gateway.until(|books| books.good.is_empty()).await;
}
