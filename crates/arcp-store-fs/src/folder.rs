//! What is done with the files of the folder, one call at a time.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use arcp_store::{Bytes, Key, check_blob_name};
use tempfile::Builder;

use crate::Durability;
use crate::error::{Result, failed};
use crate::name::{self, PART};
use crate::open::sync;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    durability: Durability,
    /// Held for writing while the entries are listed, for reading while one changes: where a file
    /// is replaced in the meantime, a system may tell neither of the two.
    entries: RwLock<()>,
}

impl Folder {
    pub(crate) fn new(path: PathBuf, durability: Durability) -> Self {
        Self { path, durability, entries: RwLock::new(()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the bytes to a file that is no blob yet, and then gives it its name.
    ///
    /// The file is a new one of ours, and what has the name is replaced and not written to: a
    /// link in its place leads nowhere.
    pub(crate) fn put(&self, name: &Key, bytes: &[u8]) -> Result<()> {
        check_blob_name(name)?;
        let path = self.file(name);
        self.write(&path, bytes).map_err(|error| failed("writing", &path, &error))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // Its owner's alone. It is removed again unless it becomes the blob.
        let mut part = Builder::new().prefix(PART).tempfile_in(&self.path)?;
        part.write_all(bytes)?;
        if self.durability == Durability::Full {
            part.as_file().sync_all()?;
        }
        self.changing(|| part.persist(path))?;
        self.sync()
    }

    pub(crate) fn get(&self, name: &Key) -> Result<Option<Bytes>> {
        Ok(self.look("reading", name, read)?.map(Bytes::from))
    }

    pub(crate) fn size(&self, name: &Key) -> Result<Option<u64>> {
        self.look("looking at", name, size)
    }

    /// What `seen` tells of a blob's file, or none when there is no such blob.
    fn look<T>(
        &self,
        doing: &str,
        name: &Key,
        seen: fn(&Path) -> io::Result<T>,
    ) -> Result<Option<T>> {
        if check_blob_name(name).is_err() {
            return Ok(None);
        }
        let path = self.file(name);
        match seen(&path) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => self.is_there().map(|()| None),
            Err(error) => Err(failed(doing, &path, &error)),
        }
    }

    pub(crate) fn delete(&self, name: &Key) -> Result<()> {
        if check_blob_name(name).is_err() {
            return Ok(());
        }
        let path = self.file(name);
        match self.changing(|| fs::remove_file(&path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => self.is_there()?,
            removed => removed.map_err(|error| failed("removing", &path, &error))?,
        }
        // Also when nothing was there: an earlier call may have failed here.
        self.sync().map_err(|error| failed("removing", &path, &error))
    }

    /// Reads all entries, whatever the limit, but holds no more names than that.
    pub(crate) fn list(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>> {
        let failed = |error| failed("listing", &self.path, &error);
        let unchanged = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let Some(name) = blob_of(&entry.map_err(failed)?, after).map_err(failed)? else {
                continue;
            };
            names.insert(name);
            if names.len() > limit {
                names.pop_last();
            }
        }
        drop(unchanged);
        Ok(names.into_iter().collect())
    }

    fn file(&self, name: &Key) -> PathBuf {
        self.path.join(name::encode(name))
    }

    fn changing<T>(&self, change: impl FnOnce() -> T) -> T {
        let changing = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let changed = change();
        drop(changing);
        changed
    }

    fn sync(&self) -> io::Result<()> {
        if self.durability == Durability::Full { sync(&self.path) } else { Ok(()) }
    }

    /// A folder that is gone is not one without blobs.
    fn is_there(&self) -> Result<()> {
        let found = fs::metadata(&self.path);
        found.map(drop).map_err(|error| failed("looking into", &self.path, &error))
    }
}

/// The bytes of a file that is one: no link is followed, and no pipe waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    size(path)?;
    fs::read(path)
}

/// How many bytes a file has that is one: no link is followed.
fn size(path: &Path) -> io::Result<u64> {
    let found = fs::symlink_metadata(path)?;
    if found.is_file() {
        return Ok(found.len());
    }
    Err(io::Error::new(ErrorKind::InvalidData, "it is not a file; move it away"))
}

/// The blob that an entry is, if it is one after `after`.
fn blob_of(entry: &DirEntry, after: Option<&Key>) -> io::Result<Option<Key>> {
    let name = name::decode(&entry.file_name());
    let Some(name) = name.filter(|name| after.is_none_or(|after| name > after)) else {
        return Ok(None);
    };
    Ok(entry.file_type()?.is_file().then_some(name))
}
