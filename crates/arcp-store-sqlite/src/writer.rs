//! The thread that writes: takes what waits, keeps it in one transaction, and then answers.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcp_store::{Append, Commit, Key, Record, StoreError, StoreErrorKind};
use rusqlite::{Connection, OptionalExtension, Params, params};
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

use crate::Answer;
use crate::ends::Ends;
use crate::error::{Result, sqlite};
use crate::open::Lock;
use crate::schema::{clamped, last, trimmed};

/// How many commands one transaction takes at most.
const GROUP: usize = 256;
/// How many bytes of bodies and values are enough for one transaction.
const GROUP_BYTES: usize = 8 << 20;
/// How many changes are a few: what one step of one job takes.
const FEW: usize = 16;
/// How many streams one generation of remembered ends holds.
const REMEMBERED: usize = 8_192;

/// What the writer is told.
#[derive(Debug)]
pub(crate) enum Command {
    Commit { commit: Commit, answer: Answer<()> },
    Trim { stream: Key, upto: u64, answer: Answer<()> },
    Forget { stream: Key, answer: Answer<()> },
}

impl Command {
    fn size(&self) -> usize {
        match self {
            Self::Commit { commit, .. } => {
                let bodies = commit.appends.iter().map(|append| append.record.body.len());
                bodies.chain(commit.puts.iter().map(|(_, value)| value.len())).sum()
            }
            Self::Trim { .. } | Self::Forget { .. } => 0,
        }
    }

    /// How many records and facts it changes, if it is a commit.
    fn changes(&self) -> usize {
        match self {
            Self::Commit { commit, .. } => {
                commit.appends.len() + commit.puts.len() + commit.deletes.len()
            }
            Self::Trim { .. } | Self::Forget { .. } => 0,
        }
    }

    fn streams(&self) -> impl Iterator<Item = &Key> {
        let (appends, forgotten) = match self {
            Self::Commit { commit, .. } => (commit.appends.as_slice(), None),
            Self::Forget { stream, .. } => ([].as_slice(), Some(stream)),
            Self::Trim { .. } => ([].as_slice(), None),
        };
        appends.iter().map(|append| &append.stream).chain(forgotten)
    }

    fn answer(self, kept: Result<()>) {
        let (Self::Commit { answer, .. } | Self::Trim { answer, .. } | Self::Forget { answer, .. }) =
            self;
        // Whoever asked may have stopped waiting; what was done stays done.
        drop(answer.send(kept));
    }
}

/// The owner of the connection that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    conn: Connection,
    ends: Ends,
    /// INVARIANT: the last field, so that also a panic closes the connection before it unlocks.
    lock: Arc<Lock>,
}

impl Writer {
    pub(crate) fn new(conn: Connection, lock: Arc<Lock>) -> Self {
        conn.set_prepared_statement_cache_capacity(32);
        Self { conn, ends: Ends::new(REMEMBERED), lock }
    }

    /// Keeps what it is told until nobody can tell it anything, then closes the store.
    pub(crate) fn run(mut self, mut commands: Receiver<Command>, linger: Duration) {
        let mut next = commands.blocking_recv();
        while let Some(first) = next {
            let group = drain(first, &mut commands);
            let few = group.iter().map(Command::changes).sum::<usize>() <= FEW;
            self.keep(group);
            let found = if few { look_out(&mut commands, linger) } else { None };
            next = found.or_else(|| commands.blocking_recv());
        }
        self.close();
    }

    /// Keeps `group` in one transaction, and answers when that is done.
    pub(crate) fn keep(&mut self, group: Vec<Command>) {
        match self.transact(&group) {
            Ok(outcomes) => {
                for (command, kept) in group.into_iter().zip(outcomes) {
                    command.answer(kept);
                }
            }
            Err(error) => {
                // Each gets the cause; its own error says the kind.
                let kind = error.kind();
                let text = error.source().map_or_else(String::new, ToString::to_string);
                for command in group {
                    command.answer(Err(StoreError::new(kind, text.clone())));
                }
            }
        }
    }

    /// How each of the group came out, or that the transaction failed and nothing was kept.
    fn transact(&mut self, group: &[Command]) -> Result<Vec<Result<()>>> {
        let outcomes = self.execute("BEGIN IMMEDIATE", []).and_then(|_| {
            let outcomes = self.each(group)?;
            self.execute("COMMIT", [])?;
            Ok(outcomes)
        });
        if outcomes.is_err() {
            self.roll_back();
        }
        outcomes
    }

    fn each(&mut self, group: &[Command]) -> Result<Vec<Result<()>>> {
        match group {
            // Alone it needs no savepoint: the transaction is its own.
            [one] => self.one(one).map(|()| vec![Ok(())]),
            _ => group.iter().map(|command| self.apart(command)).collect(),
        }
    }

    /// Does one command in a savepoint. The outer error means that the transaction is lost, the
    /// inner one that only this command is.
    fn apart(&mut self, command: &Command) -> Result<Result<()>> {
        self.execute("SAVEPOINT one", [])?;
        let kept = self.one(command);
        match kept {
            Ok(()) => {
                self.execute("RELEASE one", [])?;
            }
            // SQLite has already rolled the whole transaction back; it does so when it has no
            // room or no memory left, or cannot read or write.
            Err(error) if self.conn.is_autocommit() => return Err(error),
            Err(_) => {
                self.execute("ROLLBACK TO one", [])?;
                self.execute("RELEASE one", [])?;
                command.streams().for_each(|stream| self.ends.forget(stream));
            }
        }
        Ok(kept)
    }

    fn roll_back(&mut self) {
        self.ends.forget_all();
        if self.conn.is_autocommit() {
            return;
        }
        if let Err(error) = self.execute("ROLLBACK", []) {
            // The transaction stays open, so that the next one cannot begin and fails as well.
            tracing::error!(%error, "cannot roll a transaction back");
        }
    }

    fn one(&mut self, command: &Command) -> Result<()> {
        match command {
            Command::Commit { commit, .. } => self.commit(commit),
            Command::Trim { stream, upto, .. } => self.trim(stream, *upto),
            Command::Forget { stream, .. } => self.forget(stream),
        }
    }

    fn commit(&mut self, commit: &Commit) -> Result<()> {
        for append in &commit.appends {
            self.append(append)?;
        }
        for (key, value) in &commit.puts {
            let put = "INSERT INTO facts (key, value) VALUES (?, ?)
                       ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            self.execute(put, params![key.as_bytes(), &**value])?;
        }
        for key in &commit.deletes {
            self.execute("DELETE FROM facts WHERE key = ?", [key.as_bytes()])?;
        }
        Ok(())
    }

    fn append(&mut self, append: &Append) -> Result<()> {
        let Append { stream, record } = append;
        let known = self.ends.get(stream);
        // Most streams that are not remembered are new, and need not be looked for.
        if known.is_none() && record.first == 1 {
            return self.begin(append);
        }
        let end = match known {
            Some(end) => end,
            None => last(&self.conn, stream)?,
        };
        let (first, last) = follow(end, append)?;
        self.execute(
            "INSERT INTO records (stream, first, span, body) VALUES (?, ?, ?, ?)",
            params![stream.as_bytes(), first, record.span, &*record.body],
        )?;
        self.ends.set(stream, last);
        Ok(())
    }

    /// Appends the first record of a stream. One that was never trimmed has it still, if there is such a
    /// stream, and another one cannot be inserted.
    fn begin(&mut self, append: &Append) -> Result<()> {
        let Append { stream, record } = append;
        let (first, last) = follow(0, append)?;
        let begun = self.execute(
            "INSERT INTO records (stream, first, span, body) SELECT ?1, ?2, ?3, ?4
             WHERE NOT EXISTS (SELECT 1 FROM trimmed WHERE stream = ?1)",
            params![stream.as_bytes(), first, record.span, &*record.body],
        )?;
        if begun == 0 {
            return Err(conflict(trimmed(&self.conn, stream)?, append));
        }
        self.ends.set(stream, last);
        Ok(())
    }

    fn trim(&mut self, stream: &Key, upto: u64) -> Result<()> {
        let upto = self.whole_below(stream, upto)?;
        if upto <= trimmed(&self.conn, stream)? {
            return Ok(());
        }
        self.execute(
            "DELETE FROM records WHERE stream = ? AND first <= ?",
            params![stream.as_bytes(), clamped(upto)],
        )?;
        let note = "INSERT INTO trimmed (stream, last) VALUES (?, ?)
                    ON CONFLICT (stream) DO UPDATE SET last = excluded.last";
        self.execute(note, params![stream.as_bytes(), clamped(upto)])?;
        Ok(())
    }

    fn forget(&mut self, stream: &Key) -> Result<()> {
        self.ends.forget(stream);
        self.execute("DELETE FROM records WHERE stream = ?", [stream.as_bytes()])?;
        self.execute("DELETE FROM trimmed WHERE stream = ?", [stream.as_bytes()])?;
        Ok(())
    }

    /// The last number of the last record that lies wholly at or below `upto`, 0 if none does.
    fn whole_below(&self, stream: &Key, upto: u64) -> Result<u64> {
        // Records follow each other, so only the last that starts there can reach further.
        let text = "SELECT first, span FROM records
                    WHERE stream = ? AND first <= ? ORDER BY first DESC LIMIT 1";
        let found: Option<(u64, u32)> = self
            .conn
            .prepare_cached(text)
            .and_then(|mut found| {
                let row = params![stream.as_bytes(), clamped(upto)];
                found.query_row(row, |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(|error| sqlite("finding what to trim", &error))?;
        Ok(found.map_or(0, |(first, span)| {
            let before = first.saturating_sub(1);
            let last = before.saturating_add(u64::from(span));
            if last <= upto { last } else { before }
        }))
    }

    /// How many rows have changed.
    fn execute(&self, text: &str, values: impl Params) -> Result<usize> {
        let done = self.conn.prepare_cached(text).and_then(|mut done| done.execute(values));
        done.map_err(|error| {
            let verb = text.split_whitespace().next().unwrap_or_default();
            sqlite(verb, &error)
        })
    }

    /// Moves the log into the database, closes it, and then gives the folder back.
    fn close(self) {
        let Self { conn, lock, .. } = self;
        let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        match busy {
            Ok(false) => {}
            Ok(true) => tracing::warn!("another program reads the store: its log stays beside it"),
            Err(error) => tracing::warn!(%error, "cannot move the store's log into the database"),
        }
        if let Err((_, error)) = conn.close() {
            tracing::warn!(%error, "cannot close the store");
        }
        drop(lock);
    }
}

/// A command that comes within this time, awaited without sleep.
fn look_out(commands: &mut Receiver<Command>, time: Duration) -> Option<Command> {
    let start = Instant::now();
    while start.elapsed() < time {
        match commands.try_recv() {
            Err(TryRecvError::Empty) => std::thread::yield_now(),
            found => return found.ok(),
        }
    }
    None
}

/// The first command and those that wait behind it, as far as they make one group.
fn drain(first: Command, commands: &mut Receiver<Command>) -> Vec<Command> {
    let mut size = first.size();
    let mut group = vec![first];
    while group.len() < GROUP && size < GROUP_BYTES {
        let Ok(next) = commands.try_recv() else { break };
        size = size.saturating_add(next.size());
        group.push(next);
    }
    group
}

/// The first number as SQLite has it and the last one, if `append` follows a stream that ends at
/// `end` and SQLite can count that far.
fn follow(end: u64, append: &Append) -> Result<(i64, u64)> {
    let Record { first, span, .. } = append.record;
    let last = end.checked_add(u64::from(span)).filter(|last| i64::try_from(*last).is_ok());
    match (i64::try_from(first), last) {
        (Ok(number), Some(last)) if span > 0 && first.checked_sub(1) == Some(end) => {
            Ok((number, last))
        }
        _ => Err(conflict(end, append)),
    }
}

/// `append` does not continue its stream.
fn conflict(end: u64, append: &Append) -> StoreError {
    let Append { stream, record: Record { first, span, .. } } = append;
    let text = format!("{stream:?} ends at {end}, the record has {first} and span {span}");
    StoreError::new(StoreErrorKind::Conflict, text)
}
