//! A durable store in a folder: one file a change, applied in order to a memory store on opening.
//!
//! It shows how little a store needs. It never gives room back, and writes on the caller's thread.

mod change;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arcp_store::{
    Bytes, Commit, Key, MemoryStore, Page, Store, StoreError, StoreErrorKind, async_trait,
};

use change::Change;

/// The store: what the files say is in `memory`, and `lock` holds the folder.
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
    memory: MemoryStore,
    written: Mutex<u64>,
    lock: File,
}

impl FolderStore {
    /// Opens the store in `folder`, which is made if it is not there.
    pub fn open(folder: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&folder).map_err(unavailable)?;
        let lock = File::create(folder.join("lock")).map_err(unavailable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::new(StoreErrorKind::Locked, error),
            TryLockError::Error(error) => unavailable(error),
        })?;
        let store = Self { folder, memory: MemoryStore::new(), written: Mutex::new(0), lock };
        let mut written = 0;
        while let Some(bytes) = store.file(written + 1)? {
            Change::decode(&bytes)?.apply(&store.memory)?;
            written += 1;
        }
        *store.written.lock().unwrap_or_else(PoisonError::into_inner) = written;
        Ok(store)
    }

    fn file(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.folder.join(number.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(unavailable),
        }
    }

    /// Writes the change to disk, then shows it to readers.
    fn keep(&self, change: &Change) -> Result<(), StoreError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        change.check(&self.memory)?;
        self.write(*written + 1, &change.encode()).map_err(unavailable)?;
        *written += 1;
        change.apply(&self.memory)
    }

    /// A file is there whole or not at all: it gets its name once its bytes are on the disk.
    fn write(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        let (part, whole) = (self.folder.join("part"), self.folder.join(number.to_string()));
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(part, &whole)?;
        File::open(&self.folder)?.sync_all().or_else(|error| fs::remove_file(whole).and(Err(error)))
    }
}

impl Drop for FolderStore {
    /// Unlocks at once, also while a child that is being started has a copy of the file.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            eprintln!("cannot unlock {}: {error}", self.folder.display());
        }
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
        self.keep(&Change::Trim(stream.clone(), upto))
    }
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, error)
}
