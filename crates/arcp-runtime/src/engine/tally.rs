//! What each principal holds, to keep it within its limits.

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{JobId, Principal, SessionId};

/// The open sessions and jobs of every principal that has any.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<Principal, Tally>);

#[derive(Debug, Default)]
struct Tally {
    sessions: BTreeSet<SessionId>,
    jobs: BTreeSet<JobId>,
}

impl Tallies {
    pub(super) fn add_session(&mut self, principal: &Principal, session: SessionId) {
        self.0.entry(principal.clone()).or_default().sessions.insert(session);
    }

    pub(super) fn add_job(&mut self, principal: &Principal, job: JobId) {
        self.0.entry(principal.clone()).or_default().jobs.insert(job);
    }

    pub(super) fn remove_session(&mut self, principal: &Principal, session: &SessionId) {
        self.update(principal, |tally| tally.sessions.remove(session));
    }

    pub(super) fn remove_job(&mut self, principal: &Principal, job: &JobId) {
        self.update(principal, |tally| tally.jobs.remove(job));
    }

    /// The principal's open sessions.
    pub(super) fn sessions(&self, principal: &Principal) -> impl Iterator<Item = &SessionId> {
        self.0.get(principal).into_iter().flat_map(|tally| &tally.sessions)
    }

    /// The principal's open jobs, in the order of creation.
    pub(super) fn jobs(&self, principal: &Principal) -> impl Iterator<Item = &JobId> {
        self.0.get(principal).into_iter().flat_map(|tally| &tally.jobs)
    }

    pub(super) fn job_count(&self, principal: &Principal) -> usize {
        self.0.get(principal).map_or(0, |tally| tally.jobs.len())
    }

    pub(super) fn session_count(&self, principal: &Principal) -> usize {
        self.0.get(principal).map_or(0, |tally| tally.sessions.len())
    }

    fn update(&mut self, principal: &Principal, change: impl FnOnce(&mut Tally) -> bool) {
        if let Some(tally) = self.0.get_mut(principal) {
            change(tally);
            if tally.sessions.is_empty() && tally.jobs.is_empty() {
                self.0.remove(principal);
            }
        }
    }
}
