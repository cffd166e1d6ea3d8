//! Credentials that are issued for jobs, and revoked with them.

use std::time::Duration;

use arcp_core::Lease;
use arcp_core::lease::Pattern;
use serde_json::{Value, json};

use crate::support::{
    Books, Gateway, HandClock, House, On, Raw, Setup, code, is_stored, job_of, kind,
};

matrix!(
    a_job_is_accepted_once_its_credentials_are_issued,
    nobody_but_the_submitter_sees_a_credential,
    credentials_are_revoked_however_the_job_ends,
    without_credentials_there_is_no_job,
    a_slow_provisioner_delays_its_own_job_only,
    the_same_key_at_the_same_time_is_one_job_and_one_credential,
    a_key_that_is_repeated_gets_the_credentials_while_the_job_runs,
    what_cannot_be_revoked_is_tried_again,
    credentials_do_not_outlive_the_runtime_that_ran_their_job,
    a_client_that_leaves_meanwhile_has_its_job,
    a_session_that_closes_meanwhile_has_none,
    a_stop_refuses_jobs_that_wait_for_their_credentials,
    jobs_that_wait_for_their_credentials_are_bounded,
    a_stop_revokes_what_it_can,
    a_repeat_has_its_job_when_the_first_session_closes,
    repeats_that_wait_are_bounded,
    repeats_of_one_job_are_bounded,
    nothing_more_is_issued_while_too_much_is_to_be_revoked,
    the_gateway_is_told_what_no_job_may_go_beyond,
);

async fn house(on: On) -> (House, Gateway) {
    let gateway = Gateway::new();
    (on.start(Setup::new().gateway(&gateway)).await, gateway)
}

/// A job whose credentials come as `wish` says.
fn job(tool: &str, arguments: impl Into<Value>, wish: &str) -> Value {
    let arguments = arguments.into();
    let lease = json!({"cost_budget": ["USD:2"], "model_use": ["m/*"], "x-gateway": wish});
    json!({"tool": tool, "arguments": arguments, "lease_request": lease})
}

/// Submits a job that gets a credential; the job and the credential.
async fn submit(raw: &mut Raw, payload: Value) -> (String, Value) {
    raw.say("tool.invoke", payload).await;
    let accepted = raw.expect("job.accepted").await;
    (job_of(&accepted).to_owned(), accepted["payload"]["credentials"].clone())
}

async fn all_revoked(gateway: &Gateway) {
    gateway.until(|books| books.good.is_empty()).await;
}

async fn a_job_is_accepted_once_its_credentials_are_issued(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    assert_eq!(accepted["payload"]["capabilities"]["provisioned_credentials"], false);
    raw.say("tool.invoke", job("gate", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    raw.is_quiet().await;
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
    gateway.open();
    let accepted = raw.expect("job.accepted").await;
    let id = gateway.books().asked[0].to_string();
    let credential = json!([{
        "id": id,
        "scheme": "bearer",
        "value": format!("value-{id}"),
        "endpoint": "https://gateway.example/v1",
        "profile": "small",
    }]);
    assert_eq!(accepted["payload"]["credentials"], credential);
    raw.expect("job.started").await;
    house.stage.open_gate();
    raw.finish(job_of(&accepted)).await;
    all_revoked(&gateway).await;
    // Without models and budget there is nothing to be bound.
    let (_, credentials) = submit(&mut raw, json!({"tool": "gate", "arguments": 1})).await;
    assert_eq!(credentials, Value::Null);
    assert_eq!(gateway.books().asked.len(), 1);
}

async fn nobody_but_the_submitter_sees_a_credential(on: On) {
    let (house, gateway) = house(on).await;
    let (mut raw, mut watcher) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let mut observer = house.raw_as("alice").await;
    observer.say("subscribe", json!({"since": {}})).await;
    observer.until(|message| message["payload"]["event"]["type"] == "event.emit").await;
    let (job, credentials) = submit(&mut raw, job("gate", 1, "")).await;
    let value = credentials[0]["value"].as_str().unwrap().to_owned();
    raw.expect("job.started").await;
    watcher.say("job.subscribe", json!({"job_id": job, "history": true})).await;
    let mut seen = vec![watcher.expect("job.subscribed").await];
    seen.push(watcher.expect("job.started").await);
    seen.push(watcher.list(json!({})).await);
    house.stage.open_gate();
    seen.extend(raw.finish(&job).await);
    let last = |message: &Value| kind(message) == "job.completed";
    seen.extend(watcher.until(last).await);
    seen.extend(observer.until(|m| m["payload"]["event"]["type"] == "job.completed").await);
    for message in &seen {
        assert!(!message.to_string().contains(&value), "{message}");
    }
    all_revoked(&gateway).await;
    drop((raw, watcher, observer));
    let remains = house.shutdown(Duration::ZERO).await;
    let store = remains.store().await;
    assert!(!is_stored(&*store, &job, value.as_bytes()).await, "a value is stored");
}

async fn credentials_are_revoked_however_the_job_ends(on: On) {
    let gateway = Gateway::new();
    let clock = HandClock::new();
    let house = on.start(Setup::new().gateway(&gateway).clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let ends = [
        job("echo", 1, ""),
        job("fail", json!({"code": "UNAVAILABLE", "message": "no"}), ""),
        job("panic", 1, ""),
    ];
    for payload in ends {
        let (id, credentials) = submit(&mut raw, payload).await;
        assert_eq!(credentials.as_array().unwrap().len(), 1);
        raw.finish(&id).await;
        all_revoked(&gateway).await;
    }
    let (id, _) = submit(&mut raw, job("gate", 1, "")).await;
    raw.expect("job.started").await;
    assert_eq!(gateway.books().good.len(), 1);
    raw.say("cancel", json!({"target": "job", "target_id": id})).await;
    raw.expect("cancel.accepted").await;
    raw.expect("job.cancelled").await;
    all_revoked(&gateway).await;
    let mut short = job("stubborn", 1, "");
    let end = clock.wall().after(Duration::from_secs(9)).to_string();
    short["lease_request"]["expires_at"] = json!(end);
    let (id, _) = submit(&mut raw, short).await;
    raw.expect("job.started").await;
    clock.advance(Duration::from_secs(9));
    assert_eq!(code(&raw.finish(&id).await[0]), "LEASE_EXPIRED");
    all_revoked(&gateway).await;
    assert_eq!(gateway.books().revocations.len(), 5);
}

async fn without_credentials_there_is_no_job(on: On) {
    let gateway = Gateway::new();
    let setup =
        Setup::new().gateway(&gateway).limits(|l| l.provision_time = Duration::from_millis(50));
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let cases = [
        ("refuse", "PERMISSION_DENIED", 0),
        ("fail", "UNAVAILABLE", 1),
        ("panic", "UNAVAILABLE", 1),
        ("lose", "UNAVAILABLE", 1),
        ("wait", "UNAVAILABLE", 1),
    ];
    for (wish, wanted, revoked) in cases {
        let before = gateway.books().revocations.len();
        let request = raw.say("tool.invoke", job("echo", json!(1), wish)).await;
        let failed = raw.expect("job.failed").await;
        assert_eq!((code(&failed), &failed["correlation_id"]), (wanted, &json!(request)), "{wish}");
        assert!(!failed.to_string().contains("s3cret"), "why is told");
        // What may have been issued is revoked.
        gateway.until(|books| books.revocations.len() == before + revoked).await;
    }
    all_revoked(&gateway).await;
    raw.is_quiet().await;
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
    assert_eq!(house.stage.echoes(), 0);
    // None at all is fine, too.
    let (id, credentials) = submit(&mut raw, job("echo", 1, "none")).await;
    assert_eq!(credentials, Value::Null);
    raw.finish(&id).await;
    // What is refused anyway is refused before anybody is asked.
    let asked = gateway.books().asked.len();
    raw.say("tool.invoke", job("missing", 1, "")).await;
    raw.expect("job.failed").await;
    assert_eq!(gateway.books().asked.len(), asked);
}

async fn a_slow_provisioner_delays_its_own_job_only(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    // More than a connection may have in flight otherwise.
    for _ in 0..70 {
        raw.say("tool.invoke", job("echo", "slow", "wait")).await;
    }
    gateway.until(|books| books.asked.len() == 70).await;
    raw.is_quiet().await;
    let (quick, _) = submit(&mut raw, job("echo", "quick", "")).await;
    raw.finish(&quick).await;
    gateway.open();
    let mut ended = 0;
    while ended < 70 {
        ended += usize::from(kind(&raw.recv().await) == "job.completed");
    }
    all_revoked(&gateway).await;
}

async fn the_same_key_at_the_same_time_is_one_job_and_one_credential(on: On) {
    let (house, gateway) = house(on).await;
    let (mut raw, mut same) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let mut other = house.raw_as("bob").await;
    raw.invoke_with_key("k", job("gate", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    same.invoke_with_key("k", job("gate", 1, "wait")).await;
    same.invoke_with_key("k", job("gate", 2, "wait")).await;
    let conflict = same.expect("job.failed").await;
    assert_eq!(
        (code(&conflict), &conflict["idempotency_key"]),
        ("FAILED_PRECONDITION", &json!("k"))
    );
    other.invoke_with_key("k", job("gate", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 2).await;
    gateway.open();
    let first = raw.expect("job.accepted").await;
    let again = same.expect("job.accepted").await;
    assert_eq!(job_of(&first), job_of(&again));
    assert_eq!(first["payload"]["credentials"], again["payload"]["credentials"]);
    assert_eq!((first.get("idempotency_key"), &again["idempotency_key"]), (None, &json!("k")));
    assert_ne!(job_of(&other.expect("job.accepted").await), job_of(&first));
    assert_eq!(gateway.books().asked.len(), 2);
}

async fn a_key_that_is_repeated_gets_the_credentials_while_the_job_runs(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    raw.invoke_with_key("k", job("gate", 1, "")).await;
    let first = raw.expect("job.accepted").await;
    raw.expect("job.started").await;
    raw.invoke_with_key("k", job("gate", 1, "")).await;
    let again = raw.expect("job.accepted").await;
    assert_eq!(first["payload"]["credentials"], again["payload"]["credentials"]);
    house.stage.open_gate();
    raw.finish(job_of(&first)).await;
    all_revoked(&gateway).await;
    raw.invoke_with_key("k", job("gate", 1, "")).await;
    let late = raw.expect("job.accepted").await;
    assert_eq!(late["payload"].get("credentials"), None);
    raw.expect("job.completed").await;
    assert_eq!(gateway.books().asked.len(), 1);
}

async fn what_cannot_be_revoked_is_tried_again(on: On) {
    let gateway = Gateway::new();
    let clock = HandClock::new();
    let house = on.start(Setup::new().gateway(&gateway).clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    gateway.fail_to_revoke(3);
    let (id, _) = submit(&mut raw, job("echo", 1, "")).await;
    raw.finish(&id).await;
    gateway.until(|books| books.revocations.len() == 1).await;
    // The time that it waits for begins when the failure is known, so it takes some of it.
    let mut passed = Duration::ZERO;
    while gateway.books().revocations.len() < 4 {
        clock.advance(Duration::from_millis(500));
        passed += Duration::from_millis(500);
        raw.is_quiet().await;
    }
    assert!(passed >= Duration::from_secs(1 + 2 + 4), "{passed:?}");
    all_revoked(&gateway).await;
}

async fn credentials_do_not_outlive_the_runtime_that_ran_their_job(on: On) {
    let gateway = Gateway::new();
    let one_at_a_time =
        || Setup::new().gateway(&gateway).limits(|limits| limits.running_per_principal = 1);
    let house = on.start(one_at_a_time()).await;
    let mut raw = house.raw_as("alice").await;
    let (running, of_running) = submit(&mut raw, job("gate", 1, "")).await;
    raw.expect("job.started").await;
    let (queued, of_queued) = submit(&mut raw, job("gate", 2, "")).await;
    raw.say("tool.invoke", job("gate", 3, "wait")).await;
    gateway.until(|books| books.asked.len() == 3).await;
    let house = house.crash().await.restart(one_at_a_time()).await;
    let running_id = of_running[0]["id"].as_str().unwrap();
    let revoked = |books: &Books, id: &str| books.revocations.iter().any(|it| it.as_str() == id);
    let both = |b: &Books| revoked(b, running_id) && revoked(b, b.asked[2].as_str());
    let books = gateway.until(both).await;
    // The job that had not started goes on, and so does its credential.
    assert_eq!(
        books.good.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [of_queued[0]["id"].as_str().unwrap()]
    );
    let mut raw = house.raw_as("alice").await;
    assert_eq!(raw.until_ended(&running).await, "failed");
    house.stage.open_gate();
    assert_eq!(raw.until_ended(&queued).await, "completed");
    all_revoked(&gateway).await;
}

async fn a_client_that_leaves_meanwhile_has_its_job(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    raw.invoke_with_key("k", job("gate", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    raw.close().await;
    gateway.open();
    house.stage.arrived(1).await;
    let mut raw = house.raw_as("alice").await;
    raw.invoke_with_key("k", job("gate", 1, "wait")).await;
    let accepted = raw.expect("job.accepted").await;
    assert_eq!(accepted["payload"]["credentials"].as_array().unwrap().len(), 1);
    house.stage.open_gate();
    assert_eq!(raw.until_completed(job_of(&accepted)).await, "job.completed");
    all_revoked(&gateway).await;
}

/// Closes its session, which is told first that its job is not accepted.
async fn is_refused_and_over(mut raw: Raw) {
    raw.say("session.close", json!({})).await;
    let refused = raw.expect("job.failed").await;
    assert_eq!(code(&refused), "FAILED_PRECONDITION");
    raw.is_over().await;
}

async fn a_session_that_closes_meanwhile_has_none(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("tool.invoke", job("echo", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    is_refused_and_over(raw).await;
    gateway.open();
    gateway.until(|books| books.revocations.len() == 1).await;
    assert!(gateway.books().good.is_empty());
    let mut raw = house.raw_as("alice").await;
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
    assert_eq!(house.stage.echoes(), 0);
}

async fn a_stop_refuses_jobs_that_wait_for_their_credentials(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("tool.invoke", job("echo", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    let remains = house.shutdown(Duration::ZERO).await;
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["job.failed", "session.evicted"]);
    assert_eq!(code(&last[0]), "UNAVAILABLE");
    // What may have been issued is revoked before the runtime has stopped.
    let books = gateway.books();
    assert_eq!((&books.revocations, books.asked.len()), (&books.asked, 1));
    let _house = remains.restart(Setup::new().gateway(&gateway)).await;
    assert_eq!(gateway.books().revocations.len(), 1);
}

async fn a_stop_revokes_what_it_can(on: On) {
    let (house, gateway) = house(on).await;
    let mut raw = house.raw_as("alice").await;
    for n in 0..50 {
        submit(&mut raw, job("gate", n, "")).await;
        raw.expect("job.started").await;
    }
    let remains = house.shutdown(Duration::ZERO).await;
    assert!(gateway.books().good.is_empty());
    assert_eq!(gateway.books().revocations.len(), 50);
    // One that cannot be reached is tried again by the next runtime.
    let house = remains.restart(Setup::new().gateway(&gateway)).await;
    let mut raw = house.raw_as("alice").await;
    submit(&mut raw, job("gate", 1, "")).await;
    raw.expect("job.started").await;
    gateway.fail_to_revoke(1);
    let remains = house.shutdown(Duration::ZERO).await;
    assert_eq!(gateway.books().good.len(), 1);
    let _house = remains.restart(Setup::new().gateway(&gateway)).await;
    all_revoked(&gateway).await;
}

async fn a_repeat_has_its_job_when_the_first_session_closes(on: On) {
    let (house, gateway) = house(on).await;
    let (mut raw, mut same) = (house.raw_as("alice").await, house.raw_as("alice").await);
    raw.invoke_with_key("k", job("gate", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    let request = same.invoke_with_key("k", job("gate", 1, "wait")).await;
    same.is_quiet().await;
    is_refused_and_over(raw).await;
    gateway.open();
    let accepted = same.expect("job.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    assert_eq!(accepted["payload"]["credentials"].as_array().unwrap().len(), 1);
    let started = same.expect("job.started").await;
    assert_eq!((&started["correlation_id"], &started["event_seq"]), (&json!(request), &json!(1)));
    house.stage.open_gate();
    same.finish(job_of(&accepted)).await;
    assert_eq!(gateway.books().asked.len(), 1);
    all_revoked(&gateway).await;
}

async fn repeats_that_wait_are_bounded(on: On) {
    let gateway = Gateway::new();
    let house = on
        .start(Setup::new().gateway(&gateway).limits(|limits| limits.commands_in_flight = 2))
        .await;
    let mut raw = house.raw_as("alice").await;
    for key in ["j", "k"] {
        raw.invoke_with_key(key, job("echo", 1, "wait")).await;
    }
    gateway.until(|books| books.asked.len() == 2).await;
    for key in ["j", "k"] {
        raw.invoke_with_key(key, job("echo", 1, "wait")).await;
    }
    for key in ["j", "k"] {
        raw.invoke_with_key(key, job("echo", 1, "wait")).await;
        let refused = raw.expect("job.failed").await;
        assert_eq!(code(&refused), "RESOURCE_EXHAUSTED");
        assert!(refused.to_string().contains("commands_in_flight"));
    }
    // Another connection has room of its own, and room is given back.
    let mut same = house.raw_as("alice").await;
    same.invoke_with_key("j", job("echo", 1, "wait")).await;
    same.is_quiet().await;
    gateway.open();
    same.expect("job.accepted").await;
    let accepted = raw.until(|message| kind(message) == "job.completed").await;
    assert!(accepted.iter().any(|message| kind(message) == "job.accepted"));
    all_revoked(&gateway).await;
}

async fn repeats_of_one_job_are_bounded(on: On) {
    let gateway = Gateway::new();
    let house =
        on.start(Setup::new().gateway(&gateway).limits(|limits| limits.repeats_per_job = 2)).await;
    let mut raw = house.raw_as("alice").await;
    raw.invoke_with_key("k", job("echo", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    // Whoever comes again and again is not counted anew.
    for _ in 0..2 {
        let mut same = house.raw_as("alice").await;
        same.invoke_with_key("k", job("echo", 1, "wait")).await;
        same.is_quiet().await;
    }
    let mut same = house.raw_as("alice").await;
    same.invoke_with_key("k", job("echo", 1, "wait")).await;
    let refused = same.expect("job.failed").await;
    assert_eq!(code(&refused), "RESOURCE_EXHAUSTED");
    assert!(refused.to_string().contains("`repeats_per_job` is 2"), "{refused}");
    gateway.open();
    raw.expect("job.accepted").await;
    same.invoke_with_key("k", job("echo", 1, "wait")).await;
    same.expect("job.accepted").await;
}

async fn nothing_more_is_issued_while_too_much_is_to_be_revoked(on: On) {
    let (gateway, clock) = (Gateway::new(), HandClock::new());
    let setup = Setup::new().gateway(&gateway).clock(&clock).limits(|limits| limits.unrevoked = 2);
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    gateway.fail_to_revoke(2);
    for _ in 0..2 {
        let (id, _) = submit(&mut raw, job("echo", 1, "")).await;
        raw.finish(&id).await;
    }
    gateway.until(|books| books.revocations.len() == 2).await;
    raw.say("tool.invoke", job("echo", 1, "")).await;
    let refused = raw.expect("job.failed").await;
    assert_eq!((code(&refused), &refused["payload"]["retryable"]), ("UNAVAILABLE", &json!(true)));
    assert!(refused.to_string().contains("`unrevoked` is 2"));
    // Who needs none does not mind.
    let id = raw.submit("echo", json!(1)).await;
    raw.finish(&id).await;
    while !gateway.books().good.is_empty() {
        clock.advance(Duration::from_millis(500));
        raw.is_quiet().await;
    }
    loop {
        raw.say("tool.invoke", job("echo", 1, "")).await;
        if kind(&raw.recv().await) == "job.accepted" {
            break;
        }
    }
}

async fn the_gateway_is_told_what_no_job_may_go_beyond(on: On) {
    let (house, gateway) = house(on).await;
    submit(&mut house.raw_as("alice").await, job("echo", 1, "")).await;
    assert_eq!(gateway.books().ceilings, [None]);
    let ceiling = Lease::default().grant("model.use", Pattern::parse("m/small").unwrap());
    let (gateway, given) = (Gateway::new(), ceiling.clone());
    let setup = Setup::new().gateway(&gateway).configure(|builder| builder.ceiling(Some(given)));
    let house = on.start(setup).await;
    submit(&mut house.raw_as("alice").await, job("echo", 1, "")).await;
    assert_eq!(gateway.books().ceilings, [Some(ceiling)]);
}

async fn jobs_that_wait_for_their_credentials_are_bounded(on: On) {
    let gateway = Gateway::new();
    let setup =
        Setup::new().gateway(&gateway).limits(|limits| limits.provisioning_per_principal = 1);
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("tool.invoke", job("echo", 1, "wait")).await;
    gateway.until(|books| books.asked.len() == 1).await;
    raw.say("tool.invoke", job("echo", 1, "")).await;
    let refused = raw.expect("job.failed").await;
    assert_eq!(code(&refused), "RESOURCE_EXHAUSTED");
    assert!(refused.to_string().contains("provisioning_per_principal"));
    // Others do not wait, and neither does who needs none.
    let id = raw.submit("echo", json!(1)).await;
    raw.finish(&id).await;
    submit(&mut house.raw_as("bob").await, job("echo", 1, "")).await;
    gateway.open();
    let accepted = raw.expect("job.accepted").await;
    raw.finish(job_of(&accepted)).await;
}
