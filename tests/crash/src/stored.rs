//! What is in a store: read whole, and not judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arcp_core::{Event, Fault, JobEvent, JobId, Key, Principal, Record, SessionId};
use arcp_runtime::record::{JobFact, KeyFact, SessionFact, key, read_job_page, read_session_page};
use arcp_store::{Bytes, Store};
use arcp_store_sqlite::{Options, SqliteStore};

use crate::failure::Result;
use crate::history::Seen;

/// What is in a store.
#[derive(Debug, Default, Clone)]
pub(crate) struct Stored {
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) jobs: BTreeMap<String, Job>,
    /// The job that a key of a principal is bound to.
    pub(crate) keys: BTreeMap<(String, String), String>,
}

/// What is stored of a session.
#[derive(Debug, Default, Clone)]
pub(crate) struct Session {
    /// Whether it has not closed.
    pub(crate) open: bool,
    pub(crate) kept_from: u64,
    /// Its pointers: a number, a job, and an index in it.
    pub(crate) numbers: Vec<(u64, String, u64)>,
}

/// What is stored of a job.
#[derive(Debug, Default, Clone)]
pub(crate) struct Job {
    pub(crate) open: bool,
    /// The index of its terminal event by its outcome, if it has ended.
    pub(crate) done: Option<u64>,
    /// The session that submitted it.
    pub(crate) session: String,
    pub(crate) kept_from: u64,
    pub(crate) events: Vec<(u64, Told)>,
}

/// An event as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) seen: Seen,
    /// The code and the message of a failure.
    pub(crate) failure: Option<String>,
}

impl Stored {
    /// Reads the store in a folder that nobody has open, with what is known of these sessions and jobs.
    pub(crate) async fn read(
        folder: &Path,
        sessions: BTreeSet<String>,
        jobs: BTreeSet<String>,
    ) -> Result<Self> {
        let store = SqliteStore::open(folder, Options::default()).await?;
        let mut stored = Self::default();
        stored.read_sessions(&store, sessions).await?;
        stored.read_facts(&store).await?;
        for job in jobs {
            stored.jobs.entry(job).or_default();
        }
        stored.read_events(&store).await?;
        Ok(stored)
    }

    async fn read_sessions(&mut self, store: &SqliteStore, seen: BTreeSet<String>) -> Result<()> {
        for (name, value) in scan(store, key::SESSIONS).await? {
            SessionFact::from_bytes(&value)?;
            self.sessions.entry(name).or_default().open = true;
        }
        for name in seen {
            self.sessions.entry(name).or_default();
        }
        for (name, session) in &mut self.sessions {
            let (kept_from, records) =
                stream(store, &key::session_stream(&SessionId::parse(name)?)).await?;
            session.kept_from = kept_from;
            for record in records {
                for (seq, run) in read_session_page(&record)? {
                    let each = (0..u64::from(run.count)).map(|n| (seq + n, run.index + n));
                    let job = run.job.as_str();
                    session.numbers.extend(each.map(|(seq, index)| (seq, job.to_owned(), index)));
                }
            }
            for (_, job, _) in &session.numbers {
                self.jobs.entry(job.clone()).or_default();
            }
        }
        Ok(())
    }

    async fn read_facts(&mut self, store: &SqliteStore) -> Result<()> {
        for (name, value) in scan(store, key::OPEN_JOBS).await? {
            let fact = JobFact::from_bytes(&value)?;
            let job = self.jobs.entry(name).or_default();
            (job.open, job.session) = (true, fact.session.to_string());
        }
        for principal in crate::PRINCIPALS {
            let principal = Principal::named(principal);
            for (name, value) in scan(store, &key::done_jobs(&principal)).await? {
                let fact = JobFact::from_bytes(&value)?;
                let job = self.jobs.entry(name).or_default();
                job.session = fact.session.to_string();
                job.done =
                    Some(fact.outcome.ok_or("a job that has ended without an outcome")?.last_index);
            }
        }
        for (_, value) in scan(store, key::KEYS).await? {
            let (principal, key, fact) = KeyFact::from_bytes(&value)?;
            let key = (principal.name().to_owned(), key.as_str().to_owned());
            self.keys.insert(key, fact.job.to_string());
        }
        Ok(())
    }

    async fn read_events(&mut self, store: &SqliteStore) -> Result<()> {
        for (name, job) in &mut self.jobs {
            let id = JobId::parse(name)?;
            let (kept_from, records) = stream(store, &key::job_stream(&id)).await?;
            job.kept_from = kept_from;
            for record in records {
                let events = read_job_page(&id, &record, 0)?;
                job.events.extend(events.iter().map(|(index, event)| (*index, Told::of(event))));
            }
        }
        Ok(())
    }
}

impl Told {
    fn of(event: &JobEvent) -> Self {
        let failure = |fault: &Fault| format!("{} {}", fault.code, fault.message);
        let (kind, failure) = match &event.event {
            Event::Started { .. } => ("job.started", None),
            Event::Log { .. } => ("log", None),
            Event::Metric { .. } => ("metric", None),
            Event::Progress(_) => ("job.progress", None),
            Event::ResultChunk(_) => ("job.result_chunk", None),
            Event::Completed(_) => ("job.completed", None),
            Event::Cancelled { .. } => ("job.cancelled", None),
            Event::Failed(fault) | Event::TimedOut(fault) => ("job.failed", Some(failure(fault))),
            _ => ("of a kind that none of these agents tells", None),
        };
        let (id, job) = (event.id.to_string(), event.head.job.to_string());
        Self { seen: Seen { id, job, kind: kind.to_owned() }, failure }
    }
}

/// All facts under a prefix, by what follows it.
async fn scan(store: &SqliteStore, prefix: &[u8]) -> Result<Vec<(String, Bytes)>> {
    let (mut all, mut after): (_, Option<Key>) = (Vec::new(), None);
    loop {
        let facts = store.scan(prefix, after.as_ref(), FACTS).await?;
        let Some((last, _)) = facts.last() else { return Ok(all) };
        after = Some(last.clone());
        for (key, value) in facts {
            let name = key.as_bytes().get(prefix.len()..).unwrap_or_default();
            all.push((String::from_utf8_lossy(name).into_owned(), value));
        }
    }
}

/// All records of a stream, and the number from which on they are kept.
async fn stream(store: &SqliteStore, name: &Key) -> Result<(u64, Vec<Record>)> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, Record::last);
        let page = store.read(name, after, BYTES).await?;
        if page.records.is_empty() {
            return Ok((page.kept_from, records));
        }
        records.extend(page.records);
    }
}

const FACTS: usize = 1_000;
const BYTES: usize = 4 << 20;
