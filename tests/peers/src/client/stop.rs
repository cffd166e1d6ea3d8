//! How a flow ends early: it failed, or it could not be run.

use std::fmt;

use arcp::ARCPError;
use arcp::envelope::Envelope;

/// What a flow comes to.
pub(crate) type Result<T = ()> = std::result::Result<T, Stop>;

/// Why a flow did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The runtime lacks what the flow needs. Nothing was proved.
    NotRun(String),
    /// The runtime did something else than it should have.
    Failed(String),
}

impl From<ARCPError> for Stop {
    fn from(error: ARCPError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A failure that says why.
pub(crate) fn failed(why: impl fmt::Display) -> Stop {
    Stop::Failed(why.to_string())
}

/// Fails unless `is`.
pub(crate) fn holds(what: impl fmt::Display, is: bool) -> Result {
    if is { Ok(()) } else { Err(failed(format_args!("not so: {what}"))) }
}

/// Fails unless both are the same.
#[expect(clippy::needless_pass_by_value, reason = "what is compared is made for it")]
pub(crate) fn same<T: PartialEq<U> + fmt::Debug, U: fmt::Debug>(
    what: impl fmt::Display,
    found: T,
    wanted: U,
) -> Result {
    if found == wanted {
        Ok(())
    } else {
        Err(failed(format_args!("{what}: found {found:?}, wanted {wanted:?}")))
    }
}

/// Fails unless the published client gave up, and with this in its words.
pub(crate) fn refused<T>(
    what: impl fmt::Display,
    result: std::result::Result<T, ARCPError>,
    words: &str,
) -> Result {
    match result {
        Ok(_) => Err(failed(format_args!("{what}: was not refused"))),
        Err(error) if error.to_string().contains(words) => Ok(()),
        Err(error) => Err(failed(format_args!("{what}: refused by `{error}`, wanted `{words}`"))),
    }
}

/// A frame that is not what was to come.
pub(crate) fn unexpected(frame: &Envelope, wanted: &str) -> Stop {
    let shown = serde_json::to_string(frame).unwrap_or_else(|error| error.to_string());
    failed(format_args!("wanted {wanted}, came {shown}"))
}
