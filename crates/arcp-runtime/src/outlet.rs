//! The writer's end of a connection: what is told to it, within bounds.
//!
//! Events that do not fit, or that the ack window holds back, are not queued: they are in the log.
//! The connection is told that it is behind, reads them from the store, and says when it has caught
//! up. What an observer is told goes the same way.

mod gauge;
mod observer;

use std::collections::BTreeMap;
use std::sync::Arc;

use arcp_core::{
    ArtifactRef, ConnectionId, Delivery, Limits, MessageId, Output, Reply, SessionId,
    SubscriptionId, Timestamp,
};
use arcp_transport::CloseReason;
use arcp_wire::OutputEncoder;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub(crate) use gauge::{Burst, Gauge};
pub(crate) use observer::{Overflow, ToObserver, ToRead};

use crate::connection::Permit;
use crate::keeper::Hold;
use observer::Observer;

/// What became of an event.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// It is told, or will be, from the store.
    Fine,
    /// It is the first one for which there is no room: its client is slow to read.
    Behind,
    /// The connection takes nothing more.
    Full,
}

/// Something for a connection to do.
#[derive(Debug)]
pub(crate) enum Told {
    /// From now on, speak like this.
    Speak(Box<dyn OutputEncoder>),
    /// Say this. The permit is given back once it is said.
    Say(Box<Output>, Option<Permit>),
    /// Give this artifact, likewise.
    Artifact(Box<Wanted>, Option<Permit>),
    /// Deliver this event.
    Event { delivery: Delivery, weight: usize },
    /// Events were left out: read them from the store.
    Behind,
    /// Something about an observer.
    Observer(SubscriptionId, ToObserver),
    /// Say what was told before this, then end.
    Close(CloseReason),
}

/// An artifact that a message asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The answer's id.
    pub(crate) id: MessageId,
    pub(crate) at: Timestamp,
    /// The message that asks.
    pub(crate) to: MessageId,
    pub(crate) reference: ArtifactRef,
    /// Until it is given.
    pub(crate) hold: Hold,
}

/// The writer's end of a connection.
#[derive(Debug)]
pub(crate) struct Outlet {
    connection: ConnectionId,
    to: mpsc::Sender<Told>,
    gauge: Arc<Gauge>,
    /// How many events the client may have that it has not acknowledged; 0 for no bound.
    window: u64,
    /// The session that it carries.
    session: Option<SessionId>,
    /// How many sessions have begun on it, one that has come back counting again.
    begun: u64,
    feed: Feed,
    observers: BTreeMap<SubscriptionId, Observer>,
}

/// How a session's events reach the connection.
#[derive(Debug)]
struct Feed {
    /// The last event there is.
    last: u64,
    /// The last event that the client has acknowledged.
    acked: u64,
    /// Whether events go straight into the queue.
    live: bool,
    /// Whether the connection reads from the store, or was told to.
    reading: bool,
}

impl Feed {
    fn new() -> Self {
        Self { last: 0, acked: 0, live: true, reading: false }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.gauge.end();
    }
}

impl Outlet {
    pub(crate) fn new(
        connection: ConnectionId,
        to: mpsc::Sender<Told>,
        gauge: Arc<Gauge>,
        window: u64,
    ) -> Self {
        let (feed, observers) = (Feed::new(), BTreeMap::new());
        Self { connection, to, gauge, window, session: None, begun: 0, feed, observers }
    }

    /// How many items the queue of a connection has to hold.
    pub(crate) fn capacity(limits: &Limits) -> usize {
        limits.queued_events + Self::reserve(limits)
    }

    /// Places of the queue that events leave to replies, notices and what directs observers.
    fn reserve(limits: &Limits) -> usize {
        3 * (limits.commands_in_flight + limits.subscriptions_per_session) + SPARE
    }

    /// The session that the connection has been told that it has.
    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// Says something. `false` when the connection takes no more: it is to be ended.
    #[must_use]
    pub(crate) fn say(&mut self, output: Output, permit: Option<Permit>) -> bool {
        let begins = begins(&output).filter(|(id, _)| self.session.as_ref() != Some(id));
        let begins = begins.map(|(id, after)| (id.clone(), after));
        let again = again(&output);
        let told = self.tell(Told::Say(Box::new(output), permit));
        if let Some(after) = again {
            return told && self.rewind(after);
        }
        if let Some((session, after)) = begins {
            self.session = Some(session);
            self.begun += 1;
            self.feed = Feed { last: after, ..Feed::new() };
            self.observers.clear();
            self.gauge.release(after);
        }
        told
    }

    /// The connection reads once more what follows the event `after`.
    fn rewind(&mut self, after: u64) -> bool {
        self.begun += 1;
        (self.feed.live, self.feed.reading) = (self.feed.last <= after, false);
        self.gauge.release(after);
        self.feed.live || self.release()
    }

    /// Says something if there is a place for it.
    pub(crate) fn hint(&self, output: Output, limits: &Limits) {
        if self.has_room(0, limits) {
            // There is room, and a connection that has ended needs no hint.
            let _told = self.tell(Told::Say(Box::new(output), None));
        }
    }

    /// Gives an artifact, when the connection comes to it.
    #[must_use]
    pub(crate) fn fetch(&mut self, wanted: Wanted, permit: Option<Permit>) -> bool {
        self.tell(Told::Artifact(Box::new(wanted), permit))
    }

    /// Delivers an event, or leaves it to be read from the store.
    pub(crate) fn deliver(
        &mut self,
        delivery: Delivery,
        weight: usize,
        limits: &Limits,
    ) -> Delivered {
        let seq = delivery.seq;
        self.feed.last = seq;
        // One that its window holds back is not slow.
        let within = self.feed.live && seq <= self.reach();
        if within && self.has_room(weight, limits) {
            self.gauge.add(weight);
            let told = self.tell(Told::Event { delivery, weight });
            self.gauge.release(seq);
            return if told { Delivered::Fine } else { Delivered::Full };
        }
        self.feed.live = false;
        match (self.release(), within) {
            (false, _) => Delivered::Full,
            (true, true) => Delivered::Behind,
            (true, false) => Delivered::Fine,
        }
    }

    /// Leaves all events up to `upto` to be read from the store.
    #[must_use]
    pub(crate) fn feed(&mut self, upto: u64) -> bool {
        self.feed.last = upto;
        self.feed.live = false;
        self.release()
    }

    /// The client has processed its events up to `seq`.
    #[must_use]
    pub(crate) fn acked(&mut self, seq: u64) -> bool {
        self.feed.acked = self.feed.acked.max(seq);
        self.feed.live || self.release()
    }

    /// The last event that the client may have.
    fn reach(&self) -> u64 {
        if self.window == 0 { u64::MAX } else { self.feed.acked.saturating_add(self.window) }
    }

    /// Has the connection read from the store as far as the window lets it.
    fn release(&mut self) -> bool {
        let upto = self.feed.last.min(self.reach());
        if upto <= self.gauge.released() {
            return true;
        }
        let told = self.feed.reading || self.tell(Told::Behind);
        self.feed.reading = true;
        self.gauge.release(upto);
        told
    }

    fn has_room(&self, weight: usize, limits: &Limits) -> bool {
        self.gauge.fits(weight) && self.to.capacity() > Self::reserve(limits)
    }

    /// The connection has read the store up to `seq`, of the session that was the `begun`th.
    #[must_use]
    pub(crate) fn caught_up(&mut self, begun: u64, seq: u64) -> bool {
        if self.begun != begun || self.feed.live {
            return true;
        }
        self.feed.reading = false;
        if seq >= self.feed.last {
            self.feed.live = true;
            return true;
        }
        if seq < self.gauge.released() {
            self.feed.reading = true;
            return self.tell(Told::Behind);
        }
        self.release()
    }

    /// Whether the connection has nothing to send.
    pub(crate) fn is_idle(&self) -> bool {
        self.feed.live && !self.feed.reading && self.to.capacity() == self.to.max_capacity()
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

/// The session that an answer puts on a connection, and the last event that its client has of it.
pub(crate) fn begins(output: &Output) -> Option<(&SessionId, u64)> {
    match output {
        Output::Reply { reply: Reply::Accepted(accepted), .. } => Some((&accepted.session, 0)),
        Output::Reply { reply: Reply::Resumed(resumed), .. } => {
            Some((&resumed.session.session, resumed.after))
        }
        _ => None,
    }
}

/// The event after which an answer lets the session's events be told once more.
pub(crate) fn again(output: &Output) -> Option<u64> {
    match output {
        Output::Reply { reply: Reply::Replaying { after }, .. } => Some(*after),
        _ => None,
    }
}

/// For what comes unasked.
const SPARE: usize = 16;
