//! The checker: what was seen, compared with what is stored, while nothing runs.

mod job;
mod session;

use std::collections::BTreeMap;

use crate::history::History;
use crate::stored::Stored;
use crate::violation::Violation;

/// When a store was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The server was killed.
    Killed,
    /// It had nothing left to do, its clients had read everything, and it was stopped.
    AtRest,
}

/// The checker. It remembers what was open when it last looked.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    /// Jobs that were running when the server was dead, with their last index.
    running: BTreeMap<String, u64>,
    /// How many jobs have died with their server.
    pub(crate) died: usize,
}

impl Checker {
    /// All that is wrong with what is stored, in view of what was seen.
    pub(crate) fn check(
        &mut self,
        seen: &History,
        stored: &Stored,
        moment: Moment,
    ) -> Vec<Violation> {
        let mut found = Vec::new();
        for (name, session) in &stored.sessions {
            session::check(name, session, stored, &mut found);
        }
        for (name, session) in &seen.sessions {
            session::compare(name, session, stored, moment, &mut found);
        }
        for (name, job) in &stored.jobs {
            job::check(name, job, stored, moment, &mut found);
        }
        for name in seen.jobs.values().flatten() {
            job::is_known(name, stored, &mut found);
        }
        check_keys(seen, stored, &mut found);
        self.check_dead(stored, &mut found);
        self.running = job::running(stored);
        self.died = stored.jobs.values().filter(|job| job::has_died(job)).count();
        found
    }

    /// What was running when the server was dead fails for that, and says nothing before. A start that
    /// was killed too early has not told it.
    fn check_dead(&self, stored: &Stored, found: &mut Vec<Violation>) {
        for (name, last) in &self.running {
            let events = stored.jobs.get(name).map_or(&[][..], |job| &job.events);
            let next = events.iter().find(|(index, _)| index == &(last + 1));
            let Some((_, told)) = next else { continue };
            let end = told.failure.as_deref().unwrap_or(&told.seen.kind);
            if end != job::DIED {
                let (job, end) = (name.clone(), end.to_owned());
                found.push(Violation::DeathUntold { job, end });
            }
        }
    }
}

/// A key is bound to the job that was accepted for it.
fn check_keys(seen: &History, stored: &Stored, found: &mut Vec<Violation>) {
    for ((principal, key), job) in &seen.keys {
        let bound = stored.keys.get(&((*principal).to_owned(), key.clone()));
        if bound != Some(job) {
            let stored = bound.map_or("nothing", String::as_str).to_owned();
            found.push(Violation::KeyLost { key: key.clone(), job: job.clone(), stored });
        }
    }
}

#[cfg(test)]
mod tests;
