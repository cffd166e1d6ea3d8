//! `arcp store stats`: how much there is.

use std::path::Path;

use arcp::core::{JobId, Timestamp};
use arcp::runtime::record::{JobFact, key};
use arcp::store::{Blobs, Key, StoreError};
use arcp::store_fs::FolderBlobs;
use arcp::store_sqlite::maintenance::Sizes;
use serde_json::{Value, json};

use super::Place;
use super::walk::{Facts, Streams, count, reach};
use crate::control::state_name;
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(super) async fn run(data: &Path, json: bool) -> Result<Code, Error> {
    let place = Place::open(data).await?;
    let stats = Stats::of(&place).await?;
    if json { say(stats.as_json()) } else { stats.show() }?;
    Ok(exit::OK)
}

struct Stats {
    sizes: Sizes,
    blobs: u64,
    blob_bytes: u64,
    open_sessions: u64,
    closed_sessions: u64,
    open_jobs: u64,
    ended: Ended,
    events: u64,
    artifacts: u64,
    keys: u64,
    owed: u64,
}

impl Stats {
    async fn of(place: &Place) -> Result<Self, Error> {
        let count = async |prefix| count(&place.store, prefix).await.map_err(Error::failed);
        let (blobs, blob_bytes) = match &place.blobs {
            Some(blobs) => blobs_of(blobs).await.map_err(Error::failed)?,
            None => (0, 0),
        };
        Ok(Self {
            sizes: place.folder.sizes(),
            blobs,
            blob_bytes,
            open_sessions: count(key::SESSIONS).await?,
            closed_sessions: count(key::CLOSED_SESSIONS).await?,
            open_jobs: count(key::OPEN_JOBS).await?,
            ended: Ended::of(place).await?,
            events: events(place).await.map_err(Error::failed)?,
            artifacts: count(key::ARTIFACTS).await?,
            keys: count(key::KEYS).await?,
            owed: count(key::OWED).await?,
        })
    }

    fn as_json(&self) -> Value {
        json!({
            "database_bytes": self.sizes.database,
            "log_bytes": self.sizes.log,
            "free_bytes": self.sizes.free,
            "blobs": self.blobs,
            "blob_bytes": self.blob_bytes,
            "sessions": { "open": self.open_sessions, "closed": self.closed_sessions },
            "jobs": { "open": self.open_jobs, "ended": self.ended.count },
            "events": self.events,
            "artifacts": self.artifacts,
            "idempotency_keys": self.keys,
            "owed_credentials": self.owed,
            "oldest_ended": self.ended.oldest.as_ref().map(One::as_json),
            "newest_ended": self.ended.newest.as_ref().map(One::as_json),
        })
    }

    fn show(&self) -> Result<(), Error> {
        let row = |name: &str, what: String| say(format_args!("{name:<18}{what}"));
        let Sizes { database, log, free } = self.sizes;
        row("database", bytes(database))?;
        row("write-ahead log", bytes(log))?;
        row("free for a vacuum", bytes(free))?;
        row("blobs", format!("{}, {}", self.blobs, bytes(self.blob_bytes)))?;
        let (open, closed) = (self.open_sessions, self.closed_sessions);
        row("sessions", format!("{open} open, {closed} closed and not yet forgotten"))?;
        row("jobs", format!("{} open, {} ended", self.open_jobs, self.ended.count))?;
        row("events", self.events.to_string())?;
        row("artifacts", self.artifacts.to_string())?;
        row("idempotency keys", self.keys.to_string())?;
        row("owed credentials", self.owed.to_string())?;
        let one = |one: &Option<One>| one.as_ref().map_or("none".to_owned(), One::text);
        row("oldest ended job", one(&self.ended.oldest))?;
        row("newest ended job", one(&self.ended.newest))
    }
}

/// The jobs that have ended.
#[derive(Default)]
struct Ended {
    count: u64,
    oldest: Option<One>,
    newest: Option<One>,
}

#[derive(Clone)]
struct One {
    ended_at: Timestamp,
    job: JobId,
    state: &'static str,
}

impl Ended {
    async fn of(place: &Place) -> Result<Self, Error> {
        let mut facts = Facts::under(&place.store, key::DONE_JOBS);
        let mut ended = Self::default();
        while let Some((name, value)) = facts.next().await.map_err(Error::failed)? {
            ended.count += 1;
            let fact = JobFact::from_bytes(&value).map_err(damaged)?;
            if let (Some(job), Some(outcome)) = (key::job_of(&name), fact.outcome) {
                let state = state_name(outcome.state);
                ended.add(One { ended_at: outcome.ended_at, job, state });
            }
        }
        Ok(ended)
    }

    fn add(&mut self, one: One) {
        if self.oldest.as_ref().is_none_or(|oldest| one.ended_at < oldest.ended_at) {
            self.oldest = Some(one.clone());
        }
        if self.newest.as_ref().is_none_or(|newest| one.ended_at >= newest.ended_at) {
            self.newest = Some(one);
        }
    }
}

impl One {
    fn as_json(&self) -> Value {
        let (job, at) = (self.job.as_str(), self.ended_at.to_string());
        json!({ "job_id": job, "ended_at": at, "status": self.state })
    }

    fn text(&self) -> String {
        format!("{}  {}  {}", self.job, self.ended_at, self.state)
    }
}

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("{error}: `arcp store check` says what is wrong"))
}

/// How many events of all jobs are kept.
async fn events(place: &Place) -> Result<u64, StoreError> {
    let (mut streams, mut count) = (Streams::of(&place.folder), 0_u64);
    while let Some(stream) = streams.next()? {
        if stream.as_bytes().starts_with(key::JOB_STREAMS) {
            let page = reach(&place.store, &stream).await?;
            count =
                count.saturating_add(page.last.saturating_add(1).saturating_sub(page.kept_from));
        }
    }
    Ok(count)
}

/// How many blobs there are, and how many bytes they have.
async fn blobs_of(blobs: &FolderBlobs) -> Result<(u64, u64), StoreError> {
    let (mut count, mut bytes) = (0, 0_u64);
    let mut after: Option<Key> = None;
    loop {
        let names = blobs.list(after.as_ref(), NAMES).await?;
        let Some(last) = names.last() else { return Ok((count, bytes)) };
        after = Some(last.clone());
        for name in &names {
            count += 1;
            bytes = bytes.saturating_add(blobs.size(name).await?.unwrap_or_default());
        }
    }
}

/// A number of bytes for a person.
pub(super) fn bytes(count: u64) -> String {
    let (mut size, mut units) = (count, UNITS.iter());
    let mut unit = None;
    let mut tenths = 0;
    while size >= 1024
        && let Some(next) = units.next()
    {
        tenths = (size % 1024) * 10 / 1024;
        size /= 1024;
        unit = Some(next);
    }
    match unit {
        Some(unit) => format!("{size}.{tenths} {unit} ({count} bytes)"),
        None => format!("{count} bytes"),
    }
}

const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
/// Names of blobs listed at a time: each list goes over the whole folder.
const NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_told_in_a_unit_that_fits() {
        for (count, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB (1024 bytes)"),
            (1_572_864, "1.5 MiB (1572864 bytes)"),
            (u64::MAX, "16777215.9 TiB (18446744073709551615 bytes)"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
