//! Commits, written shortly.

use bytes::Bytes;

use crate::{Append, Commit, Key, Record};

/// A commit that is being written.
#[derive(Clone, Default)]
pub(super) struct Batch(Commit);

impl Batch {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn append(
        mut self,
        stream: impl AsRef<[u8]>,
        first: u64,
        span: u32,
        body: impl AsRef<[u8]>,
    ) -> Self {
        let record = record(first, span, body);
        self.0.appends.push(Append { stream: key(stream), record });
        self
    }

    pub(super) fn put(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.0.puts.push((key(name), Bytes::copy_from_slice(value.as_ref())));
        self
    }

    pub(super) fn delete(mut self, name: impl AsRef<[u8]>) -> Self {
        self.0.deletes.push(key(name));
        self
    }
}

impl From<Batch> for Commit {
    fn from(batch: Batch) -> Self {
        batch.0
    }
}

pub(super) fn key(bytes: impl AsRef<[u8]>) -> Key {
    Key::new(Bytes::copy_from_slice(bytes.as_ref()))
}

pub(super) fn record(first: u64, span: u32, body: impl AsRef<[u8]>) -> Record {
    Record { first, span, body: Bytes::copy_from_slice(body.as_ref()) }
}
