//! What can go wrong in a store.

use std::error::Error;
use std::fmt;
use std::fs::TryLockError;
use std::io;

/// Why a store did not do what it was asked.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// The kinds of failure, by what the caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The stream has moved on without the caller: another writer owns it. Stop.
    Conflict,
    /// Another process has the store open. Stop.
    Locked,
    /// No room. It may pass.
    Full,
    /// It failed, nothing was kept, and the same call may succeed later.
    Unavailable,
    /// What is there cannot be read: damaged, or written by another or a newer program.
    Corrupt,
    /// The store was closed.
    Closed,
    /// It was asked for what no store does, such as a name that is too long. Do not ask again.
    Invalid,
}

impl StoreError {
    /// A failure of `kind`, because of `source`.
    pub fn new(kind: StoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    /// What the caller can do.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Full | StoreErrorKind::Unavailable)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            StoreErrorKind::Conflict => "another writer owns the stream",
            StoreErrorKind::Locked => "another process has the store open",
            StoreErrorKind::Full => "the store is full",
            StoreErrorKind::Unavailable => "the store is not available",
            StoreErrorKind::Corrupt => "the store cannot be read",
            StoreErrorKind::Closed => "the store is closed",
            StoreErrorKind::Invalid => "the store cannot do this",
        };
        write!(f, "{what}: {}", self.source)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// `Full` when there is no room, else `Unavailable`: for a call that has kept nothing.
impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
            _ => StoreErrorKind::Unavailable,
        };
        Self::new(kind, error)
    }
}

/// `Locked` when another has the lock.
impl From<TryLockError> for StoreError {
    fn from(error: TryLockError) -> Self {
        match error {
            TryLockError::WouldBlock => Self::new(StoreErrorKind::Locked, error),
            TryLockError::Error(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_files_have_the_kind_that_says_what_to_do() {
        for (error, kind) in [
            (io::ErrorKind::StorageFull, StoreErrorKind::Full),
            (io::ErrorKind::QuotaExceeded, StoreErrorKind::Full),
            (io::ErrorKind::PermissionDenied, StoreErrorKind::Unavailable),
            (io::ErrorKind::Interrupted, StoreErrorKind::Unavailable),
        ] {
            assert_eq!(StoreError::from(io::Error::from(error)).kind(), kind);
            let locking = TryLockError::Error(error.into());
            assert_eq!(StoreError::from(locking).kind(), kind);
        }
        assert_eq!(StoreError::from(TryLockError::WouldBlock).kind(), StoreErrorKind::Locked);
    }
}
