//! Forgetting what is old enough: events, jobs that have ended, sessions that have closed; and blobs that
//! nobody knows.
//!
//! A round goes in steps, and all of a step can be done again: what is forgotten already is passed
//! over, so a crash anywhere in it leaves nothing half-forgotten that the next round does not find.

use std::collections::BTreeMap;
use std::time::Duration;

use arcp_core::{Commit, JobId, Key, Record, SessionId, Timestamp};
use arcp_store::{Blobs, Store, StoreError};
use futures_util::future::try_join_all;

use crate::engine::{Retention, Stage, Step, Swept};
use crate::past::kept_from;
use crate::record::{JobFact, RecordError, Run, closed_at, key, last_said, read_session_page};

/// Why something was not forgotten.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Does one step. The store's writer gets many small things to do, so that commits find their way
/// between them. What cannot be read is passed over, and said in the log.
pub async fn sweep(store: &dyn Store, step: &Step) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    match &step.stage {
        Stage::Ended(after) => sweep_ended(store, step, after.as_ref(), &mut swept).await?,
        Stage::Closed(after) => sweep_closed(store, step, after.as_ref(), &mut swept).await?,
        Stage::Jobs(jobs) => {
            for job in jobs {
                let kept_from = passing(old_of_job(store, step, job).await)?;
                swept.jobs_from.extend(kept_from.map(|kept_from| (job.clone(), kept_from)));
            }
        }
        Stage::Sessions(sessions) => {
            let mut known = BTreeMap::new();
            for session in sessions {
                let kept_from = passing(old_of_session(store, session, &mut known).await)?;
                swept.sessions_from.extend(kept_from.map(|from| (session.clone(), from)));
            }
        }
        Stage::Trim(streams, _) => {
            for (stream, upto) in streams {
                swept.numbers += trim(store, stream, *upto).await?;
            }
        }
    }
    Ok(swept)
}

/// Removes the blobs whose names are not `known`, and returns how many those were.
pub async fn sweep_blobs(
    blobs: &dyn Blobs,
    known: impl Fn(&Key) -> bool,
) -> Result<u64, StoreError> {
    let (mut removed, mut after) = (0, None);
    loop {
        let names = blobs.list(after.as_ref(), NAMES).await?;
        let Some(last) = names.last() else { return Ok(removed) };
        after = Some(last.clone());
        for name in names.iter().filter(|name| !known(name)) {
            tracing::info!(?name, "removed the bytes of no artifact");
            blobs.delete(name).await?;
            removed += 1;
        }
    }
}

/// What was found; nothing where it could not be read, for the rest has to go on.
fn passing<T>(found: Result<T, SweepError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(SweepError::Store(error)) => Err(error),
        Err(SweepError::Record(error)) => {
            tracing::error!("passed over while what is old is forgotten: {error}");
            Ok(None)
        }
    }
}

/// Looks at one job after the other. Those of a principal are in the order of creation, so that after one
/// that is too young the next principal's are due.
async fn sweep_ended(
    store: &dyn Store,
    step: &Step,
    after: Option<&Key>,
    swept: &mut Swept,
) -> Result<(), StoreError> {
    let mut due = Vec::new();
    swept.next = after.cloned();
    for _ in 0..FACTS {
        let facts = store.scan(key::DONE_JOBS, swept.next.as_ref(), 1).await?;
        let Some((name, value)) = facts.into_iter().next() else {
            swept.next = None;
            break;
        };
        swept.next = Some(name.clone());
        let Some(fact) = passing(JobFact::from_bytes(&value).map_err(SweepError::from))? else {
            continue;
        };
        if is_over(step.retention.events, fact.created_at, step.now) {
            due.push((name, fact));
        } else {
            swept.next = Some(key::after_done_jobs(&fact.principal));
        }
    }
    // Together, so that they share what the store syncs.
    let sweeping = due.iter().map(|(name, fact)| sweep_ended_job(store, step, name, fact));
    for (jobs, numbers) in try_join_all(sweeping).await? {
        swept.jobs += jobs;
        swept.numbers += numbers;
    }
    Ok(())
}

/// Returns how many jobs, and numbers of streams, are forgotten.
async fn sweep_ended_job(
    store: &dyn Store,
    step: &Step,
    name: &Key,
    fact: &JobFact,
) -> Result<(u64, u64), StoreError> {
    let Retention { events, jobs } = step.retention;
    let (Some(outcome), Some(job)) = (&fact.outcome, key::job_of(name)) else { return Ok((0, 0)) };
    if !is_over(events, outcome.ended_at, step.now) {
        return Ok((0, 0));
    }
    let stream = key::job_stream(&job);
    let numbers = trim(store, &stream, outcome.last_index).await?;
    if !is_over(jobs, outcome.ended_at, step.now) {
        return Ok((0, numbers));
    }
    store.forget(&stream).await?;
    let deletes = vec![name.clone(), key::job_input(&job)];
    store.commit(Commit { deletes, ..Commit::default() }).await?;
    Ok((1, numbers))
}

async fn sweep_closed(
    store: &dyn Store,
    step: &Step,
    after: Option<&Key>,
    swept: &mut Swept,
) -> Result<(), StoreError> {
    let facts = store.scan(key::CLOSED_SESSIONS, after, FACTS).await?;
    swept.next = facts.last().filter(|_| facts.len() == FACTS).map(|(name, _)| name.clone());
    let mut due = Vec::new();
    for (name, value) in facts {
        let at = passing(closed_at(&value).map_err(SweepError::from))?;
        if at.is_some_and(|at| is_over(LAST_WORDS, at, step.now)) {
            due.push(name);
        }
    }
    let sweeping = due.into_iter().map(|name| sweep_closed_session(store, name));
    swept.numbers += try_join_all(sweeping).await?.into_iter().sum::<u64>();
    Ok(())
}

async fn sweep_closed_session(store: &dyn Store, name: Key) -> Result<u64, StoreError> {
    let id = name.as_bytes().get(key::CLOSED_SESSIONS.len()..).unwrap_or_default();
    let Ok(session) = SessionId::parse(&String::from_utf8_lossy(id)) else { return Ok(0) };
    let stream = key::session_stream(&session);
    let numbers = trim(store, &stream, u64::MAX).await?;
    store.forget(&stream).await?;
    store.commit(Commit { deletes: vec![name], ..Commit::default() }).await?;
    Ok(numbers)
}

/// From which event on a job is to be kept. A round looks at so many of its records at most.
async fn old_of_job(store: &dyn Store, step: &Step, job: &JobId) -> Result<u64, SweepError> {
    let stream = key::job_stream(job);
    let mut after = 0;
    for _ in 0..CHUNKS {
        let page = store.read(&stream, after, CHUNK).await?;
        after = after.max(page.kept_from - 1);
        for record in &page.records {
            if !is_over(step.retention.events, last_said(record)?, step.now) {
                return Ok(after + 1);
            }
            after = record.last();
        }
        if page.records.is_empty() {
            break;
        }
    }
    Ok(after + 1)
}

/// From which number on a session is to be kept: after the last one whose event is forgotten, of the first
/// record that is not forgotten altogether.
/// `known` is from which event on jobs are.
async fn old_of_session(
    store: &dyn Store,
    session: &SessionId,
    known: &mut BTreeMap<JobId, u64>,
) -> Result<u64, SweepError> {
    let stream = key::session_stream(session);
    let mut after = 0;
    for _ in 0..CHUNKS {
        let page = store.read(&stream, after, 0).await?;
        after = after.max(page.kept_from - 1);
        let Some(record) = page.records.first() else { break };
        let (mut gone, mut alive) = (None, false);
        for (seq, run) in read_session_page(record)? {
            match count_gone(store, &run, known).await? {
                0 => alive = true,
                count => {
                    alive |= count < u64::from(run.count);
                    gone = Some(seq + count - 1);
                }
            }
        }
        if alive {
            return Ok(gone.unwrap_or(after) + 1);
        }
        after = record.last();
    }
    Ok(after + 1)
}

/// How many of a run's first events are forgotten.
async fn count_gone(
    store: &dyn Store,
    run: &Run,
    known: &mut BTreeMap<JobId, u64>,
) -> Result<u64, StoreError> {
    let kept_from = if let Some(kept_from) = known.get(&run.job) {
        *kept_from
    } else {
        let page = store.read(&key::job_stream(&run.job), u64::MAX, 0).await?;
        let kept_from = kept_from(&page);
        known.insert(run.job.clone(), kept_from);
        kept_from
    };
    Ok(kept_from.saturating_sub(run.index).min(u64::from(run.count)))
}

/// Forgets a stream up to a number, a little at a time; returns how many numbers that were.
async fn trim(store: &dyn Store, stream: &Key, upto: u64) -> Result<u64, StoreError> {
    let mut after = 0;
    let mut count = 0;
    loop {
        let page = store.read(stream, after, CHUNK).await?;
        // Records that reach beyond it are kept whole.
        let whole = page.records.iter().map(Record::last).take_while(|last| *last <= upto).last();
        let Some(last) = whole else { return Ok(count) };
        count += (last + 1).saturating_sub(page.kept_from);
        store.trim(stream, last).await?;
        after = last;
    }
}

fn is_over(span: Duration, since: Timestamp, now: Timestamp) -> bool {
    since.after(span) <= now
}

/// Jobs or sessions looked at in one step.
const FACTS: usize = 64;
/// Names of blobs listed at a time: each list may go over all that there are.
const NAMES: usize = 10_000;
/// What is forgotten of a stream at a time, in bytes.
const CHUNK: usize = 256 << 10;
/// How many of those are looked at in one round of a stream that goes on.
const CHUNKS: usize = 64;
/// How long after its end a session's events may still be told: longer than any connection lasts that
/// has been given up.
const LAST_WORDS: Duration = Duration::from_mins(10);
