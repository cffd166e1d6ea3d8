//! The store seam: what a runtime keeps, as streams of records and small facts, and as blobs.
//!
//! A store knows nothing of sessions or jobs. Another one is a crate that implements [`Store`], or
//! [`Blobs`], and passes the `contract` suite (feature `contract`).

mod blobs;
mod change;
#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod memory;
mod memory_blobs;

pub use arcp_core::{Append, Commit, Key, Record};
pub use async_trait::async_trait;
pub use blobs::{Blobs, MAX_BLOB_NAME, check_blob_name};
pub use bytes::Bytes;
pub use change::Change;
pub use error::{StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub use memory_blobs::MemoryBlobs;

/// Keeps streams of records, and facts by key.
///
/// The contract; each number is a clause of the suite:
///
/// 1. A commit is kept whole or not at all, also when it is refused or the process dies.
/// 2. Once `commit` has returned `Ok`, the commit survives the death of the process, and with
///    full durability that of the machine. (A store that says it is not durable is exempt.)
/// 3. The first record of a stream has `first` 1, each next one starts where the last ended. A
///    record that does not is refused with `Conflict`, and with it its whole commit. This fences a
///    second writer.
/// 4. `read` and `scan` see every commit that has returned `Ok` before they were called.
/// 5. Bytes come back unchanged: keys, bodies and values, empty ones and large ones.
/// 6. A page says which number is the first still kept and which is the last ever committed, also
///    for a stream that was trimmed or never written.
/// 7. `read` returns the records that cover numbers after `after`, in order and whole, as many as
///    fit in `limit` bytes of bodies, but at least one when there is one.
/// 8. `scan` returns the facts whose key starts with `prefix` and is greater than `after`, in key
///    order, at most `limit`.
/// 9. `trim` forgets the records that lie wholly at or below `upto`, and never a later one.
/// 10. Calls may come from any task, at the same time. Commits that overlap are each kept whole.
/// 11. `forget` forgets a stream altogether: it is as if it had never been written.
///
/// Every method may be dropped at any await point; a `commit` that was dropped is kept or not.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Keeps `commit` whole, or returns why not and keeps nothing of it. What takes time is done
    /// elsewhere and awaited: a runtime tells what is kept already in between.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    /// Reads records of `stream` after the number `after`.
    async fn read(&self, stream: &Key, after: u64, limit: usize) -> Result<Page, StoreError>;

    /// Reads facts in key order: those that start with `prefix`, after the key `after`.
    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError>;

    /// Forgets the records of `stream` that lie wholly at or below `upto`.
    async fn trim(&self, stream: &Key, upto: u64) -> Result<(), StoreError>;

    /// Forgets `stream` altogether, its numbers too. What is left of it should be little: trim it first.
    async fn forget(&self, stream: &Key) -> Result<(), StoreError>;
}

/// Some of a stream's records, and how far the stream reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records, in order.
    pub records: Vec<Record>,
    /// The first number still kept, or the next one to be written when none is.
    pub kept_from: u64,
    /// The last number ever committed, 0 before the first.
    pub last: u64,
}
