//! What a load says and hears, whichever dialect carries it. The frames of each are its module's.

mod hello;
mod open;
mod scan;

use std::borrow::Cow;
use std::error::Error;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::failure::Result;
use scan::Needle;

/// A dialect of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// That of `session.open` and `tool.invoke`
    Open,
    /// That of `session.hello` and `job.submit`
    Hello,
}

/// What a load says.
#[derive(Debug)]
pub(crate) enum Ask<'a> {
    /// For a session, which may have to go on on another connection.
    Open { token: Option<&'a str>, resumable: bool },
    /// For what has come after the event `last` in a session whose client is gone.
    Resume { token: Option<&'a str>, left: &'a Left, last: u64 },
    /// For a job.
    Submit { agent: &'a str, input: &'a RawValue, key: Option<&'a str> },
    /// To be told of a job of another session, from its start.
    Watch { job: &'a str },
    /// Whether anybody is there.
    Ping,
    /// Nothing: somebody is here.
    Pong { nonce: &'a str },
}

/// By what a session goes on whose client is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    session: String,
    token: String,
}

/// A frame that came, borrowed from its text.
#[derive(Debug, PartialEq)]
pub(crate) struct Heard<'a> {
    /// The id of the frame that it answers. One dialect says so of every event of a job, and the
    /// other only where it accepts one.
    request: Option<Cow<'a, str>>,
    job: Option<Cow<'a, str>>,
    pub(crate) seq: Option<u64>,
    pub(crate) what: What<'a>,
}

/// What a frame says. A refusal is none of them: a load ends with it.
#[derive(Debug, PartialEq)]
pub(crate) enum What<'a> {
    Welcome { session: String, left: Option<Left> },
    Accepted,
    Watching,
    Metric(f64),
    Chunk(Cow<'a, str>),
    Ended,
    Pinged { nonce: String },
    Pong,
    Other,
}

/// The body of a metric; both dialects write it so.
#[derive(Deserialize)]
struct Metric {
    value: f64,
}

/// The body of a chunk; likewise.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

impl Dialect {
    /// The frame that asks, as the one with this id.
    pub(crate) fn write(self, ask: &Ask<'_>, id: &str, session: Option<&str>) -> Result<String> {
        match self {
            Self::Open => open::write(ask, id, session),
            Self::Hello => hello::write(ask, id, session),
        }
    }

    pub(crate) fn read(self, text: &str) -> Result<Heard<'_>> {
        match self {
            Self::Open => open::read(text),
            Self::Hello => hello::read(text),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Hello => "hello",
        }
    }

    /// What ids of frames begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Open => "msg",
            // That of a client that is known would have the answers be those it is known to want.
            Self::Hello => "req",
        }
    }
}

/// Ids of frames, no two the same, also not those of two runs on one server.
#[derive(Debug)]
pub(crate) struct Ids {
    prefix: &'static str,
    last: u128,
}

impl Ids {
    pub(crate) fn of(dialect: Dialect) -> Self {
        let last = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Self { prefix: dialect.prefix(), last }
    }

    /// The digits of a number are those of a ULID too, which some runtimes ask for.
    pub(crate) fn next(&mut self) -> String {
        self.last += 1;
        format!("{}_{:026}", self.prefix, self.last)
    }
}

/// A job, as whoever waits for it knows it.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    asked: Option<String>,
    id: Option<String>,
}

impl Job {
    /// The one that was asked for by the frame with this id.
    pub(crate) fn asked(id: String) -> Self {
        Self { asked: Some(id), id: None }
    }

    /// Somebody else's.
    pub(crate) fn named(id: String) -> Self {
        Self { asked: None, id: Some(id) }
    }

    /// Its id, which is known once it is accepted.
    pub(crate) fn id(&self) -> Result<&str> {
        Ok(self.id.as_deref().ok_or("a job without an id")?)
    }

    /// Whether a frame is about it.
    pub(crate) fn is_of(&mut self, heard: &Heard<'_>) -> bool {
        if self.id.is_some() && self.id.as_deref() == heard.job.as_deref() {
            return true;
        }
        let answers = self.asked.is_some() && self.asked.as_deref() == heard.request.as_deref();
        if answers && self.id.is_none() {
            self.id = heard.job.as_deref().map(str::to_owned);
        }
        answers
    }
}

/// A string that is borrowed where it can be, which serde does of a `Cow` but not of an optional one.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Text<'a> {
    fn of(text: Option<Self>) -> Option<Cow<'a, str>> {
        text.map(|text| text.0)
    }
}

/// A metric, if a frame is one in the form that is usual: it is found by what only such a one has.
fn metric<'a>(text: &'a str, is_it: &Needle, request: Option<&Needle>) -> Option<Heard<'a>> {
    static JOB: Needle = LazyLock::new(|| Finder::new(r#""job_id":""#));
    static SEQ: Needle = LazyLock::new(|| Finder::new(r#""event_seq":"#));
    static VALUE: Needle = LazyLock::new(|| Finder::new(r#""value":"#));
    if !scan::has(text, is_it) {
        return None;
    }
    Some(Heard {
        request: request.and_then(|key| scan::text(text, key)).map(Cow::from),
        job: Some(scan::text(text, &JOB)?.into()),
        seq: Some(scan::number(text, &SEQ)?.parse().ok()?),
        what: What::Metric(scan::number(text, &VALUE)?.parse().ok()?),
    })
}

/// What a refusal says.
fn refusal(kind: &str, payload: Option<&RawValue>) -> Box<dyn Error> {
    format!("{kind}: {}", payload.map_or("", RawValue::get)).into()
}

/// No runtime takes a client's word for the time.
const SOME_TIME: &str = "2026-01-01T00:00:00Z";
/// There is one ping at a time.
const NONCE: &str = "bench";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_have_the_form_of_a_ulid() {
        let mut ids = Ids::of(Dialect::Open);
        let (one, other) = (ids.next(), ids.next());
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..6]), (30, "msg_00"));
        assert_eq!(&Ids::of(Dialect::Hello).next()[..6], "req_00");
    }

    #[test]
    fn texts_are_borrowed_where_they_can_be() {
        let read = |text| Text::of(serde_json::from_str::<Option<Text<'_>>>(text).unwrap());
        assert!(matches!(read(r#""plain""#), Some(Cow::Borrowed("plain"))));
        assert!(matches!(read(r#""\u0061""#), Some(Cow::Owned(text)) if text == "a"));
        assert_eq!(read("null"), None);
    }

    #[test]
    fn what_is_found_is_what_is_read() {
        let open = r#"{"arcp":"1.1","type":"metric","job_id":"job_1","correlation_id":"msg_1",
            "event_seq":7,"payload":{"name":"n","value":3.5,"unit":"u"}}"#;
        let hello = r#"{"arcp":"1.1","type":"job.event","job_id":"job_1","event_seq":7,
            "payload":{"kind":"metric","body":{"name":"n","value":3.5,"unit":"u"}}}"#;
        for (dialect, text, request) in
            [(Dialect::Open, open, Some("msg_1".into())), (Dialect::Hello, hello, None)]
        {
            let job = Some("job_1".into());
            let found = Heard { request, job, seq: Some(7), what: What::Metric(3.5) };
            assert_eq!(dialect.read(text).unwrap(), found);
            // The same, in a form that nothing is found in.
            assert_eq!(dialect.read(&text.replace("\":", "\": ")).unwrap(), found);
        }
    }

    fn heard<'a>(request: Option<&'a str>, job: Option<&'a str>) -> Heard<'a> {
        let (request, job) = (request.map(Cow::from), job.map(Cow::from));
        Heard { request, job, seq: None, what: What::Other }
    }

    #[test]
    fn a_job_is_known_by_what_asked_for_it_and_then_by_its_id() {
        let mut job = Job::asked("msg_1".to_owned());
        assert!(!job.is_of(&heard(None, None)) && !job.is_of(&heard(Some("msg_2"), Some("job_2"))));
        assert!(!job.is_of(&heard(None, Some("job_1"))) && job.id().is_err());
        assert!(job.is_of(&heard(Some("msg_1"), Some("job_1"))));
        assert!(job.is_of(&heard(None, Some("job_1"))));
        assert_eq!(job.id().unwrap(), "job_1");
        let mut other = Job::named("job_2".to_owned());
        assert!(other.is_of(&heard(Some("msg_1"), Some("job_2"))));
        assert!(!other.is_of(&heard(None, None)));
    }
}
