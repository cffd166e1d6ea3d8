//! The dialect of `session.hello` and `job.submit`.

mod form;
#[cfg(test)]
mod tests;
mod watch;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{Dialect, Watch};
use crate::eval;
use crate::run::Identity;
use watch::HelloWatch;

/// The hello dialect.
#[derive(Debug)]
pub(super) struct Hello;

impl Dialect for Hello {
    fn name(&self) -> &'static str {
        "hello"
    }

    fn requirements(&self) -> &'static str {
        include_str!("../../../scenarios/hello/requirements.toml")
    }

    fn message_id(&self) -> String {
        eval::fresh_ulid()
    }

    /// An event of a job goes by its kind and has its body for a payload; what a payload says that it
    /// answers stands beside it.
    fn seen<'a>(&self, frame: &'a Value) -> Cow<'a, Value> {
        let Value::Object(envelope) = frame else { return Cow::Borrowed(frame) };
        let payload = envelope.get("payload");
        let said = |key: &str| payload.and_then(|payload| payload.get(key));
        let mut seen = Map::new();
        if envelope.get("type").is_some_and(|kind| kind == EVENT)
            && let Some(Value::String(kind)) = said("kind")
        {
            seen.insert("type".to_owned(), format!("event.{kind}").into());
            seen.insert("payload".to_owned(), said("body").cloned().unwrap_or_default());
            seen.extend(said("ts").map(|ts| ("ts".to_owned(), ts.clone())));
        } else if let Some(request) = said(REQUEST) {
            seen.insert(REQUEST.to_owned(), request.clone());
        } else {
            return Cow::Borrowed(frame);
        }
        for (key, value) in envelope {
            seen.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Cow::Owned(Value::Object(seen))
    }

    fn names_what_it_answers(&self, kind: &str) -> bool {
        matches!(kind, "job.accepted" | "job.subscribed" | "session.jobs" | "session.error")
    }

    /// The text has no place for it in an error; that there is one is a decision.
    fn unnamed(&self, kind: &str) -> Option<&'static str> {
        (kind == "session.error").then_some(watch::UNNAMED)
    }

    fn envelope(&self, kind: &str, session: Option<&str>) -> Map<String, Value> {
        let mut envelope = Map::new();
        let mut put = |key: &str, value: String| envelope.insert(key.to_owned(), value.into());
        put("arcp", VERSION.to_owned());
        put("id", self.message_id());
        put("type", kind.to_owned());
        if let Some(session) = session {
            put("session_id", session.to_owned());
        }
        envelope
    }

    fn opening(&self, who: &Identity) -> (&'static str, Value) {
        let client = json!({ "name": "arcp-conformance", "version": env!("CARGO_PKG_VERSION") });
        let capabilities = json!({ "encodings": ["json"], "features": FEATURES });
        let mut payload = json!({ "client": client, "capabilities": capabilities });
        if let (Some(token), Value::Object(payload)) = (&who.token, &mut payload) {
            payload.insert("auth".to_owned(), json!({ "scheme": "bearer", "token": token }));
        }
        ("session.hello", payload)
    }

    fn opened(&self) -> &'static str {
        "session.welcome"
    }

    fn resumed(&self) -> &'static str {
        "session.welcome"
    }

    fn invoke(&self, agent: Value, input: Value) -> (&'static str, Value) {
        ("job.submit", json!({ "agent": agent, "input": input }))
    }

    fn accepted(&self) -> &'static str {
        "job.accepted"
    }

    fn started(&self) -> (&'static str, Option<(&'static str, &'static str)>) {
        ("event.status", Some(("phase", "running")))
    }

    /// That is a decision, and no rule of the text.
    fn start_is_optional(&self) -> bool {
        true
    }

    fn ping(&self) -> (&'static str, Value) {
        let sent_at = eval::now().to_string();
        ("session.ping", json!({ "nonce": eval::fresh_ulid(), "sent_at": sent_at }))
    }

    /// Where no heartbeat is agreed on, its refusal answers a ping.
    fn is_pong(&self, ping: &Value, frame: &Value) -> bool {
        let kind = frame.get("type").and_then(Value::as_str);
        match kind {
            Some("session.pong") => {
                frame.pointer("/payload/ping_nonce") == ping.pointer("/payload/nonce")
            }
            Some("session.error") => frame.pointer("/payload/request_id") == ping.get("id"),
            _ => false,
        }
    }

    fn leave(&self) -> (&'static str, Value) {
        ("session.close", json!({ "reason": "the scenario is over" }))
    }

    fn agents(&self, opened: &Value) -> Vec<String> {
        super::listed_agents(opened)
    }

    fn field<'a>(&self, short: &'a str) -> &'a str {
        match short {
            "re" => REQUEST,
            "seq" => "event_seq",
            "session" => "session_id",
            "job" => "job_id",
            "trace" => "trace_id",
            "key" => "idempotency_key",
            "lease" => "lease_request",
            "constraints" => "lease_constraints",
            "max_runtime" => "max_runtime_sec",
            "parent" => "parent_job_id",
            "delegate" => "delegate_id",
            other => other,
        }
    }

    fn is_payload_field(&self, kind: &str, name: &str) -> bool {
        match kind {
            "session.hello" => matches!(name, "auth" | "client" | "capabilities" | "resume"),
            "job.submit" => matches!(
                name,
                "idempotency_key"
                    | "lease_request"
                    | "lease_constraints"
                    | "max_runtime_sec"
                    | "parent_job_id"
                    | "delegate_id"
            ),
            _ => false,
        }
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(HelloWatch::default())
    }

    fn rules(&self) -> &'static [&'static str] {
        watch::RULES
    }

    fn secrecy(&self) -> &'static str {
        "M5.18-1"
    }
}

/// The version that frames carry.
const VERSION: &str = "1.1";

/// The type of a job's events.
const EVENT: &str = "job.event";

/// Where a payload names the message that it answers.
const REQUEST: &str = "request_id";

/// What clients offer unless a scenario says otherwise: whatever scenarios make use of.
const FEATURES: [&str; 11] = [
    "heartbeat",
    "ack",
    "list_jobs",
    "subscribe",
    "lease_expires_at",
    "cost.budget",
    "progress",
    "result_chunk",
    "agent_versions",
    "model.use",
    "provisioned_credentials",
];
