//! What the protocol answers when something is refused or fails.

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

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

    /// What a job ends with that was cancelled for a reason and did not end in time.
    pub fn aborted(reason: &str) -> Self {
        let fault = Self::new(Code::Aborted, "the job was cancelled and did not end in time");
        // A text is always written.
        let detail = Json::of(&Aborted { cancelled: reason }).ok();
        Self { detail, ..fault }
    }

    /// Whether it is such an end; see [`Self::aborted`].
    pub fn is_end_of_cancelled(&self) -> bool {
        let detail = self.detail.as_ref().filter(|_| self.code == Code::Aborted);
        // A list is read as well as an object where the fields are in order.
        let object = detail.filter(|detail| detail.is_object());
        object.is_some_and(|object| object.read::<Aborted<IgnoredAny>>().is_ok())
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

/// The details of the end of a job that was cancelled and did not end in time.
#[derive(Serialize, Deserialize)]
struct Aborted<T> {
    /// Why it was cancelled.
    cancelled: T,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_cancelled_job_is_known_by_its_details() {
        let fault = Fault::aborted("enough");
        assert_eq!(fault.detail.as_ref().map(Json::as_str), Some(r#"{"cancelled":"enough"}"#));
        assert!(fault.is_end_of_cancelled());
        assert!(!Fault { code: Code::Internal, ..fault.clone() }.is_end_of_cancelled());
        for other in ["{}", "null", "[null]", r#""cancelled""#] {
            let detail = Json::parse(other).ok();
            assert!(!Fault { detail, ..fault.clone() }.is_end_of_cancelled(), "{other}");
        }
        assert!(!Fault::new(Code::Aborted, "torn").is_end_of_cancelled());
    }
}
