//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arcp_core::{Moment, Now, Timestamp};
use arcp_runtime::Clock;
use async_trait::async_trait;
use tokio::sync::watch;

/// A clock; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct HandClock {
    start: Timestamp,
    passed: Arc<watch::Sender<Duration>>,
}

impl HandClock {
    /// A clock that stands at the machine's present time.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let start = Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap());
        Self { start, passed: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }

    /// Lets `span` pass.
    pub(crate) fn advance(&self, span: Duration) {
        self.passed.send_modify(|passed| *passed += span);
    }

    /// What it says.
    pub(crate) fn wall(&self) -> Timestamp {
        self.start.after(*self.passed.borrow())
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Now {
        let passed = *self.passed.borrow();
        Now { wall: self.start.after(passed), moment: Moment::new(passed) }
    }

    async fn sleep_until(&self, moment: Moment) {
        let mut passed = self.passed.subscribe();
        // The sender is ours, so that this cannot fail.
        passed.wait_for(|passed| *passed >= moment.since_start()).await.unwrap();
    }
}
