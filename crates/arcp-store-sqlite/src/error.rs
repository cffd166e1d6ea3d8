//! What SQLite and the file system report, as the kinds a caller can act on.

use std::io;

use arcp_store::{StoreError, StoreErrorKind};
use rusqlite::{Error, ErrorCode};

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// A failure of SQLite, while it was doing `what`.
pub(crate) fn sqlite(what: &str, error: &Error) -> StoreError {
    StoreError::new(kind(error), format!("{what}: {error}"))
}

/// A failure of the file system, while `what` was done.
pub(crate) fn file(what: &str, error: &io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, format!("{what}: {error}"))
}

pub(crate) fn corrupt(what: String) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, what)
}

fn kind(error: &Error) -> StoreErrorKind {
    let Some(code) = error.sqlite_error_code() else {
        // A value of another type than was written.
        return StoreErrorKind::Corrupt;
    };
    match code {
        ErrorCode::DiskFull | ErrorCode::TooBig => StoreErrorKind::Full,
        // The statements are ours and fixed: that SQLite does not know a table or a column, which
        // it calls an unknown error, means that the file is not ours.
        ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::Unknown
        | ErrorCode::TypeMismatch => StoreErrorKind::Corrupt,
        // A record is already there: someone else has written it in spite of the lock.
        ErrorCode::ConstraintViolation => StoreErrorKind::Conflict,
        _ => StoreErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn kinds_of_sqlite_errors() {
        let check = |code, want| {
            let error = Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(sqlite("test", &error).kind(), want, "{error}");
        };
        check(ffi::SQLITE_FULL, StoreErrorKind::Full);
        check(ffi::SQLITE_IOERR, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_IOERR_FSYNC, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_BUSY, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_BUSY_SNAPSHOT, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_LOCKED, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_NOMEM, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_READONLY, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_CANTOPEN, StoreErrorKind::Unavailable);
        check(ffi::SQLITE_CORRUPT, StoreErrorKind::Corrupt);
        check(ffi::SQLITE_NOTADB, StoreErrorKind::Corrupt);
        check(ffi::SQLITE_CONSTRAINT_PRIMARYKEY, StoreErrorKind::Conflict);
    }
}
