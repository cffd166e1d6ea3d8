//! Artifacts, as JSON: references to them, and what is known of one besides its bytes.

use arcp_core::{ArtifactId, ArtifactRef, Principal, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::event::{Text, bad};
use super::fact::{StoredPrincipal, read, write};
use super::{RecordError, VERSION, check_version};

/// What is known of an artifact besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFact {
    /// Whose it is.
    pub principal: Principal,
    /// What it is.
    pub reference: ArtifactRef,
}

impl ArtifactFact {
    /// The fact as it is stored.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        let principal = StoredPrincipal::of(&self.principal);
        let artifact = StoredArtifact::of(&self.reference);
        write("artifact", &StoredFact { v: VERSION, principal, artifact })
    }

    /// Reads a stored fact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredFact<'_> = read("artifact", bytes)?;
        check_version("artifact", stored.v)?;
        let principal = stored.principal.to_principal();
        Ok(Self { principal, reference: stored.artifact.into_reference()? })
    }
}

#[derive(Serialize, Deserialize)]
struct StoredFact<'a> {
    v: u32,
    #[serde(borrow)]
    principal: StoredPrincipal<'a>,
    #[serde(borrow)]
    artifact: StoredArtifact<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredArtifact<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    media_type: Text<'a>,
    size: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

impl<'a> StoredArtifact<'a> {
    pub(super) fn of(reference: &'a ArtifactRef) -> Self {
        Self {
            id: reference.artifact.as_str().into(),
            media_type: (&reference.media_type).into(),
            size: reference.size,
            sha256: reference.sha256.as_ref().map(Into::into),
            expires: reference.expires_at.map(Timestamp::as_micros),
        }
    }

    pub(super) fn into_reference(self) -> Result<ArtifactRef, RecordError> {
        Ok(ArtifactRef {
            artifact: ArtifactId::parse(&self.id.0).map_err(|_| bad("artifact id", &self.id.0))?,
            media_type: self.media_type.into(),
            size: self.size,
            sha256: self.sha256.map(Into::into),
            expires_at: self.expires.map(Timestamp::from_micros),
        })
    }
}
