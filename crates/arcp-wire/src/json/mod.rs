//! JSON as dialects read and write it: values that need not be understood stay text.

mod object;

use arcp_core::Timestamp;
use serde::{Serialize, Serializer};

pub(crate) use object::{
    Object, excerpt, id, instant, is_deeper_than, maybe_id, scalar, string, strings,
};

/// An instant, as text.
#[derive(Clone, Copy)]
pub(crate) struct Stamp(pub(crate) Timestamp);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A message as one line of JSON.
pub(crate) fn line(message: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    match serde_json::to_writer(&mut bytes, message) {
        Ok(()) => Some(one_line(bytes)),
        Err(error) => {
            // INVARIANT: what is written has text keys and finite numbers only, so it can be.
            debug_assert!(error.is_io(), "not to be written: {error}");
            None
        }
    }
}

/// Values of peers and agents are written as they stand; a line break in one stands between two
/// tokens, where a blank says the same. A message must be one line for transports of lines.
fn one_line(mut bytes: Vec<u8>) -> Vec<u8> {
    for byte in &mut bytes {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    bytes
}

/// How deep arrays and objects may lie within one another: as deep as any reader of JSON goes.
/// What is echoed to a client that cannot go as deep would end it.
pub(crate) const MAX_DEPTH: usize = 100;

/// Room for most messages.
const USUAL_BYTES: usize = 320;
