//! Bounds, and what happens at them.

use arcp_core::Frame;
use serde_json::json;

use crate::support::{On, Raw, Setup, Wire, code, envelope, kind};

matrix!(
    sessions_of_a_principal_are_bounded,
    jobs_of_a_principal_are_bounded,
    commands_in_flight_are_bounded_and_all_answered,
    connections_are_bounded,
    connections_from_an_address_are_bounded,
    a_connection_without_a_session_is_ended_in_time,
    remembered_messages_are_bounded,
);

async fn sessions_of_a_principal_are_bounded(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.sessions_per_principal = 2)).await;
    let mut first = house.raw_as("alice").await;
    let second = house.raw_as("alice").await;
    let mut third = house.raw().await;
    third.say("session.open", crate::support::bearer("tok-alice")).await;
    let rejected = third.expect("session.rejected").await;
    assert_eq!(code(&rejected), "RESOURCE_EXHAUSTED");
    assert_eq!(rejected["payload"]["retryable"], true);
    assert!(rejected["payload"]["message"].as_str().unwrap().contains("sessions_per_principal"));
    // Another principal has its own.
    house.raw_as("bob").await;
    first.is_quiet().await;
    // One whose client is gone gives way, once that is known.
    drop(second);
    let mut third = house.knock("alice").await;
    let mut fourth = house.raw().await;
    fourth.say("session.open", crate::support::bearer("tok-alice")).await;
    fourth.expect("session.rejected").await;
    first.is_quiet().await;
    third.is_quiet().await;
}

async fn jobs_of_a_principal_are_bounded(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.jobs_per_principal = 2)).await;
    let (mut raw, mut same) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let first = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    same.submit("gate", json!(1)).await;
    raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    let failed = raw.expect("job.failed").await;
    assert_eq!(code(&failed), "RESOURCE_EXHAUSTED");
    assert!(failed["payload"]["message"].as_str().unwrap().contains("jobs_per_principal"));
    let mut other = house.raw_as("bob").await;
    let job = other.submit("echo", json!(1)).await;
    other.finish(&job).await;
    house.stage.open_gate();
    raw.finish(&first).await;
    let job = raw.submit("echo", json!(1)).await;
    raw.finish(&job).await;
}

async fn commands_in_flight_are_bounded_and_all_answered(on: On) {
    let mut setup = Setup::new().limits(|limits| limits.commands_in_flight = 8);
    setup.capacity = 256;
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let pings =
        (0..200).map(|n| envelope(&format!("msg_p{n}"), "ping", json!({"nonce": n.to_string()})));
    let frames = pings.map(|ping| Frame::text(ping.to_string())).collect();
    assert!(raw.send_all(frames).await);
    for n in 0..200 {
        let pong = raw.expect("pong").await;
        assert_eq!(pong["payload"]["nonce"], n.to_string());
    }
    // Commands that are not answered at once hold their place just as long.
    let lists = (0..50).map(|n| envelope(&format!("msg_l{n}"), "session.list_jobs", json!({})));
    let jobs = (0..50).map(|n| {
        envelope(&format!("msg_j{n}"), "tool.invoke", json!({"tool": "missing", "arguments": n}))
    });
    let frames = lists.chain(jobs).map(|message| Frame::text(message.to_string())).collect();
    assert!(raw.send_all(frames).await);
    let (mut pages, mut refusals) = (0, 0);
    while pages < 50 || refusals < 50 {
        match kind(&raw.recv().await) {
            "session.jobs" => pages += 1,
            "job.failed" => refusals += 1,
            other => panic!("{other}"),
        }
    }
    // What wants no answer gives its place back too.
    for _ in 0..50 {
        raw.say("session.ack", json!({"last_processed_seq": 0})).await;
        raw.say("pong", json!({})).await;
    }
    raw.is_quiet().await;
}

async fn connections_are_bounded(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.connections = 2)).await;
    let mut first = house.raw_as("alice").await;
    let second = house.raw_as("alice").await;
    // A listener does not even let it in.
    if let Some(transport) = house.reach().await {
        assert!(!Raw::new(transport).offer("tok-alice").await);
    }
    first.is_quiet().await;
    second.close().await;
    // The place comes back, once the end is known.
    house.knock("alice").await;
}

async fn connections_from_an_address_are_bounded(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.connections_per_address = 1)).await;
    let mut first = house.raw_as("alice").await;
    let mut second = house.raw().await;
    if on.wire == Wire::Ws {
        second.is_over().await;
    } else {
        // Without an address there is nothing to count by.
        second.open("tok-alice").await;
    }
    first.is_quiet().await;
}

async fn a_connection_without_a_session_is_ended_in_time(on: On) {
    let clock = crate::support::HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut greeted = house.raw_as("alice").await;
    let mut refused = house.raw().await;
    refused.say("session.open", crate::support::bearer("no")).await;
    refused.expect("session.rejected").await;
    clock.advance(std::time::Duration::from_secs(10));
    refused.is_over().await;
    greeted.is_quiet().await;
}

async fn remembered_messages_are_bounded(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.remembered_messages = 4)).await;
    let mut raw = house.raw_as("alice").await;
    let first = envelope("msg_first", "ping", json!({}));
    raw.send(&first).await;
    raw.expect("pong").await;
    raw.send(&first).await;
    for _ in 0..4 {
        raw.is_quiet().await;
    }
    raw.send(&first).await;
    raw.expect("pong").await;
}
