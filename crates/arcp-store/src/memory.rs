//! The store in memory: what the contract means, in its plainest form.
//!
//! It keeps nothing beyond the life of its last handle.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arcp_core::{Append, Commit, Key, Record};
use async_trait::async_trait;
use bytes::Bytes;

use crate::{Change, Page, Store, StoreError, StoreErrorKind};

/// A store in memory. A clone is the same store.
///
/// The methods of its own are synchronous, so that a simulation needs no executor; those of
/// [`Store`] call them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    kept: Arc<RwLock<Kept>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whether `commit` would be kept now, and keeps nothing.
    pub fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        self.look().check(&commit.appends)
    }

    /// Keeps `commit` whole, or returns why not and keeps nothing of it.
    pub fn apply(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut kept = self.change();
        kept.check(&commit.appends)?;
        kept.keep(commit);
        Ok(())
    }

    /// The records of `stream` after the number `after`, up to `limit` bytes of bodies.
    pub fn page(&self, stream: &Key, after: u64, limit: usize) -> Page {
        let kept = self.look();
        match kept.streams.get(stream) {
            Some(log) => log.page(after, limit),
            None => Log::default().page(after, limit),
        }
    }

    /// The facts that start with `prefix`, after the key `after`, at most `limit`.
    pub fn facts(&self, prefix: &[u8], after: Option<&Key>, limit: usize) -> Vec<(Key, Bytes)> {
        let prefix = Key::new(Bytes::copy_from_slice(prefix));
        let from = match after {
            Some(after) if *after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(&prefix),
        };
        let kept = self.look();
        kept.facts
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.as_bytes().starts_with(prefix.as_bytes()))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Forgets the records of `stream` that lie wholly at or below `upto`.
    pub fn forget_upto(&self, stream: &Key, upto: u64) {
        if let Some(log) = self.change().streams.get_mut(stream) {
            log.forget(upto);
        }
    }

    /// Forgets `stream` altogether.
    pub fn forget_stream(&self, stream: &Key) {
        self.change().streams.remove(stream);
    }

    /// Does what `change` says: what a store that keeps whole changes does on opening.
    pub fn redo(&self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Commit(commit) => self.apply(commit)?,
            Change::Trim { stream, upto } => self.forget_upto(stream, *upto),
            Change::Forget { stream } => self.forget_stream(stream),
        }
        Ok(())
    }

    // A lock is poisoned by a panic while it was held. Every change is checked before it begins
    // and none of its steps can fail, so what a poisoned lock guards is whole.
    fn look(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.apply(&commit)
    }

    async fn read(&self, stream: &Key, after: u64, limit: usize) -> Result<Page, StoreError> {
        Ok(self.page(stream, after, limit))
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        Ok(self.facts(prefix, after, limit))
    }

    async fn trim(&self, stream: &Key, upto: u64) -> Result<(), StoreError> {
        self.forget_upto(stream, upto);
        Ok(())
    }

    async fn forget(&self, stream: &Key) -> Result<(), StoreError> {
        self.forget_stream(stream);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Kept {
    streams: BTreeMap<Key, Log>,
    facts: BTreeMap<Key, Bytes>,
}

impl Kept {
    fn check(&self, appends: &[Append]) -> Result<(), StoreError> {
        let mut ends = BTreeMap::new();
        for append in appends {
            let end = match ends.entry(&append.stream) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(self.streams.get(&append.stream).map_or(0, |log| log.last))
                }
            };
            *end = end_after(*end, append)?;
        }
        Ok(())
    }

    fn keep(&mut self, commit: &Commit) {
        for append in &commit.appends {
            let log = self.streams.entry(append.stream.clone()).or_default();
            log.last = append.record.last();
            log.records.push_back(append.record.clone());
        }
        for (key, value) in &commit.puts {
            self.facts.insert(key.clone(), value.clone());
        }
        for key in &commit.deletes {
            self.facts.remove(key);
        }
    }
}

/// Where a stream that ends at `end` ends after `append`, or that it may not follow.
fn end_after(end: u64, append: &Append) -> Result<u64, StoreError> {
    let Record { first, span, .. } = append.record;
    let follows = span > 0 && first.checked_sub(1) == Some(end);
    match end.checked_add(u64::from(span)) {
        Some(last) if follows => Ok(last),
        _ => Err(StoreError::new(
            StoreErrorKind::Conflict,
            format!("{:?} ends at {end}, the record has {first} and span {span}", append.stream),
        )),
    }
}

/// One stream. INVARIANT: the records follow each other without a gap and the last one ends at
/// `last`; the contract suite checks it.
#[derive(Debug, Default)]
struct Log {
    records: VecDeque<Record>,
    last: u64,
}

impl Log {
    fn page(&self, after: u64, limit: usize) -> Page {
        let start = self.records.partition_point(|record| record.last() <= after);
        let mut used = 0_usize;
        let mut records = Vec::new();
        for record in self.records.range(start..) {
            used = used.saturating_add(record.body.len());
            if used > limit && !records.is_empty() {
                break;
            }
            records.push(record.clone());
        }
        Page { records, kept_from: self.kept_from(), last: self.last }
    }

    fn kept_from(&self) -> u64 {
        match self.records.front() {
            Some(record) => record.first,
            None => self.last.saturating_add(1),
        }
    }

    fn forget(&mut self, upto: u64) {
        while self.records.pop_front_if(|record| record.last() <= upto).is_some() {}
    }
}
