//! Whether this process stood still while something went on.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

/// Does something, and tells how long at most this process did not come to look at it although it should.
/// What was late by so much, or seems to have been, says nothing of anybody else.
pub(super) async fn watched<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = std::pin::pin!(work);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked = Instant::now();
    let mut longest = Duration::ZERO;
    let mut look = || {
        longest = longest.max(looked.elapsed().saturating_sub(TICK));
        looked = Instant::now();
        longest
    };
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, look()),
            _ = ticks.tick() => {
                look();
            }
        }
    }
}

/// How often it looks.
const TICK: Duration = Duration::from_millis(50);
