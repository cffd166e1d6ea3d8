//! The form of a single frame of the hello dialect.

use arcp_core::Timestamp;
use serde_json::Value;

/// What is wrong with a frame of a version by itself.
pub(super) fn faults(kind: &str, frame: &Value, version: &str) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    broken.extend(envelope(frame, version).map(|what| (ENVELOPE, what)));
    if text(frame, "/session_id").is_none_or(str::is_empty) {
        broken.push((SESSION, format!("`{kind}` names no session")));
    }
    if ABOUT_JOBS.contains(&kind) && text(frame, "/job_id").is_none_or(str::is_empty) {
        broken.push((JOB, format!("`{kind}` names no job")));
    }
    if frame.get("trace_id").is_some_and(|trace| !is_trace(trace)) {
        broken.push((TRACE, format!("the trace_id of `{kind}` is no 32 hexadecimal digits")));
    }
    let payload = frame.get("payload").unwrap_or(&Value::Null);
    broken.extend(event(kind, payload).map(|what| (EVENT, what)));
    broken.extend(end(kind, payload).map(|what| (STATUS, what)));
    let refusal = match kind {
        "session.error" | "job.error" => Some(payload),
        "job.event" => payload.pointer("/body/error").filter(|_| is_kind(payload, "tool_result")),
        _ => None,
    };
    broken.extend(refusal.into_iter().flat_map(|error| refused(kind, error)));
    // What a vendor says is of the vendor's form.
    let is_vendors = text(payload, "/kind").is_some_and(|kind| kind.starts_with("x-vendor."));
    if !is_vendors {
        parts(frame, &mut String::new(), &mut |path, key, value| {
            let is_time = TIMES_AT.contains(&key) && !value.as_str().is_some_and(is_time);
            if value.is_null() && !NULLABLE.contains(&key) {
                broken.push((NULLS, format!("{path} of `{kind}` is null")));
            } else if is_time {
                broken.push((TIMES, format!("{path} of `{kind}` is {value}")));
            }
        });
    }
    broken
}

/// The text at a pointer.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn envelope(frame: &Value, wanted: &str) -> Option<String> {
    let missing = ["id", "type"]
        .into_iter()
        .find(|key| frame.get(key).and_then(Value::as_str).is_none_or(str::is_empty));
    if let Some(missing) = missing {
        return Some(format!("`{missing}` is missing or no text"));
    }
    if frame.get("arcp").is_none_or(|version| version != wanted) {
        return Some(format!("`arcp` is not \"{wanted}\""));
    }
    let is_object = frame.get("payload").is_some_and(Value::is_object);
    (!is_object).then(|| "`payload` is missing or no object".to_owned())
}

fn event(kind: &str, payload: &Value) -> Option<String> {
    if kind != super::EVENT {
        return None;
    }
    let wrong = match (text(payload, "/kind"), payload.get("ts"), payload.get("body")) {
        (None, _, _) => "kind",
        (_, None, _) => "ts",
        (_, _, body) if !body.is_some_and(Value::is_object) => "body",
        _ => return None,
    };
    Some(format!("`{wrong}` is missing or has another form"))
}

/// How a job has ended is said in two ways that agree.
fn end(kind: &str, payload: &Value) -> Option<String> {
    let status = text(payload, "/final_status").unwrap_or("nothing");
    let code = text(payload, "/code").unwrap_or_default();
    let wanted = match (kind, code) {
        ("job.result", _) => "success",
        ("job.error", "CANCELLED") => "cancelled",
        ("job.error", "TIMEOUT") => "timed_out",
        ("job.error", _) => "error",
        _ => return None,
    };
    (status != wanted).then(|| format!("`{kind}` {code} has final_status {status}"))
}

fn refused(kind: &str, error: &Value) -> Vec<(&'static str, String)> {
    let code = text(error, "/code").unwrap_or_default();
    let mut broken = Vec::new();
    if !CODES_THERE_ARE.contains(&code) {
        broken.push((CODES, format!("`{kind}` has the code {:?}", error.get("code"))));
    }
    if text(error, "/message").is_none_or(str::is_empty) {
        broken.push((CODES, format!("`{kind}` {code} has no message")));
    }
    match error.get("retryable").and_then(Value::as_bool) {
        None => {
            broken.push((RETRYABLE, format!("`{kind}` {code} does not say if it is retryable")));
        }
        Some(true) if FINAL.contains(&code) => broken.push((NEVER, format!("{code} is retryable"))),
        Some(false) if code == "INTERNAL_ERROR" => {
            broken.push((ALWAYS, format!("{code} is not retryable")));
        }
        Some(_) => {}
    }
    broken
}

/// Goes through the parts of a value that the protocol gives a form, each with its path and its key.
fn parts(value: &Value, path: &mut String, found: &mut impl FnMut(&str, &str, &Value)) {
    let length = path.len();
    let mut part = |key: &str, value: &Value, path: &mut String| {
        path.push('.');
        path.push_str(key);
        found(path, key, value);
        parts(value, path, found);
        path.truncate(length);
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !OPAQUE.contains(&key.as_str())) {
                part(key, value, path);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                part(&index.to_string(), value, path);
            }
        }
        _ => {}
    }
}

fn is_kind(payload: &Value, kind: &str) -> bool {
    text(payload, "/kind") == Some(kind)
}

fn is_time(text: &str) -> bool {
    text.ends_with('Z') && Timestamp::parse(text).is_ok()
}

fn is_trace(trace: &Value) -> bool {
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    trace.as_str().is_some_and(|text| text.len() == 32 && text.bytes().all(is_digit))
}

/// The types that are about one job.
const ABOUT_JOBS: [&str; 6] =
    ["job.accepted", "job.event", "job.result", "job.error", "job.cancelled", "job.subscribed"];

/// What is the agents' and the clients' own.
const OPAQUE: [&str; 6] = ["args", "attributes", "details", "dimensions", "input", "result"];

/// What clients can bear to be null.
const NULLABLE: [&str; 2] = ["next_cursor", "parent_job_id"];

/// What is a time.
const TIMES_AT: [&str; 8] = [
    "accepted_at",
    "completed_at",
    "created_at",
    "expires_at",
    "received_at",
    "sent_at",
    "submitted_at",
    "ts",
];

const CODES_THERE_ARE: [&str; 15] = [
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

/// The codes of what fails again when it is tried again.
const FINAL: [&str; 2] = ["LEASE_EXPIRED", "BUDGET_EXHAUSTED"];

/// Every frame has the envelope.
pub(super) const ENVELOPE: &str = "R5-1";
/// Every frame names its session.
pub(super) const SESSION: &str = "R5-2";
/// What is about a job names it.
pub(super) const JOB: &str = "R5-3";
/// What is absent is left out.
pub(super) const NULLS: &str = "M9.1-1";
/// Times are in UTC and say so.
pub(super) const TIMES: &str = "M9.1-2";
/// Trace ids have one form.
pub(super) const TRACE: &str = "R11-1";
/// Events have a kind, a time and a body.
pub(super) const EVENT: &str = "R8.1-1";
/// The end of a job says how it ended.
pub(super) const STATUS: &str = "R7.3-2";
/// Errors have one of the codes, and say what is wrong.
pub(super) const CODES: &str = "R12-1";
/// Errors say if they are retryable.
pub(super) const RETRYABLE: &str = "R12-2";
/// Some never are.
pub(super) const NEVER: &str = "R12-3";
/// One always is.
pub(super) const ALWAYS: &str = "R12-4";
