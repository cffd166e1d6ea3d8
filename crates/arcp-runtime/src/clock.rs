//! Reading clocks, and waiting on them: the one place of the shell that does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arcp_core::{Moment, Now, Timestamp};
use async_trait::async_trait;
use tokio::time::Instant;

/// Where a runtime gets its time from.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// What both clocks say. Neither goes back from one call to the next.
    fn now(&self) -> Now;

    /// Waits until the monotonic clock says `moment`. Cancel-safe.
    async fn sleep_until(&self, moment: Moment);
}

/// The machine's clocks. The wall clock is read once, at the start, and goes on with the monotonic
/// one, so that both agree on how long a second is.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    started_at: Timestamp,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        let readings = std::iter::repeat_with(Reading::take).take(READINGS);
        let closest = readings.min_by_key(|reading| reading.span).unwrap_or_else(Reading::take);
        Self { start: closest.moment, started_at: closest.wall }
    }
}

/// Both clocks, read one after the other.
struct Reading {
    moment: Instant,
    wall: Timestamp,
    /// How far apart they may be: whoever reads them may lose the processor in between.
    span: Duration,
}

impl Reading {
    fn take() -> Self {
        let moment = Instant::now();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let span = moment.elapsed();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        Self { moment, wall: Timestamp::from_micros(micros), span }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Now {
        let elapsed = self.start.elapsed();
        Now { wall: self.started_at.after(elapsed), moment: Moment::new(elapsed) }
    }

    async fn sleep_until(&self, moment: Moment) {
        match self.start.checked_add(moment.since_start()) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            // Later than any clock of this machine will say.
            None => std::future::pending().await,
        }
    }
}

/// The clocks are read so often, and those readings count that were the closest.
const READINGS: usize = 8;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_end_of_time_is_waited_for() {
        let clock = SystemClock::new();
        for span in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(1 << 40)] {
            let end = clock.now().moment.after(span);
            let waiting = clock.sleep_until(end); // tidy: sleep because it is polled once only
            assert!(waiting.now_or_never().is_none(), "{span:?}");
        }
    }
}
