//! A store's folder while no runtime is on it: how large it is, whether SQLite finds it sound, which
//! streams it has, and a vacuum.

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arcp_store::{Bytes, Key, StoreError, StoreErrorKind};
use rusqlite::{Connection, params};

use crate::error::{Result, file, sqlite};
use crate::open::{DATABASE, Lock, open_under, open_writer};
use crate::{Options, SqliteStore, Threads};

/// The folder of a store, under its lock: nobody else opens it meanwhile.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    found: Sizes,
    conn: Connection,
    /// INVARIANT: the last field, so that it is given back after the connection is closed.
    lock: Arc<Lock>,
}

/// How much a database takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of the database file.
    pub database: u64,
    /// Bytes of its write-ahead log.
    pub log: u64,
    /// Bytes in the file that hold nothing: a vacuum gives them back.
    pub free: u64,
}

/// How much a folder took before a vacuum and after it: the database file and its log, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vacuumed {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

impl Folder {
    /// Opens the folder `path`, or returns `None`, and makes nothing, when no store is there. As whenever
    /// a store is opened, tables of an older version become those of this one.
    ///
    /// `Locked` when the store is open, here or in another process. `Corrupt` when what is there is
    /// not a store, is too damaged to be opened, or was written by a newer version.
    pub fn open(path: impl Into<PathBuf>) -> Result<Option<Self>> {
        let path = path.into();
        let database = path.join(DATABASE);
        if !database.is_file() {
            return Ok(None);
        }
        let lock = Lock::take(&path)?;
        // Opening may move what is in the log into the file, so they are measured first.
        let (size, log) = (size(&database)?, size(&log_of(&database))?);
        let conn = open_writer(&database, &Options::default())?;
        let free = free(&conn).map_err(|error| sqlite("counting free pages", &error))?;
        Ok(Some(Self { found: Sizes { database: size, log, free }, path, conn, lock }))
    }

    /// Opens the store that is in it. The lock is given back when both are closed.
    pub async fn store(&self, options: Options) -> Result<SqliteStore> {
        let (folder, lock) = (self.path.clone(), Arc::clone(&self.lock));
        let start = move || {
            let open = open_under(lock, &folder, &options)?;
            Threads::start(open, folder, &options)
        };
        SqliteStore::start(start).await
    }

    /// How much it took when it was opened.
    pub fn sizes(&self) -> Sizes {
        self.found
    }

    /// The names of streams in order, after `after`, at most `limit`; also of those that were trimmed to
    /// nothing.
    pub fn streams(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>> {
        let mut names: Vec<Key> = Vec::new();
        while names.len() < limit {
            let next = next_stream(&self.conn, names.last().or(after))
                .map_err(|error| sqlite("listing the streams", &error))?;
            let Some(name) = next else { break };
            names.push(name);
        }
        Ok(names)
    }

    /// What SQLite finds wrong with the file, one thing a line: nothing, when it is sound. It reads all of
    /// the file, and stops after a hundred things. Bytes of values may be wrong all the same, as the file
    /// has no checksums.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if let Err(error) = integrity(&self.conn, &mut found) {
            let error = sqlite("checking the file", &error);
            if error.kind() != StoreErrorKind::Corrupt {
                return Err(error);
            }
            found.push(error.to_string());
        }
        Ok(found)
    }

    /// Writes the database anew without what is free in it, and empties its log.
    ///
    /// That needs as much free disk as the database has, up to twice: once for a copy among the temporary
    /// files (`SQLITE_TMPDIR` says where), and once for the log beside the file. A failure or a crash
    /// leaves the database as it was. `Unavailable` when another program reads it meanwhile.
    pub fn vacuum(&self) -> Result<Vacuumed> {
        let failed = |error| sqlite("vacuuming", &error);
        self.conn.execute_batch("VACUUM").map_err(failed)?;
        let busy: bool = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failed)?;
        if busy {
            let why = "another program reads the database, so that its log cannot be emptied";
            return Err(StoreError::new(StoreErrorKind::Unavailable, why));
        }
        let database = self.path.join(DATABASE);
        let after = size(&database)?.saturating_add(size(&log_of(&database))?);
        Ok(Vacuumed { before: self.found.database.saturating_add(self.found.log), after })
    }
}

fn log_of(database: &Path) -> PathBuf {
    database.with_extension("db-wal")
}

/// The size of a file; one that is not there has none.
fn size(path: &Path) -> Result<u64> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(file(&format!("looking at {}", path.display()), &error)),
    }
}

fn free(conn: &Connection) -> rusqlite::Result<u64> {
    let pages: u64 = conn.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    let size: u64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(pages.saturating_mul(size))
}

fn integrity(conn: &Connection, found: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut check = conn.prepare("PRAGMA integrity_check")?;
    let mut rows = check.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        // A row may have several lines, the first one a heading.
        let lines = text.lines().filter(|line| *line != "ok" && !line.starts_with("***"));
        found.extend(lines.map(str::to_owned));
    }
    Ok(())
}

/// The first stream after `after`. It is looked up, as going over the records would read them all.
fn next_stream(conn: &Connection, after: Option<&Key>) -> rusqlite::Result<Option<Key>> {
    // The least name behind another is that and a zero.
    let from = after.map_or_else(Vec::new, |after| [after.as_bytes(), b"\0"].concat());
    let text = "SELECT min(stream) FROM (
                    SELECT min(stream) AS stream FROM records WHERE stream >= ?1
                    UNION ALL SELECT min(stream) FROM trimmed WHERE stream >= ?1)";
    let mut found = conn.prepare_cached(text)?;
    let name: Option<Vec<u8>> = found.query_row(params![from], |row| row.get(0))?;
    Ok(name.map(|name| Key::new(Bytes::from(name))))
}
