//! The bodies of pages that hold a line for each of what they tell, after a line for all of it.

use arcp_core::{Record, one_line};
use serde::Serialize;

use super::RecordError;

/// Such a page, being written.
#[derive(Debug)]
pub(super) struct Lines {
    what: &'static str,
    first: u64,
    span: u32,
    body: Vec<u8>,
}

impl Lines {
    /// A page of nothing but its head, whose first line will have the number `first`.
    pub(super) fn new<T: Serialize>(
        what: &'static str,
        first: u64,
        head: &T,
    ) -> Result<Self, RecordError> {
        let mut page = Self { what, first, span: 0, body: Vec::with_capacity(ROOM) };
        page.write(head)?;
        Ok(page)
    }

    /// Adds the next line and returns how many bytes it took.
    pub(super) fn push<T: Serialize>(&mut self, line: &T) -> Result<usize, RecordError> {
        let before = self.body.len();
        self.write(line)?;
        self.span += 1;
        Ok(self.body.len() - before)
    }

    /// How many bytes there are, those of the head too.
    pub(super) fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether there is nothing but the head.
    pub(super) fn is_empty(&self) -> bool {
        self.span == 0
    }

    pub(super) fn into_record(self) -> Record {
        Record { first: self.first, span: self.span, body: self.body.into() }
    }

    fn write<T: Serialize>(&mut self, line: &T) -> Result<(), RecordError> {
        let start = self.body.len();
        serde_json::to_writer(&mut self.body, line)
            .map_err(|error| RecordError::new(self.what, error))?;
        one_line(self.body.get_mut(start..).unwrap_or_default());
        self.body.push(b'\n');
        Ok(())
    }
}

/// The lines of a page, its head first.
pub(super) fn lines(record: &Record) -> impl DoubleEndedIterator<Item = &[u8]> {
    record.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// What most pages need.
const ROOM: usize = 512;
