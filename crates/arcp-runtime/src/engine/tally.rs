//! What each principal holds, to keep it within its limits.

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{JobId, Principal, SessionId};

/// The open sessions and jobs of every principal that has any, and which of the jobs wait for a
/// place among those that run.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<Principal, Tally>);

#[derive(Debug, Default)]
struct Tally {
    sessions: BTreeSet<SessionId>,
    jobs: BTreeSet<JobId>,
    /// Those of the jobs that have not started, the oldest first.
    queued: BTreeSet<JobId>,
    /// Jobs that wait for their credentials before they are accepted.
    drafts: BTreeSet<JobId>,
}

impl Tally {
    fn running(&self) -> usize {
        self.jobs.len() - self.queued.len()
    }
}

impl Tallies {
    pub(super) fn add_session(&mut self, principal: &Principal, session: SessionId) {
        self.0.entry(principal.clone()).or_default().sessions.insert(session);
    }

    pub(super) fn add_job(&mut self, principal: &Principal, job: JobId) {
        self.0.entry(principal.clone()).or_default().jobs.insert(job);
    }

    pub(super) fn add_draft(&mut self, principal: &Principal, job: JobId) {
        self.0.entry(principal.clone()).or_default().drafts.insert(job);
    }

    pub(super) fn remove_draft(&mut self, principal: &Principal, job: &JobId) {
        self.update(principal, |tally| tally.drafts.remove(job));
    }

    pub(super) fn draft_count(&self, principal: &Principal) -> usize {
        self.0.get(principal).map_or(0, |tally| tally.drafts.len())
    }

    /// Has a job wait for its turn.
    pub(super) fn queue_job(&mut self, principal: &Principal, job: JobId) {
        self.0.entry(principal.clone()).or_default().queued.insert(job);
    }

    /// Takes the job whose turn it is, if fewer than `bound` run.
    pub(super) fn next_job(&mut self, principal: &Principal, bound: usize) -> Option<JobId> {
        let tally = self.0.get_mut(principal)?;
        if tally.running() < bound { tally.queued.pop_first() } else { None }
    }

    /// Everybody who has a job that waits for its turn.
    pub(super) fn with_queued(&self) -> Vec<Principal> {
        let waits = |(_, tally): &(&Principal, &Tally)| !tally.queued.is_empty();
        self.0.iter().filter(waits).map(|(principal, _)| principal.clone()).collect()
    }

    pub(super) fn remove_session(&mut self, principal: &Principal, session: &SessionId) {
        self.update(principal, |tally| tally.sessions.remove(session));
    }

    pub(super) fn remove_job(&mut self, principal: &Principal, job: &JobId) {
        self.update(principal, |tally| {
            tally.queued.remove(job);
            tally.jobs.remove(job)
        });
    }

    /// The principal's open sessions.
    pub(super) fn sessions(&self, principal: &Principal) -> impl Iterator<Item = &SessionId> {
        self.0.get(principal).into_iter().flat_map(|tally| &tally.sessions)
    }

    /// The principal's open jobs, in the order of creation.
    pub(super) fn jobs(&self, principal: &Principal) -> impl Iterator<Item = &JobId> {
        self.0.get(principal).into_iter().flat_map(|tally| &tally.jobs)
    }

    /// How many jobs have not ended, those that wait for their credentials among them.
    pub(super) fn job_count(&self, principal: &Principal) -> usize {
        self.0.get(principal).map_or(0, |tally| tally.jobs.len() + tally.drafts.len())
    }

    pub(super) fn running_count(&self, principal: &Principal) -> usize {
        self.0.get(principal).map_or(0, Tally::running)
    }

    pub(super) fn session_count(&self, principal: &Principal) -> usize {
        self.0.get(principal).map_or(0, |tally| tally.sessions.len())
    }

    fn update(&mut self, principal: &Principal, change: impl FnOnce(&mut Tally) -> bool) {
        if let Some(tally) = self.0.get_mut(principal) {
            change(tally);
            if tally.sessions.is_empty() && tally.jobs.is_empty() && tally.drafts.is_empty() {
                self.0.remove(principal);
            }
        }
    }
}
