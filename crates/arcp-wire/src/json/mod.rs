//! JSON as dialects read and write it: values that need not be understood stay text.

mod object;

use arcp_core::{Quantity, Timestamp, TraceId, one_line};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

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

/// A number, with the digits that it has.
pub(crate) fn number(quantity: Quantity) -> Box<RawValue> {
    // A quantity's text is that of a JSON number; `null` stands in for what cannot happen.
    RawValue::from_string(quantity.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The trace id of a W3C `traceparent`; one that is malformed says nothing.
pub(crate) fn trace_of(traceparent: &str) -> Option<TraceId> {
    let mut parts = traceparent.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let sound = version.len() == 2
        && version != "ff"
        && is_hex(version)
        && is_trace_id(trace)
        && parts.next().is_some_and(|span| span.len() == 16 && is_hex(span));
    if sound { TraceId::parse(trace).ok() } else { None }
}

/// Whether it is a W3C trace id: 32 lower-case hexadecimal digits, not all of them zero.
pub(crate) fn is_trace_id(text: &str) -> bool {
    text.len() == 32 && is_hex(text) && text.bytes().any(|byte| byte != b'0')
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A message as one line of JSON.
pub(crate) fn line(message: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    match serde_json::to_writer(&mut bytes, message) {
        Ok(()) => {
            // A message must be one line for transports of lines.
            one_line(&mut bytes);
            Some(bytes)
        }
        Err(error) => {
            // INVARIANT: what is written has text keys and finite numbers only, so it can be.
            debug_assert!(error.is_io(), "not to be written: {error}");
            None
        }
    }
}

/// How deep arrays and objects may lie within one another: as deep as any reader of JSON goes.
/// What is echoed to a client that cannot go as deep would end it.
pub(crate) const MAX_DEPTH: usize = 100;

/// Room for most messages.
const USUAL_BYTES: usize = 320;
