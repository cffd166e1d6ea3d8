//! The ack window: a client gets so many events more than it has acknowledged, and no more; what is
//! no event does not wait.

use serde_json::{Value, json};

use crate::support::{On, Raw, Setup, code, job_of, kind, seq};

matrix!(
    events_wait_for_acks_and_nothing_else_does,
    an_ack_ahead_of_what_was_sent_is_refused,
    old_acks_change_nothing,
    a_client_that_leaves_with_a_full_window_leaves_nothing_behind,
    closing_with_a_full_window_ends,
    without_a_window_nobody_has_to_ack,
    a_large_job_goes_through_a_small_window,
);

const WINDOW: u64 = 4;

fn setup() -> Setup {
    Setup::new().configure(|builder| builder.ack_window(WINDOW))
}

/// A job that says many things.
async fn talk(raw: &mut Raw, count: u64) -> String {
    raw.submit("emit", json!({"n": count})).await
}

fn seqs(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(seq).collect()
}

async fn ack(raw: &mut Raw, seq: u64) {
    raw.say("session.ack", json!({"last_processed_seq": seq})).await;
}

async fn take(raw: &mut Raw, first: u64, last: u64) {
    for wanted in first..=last {
        let message = raw.recv().await;
        assert_eq!(seq(&message), wanted, "{message}");
    }
}

async fn events_wait_for_acks_and_nothing_else_does(on: On) {
    let house = on.start(setup()).await;
    let mut raw = house.raw_as("alice").await;
    let job = talk(&mut raw, 20).await;
    take(&mut raw, 1, 4).await;
    house.stage.emitted(1).await;
    raw.is_quiet().await;
    // Replies, refusals and other control messages pass.
    assert_eq!(raw.until_ended(&job).await, "completed");
    raw.say("session.ping", json!({"nonce": "n", "sent_at": "2026-01-01T00:00:00Z"})).await;
    raw.expect("session.pong").await;
    raw.send_text("{").await;
    raw.expect("nack").await;
    let second = raw.submit("echo", json!(1)).await;
    raw.say("cancel", json!({"target": "job", "target_id": "job_none"})).await;
    raw.expect("cancel.refused").await;
    ack(&mut raw, 1).await;
    take(&mut raw, 5, 5).await;
    raw.is_quiet().await;
    ack(&mut raw, 5).await;
    take(&mut raw, 6, 9).await;
    raw.is_quiet().await;
    let mut last = 9;
    while last < 22 {
        ack(&mut raw, last).await;
        let upto = (last + WINDOW).min(22);
        take(&mut raw, last + 1, upto).await;
        last = upto;
    }
    // The end of the first job was number 22; the second one follows.
    ack(&mut raw, 22).await;
    let end = raw.finish(&second).await;
    assert_eq!(seqs(&end), [23, 24]);
}

async fn an_ack_ahead_of_what_was_sent_is_refused(on: On) {
    let house = on.start(setup()).await;
    let mut raw = house.raw_as("alice").await;
    talk(&mut raw, 20).await;
    take(&mut raw, 1, 4).await;
    house.stage.emitted(1).await;
    // They have happened, and have not been sent.
    for ahead in [5, 10, u64::MAX] {
        let request = raw.say("session.ack", json!({"last_processed_seq": ahead})).await;
        let nack = raw.expect("nack").await;
        assert_eq!((code(&nack), &nack["correlation_id"]), ("INVALID_ARGUMENT", &json!(request)));
    }
    raw.is_quiet().await;
    for malformed in
        [json!({}), json!({"last_processed_seq": -1}), json!({"last_processed_seq": "4"})]
    {
        raw.say("session.ack", malformed).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    }
    ack(&mut raw, 4).await;
    take(&mut raw, 5, 8).await;
}

async fn old_acks_change_nothing(on: On) {
    let house = on.start(setup()).await;
    let mut raw = house.raw_as("alice").await;
    talk(&mut raw, 20).await;
    take(&mut raw, 1, 4).await;
    ack(&mut raw, 3).await;
    take(&mut raw, 5, 7).await;
    for old in [0, 3, 1, 3] {
        ack(&mut raw, old).await;
    }
    raw.is_quiet().await;
    ack(&mut raw, 4).await;
    take(&mut raw, 8, 8).await;
    raw.is_quiet().await;
}

async fn a_client_that_leaves_with_a_full_window_leaves_nothing_behind(on: On) {
    let house = on.start(setup()).await;
    let mut raw = house.raw_as("alice").await;
    let job = talk(&mut raw, 20).await;
    take(&mut raw, 1, 4).await;
    raw.close().await;
    // The job goes on, others are served, and the stop does not wait for anybody.
    let mut other = house.raw_as("alice").await;
    assert_eq!(other.until_ended(&job).await, "completed");
    let echo = other.submit("echo", json!(1)).await;
    assert_eq!(seqs(&other.finish(&echo).await), [1, 2]);
    other.close().await;
    house.shutdown(std::time::Duration::ZERO).await;
}

async fn closing_with_a_full_window_ends(on: On) {
    let house = on.start(setup()).await;
    let mut raw = house.raw_as("alice").await;
    talk(&mut raw, 20).await;
    let gate = raw.submit_late("gate", json!(1)).await;
    house.stage.arrived(1).await;
    // What fills the window comes before the end of the gate.
    house.stage.emitted(1).await;
    raw.say("session.close", json!({})).await;
    let rest = raw.rest().await;
    assert!(rest.iter().all(|message| job_of(message) != gate || kind(message) != "job.cancelled"));
    let mut other = house.raw_as("alice").await;
    assert_eq!(other.until_ended(&gate).await, "cancelled");
}

async fn without_a_window_nobody_has_to_ack(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let job = talk(&mut raw, 200).await;
    let events = raw.finish(&job).await;
    assert_eq!(seqs(&events), (1..=202).collect::<Vec<_>>());
}

async fn a_large_job_goes_through_a_small_window(on: On) {
    let house = on.start(setup()).await;
    let mut raw = house.raw_as("alice").await;
    talk(&mut raw, 500).await;
    for wanted in 1..=502 {
        let message = raw.recv().await;
        assert_eq!(seq(&message), wanted);
        ack(&mut raw, wanted).await;
    }
    raw.is_quiet().await;
}
