//! Follows a connection of the hello dialect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::form;
use crate::dialect::Watch;

/// What a frame breaks.
type Broken = Vec<(&'static str, String)>;

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct HelloWatch {
    /// How the client writes the version, where that is not as we do.
    version: Option<String>,
    /// What the client offers; not known where a session goes on by `session.resume`.
    offered: Option<BTreeSet<String>>,
    /// What both have agreed on, once there is a session.
    agreed: Option<BTreeSet<String>>,
    /// The session that the client wants to go on with, and the last event of it that it has.
    resuming: Option<(String, u64)>,
    /// Whether the session is older than the connection.
    goes_on: bool,
    /// By session, the number that its next event has.
    next: BTreeMap<String, u64>,
    /// The jobs that have been introduced.
    jobs: BTreeSet<String>,
    /// Those of them whose end has been told.
    ended: BTreeSet<String>,
}

impl Watch for HelloWatch {
    fn sent(&mut self, frame: &Map<String, Value>) {
        let said = |pointer: &str| frame.get("payload").and_then(|all| all.pointer(pointer));
        let resume = match frame.get("type").and_then(Value::as_str) {
            Some("session.hello") => {
                let version = frame.get("arcp").and_then(Value::as_str);
                let version = version.filter(|version| SPELLINGS.contains(version));
                self.version = version.map(str::to_owned);
                self.offered = Some(texts(said("/capabilities/features")));
                said("/resume")
            }
            Some("session.resume") => {
                self.offered = None;
                frame.get("payload")
            }
            _ => return,
        };
        let session = resume.and_then(|resume| resume.get("session_id")).and_then(Value::as_str);
        let last = resume.and_then(|resume| resume.get("last_event_seq")).and_then(Value::as_u64);
        self.resuming = session.zip(last).map(|(session, last)| (session.to_owned(), last));
    }

    fn received(&mut self, frame: &Value) -> Broken {
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        let mut broken =
            form::faults(kind, frame, self.version.as_deref().unwrap_or(super::VERSION));
        if kind == "session.welcome" {
            broken.extend(self.welcomed(frame));
        }
        broken.extend(self.unasked(kind, frame));
        broken.extend(self.number(kind, frame));
        broken.extend(self.story(kind, frame));
        broken
    }
}

impl HelloWatch {
    /// A session is there: from which number on, and with which features.
    fn welcomed(&mut self, frame: &Value) -> Broken {
        let session = form::text(frame, "/session_id").unwrap_or_default();
        let resumed = self.resuming.take().filter(|(wanted, _)| wanted == session);
        self.goes_on = resumed.is_some();
        let next = resumed.map_or(1, |(_, last)| last.saturating_add(1));
        self.next.insert(session.to_owned(), next);
        let has = texts(frame.pointer("/payload/capabilities/features"));
        let mut broken = Vec::new();
        if let Some(more) = self.offered.as_ref().and_then(|ours| has.difference(ours).next()) {
            broken.push((AGREED, format!("`{more}` is agreed on and was not offered")));
        }
        let offered = self.offered.as_ref();
        let both = has.iter().filter(|one| offered.is_none_or(|ours| ours.contains(*one)));
        let agreed: BTreeSet<String> = both.cloned().collect();
        let interval = frame.pointer("/payload/heartbeat_interval_sec").is_some();
        if interval != agreed.contains("heartbeat") {
            let says = if interval { "is there" } else { "is missing" };
            broken.push((UNASKED, format!("heartbeat_interval_sec {says}")));
        }
        self.agreed = Some(agreed);
        broken
    }

    /// Says what goes by a feature that is not agreed on.
    fn unasked(&self, kind: &str, frame: &Value) -> Option<(&'static str, String)> {
        let agreed = self.agreed.as_ref()?;
        let there = |pointer: &str| frame.pointer(pointer).is_some();
        let (what, feature) = match kind {
            "session.ping" | "session.pong" => (kind, "heartbeat"),
            "session.jobs" => (kind, "list_jobs"),
            "job.subscribed" => (kind, "subscribe"),
            "job.event" => match form::text(frame, "/payload/kind") {
                Some(kind @ ("progress" | "result_chunk")) => (kind, kind),
                Some("status") if form::text(frame, "/payload/body/phase") == Some(SLOW) => {
                    (SLOW, "ack")
                }
                _ => return None,
            },
            "job.accepted" => {
                let parts = PARTS.iter().filter(|(pointer, _)| there(pointer));
                let mut unasked = parts.filter(|(_, feature)| !agreed.contains(*feature));
                *unasked.next()?
            }
            _ => return None,
        };
        (!agreed.contains(feature)).then(|| (UNASKED, format!("`{what}` goes by `{feature}`")))
    }

    fn number(&mut self, kind: &str, frame: &Value) -> Option<(&'static str, String)> {
        let number = frame.get("event_seq");
        if !EVENTS.contains(&kind) {
            let number = number?;
            return Some((REPLIES, format!("`{kind}` is no event and has event_seq {number}")));
        }
        let Some(number) = number else {
            return Some((NUMBERS, format!("`{kind}` has no event_seq")));
        };
        let Some(number) = number.as_u64() else {
            return Some((NUMBERS, format!("the event_seq of `{kind}` is {number}")));
        };
        let session = form::text(frame, "/session_id").unwrap_or_default();
        // One gap is one fault, not one for every frame after it.
        let next = self.next.insert(session.to_owned(), number.saturating_add(1));
        let wanted = next.unwrap_or(1);
        let what = || format!("`{kind}` has event_seq {number}, and the next one was {wanted}");
        (number != wanted).then(|| (NUMBERS, what()))
    }

    /// A job is introduced before its first event, and has one end with nothing after it. It begins
    /// again where it is introduced again.
    fn story(&mut self, kind: &str, frame: &Value) -> Option<(&'static str, String)> {
        let job = form::text(frame, "/job_id")?;
        if INTRODUCTIONS.contains(&kind) {
            self.jobs.insert(job.to_owned());
            self.ended.remove(job);
            return None;
        }
        if !EVENTS.contains(&kind) {
            return None;
        }
        let over = self.ended.contains(job);
        let unknown = !self.goes_on && !self.jobs.contains(job);
        if kind != "job.event" {
            self.ended.insert(job.to_owned());
        }
        if over {
            return Some((ENDS, format!("`{kind}` comes after the end of {job}")));
        }
        unknown.then(|| (ACCEPTED, format!("`{kind}` comes before anything says what {job} is")))
    }
}

/// The texts of a list.
fn texts(list: Option<&Value>) -> BTreeSet<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The types that have a number.
const EVENTS: [&str; 3] = ["job.event", "job.result", "job.error"];

/// The types after which a job is known.
const INTRODUCTIONS: [&str; 2] = ["job.accepted", "job.subscribed"];

/// Parts of an acceptance, and the feature that each goes by.
const PARTS: [(&str, &str); 3] = [
    ("/payload/lease_constraints", "lease_expires_at"),
    ("/payload/budget", "cost.budget"),
    ("/payload/credentials", "provisioned_credentials"),
];

/// Other spellings of the version, which are answered as they are written.
const SPELLINGS: [&str; 2] = ["1", "1.0"];

/// The phase that tells a client that it reads slowly.
const SLOW: &str = "back_pressure";

/// What every frame is held to.
pub(super) const RULES: &[&str] = &[
    form::ENVELOPE,
    form::SESSION,
    form::JOB,
    form::NULLS,
    form::TIMES,
    form::TRACE,
    form::EVENT,
    form::STATUS,
    form::CODES,
    form::RETRYABLE,
    form::NEVER,
    form::ALWAYS,
    AGREED,
    UNASKED,
    NUMBERS,
    REPLIES,
    ACCEPTED,
    ENDS,
    UNNAMED,
];

/// What a session is given has been offered.
const AGREED: &str = "M2-30";
/// Nothing goes by a feature that is not agreed on.
const UNASKED: &str = "R6.2-4";
/// Events are numbered without a gap.
const NUMBERS: &str = "R8.3-1";
/// Nothing else has a number.
const REPLIES: &str = "M3-2";
/// A job is accepted before it says anything.
const ACCEPTED: &str = "R7.1-2";
/// A refusal names what it refuses. Who waits for one knows if it has to.
pub(super) const UNNAMED: &str = "M4-3";
/// A job ends once.
const ENDS: &str = "R7.3-1";
