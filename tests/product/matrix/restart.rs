//! Stopping in good order, dying, and coming back on the same store.

use std::time::Duration;

use arcp_core::{Event, JobState};
use serde_json::json;

use crate::support::{
    HandClock, On, Setup, code, ended_fact, job_events, job_of, kind, numbers, open_fact,
};

matrix!(
    a_running_job_may_end_within_the_grace,
    what_has_not_ended_after_the_grace_fails,
    jobs_that_died_with_their_runtime_fail_at_the_next_start,
    what_has_ended_is_still_listed_after_a_restart,
    a_store_that_fails_at_the_start_is_waited_for,
);

async fn a_running_job_may_end_within_the_grace(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut new = house.raw().await;
    let job = raw.submit("gate", json!("in time")).await;
    raw.expect("job.started").await;
    let stage = house.stage.clone();
    let stopping = tokio::spawn(house.shutdown(Duration::from_hours(1)));
    // From some moment on nothing new is taken.
    let refused = loop {
        raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
        let answer = raw.recv().await;
        match kind(&answer) {
            "job.failed" => break answer,
            _ => assert_eq!(raw.finish(job_of(&answer)).await.len(), 2),
        }
    };
    assert_eq!(code(&refused), "UNAVAILABLE");
    assert_eq!(refused["payload"]["retryable"], true);
    new.say("session.open", crate::support::bearer("tok-bob")).await;
    assert_eq!(code(&new.expect("session.rejected").await), "UNAVAILABLE");
    raw.is_quiet().await;
    stage.open_gate();
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["job.completed", "session.evicted"]);
    assert_eq!(last[0]["payload"]["value"], "in time");
    assert_eq!(code(&last[1]), "UNAVAILABLE");
    new.is_over().await;
    let remains = stopping.await.unwrap();
    let store = remains.store().await;
    let fact = ended_fact(&*store, "alice", &job).await.unwrap();
    assert_eq!(fact.outcome.unwrap().state, JobState::Completed);
}

async fn what_has_not_ended_after_the_grace_fails(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let session = raw.session.clone();
    let job = raw.submit("stubborn", json!(1)).await;
    raw.expect("job.started").await;
    house.stage.arrived(1).await;
    let stopping = tokio::spawn(house.shutdown(Duration::from_secs(10)));
    loop {
        raw.say("tool.invoke", json!({"tool": "missing", "arguments": 1})).await;
        if code(&raw.expect("job.failed").await) == "UNAVAILABLE" {
            break;
        }
    }
    clock.advance(Duration::from_millis(9_999));
    raw.is_quiet().await;
    clock.advance(Duration::from_millis(1));
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["job.failed", "session.evicted"]);
    assert_eq!((job_of(&last[0]), code(&last[0])), (job.as_str(), "UNAVAILABLE"));
    assert_eq!(last[0]["payload"]["retryable"], true);
    let remains = stopping.await.unwrap();
    let store = remains.store().await;
    let kept = job_events(&*store, &job).await;
    assert_eq!(kept.len(), 2);
    assert!(matches!(&kept[1].1.event, Event::Failed(fault) if fault.retryable));
    assert_eq!(numbers(&*store, &session).await.len(), 2);
    assert!(open_fact(&*store, &job).await.is_none());
    assert!(ended_fact(&*store, "alice", &job).await.is_some());
}

async fn jobs_that_died_with_their_runtime_fail_at_the_next_start(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut silent = house.raw().await;
    let session = raw.session.clone();
    let ended = raw.submit("echo", json!(1)).await;
    raw.finish(&ended).await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(raw.submit("gate", json!(1)).await);
        raw.expect("job.started").await;
    }
    house.stage.arrived(3).await;
    let remains = house.crash().await;
    raw.is_over().await;
    silent.is_over().await;
    let house = remains.restart(Setup::new()).await;
    let mut raw = house.raw_as("alice").await;
    for job in &jobs {
        assert_eq!(raw.until_ended(job).await, "failed");
        let kept = job_events(&*house.store, job).await;
        assert_eq!(kept.len(), 2);
        match &kept[1].1.event {
            Event::Failed(fault) => {
                assert_eq!(fault.code, arcp_core::Code::Unavailable);
                assert_eq!(fault.message, "runtime restarted");
                assert!(fault.retryable);
            }
            other => panic!("{other:?}"),
        }
        assert!(open_fact(&*house.store, job).await.is_none());
    }
    assert_eq!(raw.until_ended(&ended).await, "completed");
    // The session's numbers go on where they were.
    let pointed = numbers(&*house.store, &session).await;
    let told: Vec<_> = pointed.iter().map(|(seq, _, _)| *seq).collect();
    assert_eq!(told, (1..=8).collect::<Vec<_>>());
    let last: Vec<_> = pointed[5..].iter().map(|(_, job, index)| (job.clone(), *index)).collect();
    assert_eq!(last, jobs.iter().map(|job| (job.clone(), 2)).collect::<Vec<_>>());
    // A new job is younger than all of them.
    let new = raw.submit("echo", json!(1)).await;
    raw.finish(&new).await;
    assert!(jobs.iter().all(|job| *job < new));
}

async fn what_has_ended_is_still_listed_after_a_restart(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut jobs = Vec::new();
    for n in 0..5 {
        let job = raw.submit("echo", json!(n)).await;
        raw.finish(&job).await;
        jobs.push(job);
    }
    drop(raw);
    let house = house.shutdown(Duration::ZERO).await.restart(Setup::new()).await;
    let page = house.raw_as("alice").await.list(json!({})).await;
    let listed = page["jobs"].as_array().unwrap().iter();
    assert_eq!(listed.map(|job| job["job_id"].as_str().unwrap()).collect::<Vec<_>>(), jobs);
    assert_eq!(house.raw_as("bob").await.list(json!({})).await["jobs"], json!([]));
    assert_eq!(house.on(), on);
}

async fn a_store_that_fails_at_the_start_is_waited_for(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let mut setup = Setup::new();
    setup.failing = 3;
    let house = house.crash().await.restart(setup).await;
    let mut raw = house.raw_as("alice").await;
    // That the session is open is kept, and so is what came before it.
    assert_eq!(house.store.counts().failed, 3);
    assert_eq!(raw.until_ended(&job).await, "failed");
    assert_eq!(job_events(&*house.store, &job).await.len(), 2);
}
