//! Jobs that wait for a place among those of their principal that run.

use std::time::Duration;

use arcp_core::JobState;
use serde_json::json;

use crate::support::{HandClock, House, On, Raw, Setup, code, ended_fact, job_of, kind};

matrix!(
    more_jobs_than_may_run_wait_and_start_in_order,
    a_job_that_waits_can_be_cancelled_and_watched,
    the_lease_of_a_job_that_waits_runs_out,
    a_job_that_waits_outlives_its_runtime,
    a_stop_does_not_wait_for_jobs_that_wait,
    a_lease_that_ends_while_the_runtime_is_down_ends_the_job_that_waited,
);

fn one_at_a_time() -> Setup {
    Setup::new().limits(|limits| limits.running_per_principal = 1)
}

/// A house in which one job of alice's runs, at the gate.
async fn with_one_at_the_gate(on: On, setup: Setup) -> (House, Raw, String) {
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!("first")).await;
    raw.expect("job.started").await;
    (house, raw, job)
}

async fn status_of(raw: &mut Raw, job: &str) -> String {
    let page = raw.list(json!({})).await;
    let jobs = page["jobs"].as_array().unwrap();
    let line = jobs.iter().find(|line| line["job_id"] == job).expect("the job in the list");
    line["status"].as_str().unwrap().to_owned()
}

async fn more_jobs_than_may_run_wait_and_start_in_order(on: On) {
    let (house, mut raw, first) = with_one_at_the_gate(on, one_at_a_time()).await;
    let mut waiting = Vec::new();
    for n in 0..3 {
        waiting.push(raw.submit("echo", json!(n)).await);
    }
    raw.is_quiet().await;
    assert_eq!(status_of(&mut raw, &first).await, "running");
    assert_eq!(status_of(&mut raw, &waiting[2]).await, "queued");
    let queued = raw.list(json!({"filter": {"status": ["queued"]}})).await;
    assert_eq!(queued["jobs"].as_array().unwrap().len(), 3);
    // Another principal has places of its own.
    let mut other = house.raw_as("bob").await;
    let job = other.submit("echo", json!(1)).await;
    other.finish(&job).await;
    house.stage.open_gate();
    raw.finish(&first).await;
    for (n, job) in waiting.iter().enumerate() {
        let events = raw.finish(job).await;
        assert_eq!(events.iter().map(kind).collect::<Vec<_>>(), ["job.started", "job.completed"]);
        assert_eq!(events[1]["payload"]["value"], n);
    }
}

async fn a_job_that_waits_can_be_cancelled_and_watched(on: On) {
    let (house, mut raw, first) = with_one_at_the_gate(on, one_at_a_time()).await;
    let (second, third) = (raw.submit("echo", json!(2)).await, raw.submit("echo", json!(3)).await);
    let mut other = house.raw_as("alice").await;
    other.say("job.subscribe", json!({"job_id": third, "history": true})).await;
    let watched = other.expect("job.subscribed").await;
    assert_eq!(watched["payload"]["current_status"], "queued");
    assert_eq!(watched["payload"]["subscribed_from"], 0);
    raw.say("cancel", json!({"target": "job", "target_id": second, "reason": "enough"})).await;
    assert_eq!(raw.expect("cancel.accepted").await["payload"]["target_id"], second);
    let cancelled = raw.expect("job.cancelled").await;
    assert_eq!((job_of(&cancelled), &cancelled["payload"]["reason"]), (&*second, &json!("enough")));
    assert_eq!(status_of(&mut raw, &second).await, "cancelled");
    other.is_quiet().await;
    house.stage.open_gate();
    raw.finish(&first).await;
    raw.finish(&third).await;
    assert_eq!(other.finish(&third).await.len(), 2);
    assert_eq!(house.stage.echoes(), 1);
}

async fn the_lease_of_a_job_that_waits_runs_out(on: On) {
    let clock = HandClock::new();
    let (house, mut raw, first) = with_one_at_the_gate(on, one_at_a_time().clock(&clock)).await;
    let end = clock.wall().after(Duration::from_secs(5)).to_string();
    let lease = json!({"expires_at": end});
    let second =
        raw.submit_as(json!({"tool": "echo", "arguments": 1, "lease_request": lease})).await;
    clock.advance(Duration::from_secs(5));
    let failed = raw.expect("job.failed").await;
    assert_eq!((job_of(&failed), code(&failed)), (&*second, "LEASE_EXPIRED"));
    house.stage.open_gate();
    raw.finish(&first).await;
    assert_eq!(house.stage.echoes(), 0);
}

async fn a_job_that_waits_outlives_its_runtime(on: On) {
    let (house, mut raw, first) = with_one_at_the_gate(on, one_at_a_time()).await;
    let waiting = [raw.submit("echo", json!(1)).await, raw.submit("echo", json!(2)).await];
    let remains = house.crash().await;
    let house = remains.restart(one_at_a_time()).await;
    let mut raw = house.raw_as("alice").await;
    for job in &waiting {
        assert_eq!(raw.until_ended(job).await, "completed");
    }
    assert_eq!(status_of(&mut raw, &first).await, "failed");
    assert_eq!(house.stage.echoes(), 2);
    // What it was given has been read from the store.
    raw.say("job.subscribe", json!({"job_id": waiting[1], "history": true})).await;
    raw.expect("job.subscribed").await;
    let events = raw.finish(&waiting[1]).await;
    assert_eq!(events[1]["payload"]["value"], 2);
}

async fn a_stop_does_not_wait_for_jobs_that_wait(on: On) {
    let (house, mut raw, first) = with_one_at_the_gate(on, one_at_a_time()).await;
    let second = raw.submit("echo", json!("later")).await;
    let stage = house.stage.clone();
    let stopping = tokio::spawn(house.shutdown(Duration::from_hours(1)));
    loop {
        raw.say("tool.invoke", json!({"tool": "missing", "arguments": 1})).await;
        if code(&raw.expect("job.failed").await) == "UNAVAILABLE" {
            break;
        }
    }
    stage.open_gate();
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["job.completed", "session.evicted"]);
    assert_eq!(job_of(&last[0]), first);
    let house = stopping.await.unwrap().restart(one_at_a_time()).await;
    let mut raw = house.raw_as("alice").await;
    assert_eq!(raw.until_ended(&second).await, "completed");
    drop(raw);
    let remains = house.shutdown(Duration::ZERO).await;
    let store = remains.store().await;
    let fact = ended_fact(&*store, "alice", &second).await.unwrap();
    assert_eq!(fact.outcome.unwrap().state, JobState::Completed);
}

async fn a_lease_that_ends_while_the_runtime_is_down_ends_the_job_that_waited(on: On) {
    let clock = HandClock::new();
    let setup = || one_at_a_time().clock(&clock);
    let (house, mut raw, _) = with_one_at_the_gate(on, setup()).await;
    let end = clock.wall().after(Duration::from_secs(5)).to_string();
    let lease = json!({"expires_at": end});
    let job = raw.submit_as(json!({"tool": "echo", "arguments": 1, "lease_request": lease})).await;
    let remains = house.crash().await;
    clock.advance(Duration::from_secs(5));
    let house = remains.restart(setup()).await;
    let mut raw = house.raw_as("alice").await;
    assert_eq!(raw.until_ended(&job).await, "failed");
    raw.say("job.subscribe", json!({"job_id": job, "history": true})).await;
    raw.expect("job.subscribed").await;
    let events = raw.finish(&job).await;
    assert_eq!((events.len(), code(&events[0])), (1, "LEASE_EXPIRED"));
    assert_eq!(house.stage.echoes(), 0);
}
