//! What is stored, and under which keys: our own format, versioned, never wire bytes.
//!
//! Streams: `j/JOB` holds a job's events, one page a record; `s/SESSION` holds runs of pointers
//! into jobs, `audit` who wanted to watch what. Facts: `session/SESSION`, `closed/SESSION`, `open/JOB`, `done/PRINCIPAL/JOB`, `key/PRINCIPAL/KEY`,
//! `artifact/PRINCIPAL/ARTIFACT`, `owed/CREDENTIAL`, `watch/JOB/SESSION`,
//! `stream/JOB/STREAM`, `run/JOB`, and `input/JOB` and `checkpoint/JOB`, which are JSON text as it came.

mod anchor;
mod artifact;
mod audit;
mod event;
mod fact;
mod idempotency;
pub mod key;
mod lines;
mod owed;
mod page;
mod permission;
mod run;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;

pub use anchor::Anchor;
pub use artifact::ArtifactFact;
pub use audit::{AuditPage, Audited, read_audit_page};
pub use event::{event_id, observed_id};
pub use fact::{JobFact, Outcome, SessionFact, closed_at, closed_session};
pub use idempotency::KeyFact;
pub use owed::OwedFact;
pub use page::{JobPage, Run, SessionPage, last_said, read_job_page, read_session_page};
pub use run::RunFact;

/// Why stored bytes could not be read: damaged, or written by a newer version.
#[derive(Debug, thiserror::Error)]
#[error("stored {what} cannot be read: {why}")]
pub struct RecordError {
    what: &'static str,
    why: String,
}

impl RecordError {
    fn new(what: &'static str, why: impl fmt::Display) -> Self {
        Self { what, why: why.to_string() }
    }
}

/// The version of all formats here. A reader refuses what is newer.
const VERSION: u32 = 1;

fn check_version(what: &'static str, version: u32) -> Result<(), RecordError> {
    if version == VERSION {
        Ok(())
    } else {
        Err(RecordError::new(what, format!("version {version}, known is {VERSION}")))
    }
}
