//! Why a run could not be made: a sentence for whoever wanted it. What a run finds is a `Violation`.

use std::error::Error;

/// Nobody here does more with an error than show it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
