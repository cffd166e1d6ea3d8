//! Runtimes that break a rule of the hello dialect.

pub(super) mod envelope;
pub(super) mod events;
pub(super) mod jobs;
pub(super) mod leases;
pub(super) mod sessions;
pub(super) mod watching;

use serde_json::{Value, json};

use super::{Frame, Mind, Mutant, hearing_of, telling};

/// Changes a job's events of a kind.
fn telling_kind(
    kind: &str,
    mind: &mut Mind,
    frame: Frame,
    change: impl FnOnce(&mut Mind, Value) -> Vec<Value>,
) -> Vec<Frame> {
    telling(mind, frame, |mind, value| {
        if value["payload"]["kind"] == kind { change(mind, value) } else { vec![value] }
    })
}

/// Has the runtime not hear such messages, and answers them instead.
fn answering(
    frame: Frame,
    such: impl FnOnce(&Value) -> bool,
    kind: &str,
    payload: impl FnOnce(&Value) -> Value,
) -> Vec<Frame> {
    match frame {
        Frame::Said(said) if such(&said) => vec![instead(&said, kind, payload(&said))],
        other => vec![other],
    }
}

/// Has the runtime not hear a message, and answers it instead.
fn instead(said: &Value, kind: &str, mut payload: Value) -> Frame {
    payload["request_id"] = said["id"].clone();
    let mut frame = json!({
        "arcp": "1.1",
        "id": format!("made-up-for-{}", said["id"].as_str().unwrap_or_default()),
        "type": kind,
        "session_id": said["session_id"],
        "payload": payload,
    });
    if let Some(job) = said.get("job_id") {
        frame["job_id"] = job.clone();
    }
    Frame::Told(frame)
}

/// Has the client offer a part of a hello that it did not.
fn saying_hello(mind: &mut Mind, frame: Frame, change: impl FnOnce(&mut Value)) -> Vec<Frame> {
    hearing_of("session.hello", mind, frame, |_, mut value| {
        change(&mut value["payload"]);
        vec![value]
    })
}

/// All that there is to agree on.
fn everything() -> Value {
    json!([
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
        "provisioned_credentials"
    ])
}

/// Takes everybody for alice.
fn all_are_alice() -> Mutant {
    Mutant::frames(|mind, frame| {
        saying_hello(mind, frame, |payload| payload["auth"]["token"] = json!("conf-alice"))
    })
}
