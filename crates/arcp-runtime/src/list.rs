//! Reading a principal's ended jobs from the store.

use arcp_core::{Code, Fault, JobId, JobSummary, Key};
use arcp_store::Store;

use crate::dispatch::store_fault;
use crate::engine::{ListQuery, Page, passes};
use crate::record::{JobFact, key};

/// The ended jobs that a listing asks for, at most its limit and what `room` bytes hold, and the last job looked at when there
/// are more. A filter that matches little does not make it look at everything.
pub(crate) async fn ended(
    store: &dyn Store,
    query: &ListQuery,
    room: usize,
) -> Result<(Vec<JobSummary>, Option<JobId>), Fault> {
    let prefix = key::done_jobs(&query.principal);
    let mut after = query.after.as_ref().map(|job| key::done_job(&query.principal, job));
    let mut page = Page::new(query.limit, room);
    let mut looked_at = 0;
    loop {
        let facts =
            store.scan(&prefix, after.as_ref(), FACTS).await.map_err(|e| store_fault(&e))?;
        let Some((last, _)) = facts.last() else { return Ok((page.into_jobs(), None)) };
        after = Some(last.clone());
        for (key, value) in &facts {
            let summary = summary(&prefix, key, value)?;
            let job = summary.job.clone();
            looked_at += 1;
            if passes(&query.filter, &summary.agent, summary.state, summary.created_at) {
                page.add(summary);
            }
            if page.is_full() || looked_at == MOST {
                return Ok((page.into_jobs(), Some(job)));
            }
        }
    }
}

fn summary(prefix: &[u8], key: &Key, value: &[u8]) -> Result<JobSummary, Fault> {
    let damaged = |why: &dyn std::fmt::Display| {
        tracing::error!(?key, "cannot list a job: {why}");
        Fault::new(Code::DataLoss, "a stored job cannot be read")
    };
    let id = key.as_bytes().get(prefix.len()..).unwrap_or_default();
    let id = String::from_utf8_lossy(id);
    let id = JobId::parse(&id).map_err(|error| damaged(&error))?;
    let fact = JobFact::from_bytes(value).map_err(|error| damaged(&error))?;
    fact.summary(id).ok_or_else(|| damaged(&"it has not ended"))
}

/// Facts read at a time.
const FACTS: usize = 256;
/// Facts looked at for one page.
const MOST: usize = 10_000;
