//! Whether the notes of who wanted to watch what can be read and have no gap.

use arcp::runtime::record::read_audit_page;
use arcp::store::Key;

use super::Check;
use super::jobs::Reading;
use crate::exit::Error;

impl Check<'_> {
    pub(super) async fn audit_stream(&mut self, stream: &Key) -> Result<(), Error> {
        let mut reading = Reading::new(stream);
        loop {
            let records = reading.page(&self.place.store, &mut self.found).await?;
            if records.is_empty() {
                return Ok(());
            }
            for record in &records {
                reading.record(record, &mut self.found)?;
                match read_audit_page(record) {
                    Ok(lines) => self.found.audited += lines.len() as u64,
                    Err(error) => reading.unreadable(record, error, &mut self.found)?,
                }
            }
        }
    }
}
