//! Reading a session's events from the store: its pointers, then the events they point at.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arcp_core::{Delivery, JobEvent, JobId, SessionId};
use arcp_store::{Store, StoreError};

use crate::past::kept_from;
use crate::record::{RecordError, Run, key, read_job_page, read_session_page};

/// Why events could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the events are no longer kept")]
    Gone {
        /// The first number of the stream that is.
        kept_from: u64,
    },
    #[error("events are no longer kept, the next one that may be is {next}")]
    Missing {
        /// The number of the session after those that are gone.
        next: u64,
    },
    #[error("the log has a hole: {0}")]
    Hole(String),
}

/// Reads the events after number `after` up to `upto`: about `limit` bytes of them, at least one
/// when there is one.
pub(crate) async fn read(
    store: &dyn Store,
    session: &SessionId,
    after: u64,
    upto: u64,
    limit: usize,
) -> Result<Vec<Delivery>, ReplayError> {
    let mut reading = Reading { store, pages: BTreeMap::new(), size: 0, deliveries: Vec::new() };
    if after >= upto {
        return Ok(reading.deliveries);
    }
    let page = store.read(&key::session_stream(session), after, POINTER_BYTES).await?;
    if page.kept_from > after + 1 {
        return Err(ReplayError::Missing { next: page.kept_from });
    }
    for record in &page.records {
        for (first, run) in read_session_page(record)? {
            let from = first.max(after + 1);
            let end = (first + u64::from(run.count)).min(upto + 1);
            for seq in from..end {
                match reading.add(seq, &run, seq - first).await {
                    Ok(()) => {}
                    // What has been read is told; the next call meets the error again.
                    Err(_) if !reading.deliveries.is_empty() => return Ok(reading.deliveries),
                    Err(ReplayError::Gone { kept_from }) => {
                        let gone = kept_from.saturating_sub(run.index + (seq - first));
                        let after_run = first + u64::from(run.count);
                        let next = seq.saturating_add(gone).min(after_run);
                        return Err(ReplayError::Missing { next });
                    }
                    Err(error) => return Err(error),
                }
                if reading.is_enough(limit, &run.job, run.index + (seq - first) + 1) {
                    return Ok(reading.deliveries);
                }
            }
        }
    }
    if reading.deliveries.is_empty() {
        return Err(ReplayError::Hole(format!("nothing after number {after} of {session}")));
    }
    Ok(reading.deliveries)
}

/// Reads the events that `runs` point at, about `limit` bytes of them, and takes what was read off
/// `runs`.
pub(crate) async fn read_runs(
    store: &dyn Store,
    runs: &mut VecDeque<Run>,
    limit: usize,
) -> Result<Vec<Arc<JobEvent>>, ReplayError> {
    let mut reading = Reading { store, pages: BTreeMap::new(), size: 0, deliveries: Vec::new() };
    let mut events = Vec::new();
    while let Some(run) = runs.front_mut() {
        if run.count == 0 {
            runs.pop_front();
            continue;
        }
        if reading.is_enough(limit, &run.job, run.index) {
            break;
        }
        let event = match reading.event(&run.job, run.index).await {
            Ok(event) => event,
            // An observer is told what there is.
            Err(ReplayError::Gone { kept_from }) => {
                *run = run.clone().from(kept_from);
                continue;
            }
            // What has been read is not lost: the next call meets the error again.
            Err(_) if !events.is_empty() => break,
            Err(error) => return Err(error),
        };
        run.index += 1;
        run.count -= 1;
        reading.size += event.event.json_size() + EVENT_BYTES;
        events.push(event);
    }
    Ok(events)
}

/// What has been read so far. Jobs whose events alternate are read a page at a time.
struct Reading<'a> {
    store: &'a dyn Store,
    pages: BTreeMap<JobId, Page>,
    size: usize,
    deliveries: Vec<Delivery>,
}

/// Events of a job that follow each other.
struct Page {
    /// The index of the first.
    first: u64,
    events: Vec<Arc<JobEvent>>,
}

impl Page {
    fn get(&self, index: u64) -> Option<&Arc<JobEvent>> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.events.get(place)
    }
}

impl Reading<'_> {
    /// Adds the event that is `step` after the start of a run.
    async fn add(&mut self, seq: u64, run: &Run, step: u64) -> Result<(), ReplayError> {
        let event = self.event(&run.job, run.index + step).await?;
        self.size += event.event.json_size() + EVENT_BYTES;
        self.deliveries.push(Delivery { seq, event });
        Ok(())
    }

    /// Whether there is enough, when the event at `next` of `job` would be next. Where much is there
    /// already, that ends with what was read of the job: else its rest would be read once more.
    fn is_enough(&self, limit: usize, job: &JobId, next: u64) -> bool {
        let has_next = || self.pages.get(job).is_some_and(|page| page.get(next).is_some());
        self.size > 0 && (self.size >= limit || (self.size >= limit / 2 && !has_next()))
    }

    async fn event(&mut self, job: &JobId, index: u64) -> Result<Arc<JobEvent>, ReplayError> {
        if let Some(event) = self.pages.get(job).and_then(|page| page.get(index)) {
            return Ok(Arc::clone(event));
        }
        let page = self.store.read(&key::job_stream(job), index - 1, PAGE_BYTES).await?;
        let mut events = Vec::new();
        for record in &page.records {
            let read = read_job_page(job, record, index - 1)?;
            events.reserve(read.len());
            events.extend(read.into_iter().map(|(_, event)| Arc::new(event)));
        }
        let kept_from = kept_from(&page);
        if index < kept_from {
            return Err(ReplayError::Gone { kept_from });
        }
        let hole = || ReplayError::Hole(format!("no event {index} of {job}"));
        // Records of a stream follow each other, so what is kept from `index` on begins with it.
        let events = Page { first: index, events };
        let event = events.get(index).cloned().ok_or_else(hole)?;
        if self.pages.len() >= PAGES {
            self.pages.pop_first();
        }
        self.pages.insert(job.clone(), events);
        Ok(event)
    }
}

const POINTER_BYTES: usize = 16 << 10;
/// Read of a job at a time.
const PAGE_BYTES: usize = 64 << 10;
/// Jobs whose last page is held.
const PAGES: usize = 32;
/// What an event takes besides its texts: its envelope, once it is a frame.
const EVENT_BYTES: usize = 384;
