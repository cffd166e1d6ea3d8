//! Whether a session's numbers have no gap, and point at events that are there or are forgotten.

use arcp::core::SessionId;
use arcp::runtime::record::{Run, key, read_session_page};
use arcp::store::Key;

use super::jobs::Reading;
use super::{Check, shown};
use crate::exit::Error;
use crate::store::walk::rest;

impl Check<'_> {
    pub(super) async fn session_stream(&mut self, stream: &Key) -> Result<(), Error> {
        let id = rest(stream, key::SESSION_STREAMS).and_then(|id| SessionId::parse(id).ok());
        let Some(session) = id else {
            return self.found.add(shown(stream), "its name ends with no session");
        };
        if self.known.whole && !self.known.sessions.contains(&session) {
            self.found.add(&session, "it was told events, and no fact says what it is")?;
        }
        let mut reading = Reading::new(stream);
        loop {
            let records = reading.page(&self.place.store, &mut self.found).await?;
            if records.is_empty() {
                return Ok(());
            }
            for record in &records {
                reading.record(record, &mut self.found)?;
                match read_session_page(record) {
                    Ok(runs) => self.runs(&session, &runs)?,
                    Err(error) => reading.unreadable(record, error, &mut self.found)?,
                }
            }
        }
    }

    /// A job that nobody knows is forgotten.
    fn runs(&mut self, session: &SessionId, runs: &[(u64, Run)]) -> Result<(), Error> {
        for (seq, Run { job, index, count }) in runs {
            let Some(known) = self.known.jobs.get(job) else { continue };
            let last = index.saturating_add(u64::from(*count)).saturating_sub(1);
            if last > known.last && self.known.whole {
                let ends = known.last;
                let what = format_args!(
                    "number {seq} leads to event {last} of {job}, which ends at {ends}"
                );
                self.found.add(session, what)?;
            }
        }
        Ok(())
    }
}
