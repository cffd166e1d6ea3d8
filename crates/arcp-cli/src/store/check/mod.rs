//! `arcp store check`: whether the file is sound, and whether what is in it fits together.
//!
//! What is wrong is said as it is found, one thing a line. Texts of facts about sessions are never
//! shown, as these hold hashes of tokens.

mod facts;
mod jobs;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

use arcp::core::{JobId, SessionId};
use arcp::store::Key;
use serde_json::json;

use super::Place;
use super::walk::{JOBS, SESSIONS, Streams};
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(super) async fn run(data: &Path, json: bool) -> Result<Code, Error> {
    let place = Place::open(data).await?;
    let mut check = Check { place: &place, found: Found::new(json), known: Known::default() };
    check.file()?;
    check.facts().await?;
    check.streams().await?;
    check.streams_that_lack()?;
    check.found.conclude()
}

struct Check<'a> {
    place: &'a Place,
    found: Found,
    known: Known,
}

/// What facts say, and what streams have shown.
#[derive(Default)]
struct Known {
    jobs: BTreeMap<JobId, Job>,
    sessions: BTreeSet<SessionId>,
    /// Whether all facts were read: else nobody can say that something is not known.
    whole: bool,
}

#[derive(Default)]
struct Job {
    state: Option<State>,
    has_input: bool,
    /// The last event of its stream, 0 when there is none.
    last: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// With the index of the terminal event.
    Ended(u64),
}

impl Check<'_> {
    /// What SQLite says.
    fn file(&mut self) -> Result<(), Error> {
        for what in self.place.folder.check().map_err(Error::failed)? {
            self.found.add("arcp.db", what)?;
        }
        Ok(())
    }

    async fn streams(&mut self) -> Result<(), Error> {
        let mut streams = Streams::of(&self.place.folder);
        loop {
            match streams.next() {
                Ok(Some(stream)) => self.stream(&stream).await?,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.known.whole = false;
                    return self.found.add("streams", error);
                }
            }
        }
    }

    /// Those of jobs come before those of sessions, which point at them.
    async fn stream(&mut self, stream: &Key) -> Result<(), Error> {
        self.found.streams += 1;
        let name = stream.as_bytes();
        if name.starts_with(JOBS) {
            self.job_stream(stream).await
        } else if name.starts_with(SESSIONS) {
            self.session_stream(stream).await
        } else {
            self.found.add(shown(stream), "a stream of no known kind")
        }
    }
}

/// What was found, and how much was looked at.
struct Found {
    json: bool,
    findings: u64,
    facts: u64,
    streams: u64,
    events: u64,
}

impl Found {
    fn new(json: bool) -> Self {
        Self { json, findings: 0, facts: 0, streams: 0, events: 0 }
    }

    fn add(&mut self, place: impl Display, what: impl Display) -> Result<(), Error> {
        self.findings += 1;
        if self.json {
            return say(json!({ "place": place.to_string(), "finding": what.to_string() }));
        }
        say(format_args!("{place}: {what}"))
    }

    fn conclude(self) -> Result<Code, Error> {
        let Self { json, findings, facts, streams, events } = self;
        if json {
            say(json!({
                "findings": findings, "facts": facts, "streams": streams, "events": events,
            }))?;
        } else if findings == 0 {
            say(format_args!("all is well: {facts} facts, {streams} streams, {events} events"))?;
        } else {
            eprintln!("arcp: {findings} findings");
        }
        Ok(if findings == 0 { exit::OK } else { exit::FAILED })
    }
}

/// The name of a fact or a stream.
fn shown(key: &Key) -> String {
    key.as_bytes().escape_ascii().to_string()
}
