//! Frames of the open dialect: the few that a load asks with, and what it needs of an answer.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::scan::Needle;
use super::{Ask, Chunk, Heard, Left, Metric, NONCE, SOME_TIME, Text, What, metric, refusal};
use crate::failure::Result;

pub(super) fn write(ask: &Ask<'_>, id: &str, session: Option<&str>) -> Result<String> {
    let frame = |kind, payload| Frame {
        arcp: "1.1",
        id,
        timestamp: SOME_TIME,
        kind,
        session_id: session,
        idempotency_key: None,
        payload,
    };
    let frame = match *ask {
        Ask::Open { token, resumable } => {
            frame("session.open", Payload::Open(Open::new(token, resumable)))
        }
        Ask::Resume { left, last, .. } => {
            let payload = Payload::Resume { resume_token: &left.token, last_event_seq: last };
            frame("session.resume", payload)
        }
        Ask::Submit { agent, input, key } => {
            let payload = Payload::Invoke { tool: agent, arguments: input };
            Frame { idempotency_key: key, ..frame("tool.invoke", payload) }
        }
        Ask::Watch { job } => {
            frame("job.subscribe", Payload::Subscribe { job_id: job, history: true })
        }
        Ask::Ping => frame("ping", Payload::Ping { nonce: NONCE }),
        Ask::Pong { nonce } => frame("pong", Payload::Ping { nonce }),
    };
    Ok(serde_json::to_string(&frame)?)
}

pub(super) fn read(text: &str) -> Result<Heard<'_>> {
    static METRIC: Needle = LazyLock::new(|| Finder::new(r#""type":"metric""#));
    static REQUEST: Needle = LazyLock::new(|| Finder::new(r#""correlation_id":""#));
    metric(text, &METRIC, Some(&REQUEST)).map_or_else(|| read_all(text), Ok)
}

fn read_all(text: &str) -> Result<Heard<'_>> {
    let answer: Answer<'_> =
        serde_json::from_str(text).map_err(|error| format!("{error} in: {text}"))?;
    let what = answer.what()?;
    let Answer { correlation_id, job_id, event_seq, .. } = answer;
    Ok(Heard { request: Text::of(correlation_id), job: Text::of(job_id), seq: event_seq, what })
}

#[derive(Serialize)]
struct Frame<'a> {
    arcp: &'static str,
    id: &'a str,
    timestamp: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    payload: Payload<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Open(Open<'a>),
    Resume { resume_token: &'a str, last_event_seq: u64 },
    Invoke { tool: &'a str, arguments: &'a RawValue },
    Subscribe { job_id: &'a str, history: bool },
    Ping { nonce: &'a str },
}

#[derive(Serialize)]
struct Open<'a> {
    auth: Auth<'a>,
    client: Client,
    capabilities: Capabilities,
}

impl<'a> Open<'a> {
    fn new(token: Option<&'a str>, resumable: bool) -> Self {
        let scheme = if token.is_some() { "bearer" } else { "none" };
        let extensions: &[_] = if resumable { &["resume"] } else { &[] };
        Self {
            auth: Auth { scheme, token },
            client: Client { kind: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            capabilities: Capabilities { anonymous: token.is_none(), streaming: true, extensions },
        }
    }
}

#[derive(Serialize)]
struct Auth<'a> {
    scheme: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Serialize)]
struct Client {
    kind: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Capabilities {
    anonymous: bool,
    streaming: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    extensions: &'static [&'static str],
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Option<Text<'a>>,
    #[serde(borrow)]
    job_id: Option<Text<'a>>,
    #[serde(borrow)]
    correlation_id: Option<Text<'a>>,
    event_seq: Option<u64>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    fn what(&self) -> Result<What<'a>> {
        Ok(match self.kind.as_ref() {
            "metric" => What::Metric(self.payload::<Metric>()?.value),
            "job.result_chunk" => What::Chunk(self.payload::<Chunk<'_>>()?.data),
            "job.accepted" => What::Accepted,
            "job.completed" => What::Ended,
            "job.subscribed" => What::Watching,
            "pong" => What::Pong,
            "ping" => What::Pinged { nonce: self.payload::<Pinged>()?.nonce.unwrap_or_default() },
            "session.accepted" | "session.resumed" => self.welcome()?,
            "session.rejected"
            | "session.unauthenticated"
            | "session.challenge"
            | "nack"
            | "job.failed"
            | "job.cancelled"
            | "tool.error" => {
                return Err(refusal(&self.kind, self.payload));
            }
            _ => What::Other,
        })
    }

    fn welcome(&self) -> Result<What<'a>> {
        let session = self.session_id.as_ref().ok_or("a session without an id")?.0.to_string();
        let token = self.payload::<Accepted>()?.resume_token;
        let left = token.map(|token| Left { session: session.clone(), token });
        Ok(What::Welcome { session, left })
    }

    /// The payload as a `T`.
    fn payload<T: Deserialize<'a>>(&self) -> Result<T> {
        Ok(serde_json::from_str(self.payload.map_or("null", RawValue::get))?)
    }
}

#[derive(Deserialize)]
struct Accepted {
    resume_token: Option<String>,
}

#[derive(Deserialize)]
struct Pinged {
    nonce: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_for_what_it_says() {
        let text =
            r#"{"type":"metric","event_seq":4,"correlation_id":"msg_1","payload":{"value":1}}"#;
        let heard = read(text).unwrap();
        assert_eq!((heard.request.as_deref(), heard.job.as_deref()), (Some("msg_1"), None));
        assert_eq!((heard.seq, heard.what), (Some(4), What::Metric(1.0)));
        let failed = read(r#"{"type":"job.failed","payload":{"code":"X"}}"#).unwrap_err();
        assert_eq!(failed.to_string(), r#"job.failed: {"code":"X"}"#);
        let text = r#"{"type":"session.accepted","session_id":"s","payload":{"resume_token":"t"}}"#;
        let left = Left { session: "s".to_owned(), token: "t".to_owned() };
        let welcome = What::Welcome { session: "s".to_owned(), left: Some(left) };
        assert_eq!(read(text).unwrap().what, welcome);
        assert!(read("{").is_err());
    }

    #[test]
    fn an_open_without_a_token_is_anonymous() {
        let text = write(&Ask::Open { token: None, resumable: false }, "msg_1", None).unwrap();
        assert!(text.contains(r#""auth":{"scheme":"none"}"#), "{text}");
        assert!(text.contains(r#""anonymous":true"#), "{text}");
    }

    #[test]
    fn a_key_is_on_the_envelope() {
        let input = RawValue::from_string("7".to_owned()).unwrap();
        let ask = Ask::Submit { agent: "echo", input: &input, key: Some("k") };
        let text = write(&ask, "msg_1", Some("sess_1")).unwrap();
        let end = r#""session_id":"sess_1","idempotency_key":"k","payload":{"tool":"echo","arguments":7}}"#;
        assert!(text.ends_with(end), "{text}");
    }
}
