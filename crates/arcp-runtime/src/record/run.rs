//! What a job that can be run again has used up, or one whose spending is that of such a job, as it is
//! stored.

use std::collections::BTreeMap;

use arcp_core::Timestamp;
use arcp_core::lease::Budget;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::fact::{counters, counters_text, read, write};
use super::{RecordError, VERSION, check_version};

/// What a job that can be run again has used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFact {
    /// When it was started first.
    pub started_at: Timestamp,
    /// How often it was started.
    pub attempts: u32,
    /// How often its runtime died under it.
    pub deaths: u32,
    /// Whether its runtime was stopped in good order since it was started last.
    pub stopped: bool,
    /// What is left of its budget.
    pub left: Budget,
    /// Why it was asked to end, if it was.
    pub cancelled: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredRun {
    v: u32,
    started: i64,
    attempts: u32,
    #[serde(default)]
    deaths: u32,
    #[serde(default)]
    stopped: bool,
    /// Decimals by currency; they may be below zero.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    left: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancelled: Option<String>,
}

impl RunFact {
    /// The fact as it is stored.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        let stored = StoredRun {
            v: VERSION,
            started: self.started_at.as_micros(),
            attempts: self.attempts,
            deaths: self.deaths,
            stopped: self.stopped,
            left: counters_text(&self.left),
            cancelled: self.cancelled.clone(),
        };
        write("run", &stored)
    }

    /// Reads a stored fact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredRun = read("run", bytes)?;
        check_version("run", stored.v)?;
        Ok(Self {
            started_at: Timestamp::from_micros(stored.started),
            attempts: stored.attempts,
            deaths: stored.deaths,
            stopped: stored.stopped,
            left: counters("run", stored.left)?,
            cancelled: stored.cancelled,
        })
    }
}
