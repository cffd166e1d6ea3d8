//! What the two ends of a connection's queue know of each other, and what all queues share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arcp_core::Limits;
use tokio::sync::Notify;

/// Room for what the queues of all connections hold beyond what each may hold anyway: a batch of large events
/// goes through it, and need not be read back from the store.
#[derive(Debug)]
pub(crate) struct Burst {
    /// In bytes.
    room: usize,
    used: AtomicUsize,
}

impl Burst {
    /// As much as the limits say.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { room: limits.burst_bytes, used: AtomicUsize::new(0) }
    }
}

/// What the two ends of a connection's queue know of each other.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// Bytes of events in the queue.
    queued: AtomicUsize,
    /// What may be in the queue without asking `burst`.
    own: usize,
    burst: Arc<Burst>,
    /// The last event released for the session. INVARIANT: raised after all that was said before the
    /// event is in the queue, and never beyond the ack window.
    released: AtomicU64,
    /// Told when the writer has given up its end.
    over: Notify,
}

impl Gauge {
    pub(crate) fn new(limits: &Limits, burst: Arc<Burst>) -> Self {
        Self {
            queued: AtomicUsize::new(0),
            own: limits.queued_bytes,
            burst,
            released: AtomicU64::new(0),
            over: Notify::new(),
        }
    }

    /// Whether events of this size may be queued. An empty queue takes anything.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        let queued = self.queued.load(Ordering::Acquire);
        if queued == 0 {
            return true;
        }
        let more = self.beyond(queued.saturating_add(bytes)) - self.beyond(queued);
        more == 0 || self.burst.used.load(Ordering::Acquire).saturating_add(more) <= self.burst.room
    }

    /// Events of this size are queued. Only the writer does this, so that what fitted fits.
    pub(super) fn add(&self, bytes: usize) {
        let queued = self.queued.fetch_add(bytes, Ordering::AcqRel);
        let more = self.beyond(queued.saturating_add(bytes)) - self.beyond(queued);
        self.burst.used.fetch_add(more, Ordering::AcqRel);
    }

    /// The connection has sent events of this size.
    pub(crate) fn sent(&self, bytes: usize) {
        let queued = self.queued.fetch_sub(bytes, Ordering::AcqRel);
        let less = self.beyond(queued) - self.beyond(queued.saturating_sub(bytes));
        self.burst.used.fetch_sub(less, Ordering::AcqRel);
    }

    fn beyond(&self, queued: usize) -> usize {
        queued.saturating_sub(self.own)
    }

    pub(crate) fn released(&self) -> u64 {
        self.released.load(Ordering::Acquire)
    }

    pub(super) fn release(&self, seq: u64) {
        self.released.store(seq, Ordering::Release);
    }

    /// Waits until nothing more will be said. Cancel-safe.
    pub(crate) async fn over(&self) {
        self.over.notified().await;
    }

    pub(super) fn end(&self) {
        self.over.notify_one();
    }
}

/// What was queued and never sent is no longer held.
impl Drop for Gauge {
    fn drop(&mut self) {
        let queued = *self.queued.get_mut();
        self.burst.used.fetch_sub(self.beyond(queued), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauges() -> [Gauge; 2] {
        let mut limits = Limits::default();
        (limits.queued_bytes, limits.burst_bytes) = (10, 20);
        let burst = Arc::new(Burst::new(&limits));
        [Gauge::new(&limits, Arc::clone(&burst)), Gauge::new(&limits, burst)]
    }

    #[test]
    fn what_is_beyond_its_own_room_comes_out_of_that_of_all() {
        let [one, other] = gauges();
        one.add(8);
        assert!(one.fits(2) && one.fits(22) && !one.fits(23));
        one.add(18);
        assert!(one.fits(4) && !one.fits(5));
        assert!(other.fits(1_000), "an empty queue takes anything");
        other.add(10);
        assert!(other.fits(4) && !other.fits(5), "the others have taken 16 of 20");
        one.sent(18);
        assert!(other.fits(20) && !other.fits(21));
    }

    #[test]
    fn a_queue_that_is_dropped_gives_its_room_back() {
        let [one, other] = gauges();
        one.add(1_000);
        other.add(10);
        assert!(!other.fits(1));
        drop(one);
        assert!(other.fits(20) && !other.fits(21));
    }
}
