//! Waiting that a cancellation ends, and the fault that it ends with.

use std::time::Duration;

use arcp::agent::{Code, Fault, JobContext};
use tokio::time::{Instant, timeout_at};

/// Fails with `Cancelled` when the job is asked to end.
pub(super) fn check(job: &JobContext) -> Result<(), Fault> {
    match job.cancellation() {
        Some(reason) => Err(Fault::new(Code::Cancelled, reason)),
        None => Ok(()),
    }
}

/// Waits for `span`; fails with `Cancelled` as soon as the job is asked to end.
pub(super) async fn pause(job: &JobContext, span: Duration) -> Result<(), Fault> {
    match tokio::time::timeout(span, job.cancelled()).await {
        Ok(reason) => Err(Fault::new(Code::Cancelled, reason)),
        Err(_elapsed) => Ok(()),
    }
}

/// As [`pause`], until `due`; not at all when that is past.
pub(super) async fn pause_until(job: &JobContext, due: Instant) -> Result<(), Fault> {
    match timeout_at(due, job.cancelled()).await {
        Ok(reason) => Err(Fault::new(Code::Cancelled, reason)),
        Err(_elapsed) => Ok(()),
    }
}
