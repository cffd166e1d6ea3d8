//! How a job ends well.

use arcp_core::{Completion, Fault, Json, ParseJsonError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A job's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Here it is.
    Value(Json),
    /// It went through a [`ResultStream`](crate::ResultStream), which made this.
    Streamed(Streamed),
}

/// Says that a result stream is complete; only the stream makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed(pub(crate) Completion);

impl Outcome {
    /// The result `value`, written as JSON.
    ///
    /// Fails with `Internal` when the value has no JSON form.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, Fault> {
        match Json::of(value) {
            Ok(json) => Ok(Self::Value(json)),
            Err(error) => Err(Fault::new(
                arcp_core::Code::Internal,
                format!("the result has no JSON form: {error}"),
            )),
        }
    }

    /// What a watcher is told.
    pub fn into_completion(self) -> Completion {
        match self {
            Self::Value(json) => Completion::Inline(json),
            Self::Streamed(Streamed(completion)) => completion,
        }
    }
}

/// Reads an agent's input; a shape that does not fit is the submitter's mistake
/// (`InvalidArgument`).
pub fn read_input<T: DeserializeOwned>(input: &Json) -> Result<T, Fault> {
    input.read().map_err(|error: ParseJsonError| Fault::invalid(format!("input: {error}")))
}
