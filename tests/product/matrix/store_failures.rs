//! Stores that fail: nobody is told what is not kept.

use std::time::Duration;

use arcp_store::StoreErrorKind;
use serde_json::{Value, json};

use crate::support::{HandClock, House, On, Raw, Setup, bearer, code, job_events, kind, numbers};

matrix!(
    a_store_that_fails_for_a_while_loses_nothing,
    nothing_is_told_before_it_is_kept,
    a_conflict_stops_the_runtime,
    a_store_that_is_closed_stops_the_runtime,
    while_the_store_is_stuck_new_work_is_refused,
    a_store_that_is_full_for_long_is_waited_for,
    an_ack_while_the_store_is_stuck_is_one,
    the_time_that_the_store_was_stuck_is_nobodys_fault,
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

fn impatient(clock: &HandClock) -> Setup {
    let mut setup = Setup::new().clock(clock).limits(|limits| {
        limits.commit_time = Duration::from_secs(2);
        // However late it is noticed, there is room for what is asked meanwhile.
        limits.commands_in_flight = 4_096;
    });
    setup.capacity = 4_096;
    setup
}

/// Lets the store take too long for what is being committed, and waits until the runtime has noticed.
async fn get_stuck(house: &House, clock: &HandClock, raw: &mut Raw) {
    let begun = house.store.counts().begun;
    house.store.hold_before();
    raw.say("tool.invoke", json!({"tool": "emit", "arguments": {"n": 2}})).await;
    house.store.until(|counts| counts.begun > begun).await;
    clock.advance(Duration::from_secs(2));
    // A ping that is handled before is answered when the store is back.
    loop {
        raw.say("ping", json!({})).await;
        let pong = tokio::select! {
            biased;
            message = raw.recv() => Some(message),
            () = settle() => None,
        };
        if pong.is_some_and(|pong| kind(&pong) == "pong") {
            return;
        }
    }
}

async fn while_the_store_is_stuck_new_work_is_refused(on: On) {
    let clock = HandClock::new();
    let house = on.start(impatient(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let mut new = house.raw().await;
    get_stuck(&house, &clock, &mut raw).await;
    let request = raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    let refused = raw.until(|message| message["correlation_id"] == request).await;
    let refused = refused.last().unwrap();
    assert_eq!((kind(refused), code(refused)), ("job.failed", "UNAVAILABLE"));
    assert_eq!(refused["payload"]["retryable"], true);
    assert_eq!(refused.get("event_seq"), None);
    new.say("session.open", bearer("tok-bob")).await;
    assert_eq!(code(&new.expect("session.rejected").await), "UNAVAILABLE");
    assert_eq!(house.stage.echoes(), 0);
    house.store.release();
    // What waited is told, whole and in order; what was refused has not been done.
    let told = raw.until(|message| kind(message) == "job.completed").await;
    let kinds: Vec<_> = told.iter().map(kind).filter(|kind| *kind != "pong").collect();
    assert_eq!(kinds, ["job.accepted", "job.started", "log", "log", "job.completed"]);
    let job = raw.submit("echo", json!(2)).await;
    assert_eq!(raw.finish(&job).await.len(), 2);
    assert_eq!(raw.list(json!({})).await["jobs"].as_array().unwrap().len(), 2);
    new.say("session.open", bearer("tok-bob")).await;
    new.expect("session.accepted").await;
}

async fn an_ack_while_the_store_is_stuck_is_one(on: On) {
    let clock = HandClock::new();
    let house = on.start(impatient(&clock).configure(|runtime| runtime.ack_window(2))).await;
    let mut raw = house.raw_as("alice").await;
    let mut other = house.raw_as("bob").await;
    let job = raw.submit("emit", json!({"n": 2})).await;
    raw.until(|message| message["event_seq"] == 2).await;
    while job_events(&*house.store, &job).await.len() < 4 {
        settle().await;
    }
    get_stuck(&house, &clock, &mut other).await;
    raw.say("session.ack", json!({"last_processed_seq": 2})).await;
    // What is kept already needs no commit.
    let rest = raw.until(|message| kind(message) == "job.completed").await;
    let seqs: Vec<_> = rest.iter().filter_map(|message| message["event_seq"].as_u64()).collect();
    assert_eq!(seqs, [3, 4]);
    house.store.release();
}

async fn the_time_that_the_store_was_stuck_is_nobodys_fault(on: On) {
    let clock = HandClock::new();
    let house = on.start(impatient(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let mut new = house.raw().await;
    get_stuck(&house, &clock, &mut raw).await;
    // Longer than a handshake may take.
    clock.advance(Duration::from_mins(1));
    new.say("session.open", bearer("tok-bob")).await;
    assert_eq!(code(&new.expect("session.rejected").await), "UNAVAILABLE");
    house.store.release();
    raw.until(|message| kind(message) == "job.completed").await;
    new.say("session.open", bearer("tok-bob")).await;
    new.expect("session.accepted").await;
}

async fn a_store_that_is_full_for_long_is_waited_for(on: On) {
    let clock = HandClock::new();
    let house = on.start(impatient(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    get_stuck(&house, &clock, &mut raw).await;
    // A cancel is nothing new: it waits with what is to be kept.
    let cancel = raw.say("cancel", json!({"target": "job", "target_id": job})).await;
    house.store.fail(3, StoreErrorKind::Full);
    house.store.release();
    // Both jobs come to their ends, in whichever order.
    let mut told = Vec::new();
    while told.iter().filter(|m| matches!(kind(m), "job.cancelled" | "job.completed")).count() < 2 {
        told.push(raw.recv().await);
    }
    assert!(told.iter().any(|message| message["correlation_id"] == cancel));
    assert_eq!(house.store.counts().failed, 3);
    let numbers = numbers(&*house.store, &raw.session).await;
    assert!(told.iter().filter_map(|message| message["event_seq"].as_u64()).is_sorted());
    assert_eq!(numbers.len(), 6);
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
