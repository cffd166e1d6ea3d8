//! The blob seam: bytes under a name, for what is too large to be a fact.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Key, StoreError, StoreErrorKind};

/// Keeps blobs: each is bytes under a name.
///
/// The contract; each number is a clause of the suite in `contract::blobs`:
///
/// 1. A blob is kept whole or not at all, also when the process dies: what `get` returns are all
///    bytes of one `put`.
/// 2. Once `put` or `delete` has returned `Ok`, what it did survives the death of the process, and
///    with full durability that of the machine. (Blobs that say they are not durable are exempt.)
/// 3. `get` and `list` see every `put` and `delete` that has returned `Ok` before they were called.
/// 4. Bytes come back unchanged: none at all, and 64 MiB of them.
/// 5. A name is any bytes, at most [`MAX_BLOB_NAME`] of them, also none. Two names that differ in
///    one byte are two blobs, and no name reaches anything that is not a blob. A `put` under a
///    longer name is `Invalid`; `get` finds nothing there, and `delete` does nothing.
/// 6. A `put` replaces what was there. Of several at the same time one is left, whole.
/// 7. A `delete` of what is not there is no error.
/// 8. `list` returns the names greater than `after`, in byte order, at most `limit`. One that is put
///    for the first time or deleted in the meantime may be told or not; all others are, also those
///    whose bytes are being replaced.
/// 9. Calls may come from any task, at the same time.
/// 10. Every method may be dropped at any await point. A `put` or `delete` that was dropped or has
///     failed was done or not; once a later one of the same name has returned, it no longer will be.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Keeps `bytes` under `name`; what was there before is replaced.
    async fn put(&self, name: &Key, bytes: Bytes) -> Result<(), StoreError>;

    /// The bytes under `name`, or none.
    async fn get(&self, name: &Key) -> Result<Option<Bytes>, StoreError>;

    /// Forgets what is under `name`; that nothing is there is no error.
    async fn delete(&self, name: &Key) -> Result<(), StoreError>;

    /// Names in order, after `after`, at most `limit`.
    async fn list(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError>;
}

/// How many bytes the name of a blob has at most: as many as fit, encoded, into the name of a file.
pub const MAX_BLOB_NAME: usize = 128;

/// `Invalid` for a name that is too long for a blob.
pub fn check_blob_name(name: &Key) -> Result<(), StoreError> {
    let length = name.as_bytes().len();
    if length <= MAX_BLOB_NAME {
        return Ok(());
    }
    let what = format!("the name of a blob has at most {MAX_BLOB_NAME} bytes, this one {length}");
    Err(StoreError::new(StoreErrorKind::Invalid, what))
}
