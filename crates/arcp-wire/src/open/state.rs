//! The names of job states in this dialect.

use arcp_core::JobState;

/// The states that go by `text`; none when nobody knows it.
pub(super) fn named(text: &str) -> impl Iterator<Item = JobState> {
    STATES.into_iter().filter(move |state| name(*state) == text)
}

/// The state that a peer tells.
pub(super) fn parse(text: &str) -> Option<JobState> {
    match text {
        "paused" => Some(JobState::Blocked),
        text => named(text).next(),
    }
}

/// The state's name.
pub(super) const fn name(state: JobState) -> &'static str {
    match state {
        JobState::Accepted => "accepted",
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Blocked => "blocked",
        JobState::Completed => "completed",
        // The dialect has no name of its own for a job that ran too long, or was cancelled and did not listen.
        JobState::Failed | JobState::TimedOut | JobState::Aborted => "failed",
        JobState::Cancelled => "cancelled",
    }
}

const STATES: [JobState; 9] = [
    JobState::Accepted,
    JobState::Queued,
    JobState::Running,
    JobState::Blocked,
    JobState::Completed,
    JobState::Failed,
    JobState::TimedOut,
    JobState::Aborted,
    JobState::Cancelled,
];
