//! Frames of the hello dialect: the few that a load asks with, and what it needs of an answer.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::scan::Needle;
use super::{Ask, Chunk, Heard, Left, Metric, NONCE, SOME_TIME, Text, What, metric, refusal};
use crate::failure::Result;

pub(super) fn write(ask: &Ask<'_>, id: &str, session: Option<&str>) -> Result<String> {
    let frame = |kind, payload| Frame { arcp: "1.1", id, kind, session_id: session, payload };
    let frame = match *ask {
        // Every session may go on here.
        Ask::Open { token, .. } => frame("session.hello", Payload::Hello(Hello::new(token, None))),
        Ask::Resume { token, left, last } => {
            let resume =
                Resume { session_id: &left.session, token: &left.token, last_event_seq: last };
            frame("session.hello", Payload::Hello(Hello::new(token, Some(resume))))
        }
        Ask::Submit { agent, input, key } => {
            frame("job.submit", Payload::Submit { agent, input, idempotency_key: key })
        }
        Ask::Watch { job } => {
            frame("job.subscribe", Payload::Subscribe { job_id: job, history: true })
        }
        Ask::Ping => frame("session.ping", Payload::Ping { nonce: NONCE, sent_at: SOME_TIME }),
        Ask::Pong { nonce } => {
            frame("session.pong", Payload::Pong { ping_nonce: nonce, received_at: SOME_TIME })
        }
    };
    Ok(serde_json::to_string(&frame)?)
}

pub(super) fn read(text: &str) -> Result<Heard<'_>> {
    static METRIC: Needle = LazyLock::new(|| Finder::new(r#""kind":"metric""#));
    metric(text, &METRIC, None).map_or_else(|| read_all(text), Ok)
}

fn read_all(text: &str) -> Result<Heard<'_>> {
    let answer: Answer<'_> =
        serde_json::from_str(text).map_err(|error| format!("{error} in: {text}"))?;
    let (what, request) = answer.what()?;
    let Answer { job_id, event_seq, .. } = answer;
    Ok(Heard { request, job: Text::of(job_id), seq: event_seq, what })
}

#[derive(Serialize)]
struct Frame<'a> {
    arcp: &'static str,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    payload: Payload<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Hello(Hello<'a>),
    Submit {
        agent: &'a str,
        input: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<&'a str>,
    },
    Subscribe {
        job_id: &'a str,
        history: bool,
    },
    Ping {
        nonce: &'a str,
        sent_at: &'static str,
    },
    Pong {
        ping_nonce: &'a str,
        received_at: &'static str,
    },
}

#[derive(Serialize)]
struct Hello<'a> {
    client: Client,
    auth: Auth<'a>,
    capabilities: Capabilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<Resume<'a>>,
}

impl<'a> Hello<'a> {
    fn new(token: Option<&'a str>, resume: Option<Resume<'a>>) -> Self {
        Self {
            client: Client { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            auth: Auth { scheme: "bearer", token: token.unwrap_or_default() },
            capabilities: Capabilities { encodings: &["json"], features: FEATURES },
            resume,
        }
    }
}

#[derive(Serialize)]
struct Client {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Auth<'a> {
    scheme: &'static str,
    token: &'a str,
}

#[derive(Serialize)]
struct Capabilities {
    encodings: &'static [&'static str],
    features: &'static [&'static str],
}

#[derive(Serialize)]
struct Resume<'a> {
    session_id: &'a str,
    #[serde(rename = "resume_token")]
    token: &'a str,
    last_event_seq: u64,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Option<Text<'a>>,
    #[serde(borrow)]
    job_id: Option<Text<'a>>,
    event_seq: Option<u64>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// What it says, and the id of the frame that it answers where it says that.
    fn what(&self) -> Result<(What<'a>, Option<Cow<'a, str>>)> {
        let what = match self.kind.as_ref() {
            "job.event" => self.payload::<Event<'_>>()?.what()?,
            "job.accepted" => {
                return Ok((What::Accepted, Text::of(self.payload::<Accepted<'_>>()?.request_id)));
            }
            "job.result" if self.payload::<Ended<'_>>()?.final_status == "success" => What::Ended,
            "job.subscribed" => What::Watching,
            "session.pong" => What::Pong,
            "session.ping" => What::Pinged { nonce: self.payload::<Pinged>()?.nonce },
            "session.welcome" => self.welcome()?,
            "job.result" | "job.error" | "job.cancelled" | "session.error" => {
                return Err(refusal(&self.kind, self.payload));
            }
            _ => What::Other,
        };
        Ok((what, None))
    }

    fn welcome(&self) -> Result<What<'a>> {
        let Welcome { session_id, resume_token } = self.payload()?;
        let on_envelope = || self.session_id.as_ref().map(|id| id.0.to_string());
        let session = session_id.or_else(on_envelope).ok_or("a session without an id")?;
        let left = resume_token.map(|token| Left { session: session.clone(), token });
        Ok(What::Welcome { session, left })
    }

    /// The payload as a `T`.
    fn payload<T: Deserialize<'a>>(&self) -> Result<T> {
        Ok(serde_json::from_str(self.payload.map_or("null", RawValue::get))?)
    }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    fn what(&self) -> Result<What<'a>> {
        Ok(match self.kind.as_ref() {
            "metric" => What::Metric(self.body::<Metric>()?.value),
            "result_chunk" => What::Chunk(self.body::<Chunk<'_>>()?.data),
            _ => What::Other,
        })
    }

    fn body<T: Deserialize<'a>>(&self) -> Result<T> {
        Ok(serde_json::from_str(self.body.map_or("null", RawValue::get))?)
    }
}

#[derive(Deserialize)]
struct Accepted<'a> {
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Ended<'a> {
    #[serde(borrow)]
    final_status: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Pinged {
    nonce: String,
}

#[derive(Deserialize)]
struct Welcome {
    session_id: Option<String>,
    resume_token: Option<String>,
}

/// Those without which a runtime may refuse something here.
const FEATURES: &[&str] = &["heartbeat", "subscribe", "result_chunk"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_for_what_it_says() {
        let text = r#"{"type":"job.event","job_id":"job_1","event_seq":4,
            "payload":{"kind":"metric","ts":"t","body":{"name":"n","value":2}}}"#;
        let heard = read(text).unwrap();
        assert_eq!((heard.request.as_deref(), heard.job.as_deref()), (None, Some("job_1")));
        assert_eq!((heard.seq, heard.what), (Some(4), What::Metric(2.0)));
        let text =
            r#"{"type":"job.event","payload":{"kind":"result_chunk","body":{"data":"abc"}}}"#;
        assert_eq!(read(text).unwrap().what, What::Chunk("abc".into()));
        let text = r#"{"type":"job.event","payload":{"kind":"status","body":{"phase":"running"}}}"#;
        assert_eq!(read(text).unwrap().what, What::Other);
    }

    #[test]
    fn a_job_is_accepted_for_what_asked_for_it_and_ends_well_or_not() {
        let text = r#"{"type":"job.accepted","job_id":"job_1","payload":{"request_id":"req_1"}}"#;
        let heard = read(text).unwrap();
        assert_eq!((heard.what, heard.request.as_deref()), (What::Accepted, Some("req_1")));
        let end = r#"{"type":"job.result","job_id":"job_1","payload":{"final_status":"success"}}"#;
        assert_eq!(read(end).unwrap().what, What::Ended);
        let other = read(&end.replace("success", "cancelled")).unwrap_err();
        assert_eq!(other.to_string(), r#"job.result: {"final_status":"cancelled"}"#);
    }

    #[test]
    fn a_session_goes_on_by_what_its_welcome_says() {
        for text in [
            r#"{"type":"session.welcome","session_id":"s","payload":{"resume_token":"t"}}"#,
            r#"{"type":"session.welcome","payload":{"session_id":"s","resume_token":"t"}}"#,
        ] {
            let What::Welcome { session, left: Some(left) } = read(text).unwrap().what else {
                panic!("{text}");
            };
            assert_eq!(session, "s");
            let ask = Ask::Resume { token: Some("x"), left: &left, last: 7 };
            let resume = r#""resume":{"session_id":"s","resume_token":"t","last_event_seq":7}"#;
            let text = write(&ask, "req_1", None).unwrap();
            assert!(text.contains(resume), "{text}");
        }
    }
}
