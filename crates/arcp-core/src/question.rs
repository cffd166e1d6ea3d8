//! What a running job asks of its runtime, and what it is answered.

use std::time::Duration;

use crate::lease::Operation;
use crate::{
    ArtifactRef, Credential, CredentialId, Delegated, GrantedLease, JobAccepted, Json, Lease,
    PermissionRequest, PutArtifact, StreamId, StreamInfo,
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
    /// Have another job do a part of it (§10).
    Delegate(Box<Delegation>),
    /// Give one of its credentials another value (§9).
    Rotate(CredentialId),
}

/// What a job is answered whose question was not refused: the variant that the question wants.
#[derive(Debug, Clone, PartialEq)]
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
    /// Another job does it; what was issued for that one is not told.
    Delegated(Box<JobAccepted>),
    /// The credential has another value.
    Rotated(Box<Credential>),
}

/// A part of a job that another one is to do, within the authority of the first (§10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// `name` or `name@version`, not yet checked.
    pub agent: String,
    /// What that agent gets.
    pub input: Json,
    /// The authority handed on; nothing when absent.
    pub lease: Option<Lease>,
    /// How long it may run; as long as the job itself when absent.
    pub max_runtime: Option<Duration>,
    /// What it goes by among the delegations of the job; the runtime's choice when absent.
    pub name: Option<String>,
}

impl Delegation {
    /// `agent` does it with `input`, and may do nothing that needs a grant.
    pub fn new(agent: impl Into<String>, input: Json) -> Self {
        Self { agent: agent.into(), input, lease: None, max_runtime: None, name: None }
    }

    /// Hands on this authority.
    #[must_use]
    pub fn lease(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Bounds how long it may run.
    #[must_use]
    pub fn max_runtime(mut self, span: Duration) -> Self {
        self.max_runtime = Some(span);
        self
    }

    /// Says what it goes by.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// About how many bytes the event takes that tells of it, as JSON.
    pub fn json_size(&self) -> usize {
        let lease = self.lease.as_ref().map_or(0, Lease::json_size);
        let name = self.name.as_deref().unwrap_or_default();
        Delegated::json_size(name, &self.agent, &self.input, lease)
    }
}
