//! The observers of a connection: what each is told, live or from the store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arcp_core::{EventFilter, JobEvent, MessageId, Observed, Output, SubscriptionId, Timestamp};
use arcp_store::Store;

use crate::outlet::{ToObserver, ToRead};
use crate::record::{Run, observed_id};
use crate::replay::{self, ReplayError};

/// The observers of one connection.
#[derive(Debug, Default)]
pub(super) struct Observers(BTreeMap<SubscriptionId, Observer>);

#[derive(Debug)]
struct Observer {
    filter: Arc<EventFilter>,
    /// What is to be read from the store.
    runs: VecDeque<Run>,
    /// What marks the end of the past, once that is told.
    marker: Option<(MessageId, Timestamp)>,
    /// Whether something is to be read, and the writer to be told when it is.
    reading: bool,
}

/// What an observer is told in one turn.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) outputs: Vec<Output>,
    /// Whether all that was to be read is told.
    pub(super) done: bool,
}

impl Observers {
    /// Whether something is to be read.
    pub(super) fn are_behind(&self) -> bool {
        self.0.values().any(|observer| observer.reading)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes what the writer tells; what is to be said at once comes back.
    pub(super) fn take(&mut self, id: SubscriptionId, to: ToObserver) -> Option<Output> {
        match to {
            ToObserver::Begin(filter) => {
                let (runs, marker) = (VecDeque::new(), None);
                self.0.insert(id, Observer { filter, runs, marker, reading: false });
            }
            ToObserver::Event { event, weight: _ } => {
                return self.0.contains_key(&id).then(|| told(&id, &event));
            }
            ToObserver::Read(read) => {
                let ToRead { runs, marker } = *read;
                let observer = self.0.get_mut(&id)?;
                observer.runs.extend(runs);
                observer.marker = marker.or(observer.marker.take());
                observer.reading = true;
            }
            ToObserver::End => {
                self.0.remove(&id);
            }
        }
        None
    }

    /// The next observer after `id` that has something to read.
    pub(super) fn next_behind(&self, id: Option<&SubscriptionId>) -> Option<SubscriptionId> {
        let later = |other: &SubscriptionId| id.is_none_or(|id| other > id);
        let mut behind = self.0.iter().filter(|(_, observer)| observer.reading);
        behind.find(|(other, _)| later(other)).map(|(other, _)| other.clone())
    }

    /// Reads a page for one observer; `done` says that all that was to be read is told. After an
    /// error the same call reads the same page.
    pub(super) async fn read(
        &mut self,
        id: &SubscriptionId,
        store: &dyn Store,
        limit: usize,
    ) -> Result<Page, ReplayError> {
        let Some(observer) = self.0.get_mut(id) else { return Ok(Page::default()) };
        let events = replay::read_runs(store, &mut observer.runs, limit).await?;
        let passing = events.iter().filter(|event| observer.filter.passes(event));
        let mut outputs: Vec<_> = passing.map(|event| told(id, event)).collect();
        let done = observer.runs.is_empty();
        if done {
            observer.reading = false;
            outputs.extend(observer.marker.take().map(|marker| end_of_past(id, marker)));
        }
        Ok(Page { outputs, done })
    }
}

fn told(subscription: &SubscriptionId, event: &Arc<JobEvent>) -> Output {
    Output::Observed(Observed {
        id: observed_id(subscription, &event.id),
        at: event.at,
        subscription: subscription.clone(),
        event: Some(Arc::clone(event)),
    })
}

fn end_of_past(subscription: &SubscriptionId, (id, at): (MessageId, Timestamp)) -> Output {
    Output::Observed(Observed { id, at, subscription: subscription.clone(), event: None })
}
