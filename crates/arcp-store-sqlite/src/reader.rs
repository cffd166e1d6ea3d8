//! The threads that read: each takes the next question from one queue.

use std::sync::{Arc, Mutex, PoisonError};

use arcp_store::{Bytes, Key, Page, Record};
use rusqlite::{Connection, Row, params};
use tokio::sync::mpsc::Receiver;

use crate::Answer;
use crate::error::{Result, sqlite};
use crate::schema::{clamped, last, trimmed};

/// What a reader is asked.
#[derive(Debug)]
pub(crate) enum Query {
    Read { stream: Key, after: u64, limit: usize, answer: Answer<Page> },
    Scan { prefix: Key, after: Option<Key>, limit: usize, answer: Answer<Vec<(Key, Bytes)>> },
}

/// The questions that wait. A reader that is free waits for the next one, or for the other reader
/// that already does.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<Mutex<Receiver<Query>>>);

impl Queue {
    pub(crate) fn new(queries: Receiver<Query>) -> Self {
        Self(Arc::new(Mutex::new(queries)))
    }

    fn next(&self) -> Option<Query> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
    }
}

/// Answers until nobody can ask any more.
#[expect(clippy::needless_pass_by_value, reason = "the thread owns them and drops them at its end")]
pub(crate) fn run(conn: Connection, queries: Queue) {
    while let Some(query) = queries.next() {
        // An answer that nobody waits for is dropped, and that is all there is to do with it.
        match query {
            Query::Read { stream, after, limit, answer } => {
                drop(answer.send(read(&conn, &stream, after, limit)));
            }
            Query::Scan { prefix, after, limit, answer } => {
                drop(answer.send(scan(&conn, &prefix, after.as_ref(), limit)));
            }
        }
    }
}

/// A page. Its three questions see one state of the store, because they are one transaction.
fn read(conn: &Connection, stream: &Key, after: u64, limit: usize) -> Result<Page> {
    let failed = |error| sqlite("reading", &error);
    let _snapshot = Snapshot::begin(conn).map_err(failed)?;
    let last = last(conn, stream)?;
    // Whoever asks only for the ends of a stream is not to pay for the body of its last record.
    let records = if after < last {
        records(conn, stream, after, limit).map_err(failed)?
    } else {
        Vec::new()
    };
    Ok(Page { last, kept_from: trimmed(conn, stream)?.saturating_add(1), records })
}

/// One state of the store, as long as this lives.
struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    /// Begins by a statement that is prepared, which a transaction of `rusqlite` is not.
    fn begin(conn: &'a Connection) -> rusqlite::Result<Self> {
        conn.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(conn))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // SQLite has ended it by itself when it could not read.
        if self.0.is_autocommit() {
            return;
        }
        let end = |text| self.0.prepare_cached(text).and_then(|mut end| end.execute([]));
        if let Err(error) = end("COMMIT").or_else(|_| end("ROLLBACK")) {
            // It stays open, so that the next one cannot begin, and whoever asks is told so.
            tracing::error!(%error, "cannot end a transaction that reads");
        }
    }
}

fn records(
    conn: &Connection,
    stream: &Key,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Record>> {
    let next = clamped(after.saturating_add(1));
    // Records follow each other, so the one that covers `next` is the last that starts at or
    // before it; when that one was trimmed, all that are there lie behind `next`.
    let mut found = conn.prepare_cached(
        "SELECT first, span, body FROM records
         WHERE stream = ?1 AND first >= coalesce(
             (SELECT max(first) FROM records WHERE stream = ?1 AND first <= ?2), 0)
         ORDER BY first",
    )?;
    let mut rows = found.query(params![stream.as_bytes(), next])?;
    let (mut records, mut used) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let (first, span): (u64, u32) = (row.get(0)?, row.get(1)?);
        if first.saturating_add(u64::from(span)) <= after.saturating_add(1) {
            continue;
        }
        let body = bytes(row, 2)?;
        used = used.saturating_add(body.len());
        if used > limit && !records.is_empty() {
            break;
        }
        records.push(Record { first, span, body: Bytes::copy_from_slice(body) });
    }
    Ok(records)
}

fn scan(
    conn: &Connection,
    prefix: &Key,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<(Key, Bytes)>> {
    facts(conn, prefix, after, limit).map_err(|error| sqlite("scanning", &error))
}

fn facts(
    conn: &Connection,
    prefix: &Key,
    after: Option<&Key>,
    limit: usize,
) -> rusqlite::Result<Vec<(Key, Bytes)>> {
    // The facts of a prefix lie together; the first one without it is behind them.
    let (text, from) = match after {
        Some(after) if after >= prefix => {
            ("SELECT key, value FROM facts WHERE key > ? ORDER BY key LIMIT ?", after)
        }
        _ => ("SELECT key, value FROM facts WHERE key >= ? ORDER BY key LIMIT ?", prefix),
    };
    let mut found = conn.prepare_cached(text)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = found.query(params![from.as_bytes(), limit])?;
    let mut facts = Vec::new();
    while let Some(row) = rows.next()? {
        let key = bytes(row, 0)?;
        if !key.starts_with(prefix.as_bytes()) {
            break;
        }
        let value = Bytes::copy_from_slice(bytes(row, 1)?);
        facts.push((Key::new(Bytes::copy_from_slice(key)), value));
    }
    Ok(facts)
}

fn bytes<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row [u8]> {
    Ok(row.get_ref(column)?.as_blob()?)
}
