//! What one observer of a connection is told (R§13).

use std::collections::BTreeMap;
use std::sync::Arc;

use arcp_core::{EventFilter, JobEvent, JobId, Limits, MessageId, SubscriptionId, Timestamp};

use super::{Outlet, Told};
use crate::engine::Observe;
use crate::record::Run;

/// Something about an observer, for a connection to do.
#[derive(Debug)]
pub(crate) enum ToObserver {
    /// From now on there is one; it gets what passes.
    Begin(Arc<EventFilter>),
    /// Tell this event.
    Event { event: Arc<JobEvent>, weight: usize },
    /// Read these from the store and tell what passes; then mark the end of the past.
    Read(Box<ToRead>),
    /// There is none any more.
    End,
}

/// What an observer is to be told from the store.
#[derive(Debug)]
pub(crate) struct ToRead {
    pub(crate) runs: Vec<Run>,
    /// The message that marks the end of the past, and when it is said.
    pub(crate) marker: Option<(MessageId, Timestamp)>,
}

/// An observer could not be told for too long: its subscription is to be ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

/// What the writer knows of an observer.
#[derive(Debug)]
pub(super) struct Observer {
    /// Whether events go straight into the queue.
    live: bool,
    /// Whether the connection reads from the store, or waits for the past to be found.
    busy: bool,
    /// By job, the first and the last event that was left out. What lies between is judged again
    /// when it is read.
    held: BTreeMap<JobId, (u64, u64)>,
}

impl Outlet {
    /// Tells an observer something, or leaves it to be read from the store. `Ok(false)` when the
    /// connection takes no more: it is to be ended.
    pub(crate) fn observe(
        &mut self,
        subscription: &SubscriptionId,
        observe: Observe,
        limits: &Limits,
    ) -> Result<bool, Overflow> {
        let to = match observe {
            Observe::Begin { filter, past } => {
                let observer = Observer { live: !past, busy: past, held: BTreeMap::new() };
                self.observers.insert(subscription.clone(), observer);
                ToObserver::Begin(filter)
            }
            Observe::Event { event, index, weight } => {
                return self.observe_event(subscription, event, index, weight, limits);
            }
            Observe::Past { runs, marker, at } => {
                let runs = self.cut(subscription, runs);
                ToObserver::Read(Box::new(ToRead { runs, marker: Some((marker, at)) }))
            }
            Observe::End => {
                self.observers.remove(subscription);
                ToObserver::End
            }
        };
        Ok(self.tell(Told::Observer(subscription.clone(), to)))
    }

    fn observe_event(
        &mut self,
        subscription: &SubscriptionId,
        event: Arc<JobEvent>,
        index: u64,
        weight: usize,
        limits: &Limits,
    ) -> Result<bool, Overflow> {
        let room = self.has_room(weight, limits);
        let Some(observer) = self.observers.get_mut(subscription) else { return Ok(true) };
        if observer.live && room {
            self.gauge.add(weight);
            let event = ToObserver::Event { event, weight };
            return Ok(self.tell(Told::Observer(subscription.clone(), event)));
        }
        observer.live = false;
        let job = event.head.job.clone();
        observer.held.entry(job).or_insert((index, index)).1 = index;
        if observer.held.len() > limits.observed_jobs {
            return Err(Overflow);
        }
        if observer.busy { Ok(true) } else { Ok(self.read_held(subscription)) }
    }

    /// The past without what was left out since the observer began: that is told after it.
    fn cut(&self, subscription: &SubscriptionId, runs: Vec<Run>) -> Vec<Run> {
        let held = self.observers.get(subscription).map(|observer| &observer.held);
        let cut = |run: Run| match held.and_then(|held| held.get(&run.job)) {
            Some((first, _)) => run.before(*first),
            None => run,
        };
        runs.into_iter().map(cut).collect()
    }

    /// The connection has told an observer all that it was to read.
    #[must_use]
    pub(crate) fn observed(&mut self, subscription: &SubscriptionId) -> bool {
        let Some(observer) = self.observers.get_mut(subscription) else { return true };
        observer.busy = false;
        observer.live = observer.held.is_empty();
        observer.live || self.read_held(subscription)
    }

    fn read_held(&mut self, subscription: &SubscriptionId) -> bool {
        let Some(observer) = self.observers.get_mut(subscription) else { return true };
        observer.busy = true;
        let held = std::mem::take(&mut observer.held).into_iter();
        let runs = held.map(|(job, (first, last))| Run::between(job, first, last)).collect();
        let read = ToObserver::Read(Box::new(ToRead { runs, marker: None }));
        self.tell(Told::Observer(subscription.clone(), read))
    }
}
