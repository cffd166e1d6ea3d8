//! The jobs that a job has delegated to: what they may spend is its own, and they end before it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::lease::Budget;
use arcp_core::{CredentialId, Event, JobId, Now, Parent, Quantity};
use rust_decimal::Decimal;

use super::job::Job;
use super::{Effects, Engine};
use crate::record::JobFact;

/// The jobs that one job has delegated to.
#[derive(Debug, Default)]
pub(super) struct Children {
    /// Those that have not ended, by the names of the delegations.
    pub(super) open: BTreeMap<String, JobId>,
    /// The names of those that wait for their credentials.
    coming: BTreeSet<String>,
    /// What was issued for those that have ended, and is not revoked.
    revoking: BTreeSet<CredentialId>,
}

impl Children {
    /// Those that have not ended.
    pub(super) fn all(&self) -> Vec<JobId> {
        self.open.values().cloned().collect()
    }

    /// Whether all have ended, none is to come, and nothing that was issued for them is good.
    pub(super) fn are_gone(&self) -> bool {
        self.open.is_empty() && self.coming.is_empty() && self.revoking.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.open.len() + self.coming.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.open.contains_key(name) || self.coming.contains(name)
    }
}

impl Engine {
    /// A job that waits for its credentials goes by its delegation's name already.
    pub(super) fn expect_child(&mut self, fact: &JobFact) {
        if let Some((job, name)) = self.parent_of(fact.parent.as_ref()) {
            job.children.coming.insert(name.to_owned());
        }
    }

    /// It does not wait any more.
    pub(super) fn expect_no_child(&mut self, fact: &JobFact) {
        if let Some((job, name)) = self.parent_of(fact.parent.as_ref()) {
            job.children.coming.remove(name);
        }
    }

    pub(super) fn parent_of<'a>(
        &mut self,
        parent: Option<&'a Parent>,
    ) -> Option<(&mut Job, &'a str)> {
        let parent = parent?;
        Some((self.jobs.get_mut(&parent.job)?, parent.delegation.as_deref()?))
    }

    /// Whether a job's spending is kept because that of its parent is.
    pub(super) fn is_accounted_for(&self, job: &Job) -> bool {
        let parent = job.parent.as_ref().and_then(|parent| self.jobs.get(&parent.job));
        parent.is_some_and(|parent| parent.started_at.is_some())
    }

    /// A job has ended: what it has not spent is its parent's again.
    pub(super) fn settle_with_parent(&mut self, now: Now, job: &Job, fx: &mut Effects) {
        let issued = job.owes.clone().filter(|id| self.is_owed(id));
        let Some((parent, name)) = self.parent_of(job.parent.as_ref()) else { return };
        parent.children.open.remove(name);
        parent.children.revoking.extend(issued);
        let id = parent.head.job.clone();
        let give_back = |left: &mut Budget| left.give_back(&job.lease.budget, &job.remaining);
        self.change_budget(now, &id, give_back, fx);
    }

    /// What was issued for a child that has ended is revoked, so that the end of its parent need not wait
    /// for that.
    pub(super) fn on_child_revoked(
        &mut self,
        now: Now,
        parent: &JobId,
        id: &CredentialId,
        fx: &mut Effects,
    ) {
        if let Some(job) = self.jobs.get_mut(parent) {
            job.children.revoking.remove(id);
            self.end_when_alone(now, parent, fx);
        }
    }

    /// Changes what is left of a job's budget, keeps it, and says what changed.
    pub(super) fn change_budget(
        &mut self,
        now: Now,
        id: &JobId,
        change: impl FnOnce(&mut Budget),
        fx: &mut Effects,
    ) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let before = job.remaining.clone();
        change(&mut job.remaining);
        if job.remaining == before {
            return;
        }
        let before: BTreeMap<_, _> = before.counters().collect();
        let changed =
            job.remaining.counters().filter(|(name, left)| before.get(name) != Some(left));
        let told: Vec<_> = changed.map(owned).filter(|_| job.is_heard()).collect();
        self.keep_run(id, fx);
        for (currency, left) in told {
            self.tell_left(now, id, &currency, left, fx);
        }
    }

    /// Says what is left of a job's budget in a currency (§9.6).
    pub(super) fn tell_left(
        &mut self,
        now: Now,
        id: &JobId,
        currency: &str,
        left: Decimal,
        fx: &mut Effects,
    ) {
        let remaining = Event::Metric {
            name: "cost.budget.remaining".to_owned(),
            value: Quantity::from(left),
            unit: Some(currency.to_owned()),
            dimensions: None,
        };
        self.emit(now, id, remaining, fx);
    }

    /// Asks the jobs to end that a job has delegated to and which is asked to end.
    pub(super) fn cancel_children(
        &mut self,
        now: Now,
        id: &JobId,
        reason: &str,
        deadline: Option<Duration>,
        fx: &mut Effects,
    ) {
        let Some(job) = self.jobs.get(id) else { return };
        for child in job.children.all() {
            let reason = format!("the job that delegated to it is cancelled: {reason}");
            self.cancel_job(now, &child, reason, deadline, fx);
        }
    }

    /// Jobs, those that were delegated to before those that have delegated to them.
    pub(super) fn deepest_first(&self, mut jobs: Vec<JobId>) -> Vec<JobId> {
        let depth = |id: &JobId| self.jobs.get(id).map_or(0, |job| self.depth(job));
        jobs.sort_by_cached_key(|id| std::cmp::Reverse(depth(id)));
        jobs
    }

    /// All open jobs being recovered: who has delegated to whom, and what that sets aside where it was not
    /// kept.
    pub(super) fn recover_children(&mut self) {
        let children = self.jobs.iter().filter_map(|(id, job)| {
            Some((id.clone(), job.parent.clone()?, job.lease.budget.clone()))
        });
        for (child, parent, budget) in children.collect::<Vec<_>>() {
            let Some((job, name)) = self.parent_of(Some(&parent)) else { continue };
            job.children.open.insert(name.to_owned(), child.clone());
            if job.started_at.is_none()
                && let Err(fault) = job.remaining.reserve(&budget)
            {
                tracing::error!(job = %parent.job, %child, "cannot be set aside again: {fault}");
            }
        }
    }

    /// What may have been issued for a child that has ended, or never was, is revoked before the end of its
    /// parent is told.
    pub(super) fn expect_revoked(&mut self, parent: &JobId, id: &CredentialId) {
        if let Some(job) = self.jobs.get_mut(parent) {
            job.children.revoking.insert(id.clone());
        }
    }
}

fn owned<T>((currency, left): (&str, T)) -> (String, T) {
    (currency.to_owned(), left)
}
