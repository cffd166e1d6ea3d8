//! A store around a store: it counts, fails and holds commits as a test wants it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arcp_core::{Commit, Key};
use arcp_store::{Bytes, Page, Store, StoreError, StoreErrorKind};
use async_trait::async_trait;
use tokio::sync::{oneshot, watch};

/// A store under observation.
pub(crate) struct Probe {
    // INVARIANT: dropped before `_gone`, which tells that the store is closed.
    inner: Box<dyn Store>,
    failures: Mutex<VecDeque<StoreErrorKind>>,
    hold: watch::Sender<Hold>,
    counts: watch::Sender<Counts>,
    session_reads: AtomicUsize,
    /// Reads that are still to fail.
    failing_reads: AtomicUsize,
    _gone: oneshot::Sender<()>,
}

/// Where commits wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Nowhere,
    Before,
    After,
}

/// What commits have come to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Those that were asked for.
    pub(crate) begun: usize,
    /// Those that the store has kept.
    pub(crate) kept: usize,
    /// Those that were made to fail.
    pub(crate) failed: usize,
}

impl Probe {
    /// Watches `inner`. The receiver ends when the store was dropped and is closed.
    pub(crate) fn new(inner: Box<dyn Store>) -> (Self, oneshot::Receiver<()>) {
        let (gone, closed) = oneshot::channel();
        let probe = Self {
            inner,
            failures: Mutex::default(),
            hold: watch::Sender::new(Hold::Nowhere),
            counts: watch::Sender::new(Counts::default()),
            session_reads: AtomicUsize::new(0),
            failing_reads: AtomicUsize::new(0),
            _gone: gone,
        };
        (probe, closed)
    }

    /// The next `count` commits fail like this.
    pub(crate) fn fail(&self, count: usize, kind: StoreErrorKind) {
        self.failures.lock().unwrap().extend(std::iter::repeat_n(kind, count));
    }

    /// The next `count` reads and scans fail in a way that passes.
    pub(crate) fn fail_reads(&self, count: usize) {
        self.failing_reads.store(count, Ordering::SeqCst);
    }

    /// How many reads are still to fail.
    pub(crate) fn failing_reads(&self) -> usize {
        self.failing_reads.load(Ordering::SeqCst)
    }

    /// From now on commits wait before they are kept.
    pub(crate) fn hold_before(&self) {
        self.hold.send_replace(Hold::Before);
    }

    /// From now on commits are kept, and then wait before anybody is told.
    pub(crate) fn hold_after(&self) {
        self.hold.send_replace(Hold::After);
    }

    /// From now on nothing is kept that was not given yet, and what waits goes on waiting.
    pub(crate) fn fence(&self) {
        self.hold.send_if_modified(|hold| {
            let open = matches!(hold, Hold::Nowhere);
            if open {
                *hold = Hold::Before;
            }
            open
        });
    }

    /// Lets commits go on.
    pub(crate) fn release(&self) {
        self.hold.send_replace(Hold::Nowhere);
    }

    /// How many commits there were so far.
    pub(crate) fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until the counts are as wanted.
    pub(crate) async fn until(&self, wanted: impl FnMut(&Counts) -> bool) {
        self.counts.subscribe().wait_for(wanted).await.unwrap();
    }

    /// How often a session's stream was read.
    pub(crate) fn session_reads(&self) -> usize {
        self.session_reads.load(Ordering::SeqCst)
    }

    fn may_read(&self) -> Result<(), StoreError> {
        let one_less = |left: usize| left.checked_sub(1);
        match self.failing_reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::new(StoreErrorKind::Unavailable, "the test wants it so")),
            Err(_) => Ok(()),
        }
    }

    async fn wait_unless(&self, free: impl Fn(Hold) -> bool) {
        self.hold.subscribe().wait_for(|hold| free(*hold)).await.unwrap();
    }
}

#[async_trait]
impl Store for Probe {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.counts.send_modify(|counts| counts.begun += 1);
        self.wait_unless(|hold| hold != Hold::Before).await;
        let failure = self.failures.lock().unwrap().pop_front();
        if let Some(kind) = failure {
            self.counts.send_modify(|counts| counts.failed += 1);
            return Err(StoreError::new(kind, "the test wants it so"));
        }
        self.inner.commit(commit).await?;
        self.counts.send_modify(|counts| counts.kept += 1);
        self.wait_unless(|hold| hold != Hold::After).await;
        Ok(())
    }

    async fn read(&self, stream: &Key, after: u64, limit: usize) -> Result<Page, StoreError> {
        if stream.as_bytes().starts_with(b"s/") {
            self.session_reads.fetch_add(1, Ordering::SeqCst);
        }
        self.may_read()?;
        self.inner.read(stream, after, limit).await
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        self.may_read()?;
        self.inner.scan(prefix, after, limit).await
    }

    async fn trim(&self, stream: &Key, upto: u64) -> Result<(), StoreError> {
        self.inner.trim(stream, upto).await
    }

    async fn forget(&self, stream: &Key) -> Result<(), StoreError> {
        self.inner.forget(stream).await
    }
}
