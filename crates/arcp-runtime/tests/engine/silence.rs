//! Who is asked whether it is there, and when it is given up.

use std::time::Duration;

use arcp_core::{
    Capabilities, Code, Command, ConnectionId, Feature, Notice, PingKind, RESUME_EXTENSION,
};

use crate::bench::Bench;

const INTERVAL: Duration = Duration::from_secs(1);

/// A client that has agreed on heartbeats, or has declared that its session can go on.
fn asked(heartbeats: bool) -> (Bench, ConnectionId) {
    let mut features = Capabilities::default().with(Feature::Heartbeat, heartbeats);
    if !heartbeats {
        features.extensions.insert(RESUME_EXTENSION.to_owned());
    }
    let mut bench = Bench::new(|settings| {
        settings.ping_interval = Some(INTERVAL);
        settings.capabilities = features.clone();
    });
    let connection = bench.open_with("alice", features);
    (bench, connection)
}

/// After a time: how often it was asked whether it is there, and whether it was given up.
fn after(bench: &mut Bench, connection: ConnectionId, span: Duration) -> (usize, bool) {
    bench.pass(span);
    let notices = bench.notices(connection);
    let pings = notices.iter().filter(|notice| matches!(notice, Notice::Ping { .. })).count();
    let is_lost = |notice: &&Notice| matches!(notice, Notice::Nack(fault) if fault.code == Code::HeartbeatLost);
    (pings, notices.iter().any(is_lost))
}

fn says(bench: &mut Bench, connection: ConnectionId) {
    bench.command(connection, Command::Ping { kind: PingKind::Session, nonce: None }, None);
}

/// Passes the times, and compares after each.
fn goes(bench: &mut Bench, connection: ConnectionId, steps: &[(u32, usize, bool)]) {
    for (at, &(millis, pings, lost)) in steps.iter().enumerate() {
        let span = Duration::from_millis(millis.into());
        assert_eq!(after(bench, connection, span), (pings, lost), "step {at}");
    }
}

#[test]
fn the_silent_are_asked_once_and_given_up_after_two_intervals() {
    for heartbeats in [true, false] {
        let (mut bench, connection) = asked(heartbeats);
        goes(
            &mut bench,
            connection,
            &[(999, 0, false), (1, 1, false), (999, 1, false), (1, 1, true)],
        );
    }
}

#[test]
fn two_intervals_begin_with_the_last_that_was_heard() {
    let (mut bench, connection) = asked(true);
    bench.pass(Duration::from_millis(900));
    says(&mut bench, connection);
    // Heartbeats are due whatever it says.
    goes(
        &mut bench,
        connection,
        &[(100, 1, false), (1_000, 2, false), (899, 2, false), (1, 2, true)],
    );
    let (mut bench, connection) = asked(false);
    bench.pass(Duration::from_millis(900));
    says(&mut bench, connection);
    goes(&mut bench, connection, &[(999, 0, false), (1, 1, false), (999, 1, false), (1, 1, true)]);
}

/// The client may have had no chance to speak, or what it said is not read yet.
#[test]
fn a_runtime_that_was_held_up_asks_before_it_judges() {
    for heartbeats in [true, false] {
        let (mut bench, connection) = asked(heartbeats);
        goes(&mut bench, connection, &[(5_000, 1, false)]);
        says(&mut bench, connection);
        goes(&mut bench, connection, &[(5_000, 2, false)]);
        // Also when it was held up after it had asked.
        goes(&mut bench, connection, &[(5_000, 3, false), (999, 3, false), (1, 3, true)]);
    }
}
