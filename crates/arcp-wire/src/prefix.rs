//! Frames of events: what differs by session, then what all who watch share.

use arcp_core::{Frame, SessionId};
use bytes::Bytes;

/// What all events of one session begin with.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    session: Option<SessionId>,
    start: Vec<u8>,
}

impl Prefix {
    /// The beginning of events of `session`.
    pub(crate) fn of(session: &SessionId) -> Self {
        // An id is any text after its prefix, so it is written as one.
        let id = serde_json::Value::from(session.as_str());
        let start = format!("{{\"session_id\":{id},\"event_seq\":").into_bytes();
        Self { session: Some(session.clone()), start }
    }

    /// Whether it is that of `session`.
    pub(crate) fn is_of(&self, session: Option<&SessionId>) -> bool {
        session.is_some() && self.session.as_ref() == session
    }

    /// The frame of the event at `seq`, of which `rest` is what follows the number; none when that is
    /// nothing.
    pub(crate) fn frame(&self, seq: u64, rest: &[u8]) -> Option<Frame> {
        if rest.is_empty() {
            return None;
        }
        let seq = seq.to_string();
        let start: &[u8] = if self.start.is_empty() { NO_SESSION } else { &self.start };
        let mut frame = Vec::with_capacity(start.len() + seq.len() + rest.len());
        frame.extend_from_slice(start);
        frame.extend_from_slice(seq.as_bytes());
        frame.extend_from_slice(rest);
        Some(Frame::text(frame))
    }
}

/// A written message, as what follows the number: the brace that opens it becomes a comma.
pub(crate) fn comma(written: Option<Vec<u8>>) -> Bytes {
    match written {
        Some(mut bytes) => {
            if let Some(first) = bytes.first_mut() {
                *first = b',';
            }
            Bytes::from(bytes)
        }
        None => Bytes::new(),
    }
}

const NO_SESSION: &[u8] = b"{\"event_seq\":";
