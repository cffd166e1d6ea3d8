//! What a scenario waits for.

use std::time::Duration;

use arcp_core::Frame;
use serde_json::Value;
use tokio::time::Instant;

use super::client::Incoming;
use super::rules::Arrived;
use super::{Run, shorten};
use crate::eval::Scope;
use crate::script::step::{Closing, Expectation};

impl Run<'_> {
    pub(super) async fn expect(&mut self, wanted: &Expectation) -> Result<(), String> {
        let until = self.deadline(wanted.within);
        let mut passed = Passed::default();
        loop {
            let arrived = match self.next(&wanted.client, until).await? {
                Next::Frame(arrived) => arrived,
                Next::Ended(how) => return Err(format!("the connection ended: {how}")),
                Next::Nothing => return Err(self.in_vain(wanted, &passed)),
            };
            match self.try_match(wanted, &arrived) {
                Ok(scope) => {
                    self.settle(wanted, scope, &arrived);
                    return Ok(());
                }
                Err(why) if wanted.eventually => {
                    passed.note(why);
                    self.conclude(&arrived, &[]);
                }
                Err(why) => return Err(why),
            }
        }
    }

    /// Every expectation is met by one frame, whichever comes first.
    pub(super) async fn unordered(&mut self, wanted: &[Expectation]) -> Result<(), String> {
        let mut open: Vec<&Expectation> = wanted.iter().collect();
        while let Some(first) = open.first() {
            let name = first.client.clone();
            let until = self.deadline(first.within);
            let arrived = match self.next(&name, until).await? {
                Next::Frame(arrived) => arrived,
                Next::Ended(how) => return Err(format!("the connection ended: {how}")),
                Next::Nothing => {
                    let left: Vec<&str> = open.iter().map(|one| one.text.as_str()).collect();
                    return Err(format!("nothing more came, still wanted: {}", left.join(" ; ")));
                }
            };
            let mut reasons = Vec::new();
            let mut found = None;
            for (index, one) in open.iter().enumerate().filter(|(_, one)| one.client == name) {
                match self.try_match(one, &arrived) {
                    Ok(scope) => {
                        found = Some((index, scope));
                        break;
                    }
                    Err(why) => reasons.push(format!("line {}: {why}", one.line)),
                }
            }
            let Some((index, scope)) = found else {
                return Err(format!("a frame is none of those wanted: {}", reasons.join(" ; ")));
            };
            let one = open.remove(index);
            self.settle(one, scope, &arrived);
        }
        Ok(())
    }

    /// Nothing came before the answer to a ping that is sent now.
    pub(super) async fn nothing_so_far(&mut self, name: &str) -> Result<(), String> {
        let (kind, payload) = self.dialect.ping();
        let session = self.client(name)?.session.clone();
        let ping = self.dialect.frame(kind, payload, session.as_deref());
        let text = ping.to_string();
        self.transcript.sent(name, &text);
        let limit = self.scenario.deadline;
        self.client(name)?.send(vec![Frame::text(text)], limit).await?;
        let until = self.deadline(None);
        match self.next(name, until).await? {
            Next::Frame(arrived) if self.dialect.is_pong(&ping, &arrived.frame) => Ok(()),
            Next::Frame(arrived) => Err(unwanted(&arrived)),
            Next::Ended(how) => Err(format!("the connection ended: {how}")),
            Next::Nothing => Err("the ping that is to show it was not answered".to_owned()),
        }
    }

    pub(super) async fn nothing_for(&mut self, name: &str, time: Duration) -> Result<(), String> {
        let until = self.deadline(Some(time));
        match self.next(name, until).await? {
            Next::Nothing => Ok(()),
            Next::Frame(arrived) => Err(unwanted(&arrived)),
            Next::Ended(how) => Err(format!("the connection ended: {how}")),
        }
    }

    pub(super) async fn closed(&mut self, wanted: &Closing) -> Result<(), String> {
        let until = self.deadline(wanted.within);
        loop {
            match self.next(&wanted.client, until).await? {
                Next::Nothing => return Err("the connection is still open".to_owned()),
                Next::Frame(arrived) if wanted.eventually => self.conclude(&arrived, &[]),
                Next::Frame(arrived) => return Err(unwanted(&arrived)),
                Next::Ended(_) => break,
            }
        }
        let Some(pattern) = &wanted.code else { return Ok(()) };
        let Some(end) = self.client(&wanted.client)?.end() else { return Ok(()) };
        let value = end.code.map_or(Value::Null, Value::from);
        let compared = self.scope.matches("close code", &value, pattern);
        compared.map_err(|wrong| format!("{wrong} ({})", end.text))
    }

    /// The next frame that the client does not skip. Every frame is held to the rules.
    async fn next(&mut self, name: &str, until: Instant) -> Result<Next, String> {
        let dialect = self.dialect;
        loop {
            let client = self.client(name)?;
            let (frame, text) = match client.next(until).await {
                Incoming::Frame(frame, text) => (frame, text),
                Incoming::Ended(end) => {
                    self.note(name, &end.text);
                    return Ok(Next::Ended(end.text));
                }
                Incoming::Nothing => return Ok(Next::Nothing),
            };
            let broken = client.watch.received(&frame);
            let seen = dialect.seen(&frame).into_owned();
            let kind = seen.get("type").and_then(Value::as_str).unwrap_or_default();
            let skipped = client.skip.iter().any(|skip| skip == kind);
            self.transcript.received(name, &text);
            for (requirement, message) in broken {
                self.blame(requirement, &message);
            }
            let leaks = self.leaks(&text);
            let arrived = Arrived { client: name.to_owned(), frame, seen, text, leaks };
            if !skipped {
                return Ok(Next::Frame(arrived));
            }
            self.conclude(&arrived, &[]);
        }
    }

    /// The variables as they are if the frame is the one wanted.
    fn try_match(&self, wanted: &Expectation, arrived: &Arrived) -> Result<Scope, String> {
        let mut scope = self.scope.clone();
        let Value::Object(envelope) = &arrived.seen else {
            return Err(format!("no JSON object came, but {}", shorten(&arrived.text, 200)));
        };
        let kind = envelope.get("type").unwrap_or(&Value::Null);
        let why = |wrong: crate::eval::Mismatch| wrong.to_string();
        scope.matches(TYPE, kind, &wanted.kind).map_err(|wrong| {
            let payload = envelope.get("payload").map(Value::to_string).unwrap_or_default();
            format!("{wrong} {}", shorten(&payload, 200))
        })?;
        for (name, pattern) in &wanted.fields {
            if name == "frame" {
                if let Some(pattern) = pattern {
                    scope.matches("frame", &arrived.frame, pattern).map_err(why)?;
                }
                continue;
            }
            let key = self.dialect.field(name);
            if pattern.is_some() && self.unnamed(name, &arrived.seen).is_some() {
                continue;
            }
            scope.field("frame", envelope, key, pattern.as_ref()).map_err(why)?;
        }
        if let Some(pattern) = &wanted.payload {
            let payload = envelope.get("payload").unwrap_or(&Value::Null);
            scope.matches("payload", payload, pattern).map_err(why)?;
        }
        Ok(scope)
    }

    fn settle(&mut self, wanted: &Expectation, scope: Scope, arrived: &Arrived) {
        self.scope = scope;
        for (name, _) in wanted.fields.iter().filter(|(_, pattern)| pattern.is_some()) {
            if let Some((requirement, what)) = self.unnamed(name, &arrived.seen) {
                self.blame(requirement, &what);
            }
        }
        self.conclude(arrived, &wanted.reveals);
    }

    /// What is broken by a frame that is to name what it answers, and does not.
    fn unnamed(&self, field: &str, seen: &Value) -> Option<(&'static str, String)> {
        let kind = seen.get("type").and_then(Value::as_str)?;
        let is_missing = field == "re" && seen.get(self.dialect.field(field)).is_none();
        let requirement = self.dialect.unnamed(kind).filter(|_| is_missing)?;
        Some((requirement, format!("`{kind}` does not name what it answers")))
    }

    fn in_vain(&self, wanted: &Expectation, passed: &Passed) -> String {
        let millis = wanted.within.unwrap_or(self.scenario.deadline).as_millis();
        match (passed.frames, &passed.closest) {
            (0, _) => format!("nothing came within {millis} ms"),
            (frames, None) => {
                format!("it did not come within {millis} ms, but {frames} of other types")
            }
            (frames, Some(why)) => {
                format!(
                    "it did not come within {millis} ms, but {frames} others; the closest: {why}"
                )
            }
        }
    }
}

/// The frames that came before the one that is waited for.
#[derive(Debug, Default)]
struct Passed {
    frames: usize,
    /// Why the last one of the right type was not the one.
    closest: Option<String>,
}

impl Passed {
    fn note(&mut self, why: String) {
        self.frames += 1;
        if !why.starts_with(TYPE) {
            self.closest = Some(why);
        }
    }
}

/// What comes next, without what is skipped.
#[derive(Debug)]
enum Next {
    Frame(Arrived),
    Ended(String),
    Nothing,
}

fn unwanted(arrived: &Arrived) -> String {
    let kind = arrived.seen.get("type").and_then(Value::as_str).unwrap_or("something");
    format!("wanted nothing, but `{kind}` came")
}

/// Where a frame of another type differs.
const TYPE: &str = "type";
