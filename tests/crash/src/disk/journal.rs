//! Reads what the preloaded library has written down: `tests/power-cut/src/journal.rs` has the form.

use crate::failure::Result;

/// What has happened to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// There was none under this path, and now there is.
    Created,
    /// These bytes were written from this place on.
    Written(u64, Vec<u8>),
    /// It has this length now.
    Cut(u64),
    /// A sync has begun.
    SyncStarted(u64),
    /// The sync of this number has succeeded.
    Synced(u64),
    /// The path is gone.
    Unlinked,
    /// It goes by this path now.
    Renamed(String),
}

/// A change, and the path of the file or folder.
pub(crate) type Entry = (String, Change);

/// Reads a journal. The last record may be a part of one: its call has not returned.
pub(crate) fn read(mut bytes: &[u8]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some(record) = Record::split(&mut bytes) {
        entries.push(record.entry()?);
    }
    Ok(entries)
}

/// A record in its parts.
struct Record<'a> {
    kind: u8,
    number: u64,
    path: &'a [u8],
    data: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes the first record off, if it is whole.
    fn split(bytes: &mut &'a [u8]) -> Option<Self> {
        let ([kind], rest) = bytes.split_first_chunk()?;
        let (path, rest) =
            rest.split_first_chunk().map(|(n, rest)| (u32::from_le_bytes(*n), rest))?;
        let (number, rest) = rest.split_first_chunk()?;
        let (data, rest) =
            rest.split_first_chunk().map(|(n, rest)| (u32::from_le_bytes(*n), rest))?;
        let (path, rest) = rest.split_at_checked(usize::try_from(path).ok()?)?;
        let (data, rest) = rest.split_at_checked(usize::try_from(data).ok()?)?;
        *bytes = rest;
        Some(Self { kind: *kind, number: u64::from_le_bytes(*number), path, data })
    }

    fn entry(self) -> Result<Entry> {
        let change = match self.kind {
            1 => Change::Created,
            2 => Change::Written(self.number, self.data.to_vec()),
            3 => Change::Cut(self.number),
            4 => Change::SyncStarted(self.number),
            5 => Change::Synced(self.number),
            6 => Change::Unlinked,
            7 => Change::Renamed(std::str::from_utf8(self.data)?.to_owned()),
            other => return Err(format!("the journal has a record of kind {other}").into()),
        };
        Ok((std::str::from_utf8(self.path)?.to_owned(), change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of the test in `tests/power-cut`.
    const WRITTEN: [u8; 21] = [2, 2, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 47, 97, 120, 121];

    #[test]
    fn whole_records_are_read_and_half_a_one_is_left() {
        let written = [("/a".to_owned(), Change::Written(258, b"xy".to_vec()))];
        assert_eq!(read(&WRITTEN).unwrap(), written);
        let twice = [WRITTEN, WRITTEN].concat();
        for length in 21..42 {
            assert_eq!(read(&twice[..length]).unwrap(), written, "{length}");
        }
        assert_eq!(read(&twice).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let mut odd = WRITTEN;
        odd[0] = 9;
        assert!(read(&odd).is_err());
    }
}
