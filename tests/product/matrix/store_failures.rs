//! Stores that fail: nobody is told what is not kept.

use arcp_store::StoreErrorKind;
use serde_json::{Value, json};

use crate::support::{On, job_events, kind, numbers};

matrix!(
    a_store_that_fails_for_a_while_loses_nothing,
    nothing_is_told_before_it_is_kept,
    a_conflict_stops_the_runtime,
    a_store_that_is_closed_stops_the_runtime,
);

async fn a_store_that_fails_for_a_while_loses_nothing(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let (mut last, mut to_fail) = (0, 0);
    for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Full] {
        house.store.fail(3, kind);
        to_fail += 3;
        let job = raw.submit("emit", json!({"n": 50})).await;
        assert_eq!(house.store.counts().failed, to_fail, "told before it was kept");
        house.store.fail(2, kind);
        to_fail += 2;
        let events = raw.finish(&job).await;
        for event in &events {
            assert_eq!(event["event_seq"], last + 1);
            last += 1;
        }
        let kept = job_events(&*house.store, &job).await;
        assert_eq!(
            kept.iter().map(|(index, _)| *index).collect::<Vec<_>>(),
            (1..=52).collect::<Vec<_>>()
        );
        assert_eq!(events.len(), 52);
    }
    assert_eq!(numbers(&*house.store, &raw.session).await.len(), 104);
    assert_eq!(raw.list(json!({})).await["jobs"].as_array().unwrap().len(), 2);
}

async fn nothing_is_told_before_it_is_kept(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut other = house.raw_as("bob").await;
    let begun = house.store.counts().begun;
    house.store.hold_before();
    let request = raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    house.store.until(|counts| counts.begun > begun).await;
    // It is being committed. What is asked now waits behind it, were it to change nothing.
    let ping = other.say("ping", json!({})).await;
    let second = raw.say("ping", json!({})).await;
    assert_eq!(house.store.counts().begun, begun + 1);
    {
        let early = tokio::select! {
            biased;
            message = raw.next() => message,
            message = other.next() => message,
            () = settle() => None,
        };
        assert_eq!(early, None, "told before it was kept");
    }
    assert_eq!(house.stage.echoes(), 0, "started before it was kept");
    house.store.release();
    let messages = raw.until(|message| kind(message) == "job.completed").await;
    let accepted = &messages[0];
    assert_eq!((kind(accepted), &accepted["correlation_id"]), ("job.accepted", &json!(request)));
    let pongs = messages.iter().filter(|message| kind(message) == "pong").count();
    assert_eq!(pongs, usize::from(messages.iter().any(|m| m["correlation_id"] == second)));
    if pongs == 0 {
        raw.expect("pong").await;
    }
    assert_eq!(other.expect("pong").await["correlation_id"], ping);
}

async fn a_conflict_stops_the_runtime(on: On) {
    stops(on, StoreErrorKind::Conflict, "another writer owns the stream").await;
}

async fn a_store_that_is_closed_stops_the_runtime(on: On) {
    stops(on, StoreErrorKind::Closed, "the store is closed").await;
}

async fn stops(on: On, kind: StoreErrorKind, why: &str) {
    let mut house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut idle = house.raw_as("bob").await;
    let mut silent = house.raw().await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    house.store.fail(1, kind);
    raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    let error = house.stopped().await;
    assert!(error.contains(why), "{error}");
    // Nobody was told of what was not kept, and nobody is left in the dark.
    let last: Vec<Value> = raw.rest().await;
    assert!(last.is_empty(), "{last:?}");
    idle.is_over().await;
    silent.is_over().await;
    assert_eq!(house.stage.echoes(), 0);
    assert_eq!(job_events(&*house.store, &job).await.len(), 1);
}

/// Gives all that could run a chance to.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}
