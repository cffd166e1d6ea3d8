//! A walk through a tree: depth first, by name, no folder listed before the lease allows it.
//!
//! `walkdir` lists a folder before it says that it is there, which is too early to ask.

use std::path::{Path, PathBuf};
use std::{fs, io, vec};

use arcp::agent::{Fault, JobContext};

use super::{allowed, blocking};
use crate::agents::waiting;

/// A walk under way. It holds the names in the folders on the way down, and nothing else.
#[derive(Debug)]
pub(super) struct Walk {
    job: JobContext,
    skip: Vec<String>,
    /// What is left of each folder on the way down.
    open: Vec<vec::IntoIter<Entry>>,
}

/// Something that a walk comes across.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its canonical path.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a walk comes across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder; what lies in it comes next.
    Folder,
    /// A folder that is not to be entered.
    Skipped,
    /// A folder that the lease does not cover.
    Denied,
    /// A file; the lease has not been asked.
    File,
    /// A symbolic link; the lease has not been asked.
    Link,
    /// A pipe, socket or device, which must not be opened.
    Special,
    /// It cannot be listed, or not be told what it is.
    Unreadable(io::ErrorKind),
}

impl Walk {
    /// A walk through the folder at the canonical path `root`, which comes first.
    pub(super) fn new(job: &JobContext, root: &Path, skip: &[String]) -> Self {
        let root = Entry { path: root.to_owned(), kind: Kind::Folder };
        Self { job: job.clone(), skip: skip.to_vec(), open: vec![vec![root].into_iter()] }
    }

    /// What comes next.
    ///
    /// Fails when the job is asked to end, and with what ends a lease.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, Fault> {
        waiting::check(&self.job)?;
        while let Some(folder) = self.open.last_mut() {
            match folder.next() {
                None => drop(self.open.pop()),
                Some(entry) if entry.kind == Kind::Folder => {
                    return self.enter(entry.path).await.map(Some);
                }
                Some(entry) => return Ok(Some(entry)),
            }
        }
        Ok(None)
    }

    async fn enter(&mut self, path: PathBuf) -> Result<Entry, Fault> {
        // The one entry that lies in no folder is the root, and that has been asked for by name.
        let is_root = self.open.len() == 1;
        let name = path.file_name().unwrap_or_default();
        let kind = if !is_root && self.skip.iter().any(|skip| name == skip.as_str()) {
            Kind::Skipped
        } else if allowed(&self.job, &path).await? {
            self.open(path.clone()).await?
        } else {
            Kind::Denied
        };
        Ok(Entry { path, kind })
    }

    async fn open(&mut self, path: PathBuf) -> Result<Kind, Fault> {
        Ok(match blocking(move || list(&path)).await? {
            Ok(entries) => {
                self.open.push(entries.into_iter());
                Kind::Folder
            }
            Err(error) => Kind::Unreadable(error.kind()),
        })
    }
}

/// What lies in the folder, by name.
fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    // Since its name was read it may have become a link.
    if !folder.symlink_metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let mut entries = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry_of(&entry)))
        .collect::<io::Result<Vec<_>>>()?;
    // All have the same parent, so that this compares the names' bytes.
    entries.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    Ok(entries)
}

fn entry_of(entry: &fs::DirEntry) -> Entry {
    let kind = match entry.file_type() {
        Ok(kind) if kind.is_dir() => Kind::Folder,
        Ok(kind) if kind.is_file() => Kind::File,
        Ok(kind) if kind.is_symlink() => Kind::Link,
        Ok(_) => Kind::Special,
        Err(error) => Kind::Unreadable(error.kind()),
    };
    Entry { path: entry.path(), kind }
}
