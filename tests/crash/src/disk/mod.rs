//! What a disk may hold after its power was cut: what a folder held when the program started, and of
//! what the program did since then all that was synced, and some of the rest.
//!
//! The model is strict and simple:
//!
//! - A file has what was written to it before its last sync that has ended began. Of what was written
//!   later there is nothing, or each sector of 4096 bytes as it stood at some moment; the cut decides
//!   which, by its seed. A length that was cut off later is there or not, likewise.
//! - That a path was created, renamed or unlinked is certain once its folder, or for a new path the file
//!   itself, was synced. Until then it is not there, or it may be, path by path.
//! - Folders that were made are there. `-shm` files and locks are not: nobody needs them again.

mod file;
pub(crate) mod journal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::rngs::StdRng;

use crate::failure::Result;
use file::{Edit, File};
use journal::{Change, Entry};

/// A folder on a disk that can lose its power.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// Which file goes by a path, for whoever asks.
    now: BTreeMap<String, usize>,
    /// The same as it is certain to be after a cut.
    durable: BTreeMap<String, usize>,
    /// Syncs that have begun: of which path and file, and before which change.
    syncs: BTreeMap<u64, (String, Option<usize>, u64)>,
    changes: u64,
}

impl Disk {
    /// What is in a folder, all of it certain.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let mut disk = Self::default();
        for path in files_below(folder)?.into_iter().filter(|path| is_kept(path)) {
            let name = path.to_str().ok_or("a path that is not UTF-8")?.to_owned();
            disk.add(name, fs::read(&path)?);
        }
        Ok(disk)
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) {
        self.now.insert(path.clone(), self.files.len());
        self.durable.insert(path, self.files.len());
        self.files.push(File::of(bytes));
    }

    /// Does to the disk what a program did.
    pub(crate) fn replay(&mut self, entries: Vec<Entry>) -> Result<()> {
        entries.into_iter().try_for_each(|(path, change)| self.change(path, change))
    }

    fn change(&mut self, path: String, change: Change) -> Result<()> {
        self.changes += 1;
        match change {
            Change::Created => {
                self.now.insert(path, self.files.len());
                self.files.push(File::default());
            }
            Change::Written(place, bytes) => self.edit(&path, Edit::Write(place, bytes))?,
            Change::Cut(length) => self.edit(&path, Edit::Cut(length))?,
            Change::SyncStarted(sync) => {
                let file = self.now.get(&path).copied();
                self.syncs.insert(sync, (path, file, self.changes));
            }
            Change::Synced(sync) => self.synced(sync),
            Change::Unlinked => drop(self.now.remove(&path)),
            Change::Renamed(to) => {
                let file = self.now.remove(&path).ok_or("a rename of nothing")?;
                self.now.insert(to, file);
            }
        }
        Ok(())
    }

    fn edit(&mut self, path: &str, edit: Edit) -> Result<()> {
        let file = self.now.get(path).and_then(|file| self.files.get_mut(*file));
        file.ok_or_else(|| format!("{path} was written and never created"))?
            .edit(self.changes, edit);
        Ok(())
    }

    fn synced(&mut self, sync: u64) {
        match self.syncs.remove(&sync) {
            Some((path, Some(index), before)) => {
                if let Some(file) = self.files.get_mut(index) {
                    file.sync(before);
                }
                if self.now.get(&path) == Some(&index) {
                    self.durable.insert(path, index);
                }
            }
            Some((folder, None, _)) => self.synced_folder(&folder),
            None => {}
        }
    }

    fn synced_folder(&mut self, folder: &str) {
        let inside = |path: &str| Path::new(path).parent() == Some(Path::new(folder));
        self.durable.retain(|path, _| !inside(path));
        let names = self.now.iter().filter(|(path, _)| inside(path));
        self.durable.extend(names.map(|(path, file)| (path.clone(), *file)));
    }

    /// Refuses a disk that is not what a folder is when all of it was written.
    pub(crate) fn compare(&self, folder: &Path) -> Result<()> {
        let is = Self::of(folder)?;
        let whole = |disk: &Self| -> BTreeMap<String, Vec<u8>> {
            let files =
                disk.now.iter().filter_map(|(path, file)| Some((path, disk.files.get(*file)?)));
            files.map(|(path, file)| (path.clone(), file.whole())).collect()
        };
        let (is, noted) = (whole(&is), whole(self));
        match is.keys().chain(noted.keys()).find(|path| is.get(*path) != noted.get(*path)) {
            None => Ok(()),
            Some(path) => Err(format!("not all was noted that was done to {path}").into()),
        }
    }

    /// What is there after a cut, by path.
    pub(crate) fn cut(&self, rng: &mut StdRng) -> BTreeMap<String, Vec<u8>> {
        let torn = rng.random_bool(0.5);
        let mut names = self.durable.clone();
        if torn {
            self.tear_names(&mut names, rng);
        }
        let files =
            names.into_iter().filter_map(|(path, file)| Some((path, self.files.get(file)?)));
        files
            .map(|(path, file)| (path, if torn { file.torn(rng) } else { file.durable() }))
            .collect()
    }

    /// Some of what was done to names had reached the disk. What was renamed goes by one of its names.
    fn tear_names(&self, names: &mut BTreeMap<String, usize>, rng: &mut StdRng) {
        for (path, file) in &self.now {
            if names.get(path) != Some(file) && rng.random_bool(0.5) {
                names.retain(|_, other| other != file);
                names.insert(path.clone(), *file);
            }
        }
        let gone = |path: &String, file: &usize| {
            !self.now.contains_key(path) && !self.now.values().any(|other| other == file)
        };
        names.retain(|path, file| !gone(path, file) || rng.random_bool(0.5));
    }
}

/// Makes a folder hold these files and no others; the folders in it stay.
pub(crate) fn rebuild(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    for path in files_below(folder)? {
        fs::remove_file(path)?;
    }
    for (path, bytes) in files {
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// All files below a folder, at any depth.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// Whether a file outlives its program: shared memory and locks do not.
pub(crate) fn is_kept(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.ends_with("-shm") && !name.ends_with(".lock")
}

#[cfg(test)]
mod tests;
