//! What is kept for how long, and what is said of what is not.

use std::time::Duration;

use arcp_store::Store;
use serde_json::json;

use crate::support::{HandClock, House, On, Raw, Setup, code, kind, seq};

matrix!(
    what_is_old_is_forgotten_and_the_rest_told,
    a_session_goes_on_from_what_is_kept_only,
    the_log_does_not_grow_without_bound,
);

const DAY: Duration = Duration::from_hours(24);

/// Lets time pass a minute at a time, so that rounds of forgetting come in it, until `done`.
async fn pass(house: &House, clock: &HandClock, done: impl AsyncFn(&dyn Store) -> bool) {
    while !done(&*house.store).await {
        clock.advance(Duration::from_mins(1));
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }
}

/// How many facts there are whose keys begin so.
async fn count(store: &dyn Store, prefix: &str) -> usize {
    store.scan(prefix.as_bytes(), None, usize::MAX).await.unwrap().len()
}

/// The first number of a stream that is kept.
async fn kept_from(store: &dyn Store, stream: &str) -> u64 {
    let stream = arcp_core::Key::new(stream.as_bytes().to_vec());
    store.read(&stream, u64::MAX, 0).await.unwrap().kept_from
}

async fn emit(raw: &mut Raw, lines: u64) -> String {
    let job = raw.submit("emit", json!({"n": lines, "pad": 100})).await;
    raw.finish(&job).await;
    job
}

async fn what_is_old_is_forgotten_and_the_rest_told(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let waiting = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let old = emit(&mut raw, 5).await;
    clock.advance(4 * DAY);
    let young = emit(&mut raw, 5).await;
    let mut gone = house.raw_as("alice").await;
    emit(&mut gone, 1).await;
    gone.close().await;
    clock.advance(3 * DAY);
    pass(&house, &clock, async |store| count(store, "done/").await == 2).await;
    pass(&house, &clock, async |store| count(store, "closed/").await == 0).await;
    let jobs = raw.list(json!({})).await["jobs"].clone();
    let listed: Vec<_> = jobs.as_array().unwrap().iter().map(|job| job["job_id"].clone()).collect();
    assert!(listed.contains(&json!(waiting)) && listed.contains(&json!(young)), "{listed:?}");
    assert!(!listed.contains(&json!(old)), "{listed:?}");
    raw.say("job.subscribe", json!({"job_id": old, "history": true})).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
    raw.say("job.subscribe", json!({"job_id": young, "history": true})).await;
    raw.expect("job.subscribed").await;
    let told = raw.until(|message| kind(message) == "job.completed").await;
    assert_eq!(told.len(), 7);
    let said = format!("j/{waiting}");
    pass(&house, &clock, async |store| kept_from(store, &said).await == 2).await;
    // The first event of a job that goes on is older than that, and is not told any more.
    raw.say("job.subscribe", json!({"job_id": waiting, "history": true})).await;
    let refused = raw.expect("nack").await;
    assert_eq!(code(&refused), "DATA_LOSS");
    assert!(refused["payload"]["message"].as_str().unwrap().contains("none of the job's events"));
    house.stage.open_gate();
    raw.finish(&waiting).await;
}

async fn a_session_goes_on_from_what_is_kept_only(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    let token = accepted["payload"]["resume_token"].clone();
    emit(&mut raw, 3).await;
    clock.advance(8 * DAY);
    pass(&house, &clock, async |store| count(store, "done/").await == 0).await;
    let numbers = format!("s/{}", raw.session);
    pass(&house, &clock, async |store| kept_from(store, &numbers).await == 6).await;
    emit(&mut raw, 1).await;
    drop(raw);
    let mut back = house.raw().await;
    back.say("session.resume", json!({"resume_token": token, "last_event_seq": 0})).await;
    let refused = back.expect("session.rejected").await;
    assert!(refused["payload"]["message"].as_str().unwrap().contains("still kept is 6"));
    assert_eq!(code(&refused), "DATA_LOSS");
    back.say("session.resume", json!({"resume_token": token, "last_event_seq": 5})).await;
    back.expect("session.resumed").await;
    let told = back.until(|message| kind(message) == "job.completed").await;
    assert_eq!(told.iter().map(seq).collect::<Vec<_>>(), [6, 7, 8]);
}

async fn the_log_does_not_grow_without_bound(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut sizes = Vec::new();
    for _ in 0..12 {
        let mut raw = house.raw_as("alice").await;
        for _ in 0..10 {
            emit(&mut raw, 150).await;
        }
        raw.close().await;
        clock.advance(8 * DAY);
        pass(&house, &clock, async |store| {
            let mut left = 0;
            for prefix in ["session/", "closed/", "done/"] {
                left += count(store, prefix).await;
            }
            left == 0
        })
        .await;
        assert_eq!(count(&*house.store, "").await, 0, "facts are left");
        sizes.push(house.bytes_on_disk());
    }
    // The write-ahead log grows to its size, and room that was used is used again.
    let (early, late) = (sizes[6], sizes[11]);
    assert!(late <= early + early / 8, "{sizes:?}");
}
