//! Forgetting what is old enough: events, jobs that have ended, sessions that have closed.
//!
//! A round goes in steps, and all of a step can be done again: what is forgotten already is passed
//! over, so a crash anywhere in it leaves nothing half-forgotten that the next round does not find.

use std::time::Duration;

use arcp_core::{Commit, JobId, Key, SessionId, Timestamp};
use arcp_store::{Store, StoreError, StoreErrorKind};

use crate::engine::{Retention, Stage, Step, Swept};
use crate::record::{JobFact, RecordError, Run, closed_at, key, last_said, read_session_page};

/// Why a step did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Does one step. The store's writer gets many small things to do, so that commits find their way
/// between them.
pub async fn sweep(store: &dyn Store, step: &Step) -> Result<Swept, SweepError> {
    let mut swept = Swept::default();
    match &step.stage {
        Stage::Ended(after) => sweep_ended(store, step, after.as_ref(), &mut swept).await?,
        Stage::Closed(after) => sweep_closed(store, step, after.as_ref(), &mut swept).await?,
        Stage::Jobs(jobs) => {
            for job in jobs {
                let kept = sweep_job(store, step, job, &mut swept).await?;
                swept.jobs_from.push((job.clone(), kept));
            }
        }
        Stage::Sessions(sessions) => {
            for session in sessions {
                let kept = sweep_session(store, session, &mut swept).await?;
                swept.sessions_from.push((session.clone(), kept));
            }
        }
    }
    Ok(swept)
}

/// Looks at one job after the other. Those of a principal are in the order of creation, so that after one
/// that is too young the next principal's are due.
async fn sweep_ended(
    store: &dyn Store,
    step: &Step,
    after: Option<&Key>,
    swept: &mut Swept,
) -> Result<(), SweepError> {
    swept.next = after.cloned();
    for _ in 0..FACTS {
        let facts = store.scan(key::DONE_JOBS, swept.next.as_ref(), 1).await?;
        let Some((name, value)) = facts.into_iter().next() else {
            swept.next = None;
            return Ok(());
        };
        let fact = JobFact::from_bytes(&value)?;
        if is_over(step.retention.events, fact.created_at, step.now) {
            sweep_ended_job(store, step, &name, &fact, swept).await?;
            swept.next = Some(name);
        } else {
            swept.next = Some(key::after_done_jobs(&fact.principal));
        }
    }
    Ok(())
}

async fn sweep_ended_job(
    store: &dyn Store,
    step: &Step,
    name: &Key,
    fact: &JobFact,
    swept: &mut Swept,
) -> Result<(), SweepError> {
    let Retention { events, jobs } = step.retention;
    let Some(outcome) = &fact.outcome else { return Ok(()) };
    let job = key::job_of(name).ok_or_else(|| damaged(name))?;
    if !is_over(events, outcome.ended_at, step.now) {
        return Ok(());
    }
    let stream = key::job_stream(&job);
    swept.numbers += trim(store, &stream, outcome.last_index).await?;
    if is_over(jobs, outcome.ended_at, step.now) {
        store.forget(&stream).await?;
        let deletes = vec![name.clone(), key::job_input(&job), key::checkpoint(&job)];
        store.commit(Commit { deletes, ..Commit::default() }).await?;
        swept.jobs += 1;
    }
    Ok(())
}

async fn sweep_closed(
    store: &dyn Store,
    step: &Step,
    after: Option<&Key>,
    swept: &mut Swept,
) -> Result<(), SweepError> {
    let facts = store.scan(key::CLOSED_SESSIONS, after, FACTS).await?;
    swept.next = facts.last().filter(|_| facts.len() == FACTS).map(|(name, _)| name.clone());
    for (name, value) in facts {
        let at = closed_at(&value)?;
        if is_over(LAST_WORDS, at, step.now) {
            let id = name.as_bytes().get(key::CLOSED_SESSIONS.len()..).unwrap_or_default();
            let session = SessionId::parse(&String::from_utf8_lossy(id));
            let stream = key::session_stream(&session.map_err(|_| damaged(&name))?);
            swept.numbers += trim(store, &stream, u64::MAX).await?;
            store.forget(&stream).await?;
            store.commit(Commit { deletes: vec![name], ..Commit::default() }).await?;
        }
    }
    Ok(())
}

/// Forgets the oldest events of a job and returns the first index still kept.
async fn sweep_job(
    store: &dyn Store,
    step: &Step,
    job: &JobId,
    swept: &mut Swept,
) -> Result<u64, SweepError> {
    let stream = key::job_stream(job);
    let mut after = 0;
    loop {
        let page = store.read(&stream, after, CHUNK).await?;
        let mut old = None;
        for record in &page.records {
            if !is_over(step.retention.events, last_said(record)?, step.now) {
                break;
            }
            old = Some(record.last());
        }
        let Some(upto) = old else { return Ok(page.kept_from) };
        swept.numbers += (upto + 1).saturating_sub(page.kept_from);
        store.trim(&stream, upto).await?;
        after = upto;
    }
}

/// Forgets the oldest pointers of a session, as far as what they point at is forgotten, and returns
/// the first number from which on nothing is.
async fn sweep_session(
    store: &dyn Store,
    session: &SessionId,
    swept: &mut Swept,
) -> Result<u64, SweepError> {
    let stream = key::session_stream(session);
    let mut after = 0;
    loop {
        let page = store.read(&stream, after, 0).await?;
        let Some(record) = page.records.first() else { return Ok(page.kept_from) };
        let (mut gone, mut alive) = (None, false);
        for (seq, run) in read_session_page(record)? {
            match last_gone(store, &run).await? {
                0 => alive = true,
                count => {
                    alive |= count < u64::from(run.count);
                    gone = Some(seq + count - 1);
                }
            }
        }
        if alive {
            return Ok(gone.map_or(record.first, |gone| gone + 1));
        }
        swept.numbers += u64::from(record.span);
        store.trim(&stream, record.last()).await?;
        after = record.last();
    }
}

/// How many of a run's first events are forgotten.
async fn last_gone(store: &dyn Store, run: &Run) -> Result<u64, SweepError> {
    let page = store.read(&key::job_stream(&run.job), u64::MAX, 0).await?;
    // A stream that is forgotten altogether looks like one that never was.
    let kept_from = if page.last == 0 { u64::MAX } else { page.kept_from };
    Ok(kept_from.saturating_sub(run.index).min(u64::from(run.count)))
}

/// Forgets a stream up to a number, a little at a time; returns how many numbers that were.
async fn trim(store: &dyn Store, stream: &Key, upto: u64) -> Result<u64, StoreError> {
    let mut after = 0;
    let mut count = 0;
    loop {
        let page = store.read(stream, after, CHUNK).await?;
        let Some(last) = page.records.last().map(arcp_core::Record::last) else { return Ok(count) };
        let last = last.min(upto);
        count += (last + 1).saturating_sub(page.kept_from);
        store.trim(stream, last).await?;
        if last == upto {
            return Ok(count);
        }
        after = last;
    }
}

fn damaged(name: &Key) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, format!("{name:?} names nothing"))
}

fn is_over(span: Duration, since: Timestamp, now: Timestamp) -> bool {
    since.after(span) <= now
}

/// Jobs or sessions looked at in one step.
const FACTS: usize = 64;
/// What is forgotten of a stream at a time, in bytes.
const CHUNK: usize = 256 << 10;
/// How long after its end a session's events may still be told: longer than any connection lasts that
/// has been given up.
const LAST_WORDS: Duration = Duration::from_mins(1);
