//! Sessions: numbers without a gap that point to events, which are those that were seen.

use super::Moment;
use crate::history;
use crate::stored::{Session, Stored, Told};
use crate::violation::Violation;

/// What is stored of a session fits together.
pub(super) fn check(name: &str, session: &Session, stored: &Stored, found: &mut Vec<Violation>) {
    let mut numbers = (session.kept_from..).zip(&session.numbers);
    if let Some((due, _)) = numbers.find(|(due, (seq, _, _))| due != seq) {
        found.push(Violation::SessionGap { session: name.to_owned(), seq: due });
    }
    let dangles = |(_, job, index): &&(u64, String, u64)| {
        let trimmed = stored.jobs.get(job).is_some_and(|job| *index < job.kept_from);
        event(stored, job, *index).is_none() && !trimmed
    };
    if let Some((seq, job, index)) = session.numbers.iter().find(dangles) {
        let (session, job) = (name.to_owned(), job.clone());
        found.push(Violation::Dangling { session, seq: *seq, job, index: *index });
    }
}

/// What was seen of a session is what is stored of it.
pub(super) fn compare(
    name: &str,
    seen: &history::Session,
    stored: &Stored,
    moment: Moment,
    found: &mut Vec<Violation>,
) {
    let session = || name.to_owned();
    let nothing = Session::default();
    let kept = stored.sessions.get(name).unwrap_or(&nothing);
    if !seen.left && !kept.open {
        found.push(Violation::SessionLost { session: session() });
    }
    if seen.closed && kept.open {
        found.push(Violation::NotClosed { session: session() });
    }
    if seen.left && !kept.open && kept.numbers.is_empty() {
        // The stream of a session that has closed is forgotten some minutes later.
        return;
    }
    let skipped = usize::try_from(kept.kept_from.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut numbers = kept.numbers.iter();
    for (seq, was) in (1..).zip(&seen.events).skip(skipped) {
        let Some((_, job, index)) = numbers.next() else {
            found.push(Violation::EventLost { session: session(), seq });
            return;
        };
        let is = event(stored, job, *index).map(|told| &told.seen);
        if let Some(is) = is.filter(|is| *is != was) {
            let (seen, stored) = (was.shown(), is.shown());
            found.push(Violation::EventChanged { session: session(), seq, seen, stored });
            return;
        }
    }
    if moment == Moment::AtRest && !seen.left {
        check_rest(name, seen, kept, found);
    }
}

/// At rest a client has everything, and has been told the end of all that it watches.
fn check_rest(name: &str, seen: &history::Session, kept: &Session, found: &mut Vec<Violation>) {
    let session = || name.to_owned();
    let last = kept.numbers.last().map_or(0, |(seq, _, _)| *seq);
    if last != seen.last() {
        let (stored, seen) = (last, seen.last());
        found.push(Violation::Untold { session: session(), stored, seen });
    }
    for job in &seen.watched {
        if !seen.has_end_of(job) {
            found.push(Violation::EndUntold { session: session(), job: job.clone() });
        }
    }
}

fn event<'a>(stored: &'a Stored, job: &str, index: u64) -> Option<&'a Told> {
    let job = stored.jobs.get(job)?;
    let place = usize::try_from(index.checked_sub(job.kept_from)?).ok()?;
    job.events.get(place).filter(|(at, _)| *at == index).map(|(_, told)| told)
}
