//! What is in a database file after the program that wrote it has ended.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arcp_core::{Delivery, JobEvent, Output};
use arcp_runtime::record::JobFact;
use arcp_store_sqlite::{Options, SqliteStore};
use arcp_wire::Dialect;
use arcp_wire::open::OpenDialect;
use serde_json::Value;

use crate::support::{ended_fact, job_events, numbers, open_fact};

/// An open database.
#[derive(Debug)]
pub(super) struct Stored(SqliteStore);

impl Stored {
    /// Opens the database in `folder`, which nobody else has open.
    pub(super) async fn open(folder: &Path) -> Self {
        assert!(folder.join("arcp.db").is_file(), "no database in {}", folder.display());
        Self(SqliteStore::open(folder, Options::default()).await.unwrap())
    }

    /// A session's events as its client should have seen them, but for `session_id`. They are
    /// numbered from 1 and each job's from 1, all without a gap or a double.
    pub(super) async fn frames(&self, session: &str) -> Vec<Value> {
        let numbers = numbers(&self.0, session).await;
        let mut jobs: BTreeMap<String, Vec<Arc<JobEvent>>> = BTreeMap::new();
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        let mut frames = Vec::new();
        for (expected, (seq, job, index)) in (1..).zip(numbers) {
            assert_eq!(seq, expected, "a number of {session}");
            let told = told.entry(job.clone()).or_default();
            *told += 1;
            assert_eq!(index, *told, "an index of {job}");
            if !jobs.contains_key(&job) {
                jobs.insert(job.clone(), self.events(&job).await);
            }
            let event = Arc::clone(&jobs[&job][usize::try_from(index - 1).unwrap()]);
            frames.push(frame(seq, event));
        }
        frames
    }

    /// A job's events, numbered from 1 without a gap or a double.
    pub(super) async fn events(&self, job: &str) -> Vec<Arc<JobEvent>> {
        let events = job_events(&self.0, job).await;
        for (expected, (index, _)) in (1..).zip(&events) {
            assert_eq!(*index, expected, "an index of {job}");
        }
        events.into_iter().map(|(_, event)| Arc::new(event)).collect()
    }

    /// What is kept of a job of `principal` that has ended; no other fact is there of it.
    pub(super) async fn ended(&self, principal: &str, job: &str) -> JobFact {
        assert!(open_fact(&self.0, job).await.is_none(), "{job} is open");
        ended_fact(&self.0, principal, job).await.unwrap_or_else(|| panic!("no fact of {job}"))
    }
}

fn frame(seq: u64, event: Arc<JobEvent>) -> Value {
    let mut frames = Vec::new();
    let output = Output::Event(Delivery { seq, event });
    OpenDialect.runtime_codec().1.encode(&output, &mut frames);
    assert_eq!(frames.len(), 1, "every event of these agents has a frame");
    serde_json::from_slice(&frames[0].bytes).unwrap()
}
