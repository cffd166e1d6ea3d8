//! A change of a store as bytes, for stores that keep whole changes one after the other.
//!
//! A store that keeps rows of its own, as in a database, has no use for it.

use arcp_core::{Append, Commit, Key, Record};
use bytes::Bytes;

use crate::{StoreError, StoreErrorKind};

/// What a store is told to do: a value that can be kept, and done again on opening with
/// [`MemoryStore::redo`](crate::MemoryStore::redo).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// [`Store::commit`](crate::Store::commit).
    Commit(Commit),
    /// [`Store::trim`](crate::Store::trim).
    Trim {
        /// The stream.
        stream: Key,
        /// The number up to which it is forgotten.
        upto: u64,
    },
    /// [`Store::forget`](crate::Store::forget).
    Forget {
        /// The stream.
        stream: Key,
    },
}

impl Change {
    /// The change as bytes. The first one is the version of the format.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        match self {
            Self::Commit(commit) => {
                bytes.push(COMMIT);
                encode_commit(&mut bytes, commit);
            }
            Self::Trim { stream, upto } => {
                bytes.push(TRIM);
                add_part(&mut bytes, stream.as_bytes());
                add_number(&mut bytes, *upto);
            }
            Self::Forget { stream } => {
                bytes.push(FORGET);
                add_part(&mut bytes, stream.as_bytes());
            }
        }
        bytes
    }

    /// The change that [`encode`](Self::encode) made these bytes of. Anything else is `Corrupt`,
    /// also when only the end is missing.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = |what: String| StoreError::new(StoreErrorKind::Corrupt, what);
        match bytes.split_first() {
            Some((&VERSION, rest)) => Rest(rest)
                .change()
                .ok_or_else(|| corrupt("the bytes of a change are cut or damaged".to_owned())),
            Some((version, _)) => {
                Err(corrupt(format!("a change in format {version}, not {VERSION}")))
            }
            None => Err(corrupt("a change without bytes".to_owned())),
        }
    }
}

fn encode_commit(bytes: &mut Vec<u8>, commit: &Commit) {
    let Commit { appends, puts, deletes } = commit;
    add_number(bytes, appends.len() as u64);
    for Append { stream, record } in appends {
        add_part(bytes, stream.as_bytes());
        add_number(bytes, record.first);
        add_number(bytes, record.span.into());
        add_part(bytes, &record.body);
    }
    add_number(bytes, puts.len() as u64);
    for (key, value) in puts {
        add_part(bytes, key.as_bytes());
        add_part(bytes, value);
    }
    add_number(bytes, deletes.len() as u64);
    for key in deletes {
        add_part(bytes, key.as_bytes());
    }
}

fn add_number(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(number.to_le_bytes());
}

fn add_part(bytes: &mut Vec<u8>, part: &[u8]) {
    add_number(bytes, part.len() as u64);
    bytes.extend(part);
}

/// What is still to be read. INVARIANT: room is made for what is there and never for what a
/// length says, so that damage costs an error and not the memory.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn change(mut self) -> Option<Change> {
        let [kind] = self.array()?;
        let change = match kind {
            COMMIT => Change::Commit(self.commit()?),
            TRIM => Change::Trim { stream: self.key()?, upto: self.number()? },
            FORGET => Change::Forget { stream: self.key()? },
            _ => return None,
        };
        self.0.is_empty().then_some(change)
    }

    fn commit(&mut self) -> Option<Commit> {
        Some(Commit {
            appends: self.list(Self::append)?,
            puts: self.list(|rest| Some((rest.key()?, rest.part()?)))?,
            deletes: self.list(Self::key)?,
        })
    }

    fn list<T>(&mut self, one: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn append(&mut self) -> Option<Append> {
        let (stream, first) = (self.key()?, self.number()?);
        let span = self.number()?.try_into().ok()?;
        Some(Append { stream, record: Record { first, span, body: self.part()? } })
    }

    fn key(&mut self) -> Option<Key> {
        self.part().map(Key::new)
    }

    fn part(&mut self) -> Option<Bytes> {
        let len = self.number()?.try_into().ok()?;
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(Bytes::copy_from_slice(part))
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

const VERSION: u8 = 1;
const COMMIT: u8 = 1;
const TRIM: u8 = 2;
const FORGET: u8 = 3;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Bytes> {
        vec(any::<u8>(), 0..40).prop_map(Bytes::from)
    }

    fn key() -> impl Strategy<Value = Key> {
        bytes().prop_map(Key::new)
    }

    fn append() -> impl Strategy<Value = Append> {
        (key(), any::<u64>(), any::<u32>(), bytes()).prop_map(|(stream, first, span, body)| {
            Append { stream, record: Record { first, span, body } }
        })
    }

    fn change() -> impl Strategy<Value = Change> {
        let commit = (vec(append(), 0..4), vec((key(), bytes()), 0..4), vec(key(), 0..4));
        let commit = commit
            .prop_map(|(appends, puts, deletes)| Change::Commit(Commit { appends, puts, deletes }));
        let trim = (key(), any::<u64>()).prop_map(|(stream, upto)| Change::Trim { stream, upto });
        let forget = key().prop_map(|stream| Change::Forget { stream });
        prop_oneof![3 => commit, 1 => trim, 1 => forget]
    }

    fn is_corrupt(bytes: &[u8]) -> bool {
        Change::decode(bytes).is_err_and(|error| error.kind() == StoreErrorKind::Corrupt)
    }

    proptest! {
        #[test]
        fn a_change_comes_back(change in change()) {
            prop_assert_eq!(Change::decode(&change.encode()).unwrap(), change);
        }

        #[test]
        fn a_change_that_is_cut_or_goes_on_is_corrupt(change in change(), more in bytes()) {
            let bytes = change.encode();
            for len in 0..bytes.len() {
                prop_assert!(is_corrupt(&bytes[..len]), "{} of {} bytes", len, bytes.len());
            }
            prop_assert!(more.is_empty() || is_corrupt(&[&bytes, &more[..]].concat()));
        }

        #[test]
        fn damage_is_corrupt_or_another_change(
            change in change(),
            at in any::<prop::sample::Index>(),
            flip in 1..=u8::MAX,
        ) {
            let mut bytes = change.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            match Change::decode(&bytes) {
                Ok(other) => prop_assert_ne!(other, change),
                Err(error) => prop_assert_eq!(error.kind(), StoreErrorKind::Corrupt),
            }
        }

        #[test]
        fn any_bytes_are_a_change_or_corrupt(mut bytes in vec(any::<u8>(), 0..200)) {
            // Most have another version; those that have ours get further.
            for version in [None, Some(VERSION)] {
                if let (Some(version), Some(first)) = (version, bytes.first_mut()) {
                    *first = version;
                }
                match Change::decode(&bytes) {
                    Ok(change) => prop_assert_eq!(change.encode(), &bytes[..]),
                    Err(error) => prop_assert_eq!(error.kind(), StoreErrorKind::Corrupt),
                }
            }
        }
    }

    #[test]
    fn lengths_without_bytes_behind_them_cost_nothing() {
        for kind in [COMMIT, TRIM, FORGET] {
            assert!(is_corrupt(&[&[VERSION, kind][..], &[u8::MAX; 8]].concat()));
            assert!(is_corrupt(&[&[VERSION, kind][..], &[u8::MAX; 64]].concat()));
        }
    }

    #[test]
    fn another_version_is_named() {
        let error = Change::decode(&[7, COMMIT]).unwrap_err();
        assert!(error.to_string().contains("format 7"), "{error}");
        assert!(is_corrupt(&[]));
    }

    #[test]
    fn the_format_stays_as_it_is() {
        let record = Record { first: 3, span: 2, body: Bytes::from_static(b"b") };
        let commit = Commit {
            appends: vec![Append { stream: Key::new("s"), record }],
            puts: vec![(Key::new("k"), Bytes::new())],
            deletes: Vec::new(),
        };
        let number = |low: u8| [low, 0, 0, 0, 0, 0, 0, 0];
        let one = number(1);
        let append = [&one[..], &one, b"s", &number(3), &number(2), &one, b"b"].concat();
        let rest = [&one[..], &one, b"k", &number(0), &number(0)].concat();
        let want = [&[1, 1][..], &append, &rest].concat();
        assert_eq!(Change::Commit(commit).encode(), want);
        let trim = Change::Trim { stream: Key::new("s"), upto: 9 };
        assert_eq!(trim.encode(), [&[1, 2][..], &one, b"s", &number(9)].concat());
        let forget = Change::Forget { stream: Key::new("s") };
        assert_eq!(forget.encode(), [&[1, 3][..], &one, b"s"].concat());
    }
}
