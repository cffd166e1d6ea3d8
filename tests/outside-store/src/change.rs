//! A change of the store as bytes: a row for each thing in it, a tag and four fields.

use arcp_store::{Append, Bytes, Commit, Key, MemoryStore, Record, StoreError, StoreErrorKind};

/// What one file holds.
pub enum Change {
    Commit(Commit),
    Trim(Key, u64),
}

const APPEND: u8 = 1;
const PUT: u8 = 2;
const DELETE: u8 = 3;
const TRIM: u8 = 4;

impl Change {
    pub fn check(&self, memory: &MemoryStore) -> Result<(), StoreError> {
        match self {
            Self::Commit(commit) => memory.check(commit),
            Self::Trim(..) => Ok(()),
        }
    }

    pub fn apply(&self, memory: &MemoryStore) -> Result<(), StoreError> {
        match self {
            Self::Commit(commit) => memory.apply(commit)?,
            Self::Trim(stream, upto) => memory.forget(stream, *upto),
        }
        Ok(())
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Commit(commit) => {
                for Append { stream, record } in &commit.appends {
                    row(&mut bytes, APPEND, record.first, record.span, stream, &record.body);
                }
                commit.puts.iter().for_each(|(key, value)| row(&mut bytes, PUT, 0, 0, key, value));
                commit.deletes.iter().for_each(|key| row(&mut bytes, DELETE, 0, 0, key, &[]));
            }
            Self::Trim(stream, upto) => row(&mut bytes, TRIM, *upto, 0, stream, &[]),
        }
        bytes
    }

    pub fn decode(mut bytes: &[u8]) -> Result<Self, StoreError> {
        let cut = || StoreError::new(StoreErrorKind::Corrupt, "a file of the store is cut");
        let mut commit = Commit::default();
        while !bytes.is_empty() {
            let (tag, first, span, key, body) = take_row(&mut bytes).ok_or_else(cut)?;
            match tag {
                APPEND => {
                    let record = Record { first, span, body };
                    commit.appends.push(Append { stream: key, record });
                }
                PUT => commit.puts.push((key, body)),
                DELETE => commit.deletes.push(key),
                TRIM => return Ok(Self::Trim(key, first)),
                _ => return Err(cut()),
            }
        }
        Ok(Self::Commit(commit))
    }
}

fn row(bytes: &mut Vec<u8>, tag: u8, first: u64, span: u32, key: &Key, body: &[u8]) {
    bytes.push(tag);
    bytes.extend(first.to_le_bytes());
    bytes.extend(span.to_le_bytes());
    for part in [key.as_bytes(), body] {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
}

fn take_row(bytes: &mut &[u8]) -> Option<(u8, u64, u32, Key, Bytes)> {
    let [tag] = take(bytes)?;
    let (first, span) = (u64::from_le_bytes(take(bytes)?), u32::from_le_bytes(take(bytes)?));
    let (key, body) = (take_part(bytes)?, take_part(bytes)?);
    Some((tag, first, span, Key::new(key), body))
}

fn take_part(bytes: &mut &[u8]) -> Option<Bytes> {
    let length = u64::from_le_bytes(take(bytes)?).try_into().ok()?;
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(Bytes::copy_from_slice(part))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}
