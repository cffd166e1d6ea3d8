//! What the protocol answers when something is refused or fails.

use std::fmt;

use crate::{Code, Json};

/// A refusal or failure that goes on the wire. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// What kind it is.
    pub code: Code,
    /// One sentence for a person: lower case, names the thing that was wrong.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// More, for a machine.
    pub detail: Option<Json>,
}

impl Fault {
    /// A fault with the code's own `retryable`.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: code.is_retryable(), detail: None }
    }

    /// The request's form or values are wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// A fault of ours: the peer learns only the incident's id, the log the rest.
    pub fn internal(incident: impl fmt::Display) -> Self {
        Self::new(Code::Internal, format!("internal error, incident {incident}"))
    }

    /// The same fault with `detail` for a machine.
    #[must_use]
    pub fn with_detail(mut self, detail: Json) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The same fault with `retryable` said otherwise than its code does.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
