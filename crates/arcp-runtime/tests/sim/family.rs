//! What must be true of jobs that have delegated to others, whatever happened.

use std::collections::BTreeMap;

use arcp_core::{Code, Commit, Event, JobId};
use arcp_runtime::record::{JobFact, key};
use arcp_store::MemoryStore;
use rust_decimal::Decimal;

use crate::check;

/// The jobs of a commit that others have delegated to, those that have ended in it too.
pub(crate) fn new_children(commit: &Commit) -> impl Iterator<Item = (JobId, JobId)> {
    let of = |(name, value): &(arcp_core::Key, arcp_store::Bytes)| {
        let is = |prefix: &[u8]| name.as_bytes().starts_with(prefix);
        if !is(key::OPEN_JOBS) && !is(key::DONE_JOBS) {
            return None;
        }
        Some((key::job_of(name).unwrap(), JobFact::from_bytes(value).unwrap().parent?.job))
    };
    commit.puts.iter().filter_map(of)
}

/// The jobs that end with a commit.
pub(crate) fn ended_jobs(commit: &Commit) -> impl Iterator<Item = JobId> {
    let of = |name: &arcp_core::Key| {
        let name = name.as_bytes().strip_prefix(key::OPEN_JOBS)?;
        Some(JobId::parse(std::str::from_utf8(name).unwrap()).unwrap())
    };
    commit.deletes.iter().filter_map(of)
}

/// A job that ends is the last of those that it has delegated to.
pub(crate) fn no_child_is_open(
    store: &MemoryStore,
    parents: &BTreeMap<JobId, JobId>,
    parent: &JobId,
) {
    for (child, _) in parents.iter().filter(|(_, known)| *known == parent) {
        let name = key::open_job(child);
        let open = store.facts(name.as_bytes(), None, 1);
        assert!(!open.iter().any(|(found, _)| *found == name), "{child} outlives {parent}");
    }
}

/// The ends of jobs come before those of the jobs that have delegated to them.
pub(crate) fn children_end_first(ended: &BTreeMap<JobId, JobFact>) {
    for (job, fact) in ended {
        let parent = fact.parent.as_ref().and_then(|parent| ended.get(&parent.job));
        let Some(parent) = parent else { continue };
        assert_eq!(parent.trace, fact.trace, "{job}");
        assert_eq!(parent.principal, fact.principal, "{job}");
        let end = |fact: &JobFact| fact.outcome.as_ref().unwrap().ended_at;
        assert!(end(fact) <= end(parent), "{job} ended late");
        let within = fact.lease.expires_at.is_some() || parent.lease.expires_at.is_none();
        assert!(
            within && fact.lease.expires_at <= parent.lease.expires_at,
            "{job} may last longer"
        );
    }
}

/// What is left of a job's budget is what it was less what the job has spent, and those that it has
/// delegated to; so a whole tree of them has spent what its root has not left.
pub(crate) fn accounts_agree(store: &MemoryStore, ended: &BTreeMap<JobId, JobFact>) {
    for (job, fact) in ended {
        let (Some(granted), Some(left)) = (granted(fact), left(fact)) else { continue };
        let events = check::job_events(store, job);
        let (_, end) = events.last().unwrap();
        let died = matches!(&end.event, Event::Failed(fault) if fault.code == Code::Unavailable);
        if died && !is_accounted_for(ended, job) {
            // What it had spent was in memory.
            continue;
        }
        let charges = events.iter().filter_map(|(_, event)| match &event.event {
            Event::Metric { name, value, .. } if name == "cost.sim" => value.to_decimal(),
            _ => None,
        });
        let children = ended.values().filter(|fact| is_child_of(fact, job));
        let handed = children.filter_map(|child| Some(self::granted(child)? - self::left(child)?));
        let spent: Decimal = charges.chain(handed).sum();
        assert_eq!(granted - spent, left, "{job}: {granted} less {spent}");
    }
}

fn granted(fact: &JobFact) -> Option<Decimal> {
    fact.lease.budget.counters().next().map(|(_, amount)| amount)
}

fn left(fact: &JobFact) -> Option<Decimal> {
    fact.outcome.as_ref()?.left.counters().next().map(|(_, amount)| amount)
}

fn is_child_of(fact: &JobFact, job: &JobId) -> bool {
    fact.parent.as_ref().is_some_and(|parent| parent.job == *job)
}

/// Whether it, or one on whose behalf it runs, can be run again, so that a start knows what it has spent.
fn is_accounted_for(ended: &BTreeMap<JobId, JobFact>, job: &JobId) -> bool {
    let Some(fact) = ended.get(job) else { return false };
    let again = ["again", "goes-on"].contains(&fact.agent.name());
    again || fact.parent.as_ref().is_some_and(|parent| is_accounted_for(ended, &parent.job))
}
