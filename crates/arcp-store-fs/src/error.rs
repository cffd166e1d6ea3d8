//! What the file system reports, as the kinds a caller can act on.

use std::io::{Error, ErrorKind};
use std::path::Path;

use arcp_store::{StoreError, StoreErrorKind};

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// A failure of the file system, while it was doing `what` with `path`.
pub(crate) fn failed(what: &str, path: &Path, error: &Error) -> StoreError {
    let text = format!("{what} {}: {error}", path.display());
    match error.kind() {
        // Something is in the place of a file that is not ours.
        ErrorKind::IsADirectory | ErrorKind::InvalidData => {
            StoreError::new(StoreErrorKind::Corrupt, text)
        }
        kind => Error::new(kind, text).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_errors_of_files() {
        for (kind, want) in [
            (ErrorKind::StorageFull, StoreErrorKind::Full),
            (ErrorKind::QuotaExceeded, StoreErrorKind::Full),
            (ErrorKind::PermissionDenied, StoreErrorKind::Unavailable),
            (ErrorKind::NotFound, StoreErrorKind::Unavailable),
            (ErrorKind::Other, StoreErrorKind::Unavailable),
            (ErrorKind::IsADirectory, StoreErrorKind::Corrupt),
            (ErrorKind::InvalidData, StoreErrorKind::Corrupt),
        ] {
            let error = failed("reading", Path::new("a/b"), &kind.into());
            assert_eq!(error.kind(), want, "{kind:?}");
            assert!(error.to_string().contains("reading a/b: "), "{error}");
        }
    }
}
