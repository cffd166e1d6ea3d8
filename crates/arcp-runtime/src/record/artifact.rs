//! A reference to an artifact, as JSON.

use arcp_core::{ArtifactId, ArtifactRef, Timestamp};
use serde::{Deserialize, Serialize};

use super::RecordError;
use super::event::{Text, bad};

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
