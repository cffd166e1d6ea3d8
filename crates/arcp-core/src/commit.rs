//! What the runtime asks a store to keep, as bytes: the store knows nothing of jobs or sessions.

use std::fmt;

use bytes::Bytes;

/// The name of a stream or of a fact. Ordered as bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Bytes);

impl Key {
    /// The key with these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.escape_ascii())
    }
}

/// A run of consecutive sequence numbers of one stream, kept as one piece.
///
/// `span` numbers from `first` on, so the next record of the stream starts at `first + span`.
/// What the body holds for each number is the writer's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The first sequence number that it covers, from 1.
    pub first: u64,
    /// How many numbers it covers, at least 1.
    pub span: u32,
    /// The bytes; they come back unchanged.
    pub body: Bytes,
}

impl Record {
    /// The last sequence number that it covers.
    pub fn last(&self) -> u64 {
        self.first + u64::from(self.span) - 1
    }
}

/// One record to be added at the end of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The stream.
    pub stream: Key,
    /// The record.
    pub record: Record,
}

/// What is kept together or not at all: records, facts put, facts deleted.
///
/// A key is put or deleted at most once in one commit; a stream may get several records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// Records, in the order in which they are added.
    pub appends: Vec<Append>,
    /// Facts to set.
    pub puts: Vec<(Key, Bytes)>,
    /// Facts to remove; one that is not there is no error.
    pub deletes: Vec<Key>,
}

impl Commit {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.puts.is_empty() && self.deletes.is_empty()
    }
}
