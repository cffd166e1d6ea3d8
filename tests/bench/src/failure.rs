//! Why there are no figures: a sentence for whoever wanted them.

use std::error::Error;

/// Nobody here does more with an error than show it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;
