//! What must be true of the store, whatever happened.

use std::collections::BTreeMap;

use arcp_core::{Delivery, Event, JobEvent, JobId, Quantity, SessionId, StreamChange};
use arcp_runtime::record::{self, JobFact, key};
use arcp_store::MemoryStore;

/// The events of a job that the store has, by index.
pub(crate) fn job_events(store: &MemoryStore, job: &JobId) -> Vec<(u64, JobEvent)> {
    let page = store.page(&key::job_stream(job), 0, usize::MAX);
    let mut events = Vec::new();
    for record in &page.records {
        events.extend(record::read_job_page(job, record, 0).unwrap());
    }
    let indexes: Vec<_> = events.iter().map(|(index, _)| *index).collect();
    let wanted: Vec<_> = (1..=page.last).collect();
    assert_eq!(indexes, wanted, "{job}: gaps in the job's stream");
    events
}

/// The event at an index of a job.
pub(crate) fn job_event(store: &MemoryStore, job: &JobId, index: u64) -> JobEvent {
    let mut events = job_events(store, job);
    events.swap_remove(usize::try_from(index - 1).unwrap()).1
}

/// Where each number of a session points.
pub(crate) fn pointers(store: &MemoryStore, session: &SessionId) -> BTreeMap<u64, (JobId, u64)> {
    let page = store.page(&key::session_stream(session), 0, usize::MAX);
    let mut pointers = BTreeMap::new();
    for record in &page.records {
        for (first, run) in record::read_session_page(record).unwrap() {
            for step in 0..u64::from(run.count) {
                pointers.insert(first + step, (run.job.clone(), run.index + step));
            }
        }
    }
    assert!(pointers.keys().copied().eq(1..=page.last), "{session}: gaps in the session's stream");
    pointers
}

/// What was told is what is kept.
pub(crate) fn delivered_is_stored(store: &MemoryStore, session: &SessionId, delivery: &Delivery) {
    let pointers = pointers(store, session);
    let (job, index) = pointers.get(&delivery.seq).expect("told before it was kept");
    let events = job_events(store, job);
    let (_, stored) = &events[usize::try_from(*index - 1).unwrap()];
    assert_eq!(*stored, *delivery.event, "{session} {}", delivery.seq);
}

/// Every stream is opened once, numbers its chunks, and ends once, before its job.
fn streams_are_whole(job: &JobId, events: &[(u64, JobEvent)]) {
    let mut open = BTreeMap::new();
    for (_, event) in events {
        assert!(!event.event.is_terminal() || open.is_empty(), "{job}: streams outlive it");
        let Event::Stream(said) = &event.event else { continue };
        match &said.change {
            StreamChange::Opened(_) => assert_eq!(open.insert(&said.stream, 0), None, "{job}"),
            StreamChange::Chunk(chunk) => {
                let next = open.get_mut(&said.stream).expect("a chunk of an open stream");
                assert_eq!(chunk.sequence, *next, "{job} {}", said.stream);
                *next += 1;
            }
            StreamChange::Closed { .. } | StreamChange::Failed(_) => {
                open.remove(&said.stream).expect("an end of an open stream");
            }
        }
    }
}

/// Exactly one terminal event, and it is the last one; the budget never rises.
pub(crate) fn job_is_whole(store: &MemoryStore, job: &JobId, fact: &JobFact) {
    let events = job_events(store, job);
    let ends: Vec<_> = events.iter().filter(|(_, e)| e.event.is_terminal()).collect();
    assert_eq!(ends.len(), 1, "{job}: terminal events");
    let last = events.last().expect("events");
    assert!(last.1.event.is_terminal(), "{job}: goes on after its end");
    let outcome = fact.outcome.as_ref().expect("an ended job has an outcome");
    assert_eq!(outcome.last_index, last.0, "{job}");
    streams_are_whole(job, &events);
    let mut before: Option<Quantity> = None;
    for (_, event) in &events {
        if let Event::Metric { name, value, .. } = &event.event
            && name == "cost.budget.remaining"
        {
            let rises = before.is_some_and(|b| value.to_decimal() > b.to_decimal());
            assert!(!rises, "{job}: the budget rises");
            before = Some(*value);
        }
    }
}
