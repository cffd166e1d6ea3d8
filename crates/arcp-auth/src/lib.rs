//! The seams that say who is there, and that give jobs credentials.
//!
//! An [`Authenticator`] judges what a client offers under one scheme. [`Anonymous`] is for `none`,
//! [`StaticBearer`] for `bearer` with or without a challenge. Others are crates of their own, such as
//! `arcp-auth-jwt` for `signed_jwt`. A [`CredentialProvisioner`] issues credentials that are bound to a
//! job's lease.

mod anonymous;
mod bearer;
mod challenge;
mod provisioner;

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use arcp_core::{Offer, Principal, Secret};
pub use async_trait::async_trait;

pub use anonymous::Anonymous;
pub use bearer::StaticBearer;
pub use provisioner::{CredentialProvisioner, CredentialRequest, ProvisionError};

/// Judges what clients offer under one scheme.
///
/// 1. The verdict depends on the offer, the origin and the authenticator's own state only.
/// 2. Neither a verdict nor an error ever contains what was offered.
/// 3. A call may be dropped at any await point and leaves nothing half done.
/// 4. A challenge never comes twice from one authenticator, and tells nothing that helps to answer
///    another.
/// 5. The runtime passes a challenge back to the authenticator that made it, with the answers of
///    the connection that it was made for and of no other.
///
/// The runtime bounds how long a call may take, and survives one that panics.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// The scheme: `bearer`, `none`, ...
    fn scheme(&self) -> &'static str;

    /// Judges an offer.
    async fn authenticate(&self, offer: &Offer, origin: &Origin) -> Result<Verdict, AuthError>;

    /// Judges the answer to a challenge that this authenticator made.
    async fn answer(
        &self,
        challenge: &Challenge,
        response: &Secret<String>,
    ) -> Result<Verdict, AuthError> {
        let (_, _) = (challenge, response);
        Ok(Verdict::Refuse("the scheme has no challenges".to_owned()))
    }
}

/// Where an offer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The peer's address, where the transport has one.
    pub address: Option<IpAddr>,
    /// A name that no other session has; an anonymous principal goes by it.
    pub unique: String,
}

/// What an authenticator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is this principal.
    Accept(Principal),
    /// Answer this first.
    Challenge(Challenge),
    /// No, and why: told to the peer.
    Refuse(String),
}

/// A question to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// What the client is told.
    pub text: String,
}

/// Why an authenticator could not judge. The peer learns only that it could not.
#[derive(Debug)]
pub struct AuthError(Box<dyn Error + Send + Sync>);

impl AuthError {
    /// It could not, because of `source`.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }

    /// Whether the same call may succeed later. It may: what cannot is a verdict.
    pub fn is_retryable(&self) -> bool {
        true
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the authenticator failed: {}", self.0)
    }
}

impl Error for AuthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}
