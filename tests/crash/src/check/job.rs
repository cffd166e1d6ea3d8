//! Jobs: a stream without a gap, and one end for those that have ended.

use std::collections::BTreeMap;

use super::Moment;
use crate::stored::{Job, Stored};
use crate::violation::Violation;

/// How a job fails that was running when the server died.
pub(super) const DIED: &str = "UNAVAILABLE runtime restarted";
/// How a job may fail besides: told to end, it did not.
const OVERDUE: &str = "ABORTED the job was cancelled and did not end in time";

pub(super) fn check(
    name: &str,
    job: &Job,
    stored: &Stored,
    moment: Moment,
    found: &mut Vec<Violation>,
) {
    let name = || name.to_owned();
    if job.open && job.done.is_some() {
        found.push(Violation::OpenAndDone { job: name() });
    }
    // One that has said nothing waits for its turn, perhaps at the next start.
    if job.open && !job.events.is_empty() && moment == Moment::AtRest {
        found.push(Violation::StillOpen { job: name() });
    }
    let gap = (job.kept_from..).zip(&job.events).find(|(due, (index, _))| due != index);
    found.extend(gap.map(|(index, _)| Violation::JobGap { job: name(), index }));
    check_ends(&name(), job, found);
    let failures = job.events.iter().filter_map(|(_, told)| told.failure.as_ref());
    let odd = failures.filter(|failure| ![DIED, OVERDUE].contains(&failure.as_str()));
    found.extend(odd.map(|end| Violation::OddFailure { job: name(), end: end.clone() }));
    check_told(&name(), job, stored, found);
}

fn check_ends(name: &str, job: &Job, found: &mut Vec<Violation>) {
    let ends: Vec<u64> =
        job.events.iter().filter(|(_, told)| told.seen.is_terminal()).map(|(at, _)| *at).collect();
    let (name, last) = (name.to_owned(), job.events.last().map(|(index, _)| *index));
    match (job.done, ends.as_slice()) {
        (None, []) if !job.open && !job.events.is_empty() => {
            found.push(Violation::JobLost { job: name });
        }
        (None, []) => {}
        (None, _) if job.open => found.push(Violation::EndedOpen { job: name }),
        (Some(outcome), [end]) if Some(*end) == last && outcome == *end => {}
        (Some(_), [_]) => found.push(Violation::EndMisplaced { job: name }),
        (_, ends) => found.push(Violation::Ends { job: name, ends: ends.len() }),
    }
}

/// The session that submitted it has a number for each of its events, if it has not closed.
fn check_told(name: &str, job: &Job, stored: &Stored, found: &mut Vec<Violation>) {
    let Some(session) = stored.sessions.get(&job.session).filter(|session| session.open) else {
        return;
    };
    if session.kept_from > 1 {
        return;
    }
    let mut told = vec![false; job.events.len()];
    for (_, _, index) in session.numbers.iter().filter(|(_, job, _)| job == name) {
        let place = usize::try_from(index.saturating_sub(job.kept_from)).unwrap_or(usize::MAX);
        if let Some(told) = told.get_mut(place) {
            *told = true;
        }
    }
    if let Some((_, (index, _))) = told.iter().zip(&job.events).find(|(told, _)| !**told) {
        let (session, job) = (job.session.clone(), name.to_owned());
        found.push(Violation::NotTold { session, job, index: *index });
    }
}

/// A job that was accepted is stored.
pub(super) fn is_known(name: &str, stored: &Stored, found: &mut Vec<Violation>) {
    let known = stored.jobs.get(name).is_some_and(|job| job.open || job.done.is_some());
    let lost = Violation::JobLost { job: name.to_owned() };
    // Its events may have told already.
    if !known && !found.contains(&lost) {
        found.push(lost);
    }
}

/// Whether it has ended because the server died.
pub(super) fn has_died(job: &Job) -> bool {
    job.events.last().is_some_and(|(_, told)| told.failure.as_deref() == Some(DIED))
}

/// The jobs that run, with their last index.
pub(super) fn running(stored: &Stored) -> BTreeMap<String, u64> {
    let open = stored.jobs.iter().filter(|(_, job)| job.open);
    open.filter_map(|(name, job)| Some((name.clone(), job.events.last()?.0))).collect()
}
