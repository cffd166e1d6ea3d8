//! A durable store in a folder: one file a change, done again in memory on opening.
//!
//! It shows how little a store needs. It never gives room back, and writes on the caller's thread.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arcp_store::{Bytes, Change, Commit, Key, MemoryStore, Page, Store, StoreError, async_trait};

/// The store. `entries` is the folder itself, open and locked; `next` names the next file.
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
    entries: File,
    memory: MemoryStore,
    next: Mutex<u64>,
}

impl FolderStore {
    /// Opens the store in `folder`, which is made if it is not there.
    pub fn open(folder: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&folder)?;
        let entries = File::open(&folder)?;
        entries.try_lock()?;
        let (memory, mut next) = (MemoryStore::new(), 1_u64);
        while fs::exists(folder.join(next.to_string()))? {
            memory.redo(&Change::decode(&fs::read(folder.join(next.to_string()))?)?)?;
            next += 1;
        }
        Ok(Self { folder, entries, memory, next: Mutex::new(next) })
    }

    /// Writes the change to disk, then shows it to readers.
    fn keep(&self, change: &Change) -> Result<(), StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if let Change::Commit(commit) = change {
            self.memory.check(commit)?;
        }
        let (part, whole) = (self.folder.join("part"), self.folder.join(next.to_string()));
        let mut file = File::create(&part)?;
        file.write_all(&change.encode())?;
        file.sync_all()?;
        // A file is there whole or not at all: it gets its name once its bytes are on the disk.
        fs::rename(part, &whole)?;
        self.entries.sync_all().or_else(|error| fs::remove_file(whole).and(Err(error)))?;
        *next += 1;
        self.memory.redo(change)
    }
}

impl Drop for FolderStore {
    /// Unlocks at once, also while a child that is being started has a copy of the open folder.
    fn drop(&mut self) {
        // Should it fail, the end of the last copy unlocks.
        self.entries.unlock().ok();
    }
}

#[async_trait]
impl Store for FolderStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.keep(&Change::Commit(commit))
    }

    async fn read(&self, stream: &Key, after: u64, limit: usize) -> Result<Page, StoreError> {
        Ok(self.memory.page(stream, after, limit))
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        Ok(self.memory.facts(prefix, after, limit))
    }

    async fn trim(&self, stream: &Key, upto: u64) -> Result<(), StoreError> {
        self.keep(&Change::Trim { stream: stream.clone(), upto })
    }

    async fn forget(&self, stream: &Key) -> Result<(), StoreError> {
        self.keep(&Change::Forget { stream: stream.clone() })
    }
}
