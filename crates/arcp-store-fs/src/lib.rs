//! Blobs as the files of a folder, one file a blob.
//!
//! The folder is theirs alone, and the file of a blob holds its bytes and nothing else. There is no
//! lock: that one process at a time has the folder open is for others to see to, such as the lock of
//! a runtime's store. Whoever can write into the folder is trusted with what is in it: a link there
//! is not followed, but one that is planted in the middle of a call may be.

mod error;
mod folder;
mod name;
mod open;
mod options;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use arcp_store::{Blobs, Bytes, Key, StoreError, StoreErrorKind, async_trait};
use tokio::sync::{mpsc, oneshot};

pub use options::{Durability, Options};

use folder::Folder;

/// Blobs in a folder. A clone has the same ones.
///
/// Calls are done on threads of their own, in turn where they are about one name.
///
/// Dropping the last clone closes them, and waits until the calls that are under way have ended.
/// After that the folder can be opened again at once.
#[derive(Clone)]
pub struct FolderBlobs {
    threads: Arc<Threads>,
}

impl FolderBlobs {
    /// Opens the blobs in `folder`, which is made if it is not there, and removes what an earlier
    /// process has left of puts that it did not end.
    ///
    /// While it is open nobody else may open it: what is being put would be taken for left over.
    pub async fn open(folder: impl Into<PathBuf>, options: Options) -> Result<Self, StoreError> {
        let (folder, (answer, opened)) = (folder.into(), oneshot::channel());
        let open = move || {
            // Nobody waits for it any more: then it is closed by dropping it here.
            drop(answer.send(open::open(&folder, options).and_then(Threads::start)));
        };
        spawn("arcp-blobs-open", open)?;
        let threads = opened.await.map_err(|_| closed())??;
        Ok(Self { threads: Arc::new(threads) })
    }

    /// How many bytes the blob has, or none when it is not there.
    pub async fn size(&self, name: &Key) -> Result<Option<u64>, StoreError> {
        let key = name.clone();
        self.ask(name, move |folder| folder.size(&key)).await
    }

    /// Does `work` on the thread that is for calls about `name`.
    async fn ask<T: Send + 'static>(
        &self,
        name: &Key,
        work: impl FnOnce(&Folder) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work = move |folder: &Folder| {
            // What was dropped before its turn has come is not done.
            if !answer.is_closed() {
                drop(answer.send(work(folder)));
            }
        };
        let lane = self.threads.lane(name).ok_or_else(closed)?;
        lane.send(Box::new(work)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

#[async_trait]
impl Blobs for FolderBlobs {
    async fn put(&self, name: &Key, bytes: Bytes) -> Result<(), StoreError> {
        let key = name.clone();
        self.ask(name, move |folder| folder.put(&key, &bytes)).await
    }

    async fn get(&self, name: &Key) -> Result<Option<Bytes>, StoreError> {
        let key = name.clone();
        self.ask(name, move |folder| folder.get(&key)).await
    }

    async fn delete(&self, name: &Key) -> Result<(), StoreError> {
        let key = name.clone();
        self.ask(name, move |folder| folder.delete(&key)).await
    }

    async fn list(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        let after = after.cloned();
        let lane = after.clone().unwrap_or_else(|| Key::new(Bytes::new()));
        self.ask(&lane, move |folder| folder.list(after.as_ref(), limit)).await
    }
}

impl fmt::Debug for FolderBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.threads.folder.path();
        f.debug_struct("FolderBlobs").field("folder", &folder).finish_non_exhaustive()
    }
}

type Work = Box<dyn FnOnce(&Folder) + Send>;

/// The threads of an open folder. Dropping it ends them and waits for them.
struct Threads {
    folder: Arc<Folder>,
    /// INVARIANT: calls about one name take one lane, and so come one after the other in the order
    /// in which they were made, also those that were dropped. The contract suite checks it.
    lanes: Vec<mpsc::Sender<Work>>,
    running: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(folder: Folder) -> Result<Self, StoreError> {
        let folder = Arc::new(folder);
        // A failure drops `threads`, which ends those that have started.
        let mut threads = Self { folder, lanes: Vec::new(), running: Vec::new() };
        for _ in 0..LANES {
            let (lane, works) = mpsc::channel(QUEUE);
            let folder = Arc::clone(&threads.folder);
            threads.lanes.push(lane);
            threads.running.push(spawn("arcp-blobs", move || run(&folder, works))?);
        }
        Ok(threads)
    }

    fn lane(&self, name: &Key) -> Option<&mpsc::Sender<Work>> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let lanes = u64::try_from(self.lanes.len()).ok()?;
        let lane = hasher.finish().checked_rem(lanes)?;
        self.lanes.get(usize::try_from(lane).ok()?)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.lanes.clear();
        for thread in self.running.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the blobs panicked");
            }
        }
    }
}

/// Works until nobody can ask any more.
fn run(folder: &Folder, mut works: mpsc::Receiver<Work>) {
    while let Some(work) = works.blocking_recv() {
        work(folder);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(run).map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error))
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "a thread of the blobs has ended")
}

/// How many threads do what is asked, and so how many calls are under way at most.
const LANES: usize = 4;
/// How many calls wait for a thread; further ones wait to be taken.
const QUEUE: usize = 64;
