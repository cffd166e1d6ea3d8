//! Frames of the open dialect: what is asked, and what is needed of an answer.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Result;
use crate::history::Seen;

/// Ids of messages and keys, no two the same in a run.
#[derive(Debug)]
pub(crate) struct Ids {
    client: usize,
    next: u64,
}

impl Ids {
    pub(crate) fn of(client: usize) -> Self {
        Self { client, next: 0 }
    }

    pub(crate) fn message(&mut self) -> String {
        self.next += 1;
        format!("msg_{:06}{:020}", self.client, self.next)
    }

    pub(crate) fn key(&mut self) -> String {
        self.next += 1;
        format!("key-{}-{}", self.client, self.next)
    }
}

/// A frame to be sent.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) session: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) payload: Value,
}

impl Asked {
    pub(crate) fn text(&self) -> String {
        let mut frame = json!({
            "arcp": "1.1", "id": self.id, "timestamp": SOME_TIME, "type": self.kind,
            "payload": self.payload,
        });
        if let Some(object) = frame.as_object_mut() {
            let more = [("session_id", &self.session), ("idempotency_key", &self.key)];
            for (name, value) in more.into_iter().filter_map(|(n, v)| Some((n, v.as_ref()?))) {
                object.insert(name.to_owned(), value.as_str().into());
            }
        }
        frame.to_string()
    }
}

/// What opens a session with a token.
pub(crate) fn open(token: &str) -> Value {
    json!({
        "auth": { "scheme": "bearer", "token": token },
        "client": { "kind": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "capabilities": { "streaming": true, "durable_jobs": true },
    })
}

/// A frame that came.
#[derive(Debug, Deserialize)]
pub(crate) struct Frame {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) session_id: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) job_id: Option<String>,
    pub(crate) event_seq: Option<u64>,
    #[serde(default)]
    pub(crate) payload: Value,
}

impl Frame {
    pub(crate) fn read(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text).map_err(|error| format!("{error} in: {text}"))?)
    }

    /// A text of the payload, empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.payload.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// It as an event.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            id: self.id.clone(),
            job: self.job_id.clone().unwrap_or_default(),
            kind: self.kind.clone(),
        }
    }

    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.kind, self.payload)
    }
}

/// No runtime takes a client's word for the time.
const SOME_TIME: &str = "2026-01-01T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_what_was_asked_and_no_more() {
        let mut ids = Ids::of(3);
        assert_ne!(ids.message(), ids.message());
        let asked = Asked {
            id: "msg_1".to_owned(),
            kind: "ping",
            session: None,
            key: Some("k".to_owned()),
            payload: json!({}),
        };
        let text = asked.text();
        assert!(
            text.contains(r#""idempotency_key":"k""#) && !text.contains("session_id"),
            "{text}"
        );
    }

    #[test]
    fn an_event_is_read() {
        let text =
            r#"{"id":"m","type":"log","job_id":"j","event_seq":3,"payload":{"message":"x"}}"#;
        let frame = Frame::read(text).unwrap();
        assert_eq!((frame.event_seq, frame.text("message")), (Some(3), "x"));
        assert_eq!(frame.seen().shown(), "m log of j");
        assert!(Frame::read("{").is_err());
    }
}
