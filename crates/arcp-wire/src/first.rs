//! What tells the vocabularies apart in a first frame.

use arcp_core::Frame;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json::string;

/// A first frame that is a JSON object with a type.
pub(crate) struct FirstKeys {
    /// The type.
    pub(crate) kind: String,
    /// Whether it says when it was sent.
    pub(crate) timestamp: bool,
}

/// Reads no more of a first frame than it takes to know whose it is.
pub(crate) fn first_keys(first: &Frame) -> Option<FirstKeys> {
    #[derive(Deserialize)]
    struct Keys<'a> {
        #[serde(rename = "type", borrow)]
        kind: &'a RawValue,
        timestamp: Option<IgnoredAny>,
    }
    let text = std::str::from_utf8(&first.bytes).ok()?;
    let read: Keys<'_> = serde_json::from_str(text).ok()?;
    Some(FirstKeys { kind: string(read.kind)?.into_owned(), timestamp: read.timestamp.is_some() })
}
