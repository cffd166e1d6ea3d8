//! The seam that gives jobs credentials.

use std::error::Error;
use std::fmt;

use arcp_core::{AgentRef, Credential, CredentialId, JobId, Lease, Principal, Secret};

use crate::async_trait;

/// Issues credentials that are bound to a job's lease, and takes them back.
///
/// 1. All that is issued for a request goes by the request's id, and is revoked by it; so does what
///    `rotate` puts in its place.
/// 2. Asked again with the same id, `issue` leaves no more than asked once.
/// 3. After `revoke` has returned `Ok`, nothing that goes by the id is good, also when a call of `issue`
///    or `rotate` for it was dropped before it ended.
/// 4. To revoke what was revoked before, or never issued, is no error.
/// 5. After `Refused` and `Unsupported` nothing was issued; after any other error perhaps, and the
///    runtime revokes it: at once where nothing was issued before, else when the job ends.
/// 6. No value of a credential is in an error.
/// 7. What is issued gives no more than the request's lease and its ceiling both give.
///
/// Calls come from many jobs at the same time. The runtime bounds how long each may take and drops it
/// then, survives one that panics, and tries a failed `revoke` again and again, also after a restart. It
/// asks for one rotation of a request at a time, and does not revoke while that is under way.
#[async_trait]
pub trait CredentialProvisioner: Send + Sync + 'static {
    /// Issues what a job needs: often one credential, perhaps none.
    async fn issue(&self, request: &CredentialRequest) -> Result<Vec<Credential>, ProvisionError>;

    /// Takes back all that goes by `id`.
    async fn revoke(&self, id: &CredentialId) -> Result<(), ProvisionError>;

    /// Gives the credential `id`, one of those that were issued for `request`, another value, which is
    /// good from now on. The one before is not any more, or not for long. By default credentials keep
    /// their values.
    async fn rotate(
        &self,
        id: &CredentialId,
        request: &CredentialRequest,
    ) -> Result<Secret<String>, ProvisionError> {
        let _ = (id, request);
        Err(ProvisionError::Unsupported)
    }
}

/// Who asks for credentials, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRequest {
    /// What is issued goes by this.
    pub id: CredentialId,
    /// The job that they are for. It has not started when they are issued.
    pub job: JobId,
    /// Whose job it is.
    pub principal: Principal,
    /// Who does it.
    pub agent: AgentRef,
    /// What it may do, spend and last.
    pub lease: Lease,
    /// What no job may go beyond, whatever its lease says; `None` where leases alone decide.
    pub ceiling: Option<Lease>,
}

/// Why there are no credentials, or they could not be revoked.
#[derive(Debug)]
pub enum ProvisionError {
    /// They are not given; who asked is told why.
    Refused(String),
    /// This provisioner does not do that.
    Unsupported,
    /// It did not work, and may work later; the log is told why.
    Failed(Box<dyn Error + Send + Sync>),
}

impl ProvisionError {
    /// It did not work, because of `source`.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }
}

impl fmt::Display for ProvisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "credentials were refused: {why}"),
            Self::Unsupported => write!(f, "the provisioner does not do that"),
            Self::Failed(source) => write!(f, "the provisioner failed: {source}"),
        }
    }
}

impl Error for ProvisionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(_) | Self::Unsupported => None,
            Self::Failed(source) => Some(source.as_ref()),
        }
    }
}
