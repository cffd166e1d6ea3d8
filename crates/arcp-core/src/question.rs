//! What a running job asks of its runtime, and what it is answered.

use std::time::Duration;

use crate::lease::Operation;
use crate::{
    ArtifactRef, GrantedLease, Json, PermissionRequest, PutArtifact, StreamId, StreamInfo,
};

/// What a running job asks. Unlike an event, it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// May it do this?
    Authorize(Operation),
    /// Let it have a stream (R§11).
    OpenStream(StreamInfo),
    /// Will somebody permit this (R§15.4)?
    Permission {
        /// What.
        request: PermissionRequest,
        /// How long it waits for the answer; `None` until its own end.
        wait: Option<Duration>,
    },
    /// Keep an artifact (R§16).
    Keep(PutArtifact),
    /// Keep its state, in place of what was kept before (R§19).
    Checkpoint(Json),
}

/// What a job is answered whose question was not refused: the variant that the question wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may.
    Authorized,
    /// The stream is open.
    Stream(StreamId),
    /// It is permitted.
    Permission(GrantedLease),
    /// It is kept.
    Artifact(ArtifactRef),
    /// Its state is kept.
    Checkpointed,
}
