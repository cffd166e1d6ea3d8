//! Telling that jobs are alive.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HandClock, House, On, Raw, Setup, job_of, kind};

matrix!(
    who_asks_is_told_that_jobs_are_alive,
    who_does_not_ask_is_told_nothing,
    jobs_that_wait_are_told_apart,
    all_who_watch_are_told_the_same,
    a_full_window_holds_no_heartbeat_back,
    heartbeats_begin_again_after_a_time_without_jobs,
    a_long_round_is_told_in_steps,
);

const INTERVAL: Duration = Duration::from_secs(30);

/// A session of alice's that wants heartbeats.
async fn listening(house: &House) -> Raw {
    let mut raw = house.raw().await;
    let mut open = crate::support::bearer("tok-alice");
    open["capabilities"] = json!({"heartbeat_recovery": "fail", "heartbeat_interval_seconds": 5});
    raw.say("session.open", open).await;
    let accepted = raw.expect("session.accepted").await;
    let capabilities = &accepted["payload"]["capabilities"];
    assert_eq!(capabilities["heartbeat_recovery"], "fail");
    assert_eq!(capabilities["heartbeat_interval_seconds"], 30);
    raw
}

async fn at_the_gate(raw: &mut Raw) -> String {
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    job
}

async fn beat(raw: &mut Raw, job: &str, sequence: u64, state: &str) {
    let message = raw.expect("job.heartbeat").await;
    assert_eq!(job_of(&message), job);
    let payload = json!({"sequence": sequence, "deadline_ms": 60_000, "state": state});
    assert_eq!(message["payload"], payload);
    assert_eq!(message.get("event_seq"), None, "{message}");
    assert!(message["trace_id"].is_string(), "{message}");
}

async fn who_asks_is_told_that_jobs_are_alive(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = listening(&house).await;
    let job = at_the_gate(&mut raw).await;
    clock.advance(INTERVAL.saturating_sub(Duration::from_millis(1)));
    raw.is_quiet().await;
    clock.advance(Duration::from_millis(1));
    beat(&mut raw, &job, 1, "running").await;
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 2, "running").await;
    house.stage.open_gate();
    // They leave no hole in the numbers of the events.
    assert_eq!(raw.finish(&job).await[0]["event_seq"], 2);
    clock.advance(INTERVAL);
    raw.is_quiet().await;
}

async fn who_does_not_ask_is_told_nothing(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = at_the_gate(&mut raw).await;
    let mut observer = house.raw_as("alice").await;
    observer.say("subscribe", json!({"filter": {"types": ["job.heartbeat"]}})).await;
    observer.expect("subscribe.accepted").await;
    clock.advance(INTERVAL * 2);
    raw.is_quiet().await;
    observer.is_quiet().await;
    house.stage.open_gate();
    raw.finish(&job).await;
}

async fn jobs_that_wait_are_told_apart(on: On) {
    let clock = HandClock::new();
    let setup = Setup::new().clock(&clock).limits(|limits| limits.running_per_principal = 1);
    let house = on.start(setup).await;
    let mut raw = listening(&house).await;
    let steps = json!([["permit", "net.fetch", "x", "get"], ["gate"]]);
    let job = raw.submit("script", steps).await;
    raw.expect("job.started").await;
    let request = raw.expect("permission.request").await;
    // One that has not started says nothing.
    raw.submit("echo", json!(1)).await;
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 1, "blocked").await;
    let mut deny = crate::support::envelope(
        &raw.next_id(),
        "permission.deny",
        json!({"permission": "net.fetch", "reason": "no"}),
    );
    deny["correlation_id"] = request["id"].clone();
    raw.send(&deny).await;
    raw.expect("ack").await;
    raw.expect("event.emit").await;
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 2, "running").await;
    raw.is_quiet().await;
}

async fn all_who_watch_are_told_the_same(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = listening(&house).await;
    let job = at_the_gate(&mut raw).await;
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 1, "running").await;
    let (mut watcher, mut other) = (listening(&house).await, house.raw_as("alice").await);
    for raw in [&mut watcher, &mut other] {
        raw.say("job.subscribe", json!({"job_id": job})).await;
        raw.expect("job.subscribed").await;
    }
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 2, "running").await;
    beat(&mut watcher, &job, 2, "running").await;
    other.is_quiet().await;
    watcher.say("job.unsubscribe", json!({"job_id": job})).await;
    watcher.expect("ack").await;
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 3, "running").await;
    watcher.is_quiet().await;
}

async fn a_full_window_holds_no_heartbeat_back(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock).configure(|b| b.ack_window(1))).await;
    let mut raw = listening(&house).await;
    let job = at_the_gate(&mut raw).await;
    let second = raw.submit("gate", json!(1)).await;
    raw.is_quiet().await;
    clock.advance(INTERVAL);
    let mut told: Vec<Value> = Vec::new();
    for _ in 0..2 {
        told.push(raw.expect("job.heartbeat").await);
    }
    let mut jobs: Vec<_> = told.iter().map(job_of).collect();
    jobs.sort_unstable();
    assert_eq!(jobs, [&*job, &*second]);
    raw.say("session.ack", json!({"last_processed_seq": 1})).await;
    assert_eq!(raw.expect("job.started").await["event_seq"], 2);
}

async fn heartbeats_begin_again_after_a_time_without_jobs(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = listening(&house).await;
    let job = raw.submit("echo", json!(1)).await;
    let ended = raw.finish(&job).await;
    assert_eq!(ended.iter().map(kind).collect::<Vec<_>>(), ["job.started", "job.completed"]);
    clock.advance(INTERVAL * 3);
    raw.is_quiet().await;
    let job = at_the_gate(&mut raw).await;
    clock.advance(INTERVAL);
    beat(&mut raw, &job, 1, "running").await;
}

/// More than are told at a time.
async fn a_long_round_is_told_in_steps(on: On) {
    const JOBS: usize = 40;
    const CLIENTS: usize = 30;
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raws = Vec::new();
    for _ in 0..CLIENTS {
        raws.push(listening(&house).await);
    }
    let mut jobs = Vec::new();
    for _ in 0..JOBS {
        jobs.push(at_the_gate(&mut raws[0]).await);
    }
    for raw in &mut raws[1..] {
        for job in &jobs {
            raw.say("job.subscribe", json!({"job_id": job})).await;
        }
        for _ in &jobs {
            raw.expect("job.subscribed").await;
        }
    }
    for sequence in 1..=2 {
        clock.advance(INTERVAL.saturating_sub(Duration::from_millis(sequence)));
        for raw in &mut raws {
            raw.is_quiet().await;
        }
        // The first step, and the second a millisecond later.
        clock.advance(Duration::from_millis(1));
        let first = told(&mut raws, &jobs, sequence).await;
        clock.advance(Duration::from_millis(1));
        assert!(first < JOBS * CLIENTS, "{first}");
        let mut all = first;
        while all < JOBS * CLIENTS {
            all += told(&mut raws, &jobs, sequence).await;
        }
        assert_eq!(all, JOBS * CLIENTS);
    }
}

/// How many heartbeats have been told so far, each of its job for the so-many-th time.
async fn told(raws: &mut [Raw], jobs: &[String], sequence: u64) -> usize {
    let mut count = 0;
    for raw in raws {
        raw.say("ping", json!({})).await;
        for beat in raw.until(|message| kind(message) == "pong").await {
            if kind(&beat) == "job.heartbeat" {
                assert!(jobs.iter().any(|job| job == job_of(&beat)));
                assert_eq!(beat["payload"]["sequence"], sequence);
                count += 1;
            }
        }
    }
    count
}
