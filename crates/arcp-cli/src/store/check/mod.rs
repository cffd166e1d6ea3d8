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
use arcp::runtime::record::key;
use arcp::store::Key;
use serde_json::json;

use super::Place;
use super::walk::Streams;
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(super) async fn run(data: &Path, json: bool) -> Result<Code, Error> {
    let place = Place::open(data).await?;
    let mut check = Check::of(&place, json);
    check.all().await?;
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

#[derive(Clone, Copy)]
enum State {
    Open,
    /// With the index of the terminal event, unless the fact is too damaged to say it.
    Ended(Option<u64>),
}

impl<'a> Check<'a> {
    fn of(place: &'a Place, json: bool) -> Self {
        Self { place, found: Found::new(json), known: Known::default() }
    }
}

impl Check<'_> {
    async fn all(&mut self) -> Result<(), Error> {
        self.file()?;
        self.facts().await?;
        self.streams().await?;
        self.streams_that_lack()
    }

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
        if name.starts_with(key::JOB_STREAMS) {
            self.job_stream(stream).await
        } else if name.starts_with(key::SESSION_STREAMS) {
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

#[cfg(test)]
mod tests {
    use arcp::core::{
        AgentRef, Append, Commit, Event, JobHead, Lease, MessageId, Principal, Priority, Timestamp,
    };
    use arcp::runtime::record::{JobFact, JobPage};
    use arcp::store::{Bytes, Store};
    use arcp::store_sqlite::{Options, SqliteStore};

    use super::*;

    /// A job that has ended, with its input, its end and this fact.
    fn ended(job: &JobId, fact: Bytes) -> Commit {
        let head = JobHead {
            job: job.clone(),
            request: MessageId::parse("msg_1").unwrap(),
            session: None,
            trace: None,
            priority: Priority::Normal,
        };
        let mut page = JobPage::new(&head, 1).unwrap();
        let end = Event::Cancelled { reason: "enough".to_owned() };
        page.push(Timestamp::from_micros(0), &end).unwrap();
        let append = Append { stream: key::job_stream(job), record: page.into_record() };
        let principal = Principal::named("somebody");
        let puts = vec![(key::done_job(&principal, job), fact), (key::job_input(job), "{}".into())];
        Commit { appends: vec![append], puts, ..Commit::default() }
    }

    #[tokio::test]
    async fn one_fact_that_does_not_say_how_a_job_ended_is_one_finding() {
        let without_outcome = JobFact {
            principal: Principal::named("somebody"),
            session: SessionId::parse("sess_1").unwrap(),
            request: MessageId::parse("msg_1").unwrap(),
            trace: None,
            priority: Priority::Normal,
            agent: AgentRef::new("echo", None).unwrap(),
            lease: Lease::default(),
            created_at: Timestamp::from_micros(0),
            max_runtime: None,
            parent: None,
            outcome: None,
        };
        for fact in [Bytes::from("{}"), without_outcome.to_bytes().unwrap()] {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
            store.commit(ended(&JobId::parse("job_1").unwrap(), fact)).await.unwrap();
            drop(store);
            let place = Place::open(folder.path()).await.unwrap();
            let mut check = Check::of(&place, false);
            check.all().await.unwrap();
            assert_eq!((check.found.findings, check.found.events), (1, 1));
        }
    }
}
