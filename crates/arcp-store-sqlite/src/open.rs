//! The folder: its lock, its database file, and the connections to it.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use arcp_store::{StoreError, StoreErrorKind};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, corrupt, file, sqlite};
use crate::schema::{Identity, MIGRATIONS, migrate};
use crate::{Durability, Options};

/// The name of the database in its folder.
pub(crate) const DATABASE: &str = "arcp.db";
/// The name of the file whose lock says that the folder is in use.
pub(crate) const LOCK: &str = "arcp.lock";
/// How many threads read.
const READERS: usize = 2;
/// The pages that the writer holds, in KiB, as SQLite says it: about as many as a full group changes
/// (`writer::GROUP_BYTES`), or else it writes some to the log before the end, and looks for them there.
const CACHE: i64 = -(8 << 10);
/// What the write-ahead log is cut down to once it was larger.
const LOG_BYTES: u32 = 64 << 20;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) writer: Connection,
    pub(crate) readers: Vec<Connection>,
    /// INVARIANT: the last field, so that a failure drops it after the connections.
    pub(crate) lock: Arc<Lock>,
}

pub(crate) fn open(folder: &Path, options: &Options) -> Result<Open> {
    make(folder)?;
    open_under(Lock::take(folder)?, folder, options)
}

/// Opens a folder whose lock one has.
pub(crate) fn open_under(lock: Arc<Lock>, folder: &Path, options: &Options) -> Result<Open> {
    let path = folder.join(DATABASE);
    let writer = open_writer(&path, options)?;
    let readers = (0..READERS).map(|_| open_reader(&path, options)).collect::<Result<_>>()?;
    Ok(Open { writer, readers, lock })
}

/// Makes the folder and those above it, so that they survive a power cut.
fn make(folder: &Path) -> Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let what = format!("making the folder {}", folder.display());
    let above = folder.parent().unwrap_or(Path::new(""));
    make(above)?;
    match create(folder) {
        Err(_) if folder.is_dir() => Ok(()),
        made => made.and_then(|()| sync(above)).map_err(|error| file(&what, &error)),
    }
}

/// What jobs were given and what they found is nobody else's affair.
#[cfg(unix)]
fn create(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir(folder)
}

#[cfg(unix)]
fn sync(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file, and its entries are written without asking.
#[cfg(not(unix))]
fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The lock on a folder. All that the folder is open for have it, and the last one gives it back.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    pub(crate) fn take(folder: &Path) -> Result<Arc<Self>> {
        let path = folder.join(LOCK);
        let what = format!("opening {}", path.display());
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        let lock = options.open(&path).map_err(|error| file(&what, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Arc::new(Self(lock))),
            Err(TryLockError::WouldBlock) => Err(StoreError::new(
                StoreErrorKind::Locked,
                format!(
                    "the store in {} is open already: end the program that has it open, or name \
                     another folder",
                    folder.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(file(&what, &error)),
        }
    }
}

impl Drop for Lock {
    /// Unlocks rather than only closes: a child that is just being started holds copies of all
    /// open files, and would keep the lock a little longer.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "cannot unlock the store's folder");
        }
    }
}

pub(crate) fn open_writer(path: &Path, options: &Options) -> Result<Connection> {
    let name = path.display().to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = connect(path, flags, options)?;
    let identity = Identity::read(&conn).map_err(|error| unreadable(&name, &error))?;
    identity.check(&name, MIGRATIONS.len())?;
    set_up(&conn, options).map_err(|error| unreadable(&name, &error))?;
    migrate(&mut conn, MIGRATIONS).map_err(|error| unreadable(&name, &error))?;
    Ok(conn)
}

fn open_reader(path: &Path, options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(path, flags, options)?;
    conn.pragma_update(None, "query_only", true)
        .map_err(|error| sqlite("opening to read", &error))?;
    Ok(conn)
}

fn connect(path: &Path, flags: OpenFlags, options: &Options) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags).and_then(|conn| {
        conn.busy_timeout(options.busy_timeout)?;
        // Else a statement whose plan might depend on a value is planned anew for each value.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(conn)
    });
    conn.map_err(|error| sqlite(&format!("opening {}", path.display()), &error))
}

fn set_up(conn: &Connection, options: &Options) -> rusqlite::Result<()> {
    let wal: String =
        conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if wal != "wal" {
        tracing::warn!(journal = wal, "no write-ahead log here: reads will wait for commits");
    }
    let full = options.durability == Durability::Full;
    conn.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
    // Where `fsync` does not reach the disk; elsewhere these change nothing.
    conn.pragma_update(None, "fullfsync", full)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cache_size", CACHE)?;
    set_to(conn, "journal_size_limit", i64::from(LOG_BYTES))?;
    if let Some(bytes) = options.max_bytes {
        let page: u64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
        // SQLite takes 0 as a question.
        let pages = bytes.checked_div(page).unwrap_or_default().clamp(1, u64::from(u32::MAX - 1));
        set_to(conn, "max_page_count", crate::schema::clamped(pages))?;
    }
    Ok(())
}

/// Sets a pragma that answers with its new value.
fn set_to(conn: &Connection, pragma: &str, value: i64) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, pragma, value, |_| Ok(()))
}

/// What SQLite found wrong with a file, and what to do.
fn unreadable(name: &str, error: &rusqlite::Error) -> StoreError {
    let plain = sqlite(&format!("opening {name}"), error);
    if plain.kind() != StoreErrorKind::Corrupt {
        return plain;
    }
    let text = format!(
        "{name} is damaged or not a database of this program ({error}): restore it from a copy, or \
         move it and the files beside it away to start with an empty store"
    );
    corrupt(text)
}
