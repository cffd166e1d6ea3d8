//! The store on SQLite: one file, one thread that writes, two that read.
//!
//! Commits that wait together become one transaction, which is one `fsync`. The store has its
//! folder to itself, by a lock file. It knows nothing of what the records mean.

mod ends;
mod error;
pub mod maintenance;
mod open;
mod options;
mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use arcp_store::{Bytes, Commit, Key, Page, Store, StoreError, StoreErrorKind, async_trait};
use tokio::sync::{mpsc, oneshot};

pub use options::{Durability, Options};

use open::Open;
use reader::Query;
use writer::Command;

/// A store in a folder. A clone is the same store.
///
/// Dropping the last clone closes it, and waits until that is done: the writer finishes the
/// commits that it has, moves the log into the database, closes it and gives the lock back. After
/// that the folder can be opened again at once.
#[derive(Clone)]
pub struct SqliteStore {
    threads: Arc<Threads>,
}

impl SqliteStore {
    /// Opens the store in `folder`, and makes both if they are not there.
    ///
    /// `Locked` when it is open already, here or in another process. `Corrupt` when what is there
    /// is not a store, is damaged, or was written by a newer version.
    ///
    /// The work is done on a thread of its own. When this is dropped before it has finished, the
    /// folder is closed again soon after.
    pub async fn open(folder: impl Into<PathBuf>, options: Options) -> Result<Self, StoreError> {
        let folder = folder.into();
        Self::start(move || Threads::start(open::open(&folder, &options)?, folder, &options)).await
    }

    async fn start(
        start: impl FnOnce() -> Result<Threads, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (answer, opened) = oneshot::channel();
        // Nobody waits for it any more: then the store is closed by dropping it there.
        spawn("arcp-store-open", move || drop(answer.send(start())))?;
        let threads = opened.await.map_err(|_| closed())??;
        Ok(Self { threads: Arc::new(threads) })
    }

    async fn write(&self, command: Command, done: Answered<()>) -> Result<(), StoreError> {
        let Some(writer) = &self.threads.writer else { return Err(closed()) };
        writer.send(command).await.map_err(|_| closed())?;
        done.await.map_err(|_| closed())?
    }

    async fn ask<T>(&self, query: Query, answer: Answered<T>) -> Result<T, StoreError> {
        let Some(readers) = &self.threads.readers else { return Err(closed()) };
        readers.send(query).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let (answer, done) = oneshot::channel();
        self.write(Command::Commit { commit, answer }, done).await
    }

    async fn read(&self, stream: &Key, after: u64, limit: usize) -> Result<Page, StoreError> {
        let (answer, page) = oneshot::channel();
        self.ask(Query::Read { stream: stream.clone(), after, limit, answer }, page).await
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let prefix = Key::new(Bytes::copy_from_slice(prefix));
        let (answer, facts) = oneshot::channel();
        self.ask(Query::Scan { prefix, after: after.cloned(), limit, answer }, facts).await
    }

    async fn trim(&self, stream: &Key, upto: u64) -> Result<(), StoreError> {
        let (answer, done) = oneshot::channel();
        self.write(Command::Trim { stream: stream.clone(), upto, answer }, done).await
    }

    async fn forget(&self, stream: &Key) -> Result<(), StoreError> {
        let (answer, done) = oneshot::channel();
        self.write(Command::Forget { stream: stream.clone(), answer }, done).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.threads.folder).finish_non_exhaustive()
    }
}

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;
type Answered<T> = oneshot::Receiver<Result<T, StoreError>>;

/// The threads of an open store. Dropping it ends them and waits for them.
struct Threads {
    folder: PathBuf,
    writer: Option<mpsc::Sender<Command>>,
    readers: Option<mpsc::Sender<Query>>,
    reading: Vec<JoinHandle<()>>,
    writing: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(open: Open, folder: PathBuf, options: &Options) -> Result<Self, StoreError> {
        let (writer, commands) = mpsc::channel(options.queue.get());
        let (readers, queries) = mpsc::channel(options.queue.get());
        let queries = reader::Queue::new(queries);
        // From here on a failure drops `threads`, which ends those that have started.
        let (writer, readers) = (Some(writer), Some(readers));
        let (reading, writing) = (Vec::new(), Vec::new());
        let mut threads = Self { folder, writer, readers, reading, writing };
        let owner = writer::Writer::new(open.writer, open.lock);
        let linger = options.linger;
        threads.writing.push(spawn("arcp-store-write", move || owner.run(commands, linger))?);
        for conn in open.readers {
            let queries = queries.clone();
            threads.reading.push(spawn("arcp-store-read", || reader::run(conn, queries))?);
        }
        Ok(threads)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // INVARIANT: readers end first, so that the writer is the last to close the database and
        // can empty its log; `closing_leaves_only_the_database_and_the_lock` checks it.
        self.readers = None;
        self.reading.drain(..).for_each(join);
        self.writer = None;
        self.writing.drain(..).for_each(join);
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the store panicked");
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(run).map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error))
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "a thread of the store has ended")
}
