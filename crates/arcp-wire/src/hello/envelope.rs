//! The envelope that every frame is (§5).

use std::borrow::Cow;

use arcp_core::{Fault, Frame, FrameKind, MessageId, SessionId, TraceId};
use serde_json::value::RawValue;

use super::line::Version;
use super::profile::is_optional;
use super::types::is_hello_only;
use crate::Decoded;
use crate::first::{FirstKeys, first_keys};
use crate::json::{MAX_DEPTH, Object, id, is_deeper_than, is_trace_id, maybe_id, trace_of};

/// A sound envelope.
pub(super) struct Envelope<'a> {
    /// The message's id.
    pub(super) id: MessageId,
    /// How its sender writes the version of the protocol.
    pub(super) version: Version,
    /// The type.
    pub(super) kind: Cow<'a, str>,
    /// The session that it belongs to.
    pub(super) session: Option<SessionId>,
    /// The job that it is about, as its sender spells it.
    pub(super) job: Option<Cow<'a, str>>,
    /// The trace that it belongs to.
    pub(super) trace: Option<TraceId>,
    /// The place among the session's events.
    pub(super) seq: Option<u64>,
    /// Whether a receiver that does not know the type may drop it.
    pub(super) optional: bool,
    /// A JSON object.
    pub(super) payload: &'a RawValue,
}

/// A frame that is no sound envelope.
pub(super) struct Unsound {
    id: Option<MessageId>,
    fault: Fault,
}

impl<'a> Envelope<'a> {
    /// Reads a frame.
    pub(super) fn read(frame: &'a Frame) -> Result<Self, Unsound> {
        let unsound = |fault| Unsound { id: None, fault };
        if frame.kind == FrameKind::Binary {
            return Err(unsound(Fault::invalid("messages are text frames")));
        }
        let text = std::str::from_utf8(&frame.bytes)
            .map_err(|_| unsound(Fault::invalid("the frame is not UTF-8 text")))?;
        if is_deeper_than(text, MAX_DEPTH) {
            let message = format!("the frame nests more than {MAX_DEPTH} levels deep");
            return Err(unsound(Fault::invalid(message)));
        }
        // What the parser says may show a secret.
        let raw: &RawValue = serde_json::from_str(text)
            .map_err(|_| unsound(Fault::invalid("the frame is not a JSON object")))?;
        let keys = Object::read(raw, "envelope").map_err(unsound)?;
        let named = id(&keys, "id", MessageId::parse);
        Self::of(&keys, named.clone()).map_err(|fault| Unsound { id: named.ok(), fault })
    }

    fn of(keys: &Object<'a>, id: Result<MessageId, Fault>) -> Result<Self, Fault> {
        let version = keys.need_text("arcp")?;
        let id = id?;
        let payload = keys.value("payload").ok_or_else(|| keys.missing("payload"))?;
        if !payload.get().starts_with('{') {
            return Err(keys.wrong("payload", "an object"));
        }
        let extensions = keys.object("extensions", "extensions")?;
        Ok(Self {
            version: Version::parse(&version).ok_or_else(|| keys.wrong("arcp", "\"1.1\""))?,
            id,
            kind: keys.need_text("type")?,
            session: maybe_id(keys, "session_id", SessionId::parse)?,
            job: keys.text("job_id")?,
            trace: trace(keys)?,
            seq: keys.whole("event_seq")?,
            optional: extensions.as_ref().is_some_and(is_optional),
            payload,
        })
    }
}

/// The text says that it is a `traceparent`, everybody writes the trace id that is in one.
fn trace(keys: &Object<'_>) -> Result<Option<TraceId>, Fault> {
    let Some(text) = keys.text("trace_id")? else { return Ok(None) };
    let found = if is_trace_id(&text) { TraceId::parse(&text).ok() } else { trace_of(&text) };
    let want = "32 lower-case hexadecimal digits, or a W3C traceparent";
    found.map(Some).ok_or_else(|| keys.wrong("trace_id", want))
}

impl Unsound {
    /// The message of that id is none of this connection.
    pub(super) fn of(id: MessageId, fault: Fault) -> Self {
        Self { id: Some(id), fault }
    }
}

impl<T> From<Unsound> for Decoded<T> {
    fn from(Unsound { id, fault }: Unsound) -> Self {
        Self::Bad { id, fault }
    }
}

/// Whether a first frame looks like one of this dialect.
pub(super) fn is_ours(first: &Frame) -> bool {
    let Some(FirstKeys { kind, timestamp }) = first_keys(first) else { return false };
    is_hello_only(&kind) || (!timestamp && !crate::open::is_open_only(&kind))
}
