//! The journal: one record a change, in the order in which they were done.
//!
//! A record is a byte for its kind, the length of the path (4 bytes), a number (8), the length of the
//! data (4), all little-endian, then the path and the data. `tests/crash/src/disk/journal.rs` reads it.

use std::os::fd::RawFd;

/// What has happened to a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// There was none under this path, and now there is.
    Created,
    /// These bytes were written from this place on.
    Written(u64, &'a [u8]),
    /// It has this length now.
    Cut(u64),
    /// A sync has begun; what comes before it may count on it.
    SyncStarted(u64),
    /// The sync of this number has succeeded.
    Synced(u64),
    /// The path is gone.
    Unlinked,
    /// It goes by this path now.
    Renamed(&'a str),
}

impl Change<'_> {
    pub(crate) fn record(self, path: &str) -> Vec<u8> {
        let (kind, number, data): (u8, u64, &[u8]) = match self {
            Self::Created => (1, 0, &[]),
            Self::Written(at, bytes) => (2, at, bytes),
            Self::Cut(length) => (3, length, &[]),
            Self::SyncStarted(sync) => (4, sync, &[]),
            Self::Synced(sync) => (5, sync, &[]),
            Self::Unlinked => (6, 0, &[]),
            Self::Renamed(to) => (7, 0, to.as_bytes()),
        };
        let mut record = Vec::with_capacity(17 + path.len() + data.len());
        record.push(kind);
        record.extend_from_slice(&length(path.as_bytes()));
        record.extend_from_slice(&number.to_le_bytes());
        record.extend_from_slice(&length(data));
        record.extend_from_slice(path.as_bytes());
        record.extend_from_slice(data);
        record
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// Appends a record. A journal with a hole would lie, so the program ends where that fails.
pub(crate) fn append(journal: RawFd, record: &[u8]) {
    // SAFETY: the pointer and the length are those of one slice.
    let done = unsafe { libc::syscall(libc::SYS_write, journal, record.as_ptr(), record.len()) };
    if usize::try_from(done) != Ok(record.len()) {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/crash` has the same bytes in its tests.
    #[test]
    fn the_form_of_a_record_stays_as_it_is() {
        let record = Change::Written(258, b"xy").record("/a");
        assert_eq!(record, [2, 2, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 47, 97, 120, 121]);
        assert_eq!(Change::Renamed("b").record("a").len(), 19);
    }
}
