//! `arcp store sweep`: forgetting what is old enough, in whole rounds, until there is nothing more.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use arcp::core::{JobId, SessionId, Timestamp};
use arcp::runtime::engine::{Retention, Stage, Step, Swept};
use arcp::runtime::record::{ArtifactFact, key};
use arcp::runtime::sweep::{sweep, sweep_blobs};
use arcp::runtime::{Clock, SystemClock};
use arcp::store::{Key, Store};
use serde_json::json;

use super::walk::{Facts, count, rest};
use super::{Place, folder};
use crate::args::Sweep;
use crate::config::Kept;
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(super) async fn run(data: Option<PathBuf>, args: Sweep) -> Result<Code, Error> {
    let kept = args.config.as_deref().map(Kept::read).transpose()?.unwrap_or_default();
    let retention = retention(&args, &kept)?;
    let place = Place::open(&folder(data.or(kept.data))).await?;
    let closed = count(&place.store, key::CLOSED_SESSIONS).await.map_err(Error::failed)?;
    let mut broom =
        Broom { store: &place.store, retention, now: now(), forgotten: Forgotten::default() };
    while broom.round().await? {}
    let mut forgotten = broom.forgotten;
    let left = count(&place.store, key::CLOSED_SESSIONS).await.map_err(Error::failed)?;
    forgotten.sessions = closed.saturating_sub(left);
    forgotten.blobs = forget_blobs(&place).await?;
    forgotten.say(args.json)?;
    Ok(exit::OK)
}

/// What is said here goes before what the file says.
fn retention(args: &Sweep, kept: &Kept) -> Result<Retention, Error> {
    let span = |said: Option<u64>, file: Option<Duration>, default: Duration| {
        said.map(Duration::from_secs).or(file).unwrap_or(default)
    };
    let default = Retention::default();
    let events = span(args.events, kept.events, default.events);
    let jobs = span(args.jobs, kept.jobs, default.jobs);
    if jobs < events {
        let (jobs, events) = (jobs.as_secs(), events.as_secs());
        return Err(Error::Usage(format!(
            "jobs would be kept for {jobs} s and their events for {events} s: a job is kept no \
             shorter than its events, so say --events too"
        )));
    }
    Ok(Retention { events, jobs })
}

fn now() -> Timestamp {
    SystemClock::new().now().wall
}

/// What was forgotten.
#[derive(Default)]
struct Forgotten {
    jobs: u64,
    events: u64,
    sessions: u64,
    pointers: u64,
    blobs: u64,
}

impl Forgotten {
    fn say(&self, as_json: bool) -> Result<(), Error> {
        let Self { jobs, events, sessions, pointers, blobs } = self;
        if as_json {
            return say(json!({
                "jobs": jobs, "events": events, "sessions": sessions, "pointers": pointers,
                "blobs": blobs,
            }));
        }
        say(format_args!(
            "forgotten: {jobs} jobs, {events} events, {sessions} closed sessions, {pointers} \
             numbers of sessions, {blobs} blobs of no artifact"
        ))
    }
}

struct Broom<'a> {
    store: &'a dyn Store,
    retention: Retention,
    now: Timestamp,
    forgotten: Forgotten,
}

impl Broom<'_> {
    /// Does one round, and returns whether it has forgotten anything.
    async fn round(&mut self) -> Result<bool, Error> {
        let before = (self.forgotten.jobs, self.forgotten.events, self.forgotten.pointers);
        self.over_facts(Stage::Ended).await?;
        self.over_facts(Stage::Closed).await?;
        let mut jobs = Facts::under(self.store, key::OPEN_JOBS);
        loop {
            let ids = some_ids(&mut jobs, key::OPEN_JOBS, JobId::parse).await?;
            if ids.is_empty() {
                break;
            }
            let old = self.step(Stage::Jobs(ids)).await?.jobs_from;
            let old = old.iter().map(|(job, from)| (key::job_stream(job), from - 1));
            self.forgotten.events += self.trim(old.collect()).await?;
        }
        let mut sessions = Facts::under(self.store, key::SESSIONS);
        loop {
            let ids = some_ids(&mut sessions, key::SESSIONS, SessionId::parse).await?;
            if ids.is_empty() {
                break;
            }
            let old = self.step(Stage::Sessions(ids)).await?.sessions_from;
            let old = old.iter().map(|(id, from)| (key::session_stream(id), from - 1));
            self.forgotten.pointers += self.trim(old.collect()).await?;
        }
        Ok(before != (self.forgotten.jobs, self.forgotten.events, self.forgotten.pointers))
    }

    /// Forgets streams up to a number each, and returns how many numbers that were.
    async fn trim(&mut self, streams: Vec<(Key, u64)>) -> Result<u64, Error> {
        let then = Box::new(Stage::Closed(None));
        Ok(self.step(Stage::Trim(streams, then)).await?.numbers)
    }

    async fn over_facts(&mut self, stage: fn(Option<Key>) -> Stage) -> Result<(), Error> {
        let mut after = None;
        loop {
            after = self.step(stage(after)).await?.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn step(&mut self, stage: Stage) -> Result<Swept, Error> {
        let step = Step { now: self.now, retention: self.retention, stage };
        let swept = sweep(self.store, &step).await.map_err(Error::failed)?;
        self.forgotten.jobs += swept.jobs;
        match step.stage {
            Stage::Ended(_) => self.forgotten.events += swept.numbers,
            Stage::Closed(_) => self.forgotten.pointers += swept.numbers,
            // What is trimmed is counted by who wants it.
            Stage::Jobs(_) | Stage::Sessions(_) | Stage::Trim(..) => {}
        }
        Ok(swept)
    }
}

/// The next ids that facts are named after.
async fn some_ids<T, E: std::fmt::Display>(
    facts: &mut Facts<'_>,
    prefix: &[u8],
    parse: fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Error> {
    let mut ids = Vec::new();
    while ids.len() < STEP
        && let Some((name, _)) = facts.next().await.map_err(Error::failed)?
    {
        ids.push(parse(rest(&name, prefix).unwrap_or_default()).map_err(Error::failed)?);
    }
    Ok(ids)
}

/// Removes the blobs that no artifact is known for. When an artifact cannot be read, nothing is.
async fn forget_blobs(place: &Place) -> Result<u64, Error> {
    let Some(blobs) = &place.blobs else { return Ok(0) };
    let mut known = BTreeSet::new();
    let mut facts = Facts::under(&place.store, key::ARTIFACTS);
    while let Some((_, value)) = facts.next().await.map_err(Error::failed)? {
        let fact = ArtifactFact::from_bytes(&value).map_err(Error::failed)?;
        known.insert(key::blob(&fact.reference.artifact));
    }
    sweep_blobs(blobs, |name| known.contains(name)).await.map_err(Error::failed)
}

/// Jobs or sessions looked at in one step.
const STEP: usize = 64;
