//! Credentials that are bound to a job and its lease.

use std::fmt;

use crate::{CredentialId, Lease, Secret};

/// A credential for a job: good for what it says, until the job ends. Its value is told to the
/// submitter and the agent, and to nobody else.
#[derive(Clone)]
pub struct Credential {
    /// What it goes by.
    pub id: CredentialId,
    /// The value to be shown at the endpoint, as a bearer token.
    pub value: Secret<String>,
    /// Where it is good.
    pub endpoint: String,
    /// Which of the endpoint's ways of use it is for.
    pub profile: Option<String>,
    /// What it is good for; `None` when nothing is said.
    pub constraints: Option<Lease>,
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.value.matches(other.value.expose().as_bytes())
            && self.id == other.id
            && self.endpoint == other.endpoint
            && self.profile == other.profile
            && self.constraints == other.constraints
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credential {}", self.id)
    }
}
