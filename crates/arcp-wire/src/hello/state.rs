//! The names of job states in this dialect (§7.3).

use arcp_core::JobState;

/// The states that go by `text`; none when nobody knows it.
pub(super) fn named(text: &str) -> Vec<JobState> {
    STATES.into_iter().filter(|state| name(*state) == text).collect()
}

/// The state's name.
pub(super) const fn name(state: JobState) -> &'static str {
    match state {
        JobState::Accepted | JobState::Queued => "pending",
        JobState::Running | JobState::Blocked => "running",
        JobState::Completed => "success",
        JobState::Failed => "error",
        JobState::Cancelled | JobState::Aborted => "cancelled",
        JobState::TimedOut => "timed_out",
    }
}

/// Of those that share a name, the plainest first.
const STATES: [JobState; 9] = [
    JobState::Queued,
    JobState::Accepted,
    JobState::Running,
    JobState::Blocked,
    JobState::Completed,
    JobState::Failed,
    JobState::Cancelled,
    JobState::Aborted,
    JobState::TimedOut,
];
