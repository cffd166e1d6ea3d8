//! Inputs of a form.

use arcp::ARCPError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An input that has to be of this form.
pub(super) fn read<T: DeserializeOwned>(input: Value) -> Result<T, ARCPError> {
    serde_json::from_value(input).map_err(invalid)
}

pub(super) fn invalid(why: impl std::fmt::Display) -> ARCPError {
    ARCPError::InvalidArgument { detail: why.to_string() }
}
