//! The tables, how older ones become these, and what is asked of them by both sides.

use arcp_store::Key;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Result, corrupt, sqlite};

/// What says in the file's header that it is ours: `ARCP`.
pub(crate) const APPLICATION_ID: i32 = 0x4152_4350;

/// Step `n` leads from version `n` to `n + 1`. Steps that were published are never changed.
pub(crate) const MIGRATIONS: &[&str] = &["
    CREATE TABLE records (
        stream BLOB NOT NULL,
        first INTEGER NOT NULL,
        span INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (stream, first)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE facts (
        key BLOB NOT NULL PRIMARY KEY,
        value BLOB NOT NULL
    ) WITHOUT ROWID, STRICT;
    -- The last number of each stream that was trimmed away.
    CREATE TABLE trimmed (
        stream BLOB NOT NULL PRIMARY KEY,
        last INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    PRAGMA application_id = 0x41524350;
"];

/// What is in a database file, before anything in it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    application_id: i32,
    version: usize,
    tables: u32,
}

impl Identity {
    /// Reads it; `Corrupt` if there is no database.
    pub(crate) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        conn.query_row(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version",
            [],
            |row| {
                Ok(Self { application_id: row.get(0)?, version: row.get(1)?, tables: row.get(2)? })
            },
        )
    }

    /// Refuses a file of another program, and one of a newer version of this one.
    pub(crate) fn check(self, file: &str, known: usize) -> Result<()> {
        let fresh = self.application_id == 0 && self.version == 0 && self.tables == 0;
        if !fresh && self.application_id != APPLICATION_ID {
            return Err(corrupt(format!(
                "{file} is the database of another program (application id {:#x}, {} tables): \
                 name another folder, or move the file away",
                self.application_id, self.tables
            )));
        }
        if self.version > known {
            return Err(corrupt(format!(
                "{file} has schema version {}, and this program knows versions up to {known}: \
                 use the newer program that wrote it, or another folder",
                self.version
            )));
        }
        Ok(())
    }
}

/// Takes the steps that the database lacks, each in a transaction of its own.
pub(crate) fn migrate(conn: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let version: usize = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (step, next) in steps.iter().zip(1_u32..).skip(version) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The last number ever committed to `stream`, 0 before the first.
pub(crate) fn last(conn: &Connection, stream: &Key) -> Result<u64> {
    let what = "finding the end of a stream";
    let end: Option<u64> = conn
        .prepare_cached(
            "SELECT first + (span - 1) FROM records WHERE stream = ? ORDER BY first DESC LIMIT 1",
        )
        .and_then(|mut found| found.query_row([stream.as_bytes()], |row| row.get(0)).optional())
        .map_err(|error| sqlite(what, &error))?;
    match end {
        Some(end) => Ok(end),
        None => trimmed(conn, stream),
    }
}

/// The last number of `stream` that was trimmed away, 0 before the first.
pub(crate) fn trimmed(conn: &Connection, stream: &Key) -> Result<u64> {
    conn.prepare_cached("SELECT last FROM trimmed WHERE stream = ?")
        .and_then(|mut found| {
            found.query_row(params![stream.as_bytes()], |row| row.get(0)).optional()
        })
        .map(Option::unwrap_or_default)
        .map_err(|error| sqlite("finding what was trimmed", &error))
}

/// The number as SQLite has it. Larger ones are never written, so the largest stands for them.
pub(crate) fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
