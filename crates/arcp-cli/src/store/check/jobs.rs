//! Whether a job's events can be read, have no gap, and end as its fact says.

use arcp::core::{JobId, Record};
use arcp::runtime::record::{key, read_job_page};
use arcp::store::{Key, Page, Store, StoreError};

use super::{Check, Found, State, shown};
use crate::exit::Error;
use crate::store::walk::{CHUNK, behind, rest};

/// What was read of a stream, page by page.
pub(super) struct Reading<'a> {
    stream: &'a Key,
    /// The number that has to come next.
    next: u64,
    after: u64,
    last: u64,
    /// Whether all could be read that was to be there.
    whole: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(stream: &'a Key) -> Self {
        Self { stream, next: 0, after: 0, last: 0, whole: true }
    }

    /// The next records; none at the end, nor where the store cannot go on.
    pub(super) async fn page(
        &mut self,
        store: &dyn Store,
        found: &mut Found,
    ) -> Result<Vec<Record>, Error> {
        let page = store.read(self.stream, self.after, CHUNK).await;
        match page {
            Ok(page) => self.turn(page, found),
            Err(error) => self.stop(&error, found),
        }
    }

    fn turn(&mut self, page: Page, found: &mut Found) -> Result<Vec<Record>, Error> {
        if self.after == 0 {
            self.next = page.kept_from;
        }
        self.last = page.last;
        match page.records.last() {
            Some(last) => self.after = behind(last).saturating_sub(1),
            None => self.follow(page.last.saturating_add(1), found)?,
        }
        Ok(page.records)
    }

    fn stop(&mut self, error: &StoreError, found: &mut Found) -> Result<Vec<Record>, Error> {
        self.whole = false;
        found.add(shown(self.stream), error)?;
        Ok(Vec::new())
    }

    /// Sees that a record is the one that has to come.
    pub(super) fn record(&mut self, record: &Record, found: &mut Found) -> Result<(), Error> {
        self.follow(record.first, found)?;
        self.next = behind(record);
        Ok(())
    }

    fn follow(&mut self, first: u64, found: &mut Found) -> Result<(), Error> {
        if first == self.next {
            return Ok(());
        }
        self.whole = false;
        let next = self.next;
        found.add(shown(self.stream), format_args!("{next} should follow, and {first} does"))
    }

    /// Something in it cannot be read.
    pub(super) fn unreadable(
        &mut self,
        record: &Record,
        error: impl std::fmt::Display,
        found: &mut Found,
    ) -> Result<(), Error> {
        self.whole = false;
        found.add(shown(self.stream), format_args!("{}: {error}", record.first))
    }

    /// Whether anything of it was kept.
    fn kept(&self) -> bool {
        self.after > 0
    }
}

impl Check<'_> {
    pub(super) async fn job_stream(&mut self, stream: &Key) -> Result<(), Error> {
        let Some(job) = rest(stream, key::JOB_STREAMS).and_then(|id| JobId::parse(id).ok()) else {
            return self.found.add(shown(stream), "its name ends with no job");
        };
        let (mut reading, mut end) = (Reading::new(stream), None);
        loop {
            let records = reading.page(&self.place.store, &mut self.found).await?;
            if records.is_empty() {
                break;
            }
            for record in &records {
                reading.record(record, &mut self.found)?;
                match read_job_page(&job, record, 0) {
                    Ok(events) => {
                        self.found.events += events.len() as u64;
                        let mut ends = events.iter().filter(|(_, event)| event.event.is_terminal());
                        end = end.or(ends.next().map(|(index, _)| *index));
                    }
                    Err(error) => reading.unreadable(record, error, &mut self.found)?,
                }
            }
        }
        self.ends_well(&job, &reading, end)
    }

    /// The terminal event is the last one of a job that has ended, and no other job has one.
    fn ends_well(
        &mut self,
        job: &JobId,
        read: &Reading<'_>,
        end: Option<u64>,
    ) -> Result<(), Error> {
        // Of a stream that cannot be read at all nothing is known, and that was said.
        let unread = !read.whole && read.last == 0;
        let last = if unread { u64::MAX } else { read.last };
        let state = self.known.jobs.get_mut(job).and_then(|known| {
            known.last = last;
            known.state
        });
        if unread {
            return Ok(());
        }
        match (state, end) {
            (None, _) if self.known.whole => {
                self.found.add(job, "it has events, and no fact says what it is")?;
            }
            (Some(State::Open), Some(end)) => {
                self.found.add(job, format_args!("it is open, and event {end} is its end"))?;
            }
            (Some(State::Ended(Some(said))), _) if said != last => {
                let what =
                    format_args!("it has ended with event {said}, and its last one is {last}");
                self.found.add(job, what)?;
            }
            (Some(State::Ended(_)), None) if read.whole && read.kept() => {
                self.found.add(job, "it has ended, and its last event is not its end")?;
            }
            _ => {}
        }
        match end.filter(|end| *end < last) {
            Some(end) => self.found.add(job, format_args!("events follow event {end}, its end")),
            None => Ok(()),
        }
    }

    /// Jobs that have ended and of whose events not even their number is there.
    pub(super) fn streams_that_lack(&mut self) -> Result<(), Error> {
        if !self.known.whole {
            return Ok(());
        }
        for (job, known) in &self.known.jobs {
            if matches!(known.state, Some(State::Ended(_))) && known.last == 0 {
                let what = "it has ended, and its events are gone: a sweep goes on with one that was \
                            cut off, else they are lost";
                self.found.add(job, what)?;
            }
        }
        Ok(())
    }
}
