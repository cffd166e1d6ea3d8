//! What can go wrong on a transport.

use std::error::Error;
use std::fmt;

/// Why a frame did not come or go.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of failure, by what the caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The connection could not be made.
    Refused,
    /// The connection broke.
    Broken,
    /// A frame exceeded the limit.
    TooLarge,
    /// The peer does not speak this transport's protocol.
    Protocol,
}

impl TransportError {
    /// A failure of `kind`, because of `source`.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// What the caller can do.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether a new connection may fare better.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, TransportErrorKind::Refused | TransportErrorKind::Broken)
    }
}

impl From<TransportErrorKind> for TransportError {
    fn from(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Refused => "cannot connect",
            TransportErrorKind::Broken => "the connection broke",
            TransportErrorKind::TooLarge => "a frame exceeds the limit",
            TransportErrorKind::Protocol => "the peer does not speak the transport's protocol",
        })?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}
