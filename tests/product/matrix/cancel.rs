//! Cancelling jobs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HandClock, On, Raw, Setup, code, job_events, kind};

matrix!(
    a_cancelled_agent_ends_its_job,
    an_agent_that_does_not_end_is_ended_at_the_deadline,
    without_a_deadline_the_runtimes_own_holds,
    the_earliest_deadline_holds,
    a_late_end_changes_nothing,
    what_cannot_be_cancelled_is_refused,
    another_session_of_the_principal_may_cancel,
);

async fn a_cancelled_agent_ends_its_job(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let payload = json!({"target": "job", "target_id": job, "reason": "enough"});
    let request = raw.say("cancel", payload).await;
    let accepted = raw.expect("cancel.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    assert_eq!(accepted["payload"], json!({"target_id": job}));
    assert_eq!(accepted.get("event_seq"), None);
    let end = raw.expect("job.cancelled").await;
    assert_eq!(end["payload"], json!({"reason": "enough"}));
    assert_eq!(end["event_seq"], 2);
    assert_eq!(raw.until_ended(&job).await, "cancelled");
    refused(&mut raw, &job, "no such in-flight job").await;
}

async fn an_agent_that_does_not_end_is_ended_at_the_deadline(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("stubborn", json!(1)).await;
    raw.expect("job.started").await;
    house.stage.arrived(1).await;
    cancel(&mut raw, &job, json!(2_000)).await;
    raw.is_quiet().await;
    clock.advance(Duration::from_millis(1_999));
    raw.is_quiet().await;
    clock.advance(Duration::from_millis(1));
    is_aborted(&mut raw, &job).await;
    house.stage.open_gate();
    raw.is_quiet().await;
    one_end(&house, &job).await;
}

async fn without_a_deadline_the_runtimes_own_holds(on: On) {
    let clock = HandClock::new();
    let setup = Setup::new().clock(&clock);
    let house = on.start(setup.configure(|b| b.cancel_grace(Duration::from_secs(3)))).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("stubborn", json!(1)).await;
    raw.expect("job.started").await;
    cancel(&mut raw, &job, Value::Null).await;
    clock.advance(Duration::from_millis(2_999));
    raw.is_quiet().await;
    clock.advance(Duration::from_millis(1));
    is_aborted(&mut raw, &job).await;
}

async fn the_earliest_deadline_holds(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("stubborn", json!(1)).await;
    raw.expect("job.started").await;
    for deadline in [5_000, 1_000, 60_000] {
        cancel(&mut raw, &job, json!(deadline)).await;
    }
    clock.advance(Duration::from_secs(1));
    is_aborted(&mut raw, &job).await;
    clock.advance(Duration::from_mins(1));
    raw.is_quiet().await;
    one_end(&house, &job).await;
}

async fn a_late_end_changes_nothing(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("block", json!(1)).await;
    raw.expect("job.started").await;
    house.stage.arrived(1).await;
    cancel(&mut raw, &job, json!(0)).await;
    clock.advance(Duration::from_millis(1));
    is_aborted(&mut raw, &job).await;
    house.stage.open_gate();
    house.stage.returned(1).await;
    for _ in 0..3 {
        let echo = raw.submit("echo", json!(1)).await;
        raw.finish(&echo).await;
    }
    raw.is_quiet().await;
    assert_eq!(raw.until_ended(&job).await, "failed");
    one_end(&house, &job).await;
}

async fn what_cannot_be_cancelled_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut other = house.raw_as("bob").await;
    let job = other.submit("gate", json!(1)).await;
    other.expect("job.started").await;
    refused(&mut raw, "job_01ARZ3NDEKTSV4RRFFQ69G5FAV", "no such in-flight job").await;
    refused(&mut raw, &job, "no such in-flight job").await;
    for malformed in ["", "job_", "sess_1", &raw.session.clone()] {
        refused(&mut raw, malformed, "malformed job id").await;
    }
    for payload in [json!({"target": "moon", "target_id": job}), json!({"target": "job"})] {
        raw.say("cancel", payload).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    }
    other.is_quiet().await;
    house.stage.open_gate();
    assert_eq!(other.finish(&job).await.last().map(kind), Some("job.completed"));
}

async fn another_session_of_the_principal_may_cancel(on: On) {
    let house = on.usual().await;
    let (mut one, mut other) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let job = one.submit("gate", json!(1)).await;
    one.expect("job.started").await;
    cancel(&mut other, &job, Value::Null).await;
    one.expect("job.cancelled").await;
    other.is_quiet().await;
}

async fn cancel(raw: &mut Raw, job: &str, deadline: Value) {
    let payload = json!({"target": "job", "target_id": job, "deadline_ms": deadline});
    let request = raw.say("cancel", payload).await;
    assert_eq!(raw.expect("cancel.accepted").await["correlation_id"], request);
}

async fn refused(raw: &mut Raw, target: &str, reason: &str) {
    let request = raw.say("cancel", json!({"target": "job", "target_id": target})).await;
    let answer = raw.expect("cancel.refused").await;
    assert_eq!(answer["correlation_id"], request);
    assert_eq!(answer["payload"], json!({"target_id": target, "reason": reason}));
}

async fn is_aborted(raw: &mut Raw, job: &str) {
    let failed = raw.expect("job.failed").await;
    assert_eq!((failed["job_id"].as_str(), code(&failed)), (Some(job), "ABORTED"));
}

async fn one_end(house: &crate::support::House, job: &str) {
    let kept = job_events(&*house.store, job).await;
    assert!(kept.last().unwrap().1.event.is_terminal());
    assert_eq!(kept.iter().filter(|(_, event)| event.event.is_terminal()).count(), 1);
}
