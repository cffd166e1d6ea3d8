//! The rules say of every frame that a stub sent to the clients what those made of it. The stub's other
//! cases are about the order of frames, or about what else a client does with one that it can read.

use serde_json::{Value, json};

use crate::union::{Reader, faults};

/// One case: its name, the frame that it is about, how that differs from a good one, and which of the two
/// clients, Python and TypeScript, took it.
type Case = (&'static str, fn() -> Value, &'static [(&'static str, Change)], bool, bool);

/// What becomes of the key at a place.
enum Change {
    Gone,
    Is(&'static str),
}

use Change::{Gone, Is};

#[test]
fn the_rules_say_what_the_clients_did() {
    for (name, good, changes, python, typescript) in CASES {
        let mut frame = good();
        for (at, change) in *changes {
            let (outer, key) = at.rsplit_once('/').unwrap();
            let outer = frame.pointer_mut(outer).unwrap().as_object_mut().unwrap();
            match change {
                Gone => outer.remove(key),
                Is(text) => outer.insert(key.to_owned(), serde_json::from_str(text).unwrap()),
            };
        }
        let frame = frame.to_string();
        for (reader, took) in [(Reader::Python, python), (Reader::TypeScript, typescript)] {
            let found = faults(&frame, reader);
            assert_eq!(found.is_empty(), *took, "{name} for {reader:?}: {found:?}");
        }
    }
}

const CASES: &[Case] = &[
    ("hello ok", welcome, &[], true, true),
    ("hello w:no_payload_sid", welcome, &[("/payload/session_id", Gone)], false, true),
    ("hello w:no_accepted_at", welcome, &[("/payload/accepted_at", Gone)], false, true),
    ("hello w:no_env_sid", welcome, &[("/session_id", Gone)], true, false),
    ("hello w:flat_agents", welcome, &[(AGENTS, Is(r#"["echo"]"#))], true, true),
    (
        "hello w:null_default",
        welcome,
        &[(AGENTS, Is(r#"[{"name":"echo","versions":[],"default":null}]"#))],
        true,
        false,
    ),
    ("hello w:no_versions", welcome, &[(AGENTS, Is(r#"[{"name":"echo"}]"#))], true, false),
    ("hello w:extra", welcome, &[("/payload/extra", Is("1"))], true, true),
    ("hello w:hb_null", welcome, &[(HEARTBEAT, Is("null"))], true, false),
    ("hello w:hb_float", welcome, &[(HEARTBEAT, Is("1.5"))], false, false),
    ("hello w:window0", welcome, &[("/payload/resume_window_sec", Is("0"))], true, false),
    ("hello w:arcp1", welcome, &[("/arcp", Is("\"1\""))], false, false),
    ("hello w:arcp1.0", welcome, &[("/arcp", Is("\"1.0\""))], false, false),
    ("hello w:uuid4", welcome, &[("/id", Is(UUID_4))], false, true),
    ("hello w:uuid7", welcome, &[("/id", Is(UUID_7))], true, true),
    ("hello w:plainid", welcome, &[("/id", Is("\"m1\""))], false, true),
    ("hello w:env_nulls", welcome, &[("/job_id", Is("null"))], true, false),
    ("hello w:env_extra", welcome, &[("/extra", Is("1"))], true, true),
    ("hello e:nosid", error, &[("/session_id", Gone)], true, false),
    ("hello e:sid", error, &[], true, true),
    ("hello e:details_null", error, &[("/payload/details", Is("null"))], true, false),
    ("submit ok", accepted, &[], true, true),
    ("submit budget-num", accepted, &[("/payload/budget", Is(r#"{"USD":5}"#))], false, true),
    (
        "submit budget-str",
        accepted,
        &[("/payload/budget", Is(r#"{"USD":"USD:5.00"}"#))],
        true,
        false,
    ),
    (
        "submit budget-decstr",
        accepted,
        &[("/payload/budget", Is(r#"{"USD":"5.00"}"#))],
        true,
        false,
    ),
    ("submit no-lease", accepted, &[("/payload/lease", Gone)], true, false),
    ("submit no-agent", accepted, &[("/payload/agent", Gone)], false, true),
    ("submit no-request-id", accepted, &[("/payload/request_id", Gone)], true, true),
    ("submit nulls", accepted, &[("/payload/credentials", Is("null"))], true, false),
    ("submit cred-spec", accepted, &[("/payload/credentials", Is(BEARER))], true, true),
    ("submit cred-scheme", accepted, &[("/payload/credentials", Is(OTHER_SCHEME))], false, false),
    ("submit res-no-completed-at", result, &[("/payload/completed_at", Gone)], false, true),
    ("submit res-no-final-status", result, &[("/payload/final_status", Gone)], false, false),
    ("submit res-null-extras", result, &[("/payload/summary", Is("null"))], true, false),
    ("submit res-cancelled", result, &[(STATUS, Is("\"cancelled\""))], true, false),
    (
        "submit err-cancelled",
        failed,
        &[(CODE, Is(CANCELLED)), (STATUS, Is("\"cancelled\""))],
        false,
        true,
    ),
    ("submit err-cancelled-as-error", failed, &[(CODE, Is(CANCELLED))], true, true),
    (
        "submit err-cancelled-no-status",
        failed,
        &[(CODE, Is(CANCELLED)), (STATUS, Gone)],
        true,
        false,
    ),
    (
        "submit err-timed-out",
        failed,
        &[(CODE, Is("\"TIMEOUT\"")), (STATUS, Is("\"timed_out\""))],
        false,
        true,
    ),
    ("submit err-timeout-as-error", failed, &[(CODE, Is("\"TIMEOUT\""))], true, true),
    ("submit err-no-completed-at", failed, &[("/payload/completed_at", Gone)], false, true),
    ("submit err-details-null", failed, &[("/payload/details", Is("null"))], true, false),
    ("submit err-vendor-code", failed, &[(CODE, Is("\"VENDOR\""))], true, false),
    ("submit err-internal-nonretry", failed, &[("/payload/retryable", Is("false"))], true, false),
    ("submit err-empty-message", failed, &[("/payload/message", Is("\"\""))], true, false),
    ("submit rej-session", error, &[(CODE, Is("\"AGENT_NOT_AVAILABLE\""))], true, true),
    ("submit rej-session-details-null", error, &[("/payload/details", Is("null"))], true, false),
    ("submit uuid4-ids", accepted, &[("/id", Is(UUID_4))], false, true),
    ("submit uuid7-ids", accepted, &[("/id", Is(UUID_7))], true, true),
    ("submit trace-parent", accepted, &[("/trace_id", Is(TRACEPARENT))], false, false),
    ("submit trace-null", accepted, &[("/trace_id", Is("null"))], true, false),
    ("submit no-env-sid", accepted, &[("/session_id", Gone)], true, false),
    ("submit unknown-kind", event, &[("/payload/kind", Is("\"unheard\""))], true, true),
    ("submit env-extra", accepted, &[("/extra", Is("{}"))], true, true),
    ("submit ext-bad-key", accepted, &[("/extensions", Is(r#"{"zzz":1}"#))], true, false),
    ("submit seq-on-accepted", accepted, &[("/event_seq", Is("1"))], true, true),
    (
        "submit ts-nanos",
        event,
        &[("/payload/ts", Is("\"2026-11-22T11:00:00.123456789Z\""))],
        true,
        true,
    ),
    ("submit big-result", large, &[], false, true),
    ("list_jobs union", jobs, &[], true, true),
    ("subscribe B", subscribed, &[], true, true),
    ("subscribe D", error, &[(CODE, Is("\"PERMISSION_DENIED\""))], true, true),
];

const AGENTS: &str = "/payload/capabilities/agents";
const HEARTBEAT: &str = "/payload/heartbeat_interval_sec";
const STATUS: &str = "/payload/final_status";
const CODE: &str = "/payload/code";
const CANCELLED: &str = "\"CANCELLED\"";
const UUID_4: &str = "\"bab7d9ae-6c06-4eed-9cfd-a2e8b2f0dcc7\"";
const UUID_7: &str = "\"019aab6e-6c06-7eed-9cfd-a2e8b2f0dcc7\"";
const TRACEPARENT: &str = "\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"";
const BEARER: &str = r#"[{"id":"c","scheme":"bearer","value":"v","endpoint":"https://a.example"}]"#;
const OTHER_SCHEME: &str =
    r#"[{"id":"c","scheme":"basic","value":"v","endpoint":"https://a.example"}]"#;
const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const TIME: &str = "2026-11-22T11:00:00.123Z";

fn message(kind: &str, payload: &Value) -> Value {
    json!({
        "arcp": "1.1",
        "id": ULID,
        "type": kind,
        "session_id": "sess_1",
        "payload": payload,
    })
}

fn of_job(kind: &str, payload: &Value) -> Value {
    let mut frame = message(kind, payload);
    frame["job_id"] = json!("job_1");
    frame
}

fn numbered(kind: &str, payload: &Value) -> Value {
    let mut frame = of_job(kind, payload);
    frame["event_seq"] = json!(1);
    frame
}

fn welcome() -> Value {
    message(
        "session.welcome",
        &json!({
            "runtime": {"name": "stub", "version": "1"},
            "session_id": "sess_1",
            "accepted_at": TIME,
            "resume_token": "t",
            "resume_window_sec": 600,
            "heartbeat_interval_sec": 30,
            "capabilities": {
                "encodings": ["json"],
                "features": ["ack"],
                "agents": [{"name": "echo", "versions": ["1"], "default": "1"}],
            },
        }),
    )
}

fn error() -> Value {
    let refused = json!({"code": "UNAUTHENTICATED", "message": "bad token", "retryable": false});
    message("session.error", &refused)
}

fn accepted() -> Value {
    let accepted = json!({
        "job_id": "job_1",
        "agent": "echo",
        "accepted_at": TIME,
        "lease": {},
        "request_id": ULID,
    });
    of_job("job.accepted", &accepted)
}

fn event() -> Value {
    numbered("job.event", &json!({"kind": "thought", "ts": TIME, "body": {"text": "hm"}}))
}

fn result() -> Value {
    numbered("job.result", &json!({"final_status": "success", "result": 1, "completed_at": TIME}))
}

fn large() -> Value {
    let mut frame = result();
    frame["payload"]["result"] = json!("x".repeat(1_100_000));
    frame
}

fn failed() -> Value {
    let failed = json!({
        "final_status": "error",
        "code": "INTERNAL_ERROR",
        "message": "m",
        "retryable": true,
        "completed_at": TIME,
    });
    numbered("job.error", &failed)
}

fn jobs() -> Value {
    let job = json!({
        "job_id": "job_1",
        "agent": "echo",
        "status": "running",
        "submitted_at": TIME,
        "created_at": TIME,
        "lease": {},
        "last_event_seq": 1,
        "parent_job_id": null,
    });
    message("session.jobs", &json!({"request_id": ULID, "jobs": [job], "next_cursor": null}))
}

fn subscribed() -> Value {
    let subscribed = json!({
        "request_id": ULID,
        "job_id": "job_1",
        "current_status": "running",
        "agent": "echo",
        "lease": {},
        "subscribed_from": 0,
        "replayed": true,
    });
    of_job("job.subscribed", &subscribed)
}
