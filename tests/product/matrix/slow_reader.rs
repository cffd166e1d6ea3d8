//! Clients that read late: nothing is lost, doubled or out of order, and nobody else waits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HandClock, House, On, Raw, Setup, Wire, code, job_of, kind, seq};

matrix!(
    a_slow_reader_gets_all_and_stops_nobody,
    answers_come_while_events_wait,
    an_acceptance_comes_before_its_events,
    what_was_left_is_told_before_the_end,
    what_was_left_is_told_before_the_runtime_stops,
    what_was_left_is_told_before_an_eviction,
    reads_that_fail_for_a_while_lose_nothing,
    a_slow_reader_that_goes_leaves_its_place,
    to_ask_a_slow_reader_whether_it_is_there_stops_nobody,
);

async fn a_slow_reader_gets_all_and_stops_nobody(on: On) {
    let house = narrow(on).await;
    let mut slow = house.raw_as("alice").await;
    let job = slow.submit("emit", json!({"n": 20_000, "pad": 280})).await;
    // Nothing is read until all is said, and others work meanwhile.
    let mut healthy = house.raw_as("alice").await;
    for _ in 0..5 {
        let echo = healthy.submit("echo", json!(1)).await;
        healthy.finish(&echo).await;
    }
    house.stage.emitted(1).await;
    assert_eq!(healthy.until_ended(&job).await, "completed");
    let events = slow.finish(&job).await;
    assert_eq!(events.len(), 20_002);
    for (place, event) in events.iter().enumerate() {
        assert_eq!(seq(event), place as u64 + 1);
    }
    for (line, event) in events[1..20_001].iter().enumerate() {
        let message = event["payload"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{line} ")), "{line}");
    }
    assert_eq!(kind(&events[20_001]), "job.completed");
    assert!(house.store.session_reads() > 0, "nothing came from the store");
    // It is live again.
    slow.is_quiet().await;
    let echo = slow.submit("echo", json!(1)).await;
    assert_eq!(slow.finish(&echo).await.len(), 2);
}

async fn answers_come_while_events_wait(on: On) {
    let house = narrow(on).await;
    let mut slow = house.raw_as("alice").await;
    let mut jobs = BTreeMap::new();
    for _ in 0..4 {
        slow.say("tool.invoke", json!({"tool": "emit", "arguments": {"n": 1_500, "pad": 200}}))
            .await;
    }
    house.stage.emitted(2).await;
    for nonce in 0..40 {
        slow.say("ping", json!({"nonce": nonce.to_string()})).await;
    }
    house.stage.emitted(4).await;
    let (mut pongs, mut next, mut ends) = (0, 1, 0);
    while pongs < 40 || ends < 4 {
        let message = slow.recv().await;
        match kind(&message) {
            "pong" => {
                assert_eq!(message["payload"]["nonce"], pongs.to_string());
                pongs += 1;
            }
            "job.accepted" => {
                assert_eq!(jobs.insert(job_of(&message).to_owned(), Vec::new()), None);
            }
            what => {
                assert_eq!(seq(&message), next, "{message}");
                next += 1;
                ends += usize::from(what == "job.completed");
                let lines = jobs.get_mut(job_of(&message)).expect("accepted before");
                lines.push(line(&message));
            }
        }
    }
    assert_eq!(jobs.len(), 4);
    let expected: Vec<Option<u64>> =
        std::iter::once(None).chain((0..1_500).map(Some)).chain([None]).collect();
    for lines in jobs.values() {
        assert_eq!(*lines, expected);
    }
    assert!(house.store.session_reads() > 0, "nothing came from the store");
}

/// A commit that is kept can be read before those are told who wait for it.
async fn an_acceptance_comes_before_its_events(on: On) {
    let house = narrow(on).await;
    let mut slow = house.raw_as("alice").await;
    let first = slow.submit("emit", json!({"n": 3_000, "pad": 1_000})).await;
    house.stage.emitted(1).await;
    let mut healthy = house.raw_as("alice").await;
    assert_eq!(healthy.until_ended(&first).await, "completed");
    // The acceptance is kept, and nobody is told yet.
    let kept = house.store.counts().kept;
    house.store.hold_after();
    let request = slow.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    house.store.until(|counts| counts.kept > kept).await;
    // All that was told before is read, as far as the store goes for the first job.
    let before = slow.until(|m| job_of(m) == first && kind(m) == "job.completed").await;
    assert_eq!(before.len(), 3_002);
    let reads = house.store.session_reads();
    house.store.release();
    let accepted = slow.recv().await;
    assert_eq!((kind(&accepted), &accepted["correlation_id"]), ("job.accepted", &json!(request)));
    assert!(reads > 0, "nothing came from the store");
    let events = slow.finish(job_of(&accepted)).await;
    assert_eq!(events.iter().map(seq).collect::<Vec<_>>(), [3_003, 3_004]);
}

/// A session that is closed is told the end of its jobs, however far behind its client is.
async fn what_was_left_is_told_before_the_end(on: On) {
    let house = narrow(on).await;
    let mut slow = house.raw_as("alice").await;
    let job = slow.submit("emit", json!({"n": 3_000, "pad": 1_000})).await;
    let gate = slow_submit(&mut slow, "gate").await;
    house.stage.emitted(1).await;
    house.stage.arrived(1).await;
    let mut healthy = house.raw_as("alice").await;
    assert_eq!(healthy.until_ended(&job).await, "completed");
    slow.say("session.close", json!({})).await;
    let page = loop {
        let page = healthy.list(json!({"filter": {"status": ["cancelled"]}})).await;
        if page["jobs"] != json!([]) {
            break page;
        }
    };
    let gated = page["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    let rest = slow.rest().await;
    let accepted = rest.iter().find(|m| kind(m) == "job.accepted").expect("the second acceptance");
    assert_eq!((job_of(accepted), &accepted["correlation_id"]), (gated.as_str(), &json!(gate)));
    assert_eq!(numbered(&rest), (1..=3_004).collect::<Vec<_>>());
    assert_eq!(rest.last().map(kind), Some("job.cancelled"));
}

async fn what_was_left_is_told_before_the_runtime_stops(on: On) {
    let house = narrow(on).await;
    let mut slow = house.raw_as("alice").await;
    fall_behind(&house, &mut slow, 2_000).await;
    slow_submit(&mut slow, "gate").await;
    house.stage.arrived(1).await;
    let stopping = tokio::spawn(house.shutdown(Duration::ZERO));
    let rest = slow.rest().await;
    let last: Vec<_> = rest.iter().rev().take(2).map(kind).collect();
    assert_eq!(last, ["session.evicted", "job.failed"]);
    assert_eq!(numbered(&rest), (2..=2_004).collect::<Vec<_>>());
    stopping.await.unwrap();
}

async fn what_was_left_is_told_before_an_eviction(on: On) {
    let clock = HandClock::new();
    let lease = Duration::from_secs(100);
    let setup = narrow_setup().clock(&clock);
    let house = on.start(setup.configure(move |builder| builder.session_lease(Some(lease)))).await;
    let mut slow = house.raw_as("alice").await;
    fall_behind(&house, &mut slow, 2_000).await;
    clock.advance(lease);
    let rest = slow.rest().await;
    assert_eq!(rest.last().map(kind), Some("session.evicted"));
    assert_eq!(numbered(&rest), (2..=2_002).collect::<Vec<_>>());
}

async fn reads_that_fail_for_a_while_lose_nothing(on: On) {
    let house = narrow(on).await;
    let mut slow = house.raw_as("alice").await;
    let mut other = house.raw_as("alice").await;
    // The system takes some megabytes for a socket.
    let lines = if on.wire == Wire::Ws { 12_000 } else { 2_000 };
    fall_behind(&house, &mut slow, lines).await;
    house.store.fail_reads(2);
    let messages = slow.until(|message| kind(message) == "job.completed").await;
    assert_eq!(numbered(&messages), (2..=lines + 2).collect::<Vec<_>>());
    assert_eq!(house.store.failing_reads(), 0, "nothing was read");
    // Who asked for something is told, and may ask again.
    house.store.fail_reads(1);
    let request = other.say("session.list_jobs", json!({})).await;
    let nack = other.expect("nack").await;
    assert_eq!((code(&nack), &nack["correlation_id"]), ("UNAVAILABLE", &json!(request)));
    assert_eq!(nack["payload"]["retryable"], true);
    assert_eq!(other.list(json!({})).await["jobs"].as_array().unwrap().len(), 1);
}

async fn a_slow_reader_that_goes_leaves_its_place(on: On) {
    let setup = narrow_setup().limits(|limits| limits.connections = 2);
    let house = on.start(setup).await;
    let mut slow = house.raw_as("alice").await;
    let session = slow.session.clone();
    fall_behind(&house, &mut slow, 2_000).await;
    drop(slow);
    // One place was taken while it fell behind, and is free again.
    let one = house.knock("alice").await;
    house.knock("alice").await;
    assert_eq!(crate::support::numbers(&*house.store, &session).await.len(), 2_002);
    one.close().await;
}

/// What follows from asking, that it is busy, is a batch by itself here.
async fn to_ask_a_slow_reader_whether_it_is_there_stops_nobody(on: On) {
    const INTERVAL: Duration = Duration::from_secs(30);
    let clock = HandClock::new();
    let setup = narrow_setup().limits(|limits| limits.batch = 1).clock(&clock);
    let setup = setup.configure(|runtime| runtime.ping_interval(Some(INTERVAL)));
    let house = on.start(setup).await;
    let mut slow = house.raw().await;
    let mut open = crate::support::bearer("tok-alice");
    open["capabilities"] = json!({"extensions": ["resume"]});
    slow.say("session.open", open).await;
    slow.expect("session.accepted").await;
    // As many commits.
    fall_behind(&house, &mut slow, 500).await;
    let mut healthy = house.raw_as("alice").await;
    for _ in 0..3 {
        clock.advance(INTERVAL);
        let echo = healthy.submit("echo", json!(1)).await;
        healthy.finish(&echo).await;
    }
}

/// Submits a job of so many lines and reads no more than its beginning.
async fn fall_behind(house: &House, slow: &mut Raw, lines: u64) {
    let job = slow.submit("emit", json!({"n": lines, "pad": 1_000})).await;
    slow.expect("job.started").await;
    house.stage.emitted(1).await;
    let mut healthy = house.knock("alice").await;
    assert_eq!(healthy.until_ended(&job).await, "completed");
    healthy.close().await;
}

fn numbered(messages: &[Value]) -> Vec<u64> {
    messages.iter().filter(|message| message.get("event_seq").is_some()).map(seq).collect()
}

async fn slow_submit(slow: &mut Raw, tool: &str) -> String {
    slow.say("tool.invoke", json!({"tool": tool, "arguments": 1})).await
}

/// The number that a line of `emit` begins with.
fn line(message: &Value) -> Option<u64> {
    message["payload"]["message"].as_str()?.split(' ').next()?.parse().ok()
}

/// A house whose connections hold little, so that what comes late comes from the store.
async fn narrow(on: On) -> House {
    on.start(narrow_setup()).await
}

fn narrow_setup() -> Setup {
    let mut setup = Setup::new().limits(|limits| {
        limits.queued_bytes = 64 << 10;
        limits.burst_bytes = 0;
        limits.queued_events = 8;
    });
    setup.capacity = 4;
    setup
}
