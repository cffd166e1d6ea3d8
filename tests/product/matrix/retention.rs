//! What is kept for how long, and what is said of what is not.

use std::time::Duration;

use arcp_core::{JobId, SessionId};
use arcp_runtime::record::key::{CLOSED_SESSIONS, DONE_JOBS, SESSIONS, job_stream, session_stream};
use arcp_store::{Key, Store};
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
async fn count(store: &dyn Store, prefix: &[u8]) -> usize {
    store.scan(prefix, None, usize::MAX).await.unwrap().len()
}

/// The first number of a stream that is kept.
async fn kept_from(store: &dyn Store, stream: &Key) -> u64 {
    store.read(stream, u64::MAX, 0).await.unwrap().kept_from
}

/// Takes care that a stream is as if it had never been written.
async fn is_forgotten(store: &dyn Store, stream: &Key) {
    let page = store.read(stream, u64::MAX, 0).await.unwrap();
    assert_eq!((page.kept_from, page.last), (1, 0), "{stream:?}");
}

/// The stream of a job, or of a session, as it is named on the wire.
fn of_job(job: &str) -> Key {
    job_stream(&JobId::parse(job).unwrap())
}

fn of_session(session: &str) -> Key {
    session_stream(&SessionId::parse(session).unwrap())
}

async fn emit(raw: &mut Raw, lines: u64) -> String {
    let job = raw.submit("emit", json!({"n": lines, "pad": 100})).await;
    raw.finish(&job).await;
    job
}

async fn what_is_old_is_forgotten_and_the_rest_told(on: On) {
    let clock = HandClock::new();
    // Long enough that nothing gets old while a slow store is waited for.
    let setup = Setup::new()
        .configure(|runtime| runtime.event_retention(700 * DAY).job_retention(700 * DAY));
    let house = on.start(setup.clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let waiting = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let old = emit(&mut raw, 5).await;
    clock.advance(400 * DAY);
    let young = emit(&mut raw, 5).await;
    let mut gone = house.raw_as("alice").await;
    emit(&mut gone, 1).await;
    gone.close().await;
    clock.advance(300 * DAY);
    pass(&house, &clock, async |store| count(store, DONE_JOBS).await == 2).await;
    pass(&house, &clock, async |store| count(store, CLOSED_SESSIONS).await == 0).await;
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
    let said = of_job(&waiting);
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
    pass(&house, &clock, async |store| count(store, DONE_JOBS).await == 0).await;
    let numbers = of_session(&raw.session);
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
        let mut jobs = Vec::new();
        for _ in 0..10 {
            jobs.push(emit(&mut raw, 150).await);
        }
        let session = raw.session.clone();
        raw.close().await;
        clock.advance(8 * DAY);
        pass(&house, &clock, async |store| {
            let mut left = 0;
            for prefix in [SESSIONS, CLOSED_SESSIONS, DONE_JOBS] {
                left += count(store, prefix).await;
            }
            left == 0
        })
        .await;
        assert_eq!(count(&*house.store, b"").await, 0, "facts are left");
        is_forgotten(&*house.store, &of_session(&session)).await;
        for job in jobs {
            is_forgotten(&*house.store, &of_job(&job)).await;
        }
        sizes.push(house.bytes_on_disk());
    }
    // The write-ahead log grows to its size, and room that was used is used again.
    let (early, late) = (sizes[6], sizes[11]);
    assert!(late <= early + early / 8, "{sizes:?}");
}
