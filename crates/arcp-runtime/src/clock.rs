//! Reading clocks, and waiting on them: the one place of the shell that does.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// The machine's clocks. The wall clock is held where it is while the machine sets it back.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    latest: AtomicI64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self { start: Instant::now(), latest: AtomicI64::new(i64::MIN) }
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
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        let latest = self.latest.fetch_max(micros, Ordering::AcqRel).max(micros);
        Now { wall: Timestamp::from_micros(latest), moment: Moment::new(self.start.elapsed()) }
    }

    async fn sleep_until(&self, moment: Moment) {
        tokio::time::sleep_until(self.start + moment.since_start()).await;
    }
}
