//! The writer's end of a connection: what is told to it, within bounds.
//!
//! Events that do not fit are not queued: they are in the log. The connection is told that it is
//! behind, reads them from the store, and says when it has caught up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arcp_core::{ConnectionId, Delivery, Limits, Output, Reply, SessionId};
use arcp_transport::CloseReason;
use arcp_wire::OutputEncoder;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

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

/// The writer's end of a connection.
#[derive(Debug)]
pub(crate) struct Outlet {
    connection: ConnectionId,
    to: mpsc::Sender<Told>,
    /// Bytes of events in the queue; the connection takes off what it has sent.
    queued: Arc<AtomicUsize>,
    /// The session that it carries.
    session: Option<SessionId>,
    /// Whether events go straight into the queue.
    live: bool,
    /// The last event released for the session, queued or not.
    released: u64,
    /// Up to here the connection has read from the store.
    read_upto: u64,
}

impl Outlet {
    pub(crate) fn new(
        connection: ConnectionId,
        to: mpsc::Sender<Told>,
        queued: Arc<AtomicUsize>,
    ) -> Self {
        Self { connection, to, queued, session: None, live: true, released: 0, read_upto: 0 }
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
        if let Output::Reply { reply: Reply::Accepted(accepted), .. } = &output
            && self.session.as_ref() != Some(&accepted.session)
        {
            self.session = Some(accepted.session.clone());
            (self.live, self.released, self.read_upto) = (true, 0, 0);
        }
        self.tell(Told::Say(Box::new(output), permit))
    }

    /// Delivers an event, or leaves it to be read from the store.
    #[must_use]
    pub(crate) fn deliver(&mut self, delivery: Delivery, weight: usize, limits: &Limits) -> bool {
        self.released = delivery.seq;
        if !self.live || delivery.seq <= self.read_upto {
            return true;
        }
        let queued = self.queued.load(Ordering::Acquire);
        let fits = queued == 0 || queued + weight <= limits.queued_bytes;
        if fits && self.to.capacity() > Self::reserve(limits) {
            self.queued.fetch_add(weight, Ordering::AcqRel);
            self.tell(Told::Event { delivery, weight })
        } else {
            self.live = false;
            self.tell(Told::Behind)
        }
    }

    /// The connection has read the store up to `seq`.
    #[must_use]
    pub(crate) fn caught_up(&mut self, session: &SessionId, seq: u64) -> bool {
        if self.session.as_ref() != Some(session) || self.live {
            return true;
        }
        if seq >= self.released {
            (self.live, self.read_upto) = (true, seq);
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
