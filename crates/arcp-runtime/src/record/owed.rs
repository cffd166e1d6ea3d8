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
    /// The job that has delegated to it, if one has.
    pub parent: Option<JobId>,
}

#[derive(Serialize, Deserialize)]
struct StoredOwed<'a> {
    v: u32,
    #[serde(borrow)]
    job: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    parent: Option<Cow<'a, str>>,
}

impl OwedFact {
    /// The fact as it is stored.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        let parent = self.parent.as_ref().map(|parent| parent.as_str().into());
        write("credential", &StoredOwed { v: VERSION, job: self.job.as_str().into(), parent })
    }

    /// Reads a stored fact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredOwed<'_> = read("credential", bytes)?;
        check_version("credential", stored.v)?;
        let id = |text: &str| JobId::parse(text).map_err(|e| RecordError::new("credential", e));
        Ok(Self { job: id(&stored.job)?, parent: stored.parent.as_deref().map(id).transpose()? })
    }
}
