//! What an idempotency key is bound to, as it is stored.

use std::borrow::Cow;

use arcp_core::{IdempotencyKey, JobId, Principal, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::fact::StoredPrincipal;
use super::{RecordError, VERSION, check_version};
use crate::engine::Intent;

/// What an idempotency key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFact {
    /// The job that was made for it.
    pub job: JobId,
    /// What was wanted.
    pub intent: Intent,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredKey<'a> {
    v: u32,
    #[serde(borrow)]
    principal: StoredPrincipal<'a>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    job: Cow<'a, str>,
    /// Base64.
    #[serde(borrow)]
    intent: Cow<'a, str>,
    at: i64,
}

impl KeyFact {
    /// The fact as it is stored, with the names that its key is made of.
    pub fn to_bytes(
        &self,
        principal: &Principal,
        key: &IdempotencyKey,
    ) -> Result<Bytes, RecordError> {
        let stored = StoredKey {
            v: VERSION,
            principal: StoredPrincipal::of(principal),
            key: key.as_str().into(),
            job: self.job.as_str().into(),
            intent: STANDARD.encode(self.intent.0).into(),
            at: self.at.as_micros(),
        };
        let bytes = serde_json::to_vec(&stored).map_err(|error| RecordError::new("key", error))?;
        Ok(bytes.into())
    }

    /// Reads a stored fact, and whose key it is.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Principal, IdempotencyKey, Self), RecordError> {
        let bad = |error: &dyn std::fmt::Display| RecordError::new("key", error);
        let stored: StoredKey<'_> = serde_json::from_slice(bytes).map_err(|error| bad(&error))?;
        check_version("key", stored.v)?;
        let intent = STANDARD.decode(stored.intent.as_bytes()).map_err(|error| bad(&error))?;
        let fact = Self {
            job: JobId::parse(&stored.job).map_err(|error| bad(&error))?,
            intent: Intent(intent.try_into().map_err(|_| bad(&"its intent is no digest"))?),
            at: Timestamp::from_micros(stored.at),
        };
        let key = IdempotencyKey::parse(&stored.key).map_err(|error| bad(&error))?;
        Ok((stored.principal.to_principal(), key, fact))
    }
}
