//! What a connection needs to be one, and what every frame has to be.

use std::fmt::Debug;

use arcp_core::{
    Capabilities, Feature, Frame, MessageId, Output, Reply, RuntimeIdentity, SessionAccepted,
    SessionId, Timestamp,
};

/// The frames of an input.
pub(super) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(MOST_LINES)
}

/// A session with everything in it; its id is the first one that the input has, so that the frames in it
/// are of that session.
pub(super) fn accepted(data: &[u8]) -> SessionAccepted {
    let named = text_of(data, "session_id").and_then(|id| SessionId::parse(id).ok());
    let everything = Feature::ALL.iter();
    SessionAccepted {
        session: named.unwrap_or_else(|| SessionId::parse("sess_1").unwrap()),
        runtime: RuntimeIdentity::default(),
        capabilities: everything.fold(Capabilities::default(), |all, one| all.with(*one, true)),
        declared: Capabilities::default(),
        opened_at: NO_TIME,
        heartbeat: None,
        expires_at: None,
        resumption: None,
    }
}

/// The first text in `data` that stands at `key`, as it is written.
pub(super) fn text_of<'a>(data: &'a [u8], key: &str) -> Option<&'a str> {
    let key = format!("\"{key}\":\"");
    let at = data.windows(key.len()).position(|window| window == key.as_bytes())?;
    let rest = data.get(at + key.len()..)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..end)?).ok()
}

/// The answer to the message of that id.
pub(super) fn answer(to: &MessageId, reply: Reply) -> Output {
    let id = MessageId::parse("msg_01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    Output::Reply { id, at: NO_TIME, to: to.clone(), reply }
}

/// Whatever it is, it can be shown.
pub(super) fn look(value: &impl Debug) {
    assert!(!format!("{value:?}").is_empty());
}

/// A frame that is written is one line of JSON.
pub(super) fn is_sound(frame: &Frame) {
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    assert!(!text.contains(['\n', '\r']), "{text}");
    let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
    assert!(read.is_ok(), "{read:?}: {text}");
    assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
}

/// Stands where time does not matter.
pub(super) const NO_TIME: Timestamp = Timestamp::from_micros(0);
/// The most frames of one input.
const MOST_LINES: usize = 64;
