//! What can be said of a job from outside.

use crate::{JobId, Lease, Timestamp, TraceId};

/// Where a job stands (R§10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// Accepted, not started.
    Accepted,
    /// Waiting for capacity.
    Queued,
    /// At work.
    Running,
    /// Waiting for something outside, such as a permission.
    Blocked,
    /// Ended with a result.
    Completed,
    /// Ended with a fault.
    Failed,
    /// Ended because it was cancelled.
    Cancelled,
    /// Ended because it ran too long.
    TimedOut,
    /// Ended by force because it was cancelled and did not end in time.
    Aborted,
}

impl JobState {
    /// Whether the job is over.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Accepted | Self::Queued | Self::Running | Self::Blocked => false,
            Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Aborted => {
                true
            }
        }
    }
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    /// The job.
    pub job: JobId,
    /// The agent, with the version that a bare name resolved to.
    pub agent: String,
    /// Where it stands.
    pub state: JobState,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The trace it belongs to.
    pub trace: Option<TraceId>,
    /// The job that delegated to it.
    pub parent: Option<JobId>,
    /// Its effective lease.
    pub lease: Lease,
    /// The number of its own events so far: the job index of the last one, 0 before the first.
    pub last_index: u64,
}
