//! What published clients can read of what a runtime says: a table of rules, from how they took one exact
//! frame after the other (the stub's cases) and from their schemas (HELLO §2 to §7).

use serde_json::Value;

/// Who reads a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The Python client: a frame that it cannot read ends its session.
    Python,
    /// The TypeScript client: a frame that it cannot read is dropped, and what waits for it hangs.
    TypeScript,
    /// A client of whom nothing is known but the text.
    Text,
}

use Reader::{Python, Text, TypeScript};

/// What is wrong with a frame for this reader.
pub(crate) fn faults(frame: &str, reader: Reader) -> Vec<String> {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let kind = frame["type"].as_str().unwrap();
    let mut faults = Vec::new();
    for (of, at, readers, presence, want) in RULES {
        if (*of != "*" && *of != kind) || !readers.contains(&reader) {
            continue;
        }
        for (place, found) in places(&frame, at) {
            match found {
                Some(value) if want.fits(value) => {}
                Some(value) => faults.push(format!("{place} is {value}, not {want:?}")),
                None if *presence == Must => faults.push(format!("{place} is missing")),
                None => {}
            }
        }
    }
    for (readers, check) in CHECKS {
        if readers.contains(&reader) {
            faults.extend(check(&frame));
        }
    }
    faults
}

/// One key: of the messages of which type, where, for whom, whether it has to be there, and what it holds.
type Rule = (&'static str, &'static str, &'static [Reader], Presence, Want);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Must,
    May,
}

use Presence::{May, Must};

const ALL: &[Reader] = &[Python, TypeScript, Text];
/// All but the Python client, which does not look.
const OTHERS: &[Reader] = &[TypeScript, Text];
/// All but the TypeScript client, which does not look.
const NOT_TS: &[Reader] = &[Python, Text];

const RULES: &[Rule] = &[
    ("*", "/arcp", &[Python, TypeScript], Must, Want::OneOf(&["1.1"])),
    ("*", "/arcp", &[Text], Must, Want::OneOf(&["1.1", "1.0", "1"])),
    ("*", "/id", &[Python], Must, Want::UlidOrUuid7),
    ("*", "/id", OTHERS, Must, Want::SomeText),
    ("*", "/session_id", OTHERS, Must, Want::SomeText),
    ("*", "/trace_id", &[Python], May, Want::TraceOrNull),
    ("*", "/trace_id", OTHERS, May, Want::Trace),
    ("*", "/payload", ALL, Must, Want::Object),
    ("job.event", "/job_id", ALL, Must, Want::SomeText),
    ("job.event", "/event_seq", ALL, Must, Want::Positive),
    ("job.result", "/job_id", ALL, Must, Want::SomeText),
    ("job.result", "/event_seq", ALL, Must, Want::Positive),
    ("job.error", "/job_id", ALL, Must, Want::SomeText),
    ("job.error", "/event_seq", ALL, May, Want::Positive),
    ("job.accepted", "/job_id", ALL, Must, Want::SomeText),
    ("job.accepted", "/event_seq", ALL, May, Want::Positive),
    ("job.subscribed", "/job_id", ALL, Must, Want::SomeText),
    ("job.cancelled", "/job_id", ALL, Must, Want::SomeText),
    // The session.
    ("session.welcome", "/payload/runtime/name", ALL, Must, Want::SomeText),
    ("session.welcome", "/payload/runtime/version", ALL, Must, Want::SomeText),
    ("session.welcome", "/payload/session_id", NOT_TS, Must, Want::SomeText),
    ("session.welcome", "/payload/accepted_at", NOT_TS, Must, Want::Stamp),
    ("session.welcome", "/payload/resume_token", ALL, Must, Want::SomeText),
    ("session.welcome", "/payload/resume_window_sec", &[Python], May, Want::Whole),
    ("session.welcome", "/payload/resume_window_sec", OTHERS, Must, Want::Positive),
    ("session.welcome", "/payload/heartbeat_interval_sec", &[Python], May, Want::WholeOrNull),
    ("session.welcome", "/payload/heartbeat_interval_sec", OTHERS, May, Want::Positive),
    ("session.welcome", "/payload/capabilities/encodings", ALL, May, Want::Texts),
    ("session.welcome", "/payload/capabilities/features", ALL, May, Want::Texts),
    ("session.welcome", "/payload/capabilities/agents", ALL, May, Want::List),
    ("session.welcome", "/payload/capabilities/agents/*", &[Text], May, Want::Object),
    ("session.welcome", "/payload/capabilities/agents/*/name", &[Text], Must, Want::SomeText),
    ("session.welcome", "/payload/capabilities/agents/*", &[TypeScript], May, Want::Agent),
    ("session.welcome", "/payload/capabilities/agents/*/versions", &[Text], Must, Want::Texts),
    ("session.welcome", "/payload/capabilities/agents/*/default", OTHERS, May, Want::SomeText),
    ("session.error", "/payload/code", &[Python], Must, Want::Text),
    ("session.error", "/payload/code", OTHERS, Must, Want::Code),
    ("session.error", "/payload/message", &[Python], Must, Want::Text),
    ("session.error", "/payload/message", OTHERS, Must, Want::SomeText),
    ("session.error", "/payload/retryable", OTHERS, Must, Want::Flag),
    ("session.error", "/payload/details", OTHERS, May, Want::Object),
    ("session.error", "/payload/request_id", ALL, May, Want::SomeText),
    ("session.ping", "/payload/nonce", ALL, Must, Want::SomeText),
    ("session.ping", "/payload/sent_at", ALL, Must, Want::Stamp),
    ("session.pong", "/payload/ping_nonce", ALL, Must, Want::Text),
    ("session.pong", "/payload/received_at", ALL, Must, Want::Stamp),
    ("session.bye", "/payload/reason", ALL, Must, Want::Text),
    // Listing.
    ("session.jobs", "/payload/request_id", ALL, Must, Want::SomeText),
    ("session.jobs", "/payload/jobs", ALL, Must, Want::List),
    ("session.jobs", "/payload/next_cursor", OTHERS, Must, Want::TextOrNull),
    ("session.jobs", "/payload/jobs/*/job_id", ALL, Must, Want::SomeText),
    ("session.jobs", "/payload/jobs/*/agent", ALL, Must, Want::Text),
    ("session.jobs", "/payload/jobs/*/status", ALL, Must, Want::State),
    ("session.jobs", "/payload/jobs/*/submitted_at", NOT_TS, Must, Want::Stamp),
    ("session.jobs", "/payload/jobs/*/created_at", OTHERS, Must, Want::Stamp),
    ("session.jobs", "/payload/jobs/*/lease", OTHERS, Must, Want::Lease),
    ("session.jobs", "/payload/jobs/*/last_event_seq", OTHERS, Must, Want::Whole),
    ("session.jobs", "/payload/jobs/*/parent_job_id", ALL, May, Want::TextOrNull),
    ("session.jobs", "/payload/jobs/*/trace_id", ALL, May, Want::Trace),
    // Jobs.
    ("job.accepted", "/payload/job_id", ALL, Must, Want::SomeText),
    ("job.accepted", "/payload/agent", NOT_TS, Must, Want::Text),
    ("job.accepted", "/payload/accepted_at", ALL, Must, Want::Stamp),
    ("job.accepted", "/payload/lease", &[Python], May, Want::Lease),
    ("job.accepted", "/payload/lease", OTHERS, Must, Want::Lease),
    ("job.accepted", "/payload/lease_constraints", OTHERS, May, Want::Object),
    ("job.accepted", "/payload/lease_constraints/expires_at", ALL, May, Want::Stamp),
    ("job.accepted", "/payload/budget/*", &[Python], May, Want::Text),
    ("job.accepted", "/payload/budget/*", OTHERS, May, Want::Number),
    ("job.accepted", "/payload/credentials", OTHERS, May, Want::List),
    ("job.accepted", "/payload/credentials/*/id", ALL, Must, Want::SomeText),
    ("job.accepted", "/payload/credentials/*/scheme", ALL, Must, Want::OneOf(&["bearer"])),
    ("job.accepted", "/payload/credentials/*/value", ALL, Must, Want::Text),
    ("job.accepted", "/payload/credentials/*/endpoint", ALL, Must, Want::Text),
    ("job.accepted", "/payload/credentials/*/constraints/expires_at", ALL, May, Want::Stamp),
    ("job.accepted", "/payload/trace_id", ALL, May, Want::Trace),
    ("job.accepted", "/payload/parent_job_id", ALL, May, Want::SomeText),
    ("job.accepted", "/payload/delegate_id", ALL, May, Want::Text),
    ("job.accepted", "/payload/request_id", ALL, May, Want::SomeText),
    ("job.subscribed", "/payload/job_id", ALL, Must, Want::SomeText),
    ("job.subscribed", "/payload/request_id", NOT_TS, Must, Want::SomeText),
    ("job.subscribed", "/payload/current_status", ALL, Must, Want::State),
    ("job.subscribed", "/payload/agent", ALL, Must, Want::Text),
    ("job.subscribed", "/payload/lease", OTHERS, Must, Want::Lease),
    ("job.subscribed", "/payload/subscribed_from", OTHERS, Must, Want::Whole),
    ("job.subscribed", "/payload/replayed", &[Python], May, Want::FlagOrWhole),
    ("job.subscribed", "/payload/replayed", OTHERS, Must, Want::Flag),
    ("job.subscribed", "/payload/budget/*", OTHERS, May, Want::Number),
    ("job.subscribed", "/payload/parent_job_id", ALL, May, Want::TextOrNull),
    ("job.subscribed", "/payload/trace_id", ALL, May, Want::Trace),
    ("job.result", "/payload/final_status", &[Python], Must, Want::OneOf(&ENDS)),
    ("job.result", "/payload/final_status", OTHERS, Must, Want::OneOf(&["success"])),
    ("job.result", "/payload/completed_at", NOT_TS, Must, Want::Stamp),
    ("job.result", "/payload/result_id", OTHERS, May, Want::SomeText),
    ("job.result", "/payload/result_size", OTHERS, May, Want::Whole),
    ("job.result", "/payload/summary", OTHERS, May, Want::Text),
    ("job.error", "/payload/final_status", &[Python], May, Want::OneOf(&["error"])),
    ("job.error", "/payload/final_status", OTHERS, Must, Want::OneOf(&FAILURES)),
    ("job.error", "/payload/code", &[Python], Must, Want::Text),
    ("job.error", "/payload/code", OTHERS, Must, Want::Code),
    ("job.error", "/payload/message", &[Python], Must, Want::Text),
    ("job.error", "/payload/message", OTHERS, Must, Want::SomeText),
    ("job.error", "/payload/retryable", OTHERS, Must, Want::Flag),
    ("job.error", "/payload/details", OTHERS, May, Want::Object),
    ("job.error", "/payload/completed_at", NOT_TS, Must, Want::Stamp),
    ("job.event", "/payload/kind", ALL, Must, Want::SomeText),
    ("job.event", "/payload/ts", ALL, Must, Want::Stamp),
    ("job.event", "/payload/body", ALL, Must, Want::Any),
];

/// Rules that are about more than one key.
type Check = fn(&Value) -> Vec<String>;

const CHECKS: &[(&[Reader], Check)] = &[
    (NOT_TS, size),
    (OTHERS, nulls),
    (OTHERS, retryable),
    (OTHERS, one_result),
    (OTHERS, extensions),
    (ALL, body),
];

/// A client ends a connection that sends it more than a mebibyte.
fn size(frame: &Value) -> Vec<String> {
    let length = frame.to_string().len();
    if length > 1_000_000 { vec![format!("{length} bytes")] } else { Vec::new() }
}

/// Absent is absent, and no `null`; but where the values are an agent's.
fn nulls(frame: &Value) -> Vec<String> {
    let mut found = Vec::new();
    seek_nulls(frame, String::new(), &mut found);
    let kind = frame["payload"]["kind"].as_str().unwrap_or_default();
    let free = |place: &str| {
        (kind.starts_with("x-vendor.") && place.starts_with("/payload/body"))
            || FREE.iter().any(|free| place.starts_with(free))
            || place.ends_with("/parent_job_id")
    };
    found.retain(|place| !free(place));
    found.into_iter().map(|place| format!("{place} is null")).collect()
}

fn seek_nulls(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(place),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                seek_nulls(item, format!("{place}/{index}"), found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                seek_nulls(item, format!("{place}/{key}"), found);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where values of agents stand.
const FREE: [&str; 10] = [
    "/payload/next_cursor",
    "/payload/result",
    "/payload/output",
    "/payload/details/",
    "/payload/body/args",
    "/payload/body/result",
    "/payload/body/error/details/",
    "/payload/body/attributes",
    "/payload/body/dimensions",
    "/payload/body/input",
];

/// An error that contradicts its code is dropped.
fn retryable(frame: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for told in [&frame["payload"], &frame["payload"]["body"]["error"]] {
        let wrong = match told["code"].as_str() {
            Some("INTERNAL_ERROR") => told["retryable"] == false,
            Some("LEASE_EXPIRED" | "BUDGET_EXHAUSTED") => told["retryable"] == true,
            _ => false,
        };
        if wrong {
            faults.push(format!("retryable is {} with {}", told["retryable"], told["code"]));
        }
    }
    faults
}

fn one_result(frame: &Value) -> Vec<String> {
    let payload = &frame["payload"];
    let both = payload.get("result").is_some() && payload.get("result_id").is_some();
    if both { vec!["a result beside a result_id".to_owned()] } else { Vec::new() }
}

fn extensions(frame: &Value) -> Vec<String> {
    let Some(all) = frame["extensions"].as_object() else { return Vec::new() };
    let bad = |key: &&String| *key != "optional" && !key.starts_with("x-vendor.");
    all.keys().filter(bad).map(|key| format!("extension {key}")).collect()
}

/// What the text wants of the kinds that it has (HELLO §6).
fn body(frame: &Value) -> Vec<String> {
    let kind = frame["payload"]["kind"].as_str().unwrap_or_default();
    let body = &frame["payload"]["body"];
    let mut faults = Vec::new();
    for (of, key, presence, want) in BODIES {
        match body.get(key) {
            _ if *of != kind => {}
            Some(value) if want.fits(value) => {}
            None if *presence == May => {}
            other => faults.push(format!("{kind}: {key} is {other:?}, not {want:?}")),
        }
    }
    let results = [body.get("result"), body.get("error")].into_iter().flatten().count();
    if kind == "tool_result" && results != 1 {
        faults.push(format!("tool_result with {results} results"));
    }
    faults
}

const BODIES: &[(&str, &str, Presence, Want)] = &[
    ("log", "level", Must, Want::SomeText),
    ("log", "message", Must, Want::Text),
    ("thought", "text", Must, Want::Text),
    ("tool_call", "tool", Must, Want::Text),
    ("tool_call", "args", Must, Want::Any),
    ("tool_call", "call_id", Must, Want::Text),
    ("tool_result", "call_id", Must, Want::Text),
    ("status", "phase", Must, Want::Text),
    ("status", "message", May, Want::Text),
    ("metric", "name", Must, Want::Text),
    ("metric", "value", Must, Want::Number),
    ("metric", "unit", May, Want::Text),
    ("artifact_ref", "uri", Must, Want::SomeText),
    ("artifact_ref", "content_type", Must, Want::Text),
    ("artifact_ref", "byte_size", May, Want::Whole),
    ("delegate", "delegate_id", Must, Want::Text),
    ("delegate", "child_job_id", Must, Want::SomeText),
    ("delegate", "agent", Must, Want::Text),
    ("delegate", "lease_request", May, Want::Lease),
    ("progress", "current", Must, Want::Number),
    ("progress", "total", May, Want::Number),
    ("result_chunk", "result_id", Must, Want::SomeText),
    ("result_chunk", "chunk_seq", Must, Want::Whole),
    ("result_chunk", "data", Must, Want::Text),
    ("result_chunk", "encoding", Must, Want::OneOf(&["utf8", "base64"])),
    ("result_chunk", "more", Must, Want::Flag),
];

/// What a key holds.
#[derive(Debug, Clone, Copy)]
enum Want {
    Any,
    Text,
    SomeText,
    TextOrNull,
    Texts,
    OneOf(&'static [&'static str]),
    Whole,
    WholeOrNull,
    Positive,
    Number,
    Flag,
    FlagOrWhole,
    List,
    Object,
    Stamp,
    Trace,
    TraceOrNull,
    UlidOrUuid7,
    Code,
    State,
    Lease,
    /// A bare name, or an object with a list of versions.
    Agent,
}

impl Want {
    fn fits(self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Any => true,
            Self::Text => text.is_some(),
            Self::SomeText => text.is_some_and(|text| !text.is_empty()),
            Self::TextOrNull => text.is_some() || value.is_null(),
            Self::Texts => texts(value),
            Self::OneOf(all) => text.is_some_and(|text| all.contains(&text)),
            Self::Whole => value.is_u64(),
            Self::WholeOrNull => value.is_u64() || value.is_null(),
            Self::Positive => value.as_u64().is_some_and(|number| number > 0),
            Self::Number => value.is_number(),
            Self::Flag => value.is_boolean(),
            Self::FlagOrWhole => value.is_boolean() || value.is_u64(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::Stamp => text.is_some_and(|text| {
                text.ends_with('Z') && arcp_core::Timestamp::parse(text).is_ok()
            }),
            Self::Trace => text.is_some_and(|text| text.len() == 32 && lower_hex(text)),
            Self::TraceOrNull => value.is_null() || Self::Trace.fits(value),
            Self::UlidOrUuid7 => text.is_some_and(is_ulid_or_uuid_7),
            Self::Code => text.is_some_and(|text| CODES.contains(&text)),
            Self::State => text.is_some_and(|text| STATES.contains(&text)),
            Self::Lease => value.as_object().is_some_and(|all| all.values().all(texts)),
            Self::Agent => text.is_some() || value.get("versions").is_some_and(texts),
        }
    }
}

fn texts(value: &Value) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_ulid_or_uuid_7(text: &str) -> bool {
    let number = text.rsplit_once('_').map_or(text, |(prefix, number)| {
        if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) { number } else { "" }
    });
    let ulid = |byte: u8| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&byte);
    let groups: Vec<_> = text.split('-').collect();
    let uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| lower_hex(group))
        && groups[2].starts_with('7');
    uuid || (number.len() == 26 && number.bytes().all(ulid))
}

/// The values at a place, of which a part may be `*`, for each item; nothing where the item has none.
fn places<'a>(frame: &'a Value, at: &str) -> Vec<(String, Option<&'a Value>)> {
    let mut found = vec![(String::new(), Some(frame))];
    for part in at.split('/').skip(1) {
        let mut next = Vec::new();
        for (place, value) in found {
            match value {
                Some(Value::Array(items)) if part == "*" => {
                    let numbered = items.iter().enumerate();
                    next.extend(numbered.map(|(n, item)| (format!("{place}/{n}"), Some(item))));
                }
                Some(Value::Object(map)) if part == "*" => {
                    next.extend(map.iter().map(|(k, item)| (format!("{place}/{k}"), Some(item))));
                }
                _ if part == "*" => {}
                outer => {
                    let inner = outer.and_then(|outer| outer.get(part));
                    next.push((format!("{place}/{part}"), inner));
                }
            }
        }
        found = next;
    }
    found
}

const CODES: [&str; 15] = [
    "PERMISSION_DENIED",
    "LEASE_SUBSET_VIOLATION",
    "JOB_NOT_FOUND",
    "DUPLICATE_KEY",
    "AGENT_NOT_AVAILABLE",
    "AGENT_VERSION_NOT_AVAILABLE",
    "CANCELLED",
    "TIMEOUT",
    "RESUME_WINDOW_EXPIRED",
    "HEARTBEAT_LOST",
    "LEASE_EXPIRED",
    "BUDGET_EXHAUSTED",
    "INVALID_REQUEST",
    "UNAUTHENTICATED",
    "INTERNAL_ERROR",
];
const STATES: [&str; 6] = ["pending", "running", "success", "error", "cancelled", "timed_out"];
/// How a job ends that has a `job.result`, for who knows no better.
const ENDS: [&str; 3] = ["success", "cancelled", "timed_out"];
/// How a job ends that has a `job.error`.
const FAILURES: [&str; 3] = ["error", "cancelled", "timed_out"];
