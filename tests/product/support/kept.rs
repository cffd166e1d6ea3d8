//! Reading what a runtime has kept, past the runtime.

use arcp_core::{JobEvent, JobId, Key, Principal, SessionId};
use arcp_runtime::record::{JobFact, key, read_job_page, read_session_page};
use arcp_store::Store;

/// All events of a job, each with its index.
pub(crate) async fn job_events(store: &dyn Store, job: &str) -> Vec<(u64, JobEvent)> {
    let id = JobId::parse(job).unwrap();
    let stream = key::job_stream(&id);
    let mut events = Vec::new();
    loop {
        let after = events.last().map_or(0, |(index, _)| *index);
        let page = store.read(&stream, after, PAGE).await.unwrap();
        for record in &page.records {
            events.extend(read_job_page(&id, record, after).unwrap());
        }
        if events.last().map_or(0, |(index, _)| *index) == page.last {
            return events;
        }
    }
}

/// The numbers of a session: for each the job, and the index in it.
pub(crate) async fn numbers(store: &dyn Store, session: &str) -> Vec<(u64, String, u64)> {
    let stream = key::session_stream(&SessionId::parse(session).unwrap());
    let mut numbers: Vec<(u64, String, u64)> = Vec::new();
    loop {
        let after = numbers.last().map_or(0, |(seq, _, _)| *seq);
        let page = store.read(&stream, after, PAGE).await.unwrap();
        for record in &page.records {
            for (first, run) in read_session_page(record).unwrap() {
                for step in 0..u64::from(run.count) {
                    numbers.push((first + step, run.job.to_string(), run.index + step));
                }
            }
        }
        if numbers.last().map_or(0, |(seq, _, _)| *seq) == page.last {
            return numbers;
        }
    }
}

/// What is kept of a job that has not ended.
pub(crate) async fn open_fact(store: &dyn Store, job: &str) -> Option<JobFact> {
    fact(store, &key::open_job(&JobId::parse(job).unwrap())).await
}

/// What is kept of a job of `principal` that has ended.
pub(crate) async fn ended_fact(store: &dyn Store, principal: &str, job: &str) -> Option<JobFact> {
    let job = JobId::parse(job).unwrap();
    fact(store, &key::done_job(&Principal::named(principal), &job)).await
}

async fn fact(store: &dyn Store, key: &Key) -> Option<JobFact> {
    let facts = store.scan(key.as_bytes(), None, 1).await.unwrap();
    let (found, value) = facts.first()?;
    (found == key).then(|| JobFact::from_bytes(value).unwrap())
}

/// Whether the store has these bytes in a fact, or among the events of a job.
pub(crate) async fn is_stored(store: &dyn Store, job: &str, bytes: &[u8]) -> bool {
    let has = |text: &[u8]| text.windows(bytes.len()).any(|window| window == bytes);
    let facts = store.scan(b"", None, 10_000).await.unwrap();
    let stream = Key::new([b"j/", job.as_bytes()].concat());
    let events = store.read(&stream, 0, usize::MAX).await.unwrap();
    assert!(!facts.is_empty() && !events.records.is_empty());
    facts.iter().any(|(_, value)| has(value)) || events.records.iter().any(|r| has(&r.body))
}

const PAGE: usize = 1 << 20;
