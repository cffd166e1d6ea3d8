//! How a connection ended, in a form that every caller can be told.

use std::sync::Arc;

use arcp_core::Fault;
use arcp_transport::CloseReason;

use crate::ClientError;

/// Why the driver stopped.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// This side wanted it.
    Closed,
    /// The other side or the connection ended it.
    Lost { reason: Arc<str>, retryable: bool },
    /// The connection was lost, and the runtime does not let the session go on.
    NotResumed(Fault),
    /// The peer broke the protocol.
    Broken(Arc<str>),
}

impl End {
    pub(crate) fn lost(reason: impl Into<Arc<str>>) -> Self {
        Self::Lost { reason: reason.into(), retryable: true }
    }

    pub(crate) fn evicted(fault: &Fault) -> Self {
        Self::Lost {
            reason: format!("the session was ended: {fault}").into(),
            retryable: fault.retryable,
        }
    }

    /// What the callers are told.
    pub(crate) fn error(&self) -> ClientError {
        match self {
            Self::Closed => ClientError::Disconnected {
                reason: "closed by this client".into(),
                retryable: false,
            },
            Self::Lost { reason, retryable } => {
                ClientError::Disconnected { reason: Arc::clone(reason), retryable: *retryable }
            }
            Self::NotResumed(fault) => ClientError::NotResumed(fault.clone()),
            Self::Broken(what) => ClientError::Protocol(Arc::clone(what)),
        }
    }

    /// What the peer is told, if its transport can say it.
    pub(crate) fn close_reason(&self) -> CloseReason {
        match self {
            Self::Closed | Self::Lost { .. } | Self::NotResumed(_) => CloseReason::Done,
            Self::Broken(_) => CloseReason::Policy,
        }
    }
}

impl From<ClientError> for End {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Protocol(what) => Self::Broken(what),
            ClientError::NotResumed(fault) => Self::NotResumed(fault),
            other => {
                Self::Lost { reason: other.to_string().into(), retryable: other.is_retryable() }
            }
        }
    }
}
