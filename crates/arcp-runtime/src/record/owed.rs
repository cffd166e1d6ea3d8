//! What may have been issued and is not revoked, as it is stored: never a value.

use std::borrow::Cow;

use arcp_core::JobId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::fact::{read, write};
use super::{RecordError, VERSION, check_version};

/// That something may have been issued for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedFact {
    /// The job.
    pub job: JobId,
}

#[derive(Serialize, Deserialize)]
struct StoredOwed<'a> {
    v: u32,
    #[serde(borrow)]
    job: Cow<'a, str>,
}

impl OwedFact {
    /// The fact as it is stored.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        write("credential", &StoredOwed { v: VERSION, job: self.job.as_str().into() })
    }

    /// Reads a stored fact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredOwed<'_> = read("credential", bytes)?;
        check_version("credential", stored.v)?;
        let job = JobId::parse(&stored.job).map_err(|e| RecordError::new("credential", e))?;
        Ok(Self { job })
    }
}
