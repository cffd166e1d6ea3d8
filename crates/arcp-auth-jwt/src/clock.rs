//! Reading the clocks, which tests replace.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arcp_core::{Moment, Now, Timestamp};

/// Where an authenticator gets its time from.
#[derive(Clone)]
pub(super) struct Clock(Arc<dyn Fn() -> Now + Send + Sync>);

impl Clock {
    pub(super) fn new(read: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The machine's clocks. The wall clock is read every time: issuers go by it.
    pub(super) fn system() -> Self {
        let start = Instant::now();
        Self::new(move || Now { wall: wall(), moment: Moment::new(start.elapsed()) })
    }

    pub(super) fn now(&self) -> Now {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

fn wall() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(0).after(since_epoch)
}
