//! Permissions that a job asks for while it runs, and the leases that come of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HandClock, House, On, Raw, Setup, code, envelope, job_of, kind};

matrix!(
    what_is_granted_may_be_done_until_it_expires,
    what_is_denied_is_told_to_the_job,
    a_permission_can_be_extended_and_taken_back,
    nobody_answering_ends_as_the_request_says,
    only_the_principal_answers_and_once,
    an_answer_has_to_fit_its_request,
    a_blocked_job_can_be_cancelled,
    a_permission_does_not_pass_the_ceiling_nor_the_budget,
    permissions_of_a_job_are_bounded,
    a_time_without_end_ends_with_the_calendar,
    what_is_granted_for_models_is_for_their_names,
);

const ASK: [&str; 4] = ["permit", "net.fetch", "https://a.example/**", "get"];

/// Runs a script that asks for a permission; the message that asks.
async fn asking(house: &House, steps: Value, lease: Value) -> (Raw, String, Value) {
    let mut raw = house.raw_as("alice").await;
    let payload = json!({"tool": "script", "arguments": steps, "lease_request": lease});
    let job = raw.submit_as(payload).await;
    raw.expect("job.started").await;
    let request = raw.expect("permission.request").await;
    assert_eq!(job_of(&request), job);
    (raw, job, request)
}

/// An answer to a request, by its message.
fn answer(raw: &mut Raw, request: &Value, name: &str, payload: Value) -> Value {
    let mut message = envelope(&raw.next_id(), name, payload);
    message["correlation_id"] = request["id"].clone();
    message
}

fn granted(seconds: u64) -> Value {
    json!({
        "permission": "net.fetch",
        "resource": "https://a.example/**",
        "operation": "get",
        "lease_seconds": seconds,
    })
}

/// Grants what a request asks for, and returns the lease.
async fn grant(raw: &mut Raw, request: &Value, seconds: u64) -> Value {
    let message = answer(raw, request, "permission.grant", granted(seconds));
    raw.send(&message).await;
    assert_eq!(raw.expect("ack").await["correlation_id"], message["id"]);
    raw.expect("lease.granted").await
}

async fn said(raw: &mut Raw, name: &str) -> Value {
    let message = raw.expect("event.emit").await;
    assert_eq!(message["payload"]["name"], name);
    message["payload"]["data"].clone()
}

async fn what_is_granted_may_be_done_until_it_expires(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let ask = ["ask", "net.fetch", "https://a.example/x"];
    let elsewhere = ["ask", "net.fetch", "https://b.example/x"];
    let steps = json!([ASK, ask, elsewhere, ["gate"], ask]);
    let (mut raw, job, request) = asking(&house, steps, json!({})).await;
    let wanted = json!({
        "permission": "net.fetch",
        "resource": "https://a.example/**",
        "operation": "get",
        "reason": "why",
    });
    assert_eq!(request["payload"], wanted);
    let blocked = raw.list(json!({"filter": {"status": ["blocked"]}})).await;
    assert_eq!(blocked["jobs"][0]["job_id"], job);
    let lease = grant(&mut raw, &request, 60).await;
    assert!(lease["payload"]["lease_id"].as_str().unwrap().starts_with("lease_"));
    let end = clock.wall().after(Duration::from_mins(1)).to_string();
    assert_eq!(lease["payload"]["expires_at"], end);
    assert_eq!(said(&mut raw, "permit").await, json!({"granted": "https://a.example/**"}));
    assert_eq!(said(&mut raw, "answer").await, "yes");
    assert_eq!(said(&mut raw, "answer").await, "PERMISSION_DENIED");
    let running = raw.list(json!({"filter": {"status": ["running"]}})).await;
    assert_eq!(running["jobs"][0]["job_id"], job);
    clock.advance(Duration::from_mins(1));
    house.stage.open_gate();
    assert_eq!(said(&mut raw, "answer").await, "LEASE_EXPIRED");
    raw.expect("job.completed").await;
}

async fn what_is_denied_is_told_to_the_job(on: On) {
    let house = on.usual().await;
    let steps = json!([ASK, ["ask", "net.fetch", "https://a.example/x"]]);
    let (mut raw, _, request) = asking(&house, steps, json!({})).await;
    let denied = json!({"permission": "net.fetch", "reason": "no"});
    let message = answer(&mut raw, &request, "permission.deny", denied);
    raw.send(&message).await;
    raw.expect("ack").await;
    assert_eq!(said(&mut raw, "permit").await, "PERMISSION_DENIED");
    assert_eq!(said(&mut raw, "answer").await, "PERMISSION_DENIED");
    raw.expect("job.completed").await;
}

async fn a_permission_can_be_extended_and_taken_back(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let steps = json!([ASK, ["gate"], ["ask", "net.fetch", "https://a.example/x"]]);
    let (mut raw, _, request) = asking(&house, steps, json!({})).await;
    let lease = grant(&mut raw, &request, 60).await;
    said(&mut raw, "permit").await;
    let id = lease["payload"]["lease_id"].clone();
    raw.say("lease.refresh", json!({"lease_id": id, "additional_seconds": 30})).await;
    raw.expect("ack").await;
    let end = clock.wall().after(Duration::from_secs(90)).to_string();
    let extended = raw.expect("lease.extended").await;
    assert_eq!(extended["payload"], json!({"lease_id": id, "expires_at": end}));
    raw.say("lease.refresh", json!({"lease_id": id, "additional_seconds": 0})).await;
    assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    let revoke = json!({"lease_id": id, "reason": "changed my mind"});
    let mut other = house.raw_as("bob").await;
    other.say("lease.revoked", revoke.clone()).await;
    assert_eq!(code(&other.expect("nack").await), "NOT_FOUND");
    raw.say("lease.revoked", revoke.clone()).await;
    raw.expect("ack").await;
    assert_eq!(raw.expect("lease.revoked").await["payload"], revoke);
    // Once taken back, it is neither extended nor taken back again.
    raw.say("lease.revoked", revoke.clone()).await;
    assert_eq!(code(&raw.expect("nack").await), "LEASE_REVOKED");
    raw.say("lease.refresh", json!({"lease_id": id, "additional_seconds": 30})).await;
    assert_eq!(code(&raw.expect("nack").await), "LEASE_REVOKED");
    house.stage.open_gate();
    assert_eq!(said(&mut raw, "answer").await, "LEASE_REVOKED");
    raw.expect("job.completed").await;
    raw.say("lease.revoked", revoke).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
}

async fn nobody_answering_ends_as_the_request_says(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let ask = ["permit", "net.fetch", "https://a.example/**", "get"];
    let mut patient: Vec<Value> = ask.iter().map(|text| json!(text)).collect();
    patient.push(json!(5_000));
    let (mut raw, _, request) = asking(&house, json!([patient]), json!({})).await;
    clock.advance(Duration::from_millis(4_999));
    raw.is_quiet().await;
    clock.advance(Duration::from_millis(1));
    assert_eq!(said(&mut raw, "permit").await, "TIMED_OUT");
    raw.expect("job.completed").await;
    let late = answer(&mut raw, &request, "permission.grant", granted(60));
    raw.send(&late).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
}

async fn only_the_principal_answers_and_once(on: On) {
    let house = on.usual().await;
    let steps = json!([ASK, ["gate"]]);
    let (mut raw, job, request) = asking(&house, steps, json!({})).await;
    let mut other = house.raw_as("bob").await;
    let mut refusals = Vec::new();
    for id in [request["id"].clone(), json!("msg_none")] {
        let mut message = answer(&mut other, &request, "permission.grant", granted(60));
        message["correlation_id"] = id;
        other.send(&message).await;
        refusals.push(other.expect("nack").await["payload"].clone());
    }
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(refusals[0]["code"], "NOT_FOUND");
    // Another session of the principal may, by the job's id too.
    let mut same = house.raw_as("alice").await;
    let mut message = envelope(&same.next_id(), "permission.grant", granted(60));
    message["job_id"] = json!(job);
    same.send(&message).await;
    same.expect("ack").await;
    raw.expect("lease.granted").await;
    said(&mut raw, "permit").await;
    let again = answer(&mut raw, &request, "permission.grant", granted(60));
    raw.send(&again).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
}

async fn an_answer_has_to_fit_its_request(on: On) {
    let house = on.usual().await;
    let (mut raw, _, request) = asking(&house, json!([ASK]), json!({})).await;
    let change = |key: &str, value: Value| {
        let mut payload = granted(60);
        payload[key] = value;
        payload
    };
    let bad = [
        change("permission", json!("fs.read")),
        change("resource", json!("")),
        change("resource", json!("a.example/**")),
        change("resource", json!(7)),
        change("lease_seconds", json!(0)),
        change("lease_seconds", json!(-1)),
        change("operation", Value::Null),
    ];
    for payload in bad {
        let message = answer(&mut raw, &request, "permission.grant", payload.clone());
        raw.send(&message).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT", "{payload}");
    }
    raw.say("permission.grant", granted(60)).await;
    assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    grant(&mut raw, &request, 60).await;
    said(&mut raw, "permit").await;
    raw.expect("job.completed").await;
}

async fn a_blocked_job_can_be_cancelled(on: On) {
    let house = on.usual().await;
    let (mut raw, job, _) = asking(&house, json!([ASK]), json!({})).await;
    raw.say("cancel", json!({"target": "job", "target_id": job, "deadline_ms": 60_000})).await;
    raw.expect("cancel.accepted").await;
    assert_eq!(said(&mut raw, "permit").await, "CANCELLED");
    // The script goes on after a refusal, and ends.
    assert_eq!(raw.finish(&job).await.last().map(kind), Some("job.completed"));
}

async fn a_permission_does_not_pass_the_ceiling_nor_the_budget(on: On) {
    let ceiling = || {
        let pattern = arcp_core::lease::Pattern::parse("https://a.example/public/*").unwrap();
        arcp_core::Lease::default().grant("net.fetch", pattern)
    };
    let house = on.start(Setup::new().configure(move |b| b.ceiling(Some(ceiling())))).await;
    let ask = |target: &str| json!(["ask", "net.fetch", format!("https://a.example/{target}")]);
    let steps = json!([
        ASK,
        ask("private"),
        ask("public/1"),
        ["metric", "cost.x", 1, "USD"],
        ask("public/1"),
    ]);
    let lease = json!({"cost_budget": ["USD:1"]});
    let (mut raw, _, request) = asking(&house, steps, lease).await;
    grant(&mut raw, &request, 60).await;
    said(&mut raw, "permit").await;
    assert_eq!(said(&mut raw, "answer").await, "PERMISSION_DENIED");
    assert_eq!(said(&mut raw, "answer").await, "yes");
    raw.expect("metric").await;
    raw.expect("metric").await;
    assert_eq!(said(&mut raw, "answer").await, "BUDGET_EXHAUSTED");
    raw.expect("job.completed").await;
}

async fn permissions_of_a_job_are_bounded(on: On) {
    let clock = HandClock::new();
    let setup = Setup::new().clock(&clock).limits(|limits| limits.permissions_per_job = 1);
    let house = on.start(setup).await;
    let (mut raw, _, request) = asking(&house, json!([ASK, ASK, ["gate"], ASK]), json!({})).await;
    grant(&mut raw, &request, 60).await;
    said(&mut raw, "permit").await;
    assert_eq!(said(&mut raw, "permit").await, "RESOURCE_EXHAUSTED");
    // One that holds no more makes room.
    clock.advance(Duration::from_mins(1));
    house.stage.open_gate();
    let request = raw.expect("permission.request").await;
    grant(&mut raw, &request, 60).await;
    said(&mut raw, "permit").await;
    raw.expect("job.completed").await;
}

async fn a_time_without_end_ends_with_the_calendar(on: On) {
    let house = on.usual().await;
    let (mut raw, _, request) = asking(&house, json!([ASK, ["gate"]]), json!({})).await;
    let lease = grant(&mut raw, &request, u64::MAX).await;
    assert_eq!(lease["payload"]["expires_at"], "9999-12-31T23:59:59.999999Z");
    said(&mut raw, "permit").await;
    let longer = json!({"lease_id": lease["payload"]["lease_id"], "additional_seconds": 1});
    raw.say("lease.refresh", longer).await;
    raw.expect("ack").await;
    let extended = raw.expect("lease.extended").await;
    assert_eq!(extended["payload"]["expires_at"], lease["payload"]["expires_at"]);
    house.stage.open_gate();
    raw.expect("job.completed").await;
}

/// In them a star stands for slashes too.
async fn what_is_granted_for_models_is_for_their_names(on: On) {
    let house = on.usual().await;
    let steps = json!([
        ["permit", "model.use", "maker/family/small", "use"],
        ["ask", "model.use", "maker/family/small"],
        ["ask", "model.use", "other/family/small"],
    ]);
    let (mut raw, _, request) = asking(&house, steps, json!({})).await;
    let payload = json!({
        "permission": "model.use",
        "resource": "maker/*",
        "operation": "use",
        "lease_seconds": 60,
    });
    let message = answer(&mut raw, &request, "permission.grant", payload);
    raw.send(&message).await;
    raw.expect("ack").await;
    raw.expect("lease.granted").await;
    said(&mut raw, "permit").await;
    assert_eq!(said(&mut raw, "answer").await, "yes");
    assert_eq!(said(&mut raw, "answer").await, "PERMISSION_DENIED");
    raw.expect("job.completed").await;
}
