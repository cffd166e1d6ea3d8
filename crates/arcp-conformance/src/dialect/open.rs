//! The dialect of `session.open` and `tool.invoke`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::{Dialect, Watch};
use crate::eval;
use crate::run::Identity;

/// The open dialect.
#[derive(Debug)]
pub(super) struct Open;

impl Dialect for Open {
    fn name(&self) -> &'static str {
        "open"
    }

    fn requirements(&self) -> &'static str {
        include_str!("../../scenarios/open/requirements.toml")
    }

    fn message_id(&self) -> String {
        format!("msg_{}", eval::fresh_ulid())
    }

    fn names_what_it_answers(&self, _: &str) -> bool {
        true
    }

    fn unnamed(&self, _: &str) -> Option<&'static str> {
        None
    }

    fn envelope(&self, kind: &str, session: Option<&str>) -> Map<String, Value> {
        let mut envelope = Map::new();
        let mut put = |key: &str, value: String| envelope.insert(key.to_owned(), value.into());
        put("arcp", "1.1".to_owned());
        put("id", self.message_id());
        put("timestamp", eval::now().to_string());
        put("type", kind.to_owned());
        if let Some(session) = session {
            put("session_id", session.to_owned());
        }
        envelope
    }

    fn opening(&self, who: &Identity) -> (&'static str, Value) {
        let (auth, anonymous) = match &who.token {
            Some(token) => (json!({ "scheme": "bearer", "token": token }), false),
            None => (json!({ "scheme": "none" }), true),
        };
        let mut capabilities: Map<String, Value> =
            USED.iter().map(|feature| ((*feature).to_owned(), Value::Bool(true))).collect();
        if anonymous {
            capabilities.insert("anonymous".to_owned(), Value::Bool(true));
        }
        let client = json!({ "kind": "arcp-conformance", "version": env!("CARGO_PKG_VERSION") });
        let payload = json!({ "auth": auth, "client": client, "capabilities": capabilities });
        ("session.open", payload)
    }

    fn opened(&self) -> &'static str {
        "session.accepted"
    }

    fn resumed(&self) -> &'static str {
        "session.resumed"
    }

    fn invoke(&self, agent: Value, input: Value) -> (&'static str, Value) {
        ("tool.invoke", json!({ "tool": agent, "arguments": input }))
    }

    fn accepted(&self) -> &'static str {
        "job.accepted"
    }

    fn started(&self) -> (&'static str, Option<(&'static str, &'static str)>) {
        ("job.started", None)
    }

    fn start_is_optional(&self) -> bool {
        false
    }

    fn ping(&self) -> (&'static str, Value) {
        ("ping", json!({ "nonce": eval::fresh_ulid() }))
    }

    fn is_pong(&self, ping: &Value, frame: &Value) -> bool {
        let is_pong = frame.get("type").is_some_and(|kind| kind == "pong");
        is_pong && frame.get("correlation_id") == ping.get("id")
    }

    fn leave(&self) -> (&'static str, Value) {
        ("session.close", json!({}))
    }

    fn agents(&self, opened: &Value) -> Vec<String> {
        super::listed_agents(opened)
    }

    fn field<'a>(&self, short: &'a str) -> &'a str {
        match short {
            "re" => "correlation_id",
            "seq" => "event_seq",
            "session" => "session_id",
            "job" => "job_id",
            "stream" => "stream_id",
            "subscription" => "subscription_id",
            "trace" => "trace_id",
            "span" => "span_id",
            "parent_span" => "parent_span_id",
            "cause" => "causation_id",
            "key" => "idempotency_key",
            "lease" => "lease_request",
            "budget" => "cost_budget",
            other => other,
        }
    }

    fn is_payload_field(&self, kind: &str, name: &str) -> bool {
        match kind {
            "session.open" => matches!(name, "auth" | "client" | "capabilities"),
            "tool.invoke" => matches!(name, "lease_request" | "cost_budget"),
            _ => false,
        }
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(OpenWatch::default())
    }

    fn rules(&self) -> &'static [&'static str] {
        &[ENVELOPE, NUMBERS, REPLIES, KNOWN]
    }

    fn secrecy(&self) -> &'static str {
        "M5.18-1"
    }
}

/// What is known of a connection.
#[derive(Debug, Default)]
struct OpenWatch {
    /// By session, the number that its next event has; none if any may come next.
    next: BTreeMap<String, Option<u64>>,
    /// The jobs that have been told of.
    jobs: BTreeSet<String>,
    /// Where the client asked to be resumed from.
    resumed_from: Option<u64>,
    /// The numbers that events had, by what one can name them by: their messages and checkpoints.
    told: HashMap<String, u64>,
    /// What the client wants to be told once more, by its message: all after this event.
    again: BTreeMap<String, String>,
    /// Whether the client has declared that it can go on. Not known of a session that another connection
    /// has opened.
    knows_resume: Option<bool>,
}

impl Watch for OpenWatch {
    fn sent(&mut self, frame: &Map<String, Value>) {
        let payload = frame.get("payload");
        let said = |key: &str| payload.and_then(|payload| payload.get(key));
        match frame.get("type").and_then(Value::as_str) {
            Some("session.open") => {
                let known = payload.and_then(|payload| payload.pointer("/capabilities/extensions"));
                let known = known.and_then(Value::as_array);
                let declared = known.is_some_and(|all| all.iter().any(|one| one == RESUME));
                self.knows_resume = Some(declared);
            }
            Some("session.resume") => {
                self.resumed_from = said("last_event_seq").and_then(Value::as_u64);
            }
            Some("resume") => {
                let after = said("after_message_id").or_else(|| said("checkpoint_id"));
                let id = frame.get("id").and_then(Value::as_str);
                if let (Some(id), Some(after)) = (id, after.and_then(Value::as_str)) {
                    self.again.insert(id.to_owned(), after.to_owned());
                }
            }
            _ => {}
        }
    }

    fn received(&mut self, frame: &Value) -> Vec<(&'static str, String)> {
        let mut broken = Vec::new();
        if let Some(what) = envelope_fault(frame) {
            broken.push((ENVELOPE, what));
        }
        let text = |key: &str| frame.get(key).and_then(Value::as_str);
        let kind = text("type").unwrap_or_default();
        let session = frame.get("session_id").or_else(|| frame.pointer("/payload/session_id"));
        if let Some(session) = session.and_then(Value::as_str) {
            match kind {
                // It is said again when the session is renewed; the numbers go on then.
                "session.accepted" => drop(self.next.entry(session.to_owned()).or_insert(Some(1))),
                "session.resumed" => {
                    let next = self.resumed_from.unwrap_or(0).saturating_add(1);
                    self.next.insert(session.to_owned(), Some(next));
                    self.knows_resume = None;
                }
                "ack" => self.begin_again(session, text("correlation_id").unwrap_or_default()),
                _ => {}
            }
        }
        if RESUMABLE.contains(&kind) && self.knows_resume == Some(false) {
            broken.push((KNOWN, format!("`{kind}` comes to who has not declared `{RESUME}`")));
        }
        let job = frame.get("job_id").or_else(|| frame.pointer("/payload/job_id"));
        let job = job.and_then(Value::as_str);
        let is_event = self.is_event(kind, frame, job);
        broken.extend(self.number(kind, is_event, frame));
        if let Some(job) = job.filter(|_| is_event || INTRODUCTIONS.contains(&kind)) {
            self.jobs.insert(job.to_owned());
        }
        broken
    }
}

impl OpenWatch {
    /// The client is told once more what it asked for, if `request` asked for that.
    fn begin_again(&mut self, session: &str, request: &str) {
        if let Some(after) = self.again.remove(request) {
            // What another connection was told may be told once more here.
            let next = self.told.get(&after).map(|number| number.saturating_add(1));
            self.next.insert(session.to_owned(), next);
        }
    }

    /// Whether the frame is one of a job's events, and so has a number.
    fn is_event(&self, kind: &str, frame: &Value, job: Option<&str>) -> bool {
        let first = kind.split_once('.').map_or(kind, |(first, _)| first);
        match kind {
            // Also the answer to a command that is refused: that job was never heard of.
            "job.failed" => {
                frame.get("event_seq").is_some() || job.is_some_and(|job| self.jobs.contains(job))
            }
            // Of use only now, so it may go without a number, unlike the events that it resembles.
            "job.heartbeat" => frame.get("event_seq").is_some(),
            "job.accepted" | "job.subscribed" | "artifact.put" => false,
            _ if ALWAYS_EVENTS.contains(&first) => true,
            _ => job.is_some() && (EVENTS.contains(&first) || !WORDS.contains(&first)),
        }
    }

    fn number(
        &mut self,
        kind: &str,
        is_event: bool,
        frame: &Value,
    ) -> Option<(&'static str, String)> {
        let Some(number) = frame.get("event_seq") else {
            return is_event.then(|| (NUMBERS, format!("`{kind}` has no event_seq")));
        };
        let session = frame.get("session_id").and_then(Value::as_str).unwrap_or_default();
        let next = self.next.entry(session.to_owned()).or_insert(Some(1));
        let wanted = *next;
        if !is_event {
            // Who numbers replies too is not blamed for the gaps that this makes.
            if number.as_u64() == wanted {
                *next = wanted.map(|wanted| wanted.saturating_add(1));
            }
            return Some((REPLIES, format!("`{kind}` is no event and has event_seq {number}")));
        }
        let Some(number) = number.as_u64() else {
            return Some((NUMBERS, format!("the event_seq of `{kind}` is {number}")));
        };
        // One gap is one fault, not one for every frame after it.
        *next = Some(number.saturating_add(1));
        let checkpoint = ["/payload/checkpoint_id", "/payload/data/checkpoint_id"];
        let names = checkpoint.map(|pointer| frame.pointer(pointer)).into_iter().flatten();
        for name in names.chain(frame.get("id")).filter_map(Value::as_str) {
            self.told.insert(name.to_owned(), number);
        }
        let wanted = wanted.unwrap_or(number);
        let what = || format!("`{kind}` has event_seq {number}, and the next one was {wanted}");
        (number != wanted).then(|| (NUMBERS, what()))
    }
}

/// What is wrong with a frame's envelope.
fn envelope_fault(frame: &Value) -> Option<String> {
    let text = |key: &str| frame.get(key).and_then(Value::as_str);
    let missing = ["arcp", "id", "type", "timestamp"].into_iter().find(|key| text(key).is_none());
    if let Some(missing) = missing {
        return Some(format!("`{missing}` is missing or no text"));
    }
    if !frame.get("payload").is_some_and(Value::is_object) {
        return Some("`payload` is missing or no object".to_owned());
    }
    let at = text("timestamp").unwrap_or_default();
    let fault = arcp_core::Timestamp::parse(at).err();
    fault.map(|fault| format!("the timestamp: {fault}"))
}

/// What clients declare, so that a runtime may count on it: whatever scenarios make use of.
const USED: &[&str] = &[
    "streaming",
    "binary_streams",
    "durable_jobs",
    "subscriptions",
    "artifacts",
    "model_use",
    "provisioned_credentials",
];

/// First words of the types of events.
const ALWAYS_EVENTS: &[&str] = &["stream", "permission", "lease"];

/// The same, where a frame names a job.
const EVENTS: &[&str] = &["job", "event", "artifact", "log", "metric"];

/// First words of the protocol's own types; any other is a vendor's event.
const WORDS: &[&str] = &[
    "session",
    "ping",
    "pong",
    "ack",
    "nack",
    "cancel",
    "interrupt",
    "resume",
    "backpressure",
    "checkpoint",
    "tool",
    "workflow",
    "human",
    "subscribe",
    "unsubscribe",
    "trace",
];

/// The extension by which a client declares that its session can go on.
const RESUME: &str = "resume";

/// What is said to clients that have declared it, and to no others.
const RESUMABLE: &[&str] = &["ping", "backpressure", "job.checkpoint"];

/// Replies after which a job is known.
const INTRODUCTIONS: &[&str] = &["job.accepted", "job.subscribed"];

/// Every frame has the envelope.
const ENVELOPE: &str = "R6.1-1";
/// Events are numbered from 1 without a gap.
const NUMBERS: &str = "M3-1";
/// Nothing else has a number.
const REPLIES: &str = "M3-2";
/// What only those understand who know that a session goes on is said to no others.
const KNOWN: &str = "M2-23";
