//! Why something did not go as the caller wanted.

use std::sync::Arc;

use arcp_core::Fault;
use arcp_transport::TransportError;

/// Why a call of the client failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection failed while the session was being opened.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// There is no session: the runtime's reason.
    #[error("the session was rejected: {0}")]
    Rejected(Fault),
    /// The runtime refused this command; nothing of it was done.
    #[error("refused: {0}")]
    Refused(Fault),
    /// No answer in time to what is named. The command may have been carried out, unless it had
    /// not been sent yet; an answer that comes later is dropped.
    #[error("timed out: {0}")]
    TimedOut(&'static str),
    /// The connection is over; what was sent last may or may not have been carried out.
    #[error("disconnected: {reason}")]
    Disconnected {
        /// Why, for a person.
        reason: Arc<str>,
        /// Whether a new connection may fare better.
        retryable: bool,
    },
    /// The connection was lost, and the runtime does not let the session go on: its reason. Jobs
    /// go on all the same, and can be listed in another session.
    #[error("the connection was lost and the session cannot go on: {0}")]
    NotResumed(Fault),
    /// The connection was lost before the answer to a submit without an idempotency key. It was
    /// not sent again, for that might have been a second job. With a key it says that more events
    /// of the job came before the answer than there is room for.
    #[error("the connection was lost before the answer: the job may have been accepted or not")]
    Unanswered,
    /// The peer broke the protocol.
    #[error("the peer broke the protocol: {0}")]
    Protocol(Arc<str>),
    /// The pieces of a streamed result do not make a whole.
    #[error("broken result: {0}")]
    BrokenResult(String),
    /// The command is too large to be sent; it was not.
    #[error("a command of {bytes} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Its frame's size.
        bytes: usize,
        /// [`Options::frame_bytes`](crate::Options::frame_bytes).
        limit: usize,
    },
    /// The system gave no random numbers for message ids.
    #[error("no random numbers: {0}")]
    Random(String),
}

impl ClientError {
    /// Whether the same may succeed later, on a new connection if this one is over.
    ///
    /// Repeat a submit only with an idempotency key: the first may have been taken.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_retryable(),
            Self::Rejected(fault) | Self::Refused(fault) | Self::NotResumed(fault) => {
                fault.retryable
            }
            Self::Disconnected { retryable, .. } => *retryable,
            Self::TimedOut(_) | Self::Unanswered => true,
            Self::Protocol(_) | Self::BrokenResult(_) | Self::TooLarge { .. } | Self::Random(_) => {
                false
            }
        }
    }

    pub(crate) fn protocol(what: impl Into<Arc<str>>) -> Self {
        Self::Protocol(what.into())
    }
}
