//! Going over what a store has, a page at a time.

use std::vec::IntoIter;

use arcp::core::Record;
use arcp::store::{Bytes, Key, Page, Store, StoreError};
use arcp::store_sqlite::maintenance::Folder;

/// The facts under a prefix, in the order of their keys.
pub(super) struct Facts<'a> {
    store: &'a dyn Store,
    prefix: &'a [u8],
    after: Option<Key>,
    page: IntoIter<(Key, Bytes)>,
}

impl<'a> Facts<'a> {
    pub(super) fn under(store: &'a dyn Store, prefix: &'a [u8]) -> Self {
        Self { store, prefix, after: None, page: IntoIter::default() }
    }

    pub(super) async fn next(&mut self) -> Result<Option<(Key, Bytes)>, StoreError> {
        if self.page.as_slice().is_empty() {
            let page = self.store.scan(self.prefix, self.after.as_ref(), AT_ONCE).await?;
            self.page = page.into_iter();
        }
        let next = self.page.next();
        self.after = next.as_ref().map(|(key, _)| key.clone()).or(self.after.take());
        Ok(next)
    }
}

/// How many facts there are under a prefix.
pub(super) async fn count(store: &dyn Store, prefix: &[u8]) -> Result<u64, StoreError> {
    let (mut facts, mut count) = (Facts::under(store, prefix), 0);
    while facts.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// One fact, if it is there.
pub(super) async fn fact(store: &dyn Store, key: &Key) -> Result<Option<Bytes>, StoreError> {
    let facts = store.scan(key.as_bytes(), None, 1).await?;
    Ok(facts.into_iter().next().filter(|(found, _)| found == key).map(|(_, value)| value))
}

/// How far a stream reaches: a page without records.
pub(super) async fn reach(store: &dyn Store, stream: &Key) -> Result<Page, StoreError> {
    store.read(stream, u64::MAX, 0).await
}

/// The names of streams in order.
pub(super) struct Streams<'a> {
    folder: &'a Folder,
    after: Option<Key>,
    page: IntoIter<Key>,
}

impl<'a> Streams<'a> {
    pub(super) fn of(folder: &'a Folder) -> Self {
        Self { folder, after: None, page: IntoIter::default() }
    }

    pub(super) fn next(&mut self) -> Result<Option<Key>, StoreError> {
        if self.page.as_slice().is_empty() {
            self.page = self.folder.streams(self.after.as_ref(), AT_ONCE)?.into_iter();
        }
        let next = self.page.next();
        self.after = next.clone().or(self.after.take());
        Ok(next)
    }
}

/// The number behind a record. Unlike `Record::last` it stands damage.
pub(super) fn behind(record: &Record) -> u64 {
    record.first.saturating_add(record.span.into())
}

/// What comes after a prefix of a name, as text.
pub(super) fn rest<'a>(name: &'a Key, prefix: &[u8]) -> Option<&'a str> {
    std::str::from_utf8(name.as_bytes().strip_prefix(prefix)?).ok()
}

/// What is read of a stream at a time, in bytes.
pub(super) const CHUNK: usize = 256 << 10;
/// Names read at a time.
const AT_ONCE: usize = 256;
