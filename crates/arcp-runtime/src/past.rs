//! Reading what has been: jobs that have ended, and the events that a new observer wants first.

use std::collections::BTreeMap;

use arcp_core::{Code, Fault, JobId, Json, Key, Limits, Record};
use arcp_store::{Bytes, Page, Store, StoreError};

use crate::dispatch::store_fault;
use crate::engine::{PastQuery, Recall, Search};
use crate::record::{Anchor, JobFact, RecordError, Run, key, read_job_page, read_session_page};

/// What a job's agent gets.
pub(crate) async fn input(store: &dyn Store, job: &JobId) -> Result<Json, Fault> {
    let value = fact(store, &key::job_input(job)).await?;
    let value = value.ok_or_else(|| damaged(&format_args!("{job} has no input")))?;
    let text = std::str::from_utf8(&value).map_err(|error| damaged(&error))?;
    Json::parse(text).map_err(|error| damaged(&error))
}

/// The ended job that is asked for, when the principal has it, and its first event that is still kept.
pub(crate) async fn recall(
    store: &dyn Store,
    recall: &Recall,
) -> Result<Option<(JobFact, u64)>, Fault> {
    let Some(fact) = ended(store, &key::done_job(&recall.principal, &recall.job)).await? else {
        return Ok(None);
    };
    let page = store.read(&key::job_stream(&recall.job), u64::MAX, 0).await;
    let page = page.map_err(|error| store_fault(&error))?;
    Ok(Some((fact, kept_from(&page))))
}

/// From which number on a stream is kept. One that is forgotten altogether looks like one that never was.
pub(crate) fn kept_from(page: &Page) -> u64 {
    if page.last == 0 { u64::MAX } else { page.kept_from }
}

async fn ended(store: &dyn Store, name: &Key) -> Result<Option<JobFact>, Fault> {
    match fact(store, name).await? {
        Some(value) => JobFact::from_bytes(&value).map(Some).map_err(|error| damaged(&error)),
        None => Ok(None),
    }
}

async fn fact(store: &dyn Store, name: &Key) -> Result<Option<Bytes>, Fault> {
    let facts = store.scan(name.as_bytes(), None, 1).await.map_err(|error| store_fault(&error))?;
    Ok(facts.into_iter().next().filter(|(key, _)| key == name).map(|(_, value)| value))
}

/// The last state that a job has kept, if it has kept any.
pub(crate) async fn checkpoint(store: &dyn Store, job: &JobId) -> Result<Option<Json>, Fault> {
    let Some(value) = fact(store, &key::checkpoint(job)).await? else { return Ok(None) };
    let text = std::str::from_utf8(&value).map_err(|error| damaged(&error))?;
    Json::parse(text).map(Some).map_err(|error| damaged(&error))
}

/// The number that an event has in a session, the first one if it has several.
pub(crate) async fn search(store: &dyn Store, search: &Search) -> Result<Option<u64>, Fault> {
    let stream = key::session_stream(&search.session);
    let mut after = 0;
    loop {
        let page = store.read(&stream, after, POINTER_BYTES).await;
        let page = page.map_err(|error| store_fault(&error))?;
        let Some(last) = page.records.last().map(Record::last) else { return Ok(None) };
        for record in &page.records {
            for (first, run) in read_session_page(record).map_err(|error| damaged(&error))? {
                let index = search.anchor.index_in(&run.job);
                let step = index.and_then(|index| index.checked_sub(run.index));
                if let Some(step) = step.filter(|step| *step < u64::from(run.count)) {
                    return Ok(Some(first + step));
                }
            }
        }
        after = last;
    }
}

/// Where the events are that a new subscription wants first: job by job in the order of creation.
/// A message id is as fine as a millisecond, so of other jobs' events of that moment some may be
/// told that came before it; none is left out.
pub(crate) async fn find(
    store: &dyn Store,
    query: &PastQuery,
    limits: &Limits,
) -> Result<Vec<Run>, Fault> {
    let mut jobs = query.open.clone();
    for (job, last) in done(store, query).await? {
        // What a job says that was open is told as it happens.
        jobs.entry(job).or_insert(last);
    }
    let wanted = &query.filter.jobs;
    jobs.retain(|job, _| wanted.is_empty() || wanted.contains(job));
    let mut runs = Vec::with_capacity(jobs.len());
    let mut count = 0;
    for (job, last) in jobs {
        let first = first(store, &job, query.since, last).await.map_err(|error| error.fault())?;
        if first <= last {
            count += last - first + 1;
            runs.push(Run::between(job, first, last));
        }
    }
    if count > limits.backfill_events as u64 {
        let limit = limits.backfill_events;
        let message = format!("{count} events of the past, `backfill_events` is {limit}");
        return Err(Fault::new(Code::ResourceExhausted, message));
    }
    Ok(runs)
}

/// The ended jobs that may have such events, each with the index of its last one.
async fn done(store: &dyn Store, query: &PastQuery) -> Result<BTreeMap<JobId, u64>, Fault> {
    let mut jobs = BTreeMap::new();
    for job in &query.filter.jobs {
        let fact = ended(store, &key::done_job(&query.principal, job)).await?;
        let last = fact.and_then(|fact| last_of(query, &fact));
        jobs.extend(last.map(|last| (job.clone(), last)));
    }
    if !query.filter.jobs.is_empty() {
        return Ok(jobs);
    }
    let prefix = key::done_jobs(&query.principal);
    let mut after: Option<Key> = None;
    loop {
        let facts = store.scan(&prefix, after.as_ref(), FACTS).await;
        let facts = facts.map_err(|error| store_fault(&error))?;
        let Some((last, _)) = facts.last() else { return Ok(jobs) };
        after = Some(last.clone());
        for (name, value) in facts {
            let id = name.as_bytes().get(prefix.len()..).unwrap_or_default();
            let id = JobId::parse(&String::from_utf8_lossy(id)).map_err(|e| damaged(&e))?;
            let fact = JobFact::from_bytes(&value).map_err(|error| damaged(&error))?;
            jobs.extend(last_of(query, &fact).map(|last| (id, last)));
        }
    }
}

/// The index of the job's last event, when some of its events may pass.
fn last_of(query: &PastQuery, fact: &JobFact) -> Option<u64> {
    let filter = &query.filter;
    let outcome = fact.outcome.as_ref()?;
    let trace = fact.trace.as_ref().is_some_and(|trace| filter.traces.contains(trace));
    let passes = query.since.is_before(outcome.ended_at)
        && (filter.sessions.is_empty() || filter.sessions.contains(&fact.session))
        && (filter.traces.is_empty() || trace)
        && filter.min_priority.is_none_or(|least| fact.priority >= least);
    passes.then_some(outcome.last_index)
}

/// The index of the first event of a job that may be later than the place.
async fn first(store: &dyn Store, job: &JobId, since: Anchor, last: u64) -> Result<u64, PastError> {
    if let Some(index) = since.index_in(job) {
        return Ok(index + 1);
    }
    // The first one of which it holds lies in `low..=high`; `high` is beyond the last. What is no
    // longer kept is not told.
    let ends = store.read(&key::job_stream(job), u64::MAX, 0).await?;
    let (mut low, mut high) = (kept_from(&ends).min(last + 1), last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let page = store.read(&key::job_stream(job), middle - 1, 0).await?;
        // It may be forgotten at this moment.
        let Some(record) = page.records.first() else { return Ok(last + 1) };
        let events = read_job_page(job, record, middle - 1)?;
        let (_, event) = events.first().ok_or(PastError::Hole)?;
        if since.is_before(event.at) { high = middle } else { low = middle + 1 }
    }
    Ok(low)
}

#[derive(Debug, thiserror::Error)]
enum PastError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("an event is missing")]
    Hole,
}

impl PastError {
    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => store_fault(error),
            Self::Record(_) | Self::Hole => damaged(self),
        }
    }
}

fn damaged(why: &dyn std::fmt::Display) -> Fault {
    tracing::error!("cannot read the past: {why}");
    Fault::new(Code::DataLoss, "a stored job cannot be read")
}

/// Pointers read at a time, in bytes.
const POINTER_BYTES: usize = 16 << 10;
/// Facts read at a time.
const FACTS: usize = 256;
