//! Who has agreed on heartbeats, and when it is given up.

use std::time::Duration;

use arcp_core::{Capabilities, Code, Command, ConnectionId, Feature, Notice, PingKind};

use crate::bench::Bench;

const INTERVAL: Duration = Duration::from_secs(1);
const JUST_UNDER: Duration = Duration::from_millis(999);

fn beating() -> (Bench, ConnectionId) {
    let features = Capabilities::default().with(Feature::Heartbeat, true);
    let mut bench = Bench::new(|settings| {
        settings.ping_interval = Some(INTERVAL);
        settings.capabilities = features.clone();
    });
    let connection = bench.open_with("alice", features);
    (bench, connection)
}

/// How often it was asked whether it is there, and whether it was given up.
fn told(bench: &Bench, connection: ConnectionId) -> (usize, bool) {
    let notices = bench.notices(connection);
    let pings = notices.iter().filter(|notice| matches!(notice, Notice::Ping { .. })).count();
    let is_lost = |notice: &&Notice| matches!(notice, Notice::Nack(fault) if fault.code == Code::HeartbeatLost);
    (pings, notices.iter().any(is_lost))
}

fn says(bench: &mut Bench, connection: ConnectionId) {
    bench.command(connection, Command::Ping { kind: PingKind::Session, nonce: None }, None);
}

#[test]
fn the_silent_are_asked_once_an_interval_and_given_up_after_two() {
    let (mut bench, connection) = beating();
    bench.pass(INTERVAL);
    assert_eq!(told(&bench, connection), (1, false));
    bench.pass(JUST_UNDER);
    assert_eq!(told(&bench, connection), (1, false));
    bench.pass(Duration::from_millis(1));
    assert_eq!(told(&bench, connection), (1, true));
}

#[test]
fn two_intervals_begin_with_the_last_that_was_heard() {
    let (mut bench, connection) = beating();
    bench.pass(INTERVAL * 9 / 10);
    says(&mut bench, connection);
    bench.pass(INTERVAL / 10);
    bench.pass(INTERVAL);
    assert_eq!(told(&bench, connection), (2, false));
    bench.pass(Duration::from_millis(899));
    assert_eq!(told(&bench, connection), (2, false));
    bench.pass(Duration::from_millis(1));
    assert_eq!(told(&bench, connection), (2, true));
}

/// The client may have had no chance to speak, or what it said is not read yet.
#[test]
fn a_runtime_that_was_held_up_asks_before_it_judges() {
    let (mut bench, connection) = beating();
    bench.pass(INTERVAL * 5);
    assert_eq!(told(&bench, connection), (1, false));
    says(&mut bench, connection);
    bench.pass(INTERVAL * 5);
    assert_eq!(told(&bench, connection), (2, false));
    // Also when it was held up after it had asked.
    bench.pass(INTERVAL * 5);
    assert_eq!(told(&bench, connection), (3, false));
    bench.pass(JUST_UNDER);
    assert_eq!(told(&bench, connection), (3, false));
    bench.pass(Duration::from_millis(1));
    assert_eq!(told(&bench, connection), (3, true));
}
