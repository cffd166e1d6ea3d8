//! Artifacts: values that are referred to instead of being sent along (R§16).

use std::time::Duration;

use bytes::Bytes;

use crate::{ArtifactId, Timestamp};

/// A reference to an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRef {
    /// The artifact.
    pub artifact: ArtifactId,
    /// What its bytes are.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of its bytes, as lower-case hexadecimal digits; `None` when a peer did not say.
    pub sha256: Option<String>,
    /// The instant from which on it is gone; `None` when a peer did not say.
    pub expires_at: Option<Timestamp>,
}

/// An artifact to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutArtifact {
    /// What its bytes are.
    pub media_type: String,
    /// Its bytes.
    pub data: Bytes,
    /// What their SHA-256 is to be, as hexadecimal digits; checked when it is there.
    pub sha256: Option<String>,
    /// How long it is to be kept; the runtime's default when absent.
    pub retain: Option<Duration>,
}

/// An artifact with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is.
    pub reference: ArtifactRef,
    /// Its bytes.
    pub data: Bytes,
}

/// How long artifacts are kept (R§16.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtifactRetention {
    /// When a put does not say.
    pub default: Duration,
    /// At most.
    pub max: Duration,
}
