//! Frames of the open dialect: the few that a load asks with, and what it needs of an answer.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::failure::Result;

/// Ids of messages, no two the same, also not those of two runs on one server.
#[derive(Debug)]
pub(crate) struct Ids(u128);

impl Ids {
    pub(crate) fn new() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos())
    }

    /// The digits of a number are those of a ULID too, which some runtimes ask for.
    pub(crate) fn next(&mut self) -> String {
        self.0 += 1;
        format!("msg_{:026}", self.0)
    }
}

/// A frame to be sent.
#[derive(Debug, Serialize)]
pub(crate) struct Asked<'a, P> {
    arcp: &'static str,
    id: &'a str,
    timestamp: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    payload: P,
}

impl<'a, P: Serialize> Asked<'a, P> {
    pub(crate) fn new(
        id: &'a str,
        kind: &'static str,
        session_id: Option<&'a str>,
        payload: P,
    ) -> Self {
        let idempotency_key = None;
        Self { arcp: "1.1", id, timestamp: SOME_TIME, kind, session_id, idempotency_key, payload }
    }

    pub(crate) fn under(self, key: Option<&'a str>) -> Self {
        Self { idempotency_key: key, ..self }
    }

    pub(crate) fn text(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// What opens a session.
#[derive(Debug, Serialize)]
pub(crate) struct Open<'a> {
    auth: Auth<'a>,
    client: Client,
    capabilities: Capabilities,
}

impl<'a> Open<'a> {
    /// A session that may go on on another connection.
    pub(crate) fn resumable(token: Option<&'a str>) -> Self {
        let mut open = Self::new(token);
        open.capabilities.extensions = &["resume"];
        open
    }

    pub(crate) fn new(token: Option<&'a str>) -> Self {
        let scheme = if token.is_some() { "bearer" } else { "none" };
        Self {
            auth: Auth { scheme, token },
            client: Client { kind: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            capabilities: Capabilities {
                anonymous: token.is_none(),
                streaming: true,
                extensions: &[],
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct Auth<'a> {
    scheme: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Client {
    kind: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Capabilities {
    anonymous: bool,
    streaming: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    extensions: &'static [&'static str],
}

/// What a session goes on by.
#[derive(Debug, Serialize)]
pub(crate) struct Resume<'a> {
    pub(crate) resume_token: &'a str,
    pub(crate) last_event_seq: u64,
}

/// What asks to be told of a job of another session.
#[derive(Debug, Serialize)]
pub(crate) struct Watch<'a> {
    pub(crate) job_id: &'a str,
    pub(crate) history: bool,
}

/// What asks whether anybody is there.
#[derive(Debug, Serialize)]
pub(crate) struct Ping {
    pub(crate) nonce: &'static str,
}

/// What asks for a job.
#[derive(Debug, Serialize)]
pub(crate) struct Invoke<'a, A> {
    pub(crate) tool: &'a str,
    pub(crate) arguments: A,
}

/// A frame that came, borrowed from its text.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) job_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    correlation_id: Option<Cow<'a, str>>,
    pub(crate) event_seq: Option<u64>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self> {
        Ok(serde_json::from_str(text).map_err(|error| format!("{error} in: {text}"))?)
    }

    /// Whether it belongs to what was asked with this id.
    pub(crate) fn answers(&self, id: &str) -> bool {
        self.correlation_id.as_deref() == Some(id)
    }

    pub(crate) fn session(&self) -> Result<String> {
        Ok(self.session_id.as_deref().ok_or("a session without an id")?.to_owned())
    }

    /// By what the session that this accepts goes on, where that is offered.
    pub(crate) fn resume_token(&self) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Accepted {
            resume_token: Option<String>,
        }
        self.payload::<Accepted>().map(|accepted| accepted.resume_token)
    }

    /// The payload as a `T`.
    pub(crate) fn payload<T: Deserialize<'a>>(&self) -> Result<T> {
        Ok(serde_json::from_str(self.payload.map_or("null", RawValue::get))?)
    }

    /// What it means for the job that it belongs to.
    pub(crate) fn job_has(&self) -> Result<JobHas> {
        match self.kind.as_ref() {
            "job.completed" => Ok(JobHas::Ended),
            "job.failed" | "job.cancelled" | "tool.error" | "nack" => Err(self.refusal()),
            _ => Ok(JobHas::GoneOn),
        }
    }

    /// Says that it is not what was hoped for.
    pub(crate) fn refusal(&self) -> Box<dyn std::error::Error> {
        format!("{}: {}", self.kind, self.payload.map_or("", RawValue::get)).into()
    }
}

/// What a job has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobHas {
    GoneOn,
    Ended,
}

/// No runtime takes a client's word for the time.
const SOME_TIME: &str = "2026-01-01T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_have_the_form_of_a_ulid() {
        let mut ids = Ids::new();
        let (one, other) = (ids.next(), ids.next());
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..6]), (30, "msg_00"));
    }

    #[test]
    fn a_frame_is_read_for_what_it_says() {
        let text = r#"{"type":"metric","event_seq":4,"correlation_id":"msg_1","payload":{"n":1}}"#;
        let answer = Answer::read(text).unwrap();
        assert!(answer.answers("msg_1") && !answer.answers("msg_2"));
        assert_eq!((answer.event_seq, answer.job_has().unwrap()), (Some(4), JobHas::GoneOn));
        let failed = Answer::read(r#"{"type":"job.failed","payload":{"code":"X"}}"#).unwrap();
        assert_eq!(failed.job_has().unwrap_err().to_string(), r#"job.failed: {"code":"X"}"#);
        assert!(Answer::read("{").is_err());
    }

    #[test]
    fn an_open_without_a_token_is_anonymous() {
        let text = Asked::new("msg_1", "session.open", None, Open::new(None)).text().unwrap();
        assert!(text.contains(r#""auth":{"scheme":"none"}"#), "{text}");
        assert!(text.contains(r#""anonymous":true"#), "{text}");
    }
}
