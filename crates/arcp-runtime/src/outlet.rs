//! The writer's end of a connection: what is told to it, within bounds.
//!
//! Events that do not fit are not queued: they are in the log. The connection is told that it is
//! behind, reads them from the store, and says when it has caught up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arcp_core::{ConnectionId, Delivery, Limits, Output, Reply, SessionId};
use arcp_transport::CloseReason;
use arcp_wire::OutputEncoder;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

use crate::connection::Permit;

/// Something for a connection to do.
#[derive(Debug)]
pub(crate) enum Told {
    /// From now on, speak like this.
    Speak(Box<dyn OutputEncoder>),
    /// Say this. The permit is given back once it is said.
    Say(Box<Output>, Option<Permit>),
    /// Deliver this event.
    Event { delivery: Delivery, weight: usize },
    /// Events were left out: read them from the store.
    Behind,
    /// Say what was told before this, then end.
    Close(CloseReason),
}

/// What the two ends of a connection's queue know of each other.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// Bytes of events in the queue.
    queued: AtomicUsize,
    /// The last event released for the session. INVARIANT: raised after all that was said before the
    /// event is in the queue.
    released: AtomicU64,
    /// Told when the writer has given up its end.
    over: Notify,
}

impl Gauge {
    pub(crate) fn released(&self) -> u64 {
        self.released.load(Ordering::Acquire)
    }

    /// Waits until nothing more will be said. Cancel-safe.
    pub(crate) async fn over(&self) {
        self.over.notified().await;
    }

    /// The connection has sent events of this size.
    pub(crate) fn sent(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// The writer's end of a connection.
#[derive(Debug)]
pub(crate) struct Outlet {
    connection: ConnectionId,
    to: mpsc::Sender<Told>,
    gauge: Arc<Gauge>,
    /// The session that it carries.
    session: Option<SessionId>,
    /// Whether events go straight into the queue.
    live: bool,
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.gauge.over.notify_one();
    }
}

impl Outlet {
    pub(crate) fn new(connection: ConnectionId, to: mpsc::Sender<Told>, gauge: Arc<Gauge>) -> Self {
        Self { connection, to, gauge, session: None, live: true }
    }

    /// How many items the queue of a connection has to hold.
    pub(crate) fn capacity(limits: &Limits) -> usize {
        limits.queued_events + Self::reserve(limits)
    }

    /// Places of the queue that events leave to replies and notices.
    fn reserve(limits: &Limits) -> usize {
        limits.commands_in_flight + SPARE
    }

    /// Says something. `false` when the connection takes no more: it is to be ended.
    #[must_use]
    pub(crate) fn say(&mut self, output: Output, permit: Option<Permit>) -> bool {
        let begins = match &output {
            Output::Reply { reply: Reply::Accepted(accepted), .. } => {
                Some(accepted.session.clone()).filter(|id| self.session.as_ref() != Some(id))
            }
            _ => None,
        };
        let told = self.tell(Told::Say(Box::new(output), permit));
        if let Some(session) = begins {
            self.session = Some(session);
            self.live = true;
            self.gauge.released.store(0, Ordering::Release);
        }
        told
    }

    /// Delivers an event, or leaves it to be read from the store.
    #[must_use]
    pub(crate) fn deliver(&mut self, delivery: Delivery, weight: usize, limits: &Limits) -> bool {
        let seq = delivery.seq;
        let told = if !self.live {
            true
        } else if self.has_room(weight, limits) {
            self.gauge.queued.fetch_add(weight, Ordering::AcqRel);
            self.tell(Told::Event { delivery, weight })
        } else {
            self.live = false;
            self.tell(Told::Behind)
        };
        self.gauge.released.store(seq, Ordering::Release);
        told
    }

    fn has_room(&self, weight: usize, limits: &Limits) -> bool {
        let queued = self.gauge.queued.load(Ordering::Acquire);
        let fits = queued == 0 || queued + weight <= limits.queued_bytes;
        fits && self.to.capacity() > Self::reserve(limits)
    }

    /// The connection has read the store up to `seq`.
    #[must_use]
    pub(crate) fn caught_up(&mut self, session: &SessionId, seq: u64) -> bool {
        if self.session.as_ref() != Some(session) || self.live {
            return true;
        }
        if seq >= self.gauge.released() {
            self.live = true;
            true
        } else {
            self.tell(Told::Behind)
        }
    }

    /// Whether nobody listens any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.to.is_closed()
    }

    /// Ends the connection.
    pub(crate) fn close(self, reason: CloseReason) {
        // A connection that cannot even be told ends when its queue is drained and closed.
        let _told = self.tell(Told::Close(reason));
    }

    fn tell(&self, told: Told) -> bool {
        match self.to.try_send(told) {
            Ok(()) | Err(TrySendError::Closed(_)) => true,
            Err(TrySendError::Full(_)) => {
                tracing::warn!(connection = %self.connection, "takes no more; ended");
                false
            }
        }
    }
}

/// For what comes unasked.
const SPARE: usize = 16;
