//! What can go wrong with a runtime as a whole.

use arcp_core::Feature;
use arcp_store::StoreError;

use crate::engine::RecoverError;
use crate::record::RecordError;

/// Why a runtime cannot be built: two of its settings contradict each other, or one is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nobody could open a session.
    #[error("no authenticator: add one, `Anonymous` at least")]
    NoAuthenticator,
    /// Two authenticators claim one scheme.
    #[error("two authenticators for the scheme `{0}`")]
    SchemeTwice(String),
    /// The same version of an agent was added twice.
    #[error("the agent `{0}` is there twice")]
    AgentTwice(String),
    /// The name or version of an agent breaks the grammar (§7.5).
    #[error("{0}")]
    AgentName(#[from] arcp_core::ParseAgentRefError),
    /// Credentials are declared, and nobody issues any.
    #[error("`provisioned_credentials` is declared, but there is no provisioner: add one")]
    NoProvisioner,
    /// Artifacts are declared, and there is nowhere to keep any.
    #[error("`artifacts` is declared, but there are no blobs to keep them: add some")]
    NoBlobs,
    /// Anonymous sessions are declared, and nobody lets them in.
    #[error("`anonymous` is declared, but there is no authenticator for the scheme `none`")]
    NoAnonymous,
    /// An extension's name has no namespace, or that of the protocol itself (R§21.2).
    #[error(
        "`{0}` cannot be an extension: its name needs a namespace that is no word of the protocol"
    )]
    ExtensionName(String),
    /// A feature is declared that this runtime does not have.
    #[error("{0:?} is declared, but this runtime does not have it")]
    NotBuilt(Feature),
    /// A feature is declared not to be there that always is.
    #[error("{0:?} cannot be declared not to be there")]
    Always(Feature),
    /// One bound must not be below another.
    #[error("`{0}` must not be below `{1}`")]
    TooSmall(&'static str, &'static str),
    /// A lease of the settings holds a pattern that can cover nothing.
    #[error("`{0}`: {1}")]
    Lease(&'static str, String),
    /// A bound that must be at least one is zero.
    #[error("`{0}` must be at least 1")]
    ZeroLimit(&'static str),
}

/// Why a runtime did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The settings do not fit together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The store failed in a way that does not pass.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store holds cannot be understood.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// A record could not be written or read: a fault of ours.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The agents' threads could not be started.
    #[error("cannot start the agents' threads: {0}")]
    Threads(std::io::Error),
    /// The runtime was stopped and its store did not keep the last of what happened. Nobody was told
    /// of it; the next start fails the jobs that were running.
    #[error("the store did not keep the last commit in time")]
    Unkept,
    /// The writer is gone: a fault of ours.
    #[error("the writer has died: {0}")]
    Writer(String),
}
