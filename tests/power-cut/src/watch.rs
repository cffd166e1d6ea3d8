//! Which descriptors are of the folder, and the journal of what is done to them.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::journal::{Change, append};

/// What is watched; `None` in a program that nobody asked to watch.
pub(crate) fn watch() -> Option<MutexGuard<'static, Watch>> {
    static WATCH: OnceLock<Option<Mutex<Watch>>> = OnceLock::new();
    let watch = WATCH.get_or_init(|| Watch::from_environment().map(Mutex::new)).as_ref()?;
    Some(watch.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The folder, and the open files of it.
#[derive(Debug)]
pub(crate) struct Watch {
    folder: String,
    journal: RawFd,
    /// The path by which an open file goes; `None` once it was unlinked.
    open: BTreeMap<RawFd, Option<String>>,
    syncs: u64,
}

impl Watch {
    fn from_environment() -> Option<Self> {
        let folder = std::env::var("ARCP_CUT_FOLDER").ok()?;
        let journal = std::env::var_os("ARCP_CUT_JOURNAL")?;
        let path = CString::new(journal.as_bytes()).ok()?;
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
        // SAFETY: the path is a C string that lives until the call returns.
        let journal =
            unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0o600) };
        match RawFd::try_from(journal) {
            Ok(journal) if journal >= 0 => {
                Some(Self { folder, journal, open: BTreeMap::new(), syncs: 0 })
            }
            _ => std::process::abort(),
        }
    }

    /// Whether a path is of the folder, or the folder; but for what is of no use after a power cut.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.folder.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && !path.ends_with("-shm")
            && !path.ends_with(".lock")
    }

    pub(crate) fn opened(&mut self, file: RawFd, path: &str) {
        self.open.insert(file, Some(path.to_owned()));
    }

    pub(crate) fn closed(&mut self, file: RawFd) {
        self.open.remove(&file);
    }

    /// The path of an open file of the folder, unless it has none any more.
    pub(crate) fn path(&self, file: RawFd) -> Option<&str> {
        self.open.get(&file)?.as_deref()
    }

    pub(crate) fn note(&self, path: &str, change: Change<'_>) {
        append(self.journal, &change.record(path));
    }

    /// Notes a change of an open file, if it is of the folder.
    pub(crate) fn note_of(&self, file: RawFd, change: Change<'_>) {
        if let Some(path) = self.path(file) {
            self.note(path, change);
        }
    }

    pub(crate) fn next_sync(&mut self) -> u64 {
        self.syncs += 1;
        self.syncs
    }

    /// Files that are open under `from` go by `to` now.
    pub(crate) fn moved(&mut self, from: &str, to: Option<&str>) {
        for path in self.open.values_mut() {
            if path.as_deref() == to {
                *path = None;
            } else if path.as_deref() == Some(from) {
                *path = to.map(str::to_owned);
            }
        }
    }
}
