//! Reading a session's events from the store: its pointers, then the events they point at.

use std::sync::Arc;

use arcp_core::{Delivery, SessionId};
use arcp_store::{Store, StoreError};

use crate::record::{RecordError, Run, key, read_job_page, read_session_page};

/// Events of a session, in order, and how far its stream reaches.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) deliveries: Vec<Delivery>,
    /// The session's last number that the store knows.
    pub(crate) last: u64,
}

/// Why events could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the log has a hole: {0}")]
    Hole(String),
}

/// Reads the events after `after`: about `limit` bytes of them, at least one when there is one.
pub(crate) async fn read(
    store: &dyn Store,
    session: &SessionId,
    after: u64,
    limit: usize,
) -> Result<Replayed, ReplayError> {
    let page = store.read(&key::session_stream(session), after, POINTER_BYTES).await?;
    let mut replayed = Replayed { deliveries: Vec::new(), last: page.last };
    let mut size = 0;
    for record in &page.records {
        for (first, run) in read_session_page(record)? {
            let skip = (after + 1).saturating_sub(first);
            if skip >= u64::from(run.count) {
                continue;
            }
            size += read_run(store, first, &run, skip, limit - size, &mut replayed).await?;
            if size >= limit {
                return Ok(replayed);
            }
        }
    }
    if replayed.deliveries.is_empty() && after < page.last {
        return Err(ReplayError::Hole(format!("nothing after number {after} of {session}")));
    }
    Ok(replayed)
}

/// Adds the events of a run but for the first `skip`, until `limit` bytes; returns the bytes read.
async fn read_run(
    store: &dyn Store,
    first: u64,
    run: &Run,
    skip: u64,
    limit: usize,
    replayed: &mut Replayed,
) -> Result<usize, ReplayError> {
    let stream = key::job_stream(&run.job);
    let end = run.index + u64::from(run.count);
    let mut next = run.index + skip;
    let mut size = 0;
    while next < end && size < limit {
        let before = next;
        let page = store.read(&stream, next - 1, limit - size).await?;
        for record in &page.records {
            size += record.body.len();
            for (index, event) in read_job_page(&run.job, record, next - 1)? {
                if index >= end {
                    break;
                }
                let delivery =
                    Delivery { seq: first + (index - run.index), event: Arc::new(event) };
                replayed.deliveries.push(delivery);
                next = index + 1;
            }
        }
        if next == before {
            return Err(ReplayError::Hole(format!("no event {next} of {}", run.job)));
        }
    }
    Ok(size)
}

const POINTER_BYTES: usize = 16 << 10;
