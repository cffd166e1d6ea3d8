//! The bench a clause works at: a store in a fresh folder, and calls that fail the clause when
//! the store does not answer, or not as it should.

use std::fmt::Debug;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use libtest_mimic::Failed;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::batch::key;
use super::{Outcome, Subject, ensure};
use crate::{Commit, Key, Page, Record, Store, StoreError, StoreErrorKind};

/// How long one call may take before it counts as lost.
const PATIENCE: Duration = Duration::from_mins(2);

/// Held for writing while a child is started, for reading while a store is closed: between its
/// start and its program a child holds a copy of every open file, and with it of every lock.
static STARTING: RwLock<()> = RwLock::new(());

pub(super) struct Bench<S: ?Sized = dyn Store> {
    subject: Arc<Subject<S>>,
    store: Option<Arc<S>>,
    runtime: Runtime,
    folder: TempDir,
}

impl<S: ?Sized> Bench<S> {
    pub(super) fn new(subject: Arc<Subject<S>>) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let mut bench = Self { subject, store: None, runtime: runtime()?, folder };
        bench.open()?;
        Ok(bench)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One more handle of the open store, for a task.
    pub(super) fn handle(&self) -> Result<Arc<S>, Failed> {
        self.store.clone().ok_or_else(|| Failed::from("the store is closed"))
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, Failed> {
        let patient = async { timeout(PATIENCE, future).await };
        self.runtime.block_on(patient).map_err(|_| Failed::from("the store does not answer"))
    }

    /// Opens the folder once more, whatever comes of it.
    pub(super) fn try_open(&self) -> Result<Result<Arc<S>, StoreError>, Failed> {
        self.block_on(self.subject.open(self.folder().to_owned()))
    }

    pub(super) fn open(&mut self) -> Outcome {
        self.store = Some(self.try_open()??);
        Ok(())
    }

    pub(super) fn close(&mut self) {
        let closing = STARTING.read().unwrap_or_else(PoisonError::into_inner);
        self.store = None;
        drop(closing);
    }

    /// Runs `check`, and for a durable store once more after the folder was closed and opened.
    pub(super) fn holds(&mut self, check: impl Fn(&Self) -> Outcome) -> Outcome {
        check(self)?;
        if self.subject.is_durable() {
            self.close();
            self.open()?;
            check(self).map_err(|failed| after("after reopening", &failed))?;
        }
        Ok(())
    }
}

impl Bench {
    pub(super) fn try_commit(
        &self,
        commit: impl Into<Commit>,
    ) -> Result<Result<(), StoreError>, Failed> {
        let store = self.handle()?;
        self.block_on(async { store.commit(commit.into()).await })
    }

    pub(super) fn commit(&self, commit: impl Into<Commit>) -> Outcome {
        Ok(self.try_commit(commit)??)
    }

    /// A commit that has to be refused with `Conflict`.
    pub(super) fn conflicts(&self, what: &str, commit: impl Into<Commit>) -> Outcome {
        match self.try_commit(commit)? {
            Ok(()) => Err(Failed::from(format!("{what}: it was kept"))),
            Err(error) => same(what, error.kind(), StoreErrorKind::Conflict),
        }
    }

    pub(super) fn read(
        &self,
        stream: impl AsRef<[u8]>,
        after: u64,
        limit: usize,
    ) -> Result<Page, Failed> {
        let (store, stream) = (self.handle()?, key(stream));
        Ok(self.block_on(async { store.read(&stream, after, limit).await })??)
    }

    pub(super) fn scan(
        &self,
        prefix: impl AsRef<[u8]>,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, Failed> {
        let (store, after) = (self.handle()?, after.map(key));
        Ok(self.block_on(async { store.scan(prefix.as_ref(), after.as_ref(), limit).await })??)
    }

    pub(super) fn trim(&self, stream: impl AsRef<[u8]>, upto: u64) -> Outcome {
        let (store, stream) = (self.handle()?, key(stream));
        Ok(self.block_on(async { store.trim(&stream, upto).await })??)
    }

    pub(super) fn forget(&self, stream: impl AsRef<[u8]>) -> Outcome {
        let (store, stream) = (self.handle()?, key(stream));
        Ok(self.block_on(async { store.forget(&stream).await })??)
    }

    /// The whole stream is these records and no others.
    pub(super) fn stream_is(&self, stream: impl AsRef<[u8]>, records: &[Record]) -> Outcome {
        let page = self.read(&stream, 0, usize::MAX)?;
        let name = key(stream);
        same(&format!("{name:?} starts"), page.kept_from, 1)?;
        let last = records.last().map_or(0, Record::last);
        same(&format!("{name:?} ends"), page.last, last)?;
        same_records(&format!("{name:?}"), &page.records, records)
    }

    /// The value of a fact, found by a scan.
    pub(super) fn fact(&self, name: impl AsRef<[u8]>) -> Result<Option<Bytes>, Failed> {
        let found = self.scan(&name, None, 1)?.into_iter().next();
        Ok(found.filter(|(key, _)| key.as_bytes() == name.as_ref()).map(|(_, value)| value))
    }
}

impl<S: ?Sized> Drop for Bench<S> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Runs `start`, which starts a child, while no store is being closed.
pub(super) fn starting<T>(start: impl FnOnce() -> T) -> T {
    let starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    let started = start();
    drop(starting);
    started
}

/// Two threads, so that calls overlap also in a store that never waits.
pub(super) fn runtime() -> Result<Runtime, Failed> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// The two are the same.
#[expect(clippy::needless_pass_by_value, reason = "both sides are mostly made in the call")]
pub(super) fn same<T: PartialEq + Debug>(what: &str, got: T, want: T) -> Outcome {
    ensure(got == want, || format!("{what}: {got:?}, and not {want:?}"))
}

/// The same records; says where they differ, and leaves out bodies that may be large.
pub(super) fn same_records(what: &str, got: &[Record], want: &[Record]) -> Outcome {
    same(&format!("{what}: number of records"), got.len(), want.len())?;
    for (got, want) in got.iter().zip(want) {
        let first = want.first;
        same(&format!("{what}: numbers"), (got.first, got.span), (first, want.span))?;
        ensure(got.body == want.body, || format!("{what}: the body of {first} has changed"))?;
    }
    Ok(())
}

pub(super) fn after(what: &str, failed: &Failed) -> Failed {
    Failed::from(format!("{what}: {}", failed.message().unwrap_or_default()))
}
