//! What must be true of the store, whatever happened.

use std::collections::BTreeMap;

use arcp_core::{
    Code, Delivery, Event, JobEvent, JobId, Output, Principal, Quantity, Reply, SessionId,
    StreamChange,
};
use arcp_runtime::engine::Decision;
use arcp_runtime::record::{self, JobFact, key};
use arcp_store::MemoryStore;

use crate::client::Client;

/// The events of a job that the store has, by index.
pub(crate) fn job_events(store: &MemoryStore, job: &JobId) -> Vec<(u64, JobEvent)> {
    let page = store.page(&key::job_stream(job), 0, usize::MAX);
    let mut events = Vec::new();
    for record in &page.records {
        events.extend(record::read_job_page(job, record, 0).unwrap());
    }
    let indexes: Vec<_> = events.iter().map(|(index, _)| *index).collect();
    let wanted: Vec<_> = (page.kept_from..=page.last).collect();
    assert_eq!(indexes, wanted, "{job}: gaps in the job's stream");
    events
}

/// The event at an index of a job, while it is kept.
pub(crate) fn job_event(store: &MemoryStore, job: &JobId, index: u64) -> Option<JobEvent> {
    job_events(store, job).into_iter().find(|(at, _)| *at == index).map(|(_, event)| event)
}

/// A job goes on from a state that it has kept, if it has kept any.
pub(crate) fn restored_is_whole(store: &MemoryStore, job: &JobId) {
    if store.facts(key::open_job(job).as_bytes(), None, 1).is_empty() {
        // It has ended in the same commit.
        return;
    }
    let kept = store.facts(key::checkpoint(job).as_bytes(), None, 1);
    let said = job_events(store, job);
    let said = said.iter().rev().find_map(|(_, event)| match event.event {
        Event::Checkpoint { size } => Some(size),
        _ => None,
    });
    if let Some(size) = said {
        let (_, state) = kept.first().expect("the state that was said to be kept");
        assert_eq!(state.len() as u64, size, "{job}: another state");
    }
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
    let whole = pointers.keys().copied().eq(page.kept_from..=page.last);
    assert!(whole, "{session}: gaps in the session's stream");
    pointers
}

/// What was told is what is kept.
pub(crate) fn delivered_is_stored(store: &MemoryStore, session: &SessionId, delivery: &Delivery) {
    let pointers = pointers(store, session);
    let stream = store.page(&key::session_stream(session), u64::MAX, 0);
    assert!(delivery.seq <= stream.last || stream.last == 0, "told before it was kept");
    let Some((job, index)) = pointers.get(&delivery.seq) else { return };
    if let Some(stored) = job_event(store, job, *index) {
        if let Event::CredentialRotated { id, .. } = &delivery.event.event {
            // Its value is kept nowhere.
            let without = Event::CredentialRotated { id: id.clone(), value: None };
            assert_eq!(stored.event, without, "{session} {}", delivery.seq);
            return;
        }
        assert_eq!(stored, *delivery.event, "{session} {}", delivery.seq);
    }
}

/// A session that is there goes on by its latest token, from any event that is kept.
pub(crate) fn refusal_is_right(store: &MemoryStore, client: &Client, output: &Output) {
    let Output::Reply { reply: Reply::Rejected(fault), .. } = output else { return };
    let Some((session, _)) = &client.resumable else { return };
    let name = key::session(session);
    let is_there = store.facts(name.as_bytes(), None, 1).iter().any(|(key, _)| *key == name);
    let kept_from = store.page(&key::session_stream(session), u64::MAX, 0).kept_from;
    let can = is_there && client.resuming_from + 1 >= kept_from;
    let refused = fault.code == Code::ResumeWindowExpired && fault.message.contains("token");
    assert!(!(can && refused), "{}: {session} was refused: {fault}", client.name);
}

/// Every wish to watch a job is noted once, with what the policy says of it. Returns how many are kept.
pub(crate) fn audit(
    store: &MemoryStore,
    policy: impl Fn(&Principal, &Principal, &JobId) -> Decision,
) -> u64 {
    let page = store.page(&key::audit(), 0, usize::MAX);
    let read = page.records.iter().flat_map(|record| record::read_audit_page(record).unwrap());
    let all: Vec<_> = read.collect();
    let numbers = all.iter().map(|(number, _)| *number);
    assert!(numbers.eq(page.kept_from..=page.last), "gaps in the audit");
    for (_, one) in &all {
        let decided = one.owner.as_ref().map(|owner| {
            let own = *owner == one.principal;
            if own { Decision::Allow } else { policy(&one.principal, owner, &one.job) }
        });
        assert_eq!(one.decision, decided, "{one:?}");
    }
    all.len() as u64
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

/// Exactly one terminal event, and it is the last one; the budget of one that delegates nothing never rises.
pub(crate) fn job_is_whole(store: &MemoryStore, job: &JobId, fact: &JobFact) {
    let events = job_events(store, job);
    if events.first().is_none_or(|(first, _)| *first > 1) {
        // Of what is forgotten nothing can be said.
        return;
    }
    let ends: Vec<_> = events.iter().filter(|(_, e)| e.event.is_terminal()).collect();
    assert_eq!(ends.len(), 1, "{job}: terminal events");
    let last = events.last().expect("events");
    assert!(last.1.event.is_terminal(), "{job}: goes on after its end");
    let outcome = fact.outcome.as_ref().expect("an ended job has an outcome");
    assert_eq!(outcome.last_index, last.0, "{job}");
    streams_are_whole(job, &events);
    let delegates = |(_, event): &(u64, JobEvent)| matches!(event.event, Event::Delegated(_));
    if events.iter().any(delegates) {
        // What was set aside comes back.
        return;
    }
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
