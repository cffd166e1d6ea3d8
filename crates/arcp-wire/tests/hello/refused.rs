//! Sound envelopes around what cannot be done; beside it what can.

use arcp_wire::Compatibility;
use expect_test::expect;

use crate::reading::{check, check_payloads, envelope, fresh, live, read, said};

#[test]
fn hellos() {
    let payloads = [
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":"s3cret"}}"#,
        r#"{"client":{"name":"c","version":"1","fingerprint":"f","principal":"p"},"auth":{"scheme":"bearer"},"capabilities":null,"resume":null}"#,
        r#"{"client":{"name":"","version":""},"auth":{"scheme":"bearer"},"capabilities":{"encodings":[],"features":null,"agents":[]}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"capabilities":{"encodings":["cbor","json"],"features":["ack","moon","ack"]}}"#,
        "{}",
        r#"{"auth":{"scheme":"bearer"}}"#,
        r#"{"client":{"name":"c","version":"1"}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":null}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":"s3cret"}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"token":"s3cret"}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":7}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"none"}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":["s3cret"]}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":"a","token":"b"}}"#,
        r#"{"client":"c","auth":{"scheme":"bearer"}}"#,
        r#"{"client":{"version":"1"},"auth":{"scheme":"bearer"}}"#,
        r#"{"client":{"name":"c"},"auth":{"scheme":"bearer"}}"#,
        r#"{"client":{"name":"c","version":1},"auth":{"scheme":"bearer"}}"#,
        r#"{"client":{"name":"c","version":"1","fingerprint":1},"auth":{"scheme":"bearer"}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"capabilities":[]}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"capabilities":{"encodings":["cbor"]}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"capabilities":{"encodings":"json"}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"capabilities":{"features":[1]}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":"s3cret"}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{"session_id":"sess_1","resume_token":"s3cret"}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{"resume_token":"s3cret","last_event_seq":1}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{"session_id":"1","resume_token":"s3cret","last_event_seq":1}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{"session_id":"sess_1","resume_token":["s3cret"],"last_event_seq":1}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{"session_id":"sess_1","resume_token":"s3cret","last_event_seq":-1}}"#,
        r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"},"resume":{"session_id":"sess_1","resume_token":"s3cret","last_event_seq":0}}"#,
    ];
    let lines = payloads.map(|payload| {
        read(&mut *fresh(Compatibility::Auto), &envelope("session.hello", payload, ""))
    });
    check(
        lines,
        &expect![[r#"
            Open(Open { offer: Offer { scheme: "token", token: Some([redacted]) }, client: ClientIdentity { kind: "c", version: "1", fingerprint: None }, capabilities: Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: false, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, vocabulary: Vocabulary("hello") })
            Open(Open { offer: Offer { scheme: "token", token: None }, client: ClientIdentity { kind: "c", version: "1", fingerprint: Some("f") }, capabilities: Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: false, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, vocabulary: Vocabulary("hello") })
            Open(Open { offer: Offer { scheme: "token", token: None }, client: ClientIdentity { kind: "", version: "", fingerprint: None }, capabilities: Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: false, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, vocabulary: Vocabulary("hello") })
            Open(Open { offer: Offer { scheme: "token", token: None }, client: ClientIdentity { kind: "c", version: "1", fingerprint: None }, capabilities: Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: true, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, vocabulary: Vocabulary("hello") })
            refused open: UNAUTHENTICATED: `auth` is missing
            refused open: INVALID_ARGUMENT: `client` is missing
            refused open: UNAUTHENTICATED: `auth` is missing
            refused open: UNAUTHENTICATED: `auth` is missing
            refused open: INVALID_ARGUMENT: `auth` must be an object
            refused open: INVALID_ARGUMENT: `auth.scheme` is missing
            refused open: INVALID_ARGUMENT: `auth.scheme` must be text
            refused open: UNAUTHENTICATED: auth scheme `none`: want `bearer`
            refused open: INVALID_ARGUMENT: `auth.token` must be text
            refused open: INVALID_ARGUMENT: `auth` has `token` twice
            refused open: INVALID_ARGUMENT: `client` must be an object
            refused open: INVALID_ARGUMENT: `client.name` is missing
            refused open: INVALID_ARGUMENT: `client.version` is missing
            refused open: INVALID_ARGUMENT: `client.version` must be text
            refused open: INVALID_ARGUMENT: `client.fingerprint` must be text
            refused open: INVALID_ARGUMENT: `capabilities` must be an object
            refused open: INVALID_ARGUMENT: `capabilities.encodings` must hold `json`
            refused open: INVALID_ARGUMENT: `capabilities.encodings` must be a list of texts
            refused open: INVALID_ARGUMENT: `capabilities.features` must be a list of texts
            refused open: INVALID_ARGUMENT: `resume.resume_token` is missing
            refused open: INVALID_ARGUMENT: `resume` must be an object
            refused open: INVALID_ARGUMENT: `resume.last_event_seq` is missing
            refused open: INVALID_ARGUMENT: `resume.session_id` is missing
            refused open: INVALID_ARGUMENT: `resume.session_id`: a session id must be `sess_` and at least one more character, at most 256 bytes
            refused open: INVALID_ARGUMENT: `resume.resume_token` must be text
            refused open: INVALID_ARGUMENT: `resume.last_event_seq` must be a whole number, at least 0
            Resume(Resume { token: [redacted], session: Some(sess_1), last_seq: 0, offer: Some(Offer { scheme: "token", token: None }), client: Some(ClientIdentity { kind: "c", version: "1", fingerprint: None }), capabilities: None, vocabulary: Vocabulary("hello") })"#]],
    );
}

/// The message of the text: who has the token need not say hello.
#[test]
fn resumes() {
    let cases = [
        ("{}", ""),
        (r#"{"resume_token":"s3cret","last_event_seq":3}"#, ""),
        (r#"{"resume_token":"s3cret","last_event_seq":3}"#, r#","session_id":"sess_1""#),
        (
            r#"{"resume_token":"s3cret","last_event_seq":3,"session_id":"sess_2"}"#,
            r#","session_id":"sess_1""#,
        ),
        (r#"{"resume_token":"s3cret","last_event_seq":3,"session_id":"2"}"#, ""),
        (r#"{"resume_token":"s3cret"}"#, ""),
        (r#"{"last_event_seq":3}"#, ""),
        (r#"{"resume_token":7,"last_event_seq":3}"#, ""),
        (r#"{"resume_token":"s3cret","last_event_seq":"3"}"#, ""),
        (
            r#"{"resume_token":"s3cret","last_event_seq":3,"auth":{"scheme":"bearer","token":"s3cret"},"capabilities":{"features":["ack"]}}"#,
            "",
        ),
        (r#"{"resume_token":"s3cret","last_event_seq":3,"auth":{"scheme":"none"}}"#, ""),
        (r#"{"resume_token":"s3cret","last_event_seq":3,"capabilities":5}"#, ""),
    ];
    let lines = cases.map(|(payload, more)| {
        read(&mut *fresh(Compatibility::Auto), &envelope("session.resume", payload, more))
    });
    check(
        lines,
        &expect![[r#"
            refused open: INVALID_ARGUMENT: `resume_token` is missing
            Resume(Resume { token: [redacted], session: None, last_seq: 3, offer: None, client: None, capabilities: None, vocabulary: Vocabulary("hello") })
            Resume(Resume { token: [redacted], session: Some(sess_1), last_seq: 3, offer: None, client: None, capabilities: None, vocabulary: Vocabulary("hello") })
            Resume(Resume { token: [redacted], session: Some(sess_2), last_seq: 3, offer: None, client: None, capabilities: None, vocabulary: Vocabulary("hello") })
            refused open: INVALID_ARGUMENT: `session_id`: a session id must be `sess_` and at least one more character, at most 256 bytes
            refused open: INVALID_ARGUMENT: `last_event_seq` is missing
            refused open: INVALID_ARGUMENT: `resume_token` is missing
            refused open: INVALID_ARGUMENT: `resume_token` must be text
            refused open: INVALID_ARGUMENT: `last_event_seq` must be a whole number, at least 0
            Resume(Resume { token: [redacted], session: None, last_seq: 3, offer: Some(Offer { scheme: "token", token: Some([redacted]) }), client: None, capabilities: Some(Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: true, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }), vocabulary: Vocabulary("hello") })
            refused open: UNAUTHENTICATED: auth scheme `none`: want `bearer`
            refused open: INVALID_ARGUMENT: `capabilities` must be an object"#]],
    );
}

#[test]
fn one_session_on_a_connection() {
    let hello = r#"{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer"}}"#;
    check_payloads(
        &[
            ("session.hello", hello),
            ("session.hello", "{}"),
            ("session.resume", r#"{"resume_token":"s3cret","last_event_seq":3}"#),
        ],
        &expect![[r#"
            refused: INVALID_ARGUMENT: there is a session on this connection already
            refused: INVALID_ARGUMENT: there is a session on this connection already
            refused: INVALID_ARGUMENT: there is a session on this connection already"#]],
    );
}

#[test]
fn controls() {
    check_payloads(
        &[
            ("session.ping", "{}"),
            ("session.ping", r#"{"nonce":"n"}"#),
            ("session.ping", r#"{"nonce":7,"sent_at":"whenever"}"#),
            ("session.pong", r#"{"ping_nonce":"n","received_at":"0001-01-01T00:00:00Z"}"#),
            ("session.pong", r#"{"ping_nonce":7}"#),
            ("session.ack", "{}"),
            ("session.ack", r#"{"last_processed_seq":null}"#),
            ("session.ack", r#"{"last_processed_seq":-1}"#),
            ("session.ack", r#"{"last_processed_seq":1.5}"#),
            ("session.ack", r#"{"last_processed_seq":"1"}"#),
            ("session.ack", r#"{"last_processed_seq":18446744073709551615}"#),
            ("session.ack", r#"{"last_processed_seq":18446744073709551616}"#),
            ("session.close", "{}"),
            ("session.close", r#"{"reason":null}"#),
            ("session.close", r#"{"reason":5}"#),
            ("session.bye", "{}"),
            ("session.bye", r#"{"reason":"done","code":"OK"}"#),
            ("session.bye", r#"{"reason":[]}"#),
        ],
        &expect![[r#"
            refused: INVALID_ARGUMENT: `nonce` is missing
            Ping { kind: Session, nonce: Some("n") }
            refused: INVALID_ARGUMENT: `nonce` must be text
            Pong { nonce: Some("n") }
            refused unanswered: INVALID_ARGUMENT: `ping_nonce` must be text
            refused unanswered: INVALID_ARGUMENT: `last_processed_seq` is missing
            refused unanswered: INVALID_ARGUMENT: `last_processed_seq` is missing
            refused unanswered: INVALID_ARGUMENT: `last_processed_seq` must be a whole number, at least 0
            refused unanswered: INVALID_ARGUMENT: `last_processed_seq` must be a whole number, at least 0
            refused unanswered: INVALID_ARGUMENT: `last_processed_seq` must be a whole number, at least 0
            Ack { seq: 18446744073709551615 }
            refused unanswered: INVALID_ARGUMENT: `last_processed_seq` must be a whole number, at least 0
            Close { reason: None, jobs: Wait }
            Close { reason: None, jobs: Wait }
            refused: INVALID_ARGUMENT: `reason` must be text
            Close { reason: None, jobs: Wait }
            Close { reason: Some("done"), jobs: Wait }
            refused: INVALID_ARGUMENT: `reason` must be text"#]],
    );
}

#[test]
fn submits() {
    check_payloads(
        &[
            ("job.submit", "{}"),
            ("job.submit", r#"{"agent":null}"#),
            ("job.submit", r#"{"agent":7}"#),
            ("job.submit", r#"{"agent":"echo"}"#),
            ("job.submit", r#"{"agent":"Echo@ Not Checked Here"}"#),
            (
                "job.submit",
                r#"{"agent":"echo","input":null,"lease_request":null,"lease_constraints":null,"idempotency_key":null,"max_runtime_sec":null,"parent_job_id":null,"delegate_id":null}"#,
            ),
            ("job.submit", r#"{"agent":"echo","agent":"x"}"#),
            ("job.submit", r#"{"agent":"echo","input":{"a":1,"a":2}}"#),
            ("job.submit", r#"{"agent":"echo","zzz":1}"#),
            ("job.submit", r#"{"agent":"echo","idempotency_key":""}"#),
            ("job.submit", r#"{"agent":"echo","idempotency_key":5}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":0}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":1}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":1.5}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":1.0}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":-1}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":"60"}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":18446744073709551615}"#),
            ("job.submit", r#"{"agent":"echo","max_runtime_sec":1e400}"#),
            ("job.submit", r#"{"agent":"echo","parent_job_id":"x"}"#),
            ("job.submit", r#"{"agent":"echo","parent_job_id":"job_0"}"#),
            ("job.submit", r#"{"agent":"echo","parent_job_id":"job_0","delegate_id":5}"#),
            ("job.submit", r#"{"agent":"echo","delegate_id":"d1"}"#),
        ],
        &expect![[r#"
            refused submit: INVALID_ARGUMENT: `agent` is missing
            refused submit: INVALID_ARGUMENT: `agent` is missing
            refused submit: INVALID_ARGUMENT: `agent` must be text
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            Submit(Submit { agent: "Echo@ Not Checked Here", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `payload` has `agent` twice
            Submit(Submit { agent: "echo", input: {"a":1,"a":2}, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `idempotency_key`: an idempotency key must be non-empty text, at most 256 bytes
            refused submit: INVALID_ARGUMENT: `idempotency_key` must be text
            refused submit: INVALID_ARGUMENT: `max_runtime_sec` must be at least 1
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: Some(1s), priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `max_runtime_sec` must be a whole number, at least 0
            refused submit: INVALID_ARGUMENT: `max_runtime_sec` must be a whole number, at least 0
            refused submit: INVALID_ARGUMENT: `max_runtime_sec` must be a whole number, at least 0
            refused submit: INVALID_ARGUMENT: `max_runtime_sec` must be a whole number, at least 0
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: Some(18446744073709551615s), priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `max_runtime_sec` must be a whole number, at least 0
            refused submit: JOB_NOT_FOUND: no such job
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: Some(Parent { job: job_0, delegation: None }) })
            refused submit: INVALID_ARGUMENT: `delegate_id` must be text
            Submit(Submit { agent: "echo", input: null, lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })"#]],
    );
}

#[test]
fn leases() {
    let requests = [
        "{}",
        "[]",
        r#""*""#,
        r#"{"fs.read":"/a"}"#,
        r#"{"fs.read":[1]}"#,
        r#"{"fs.read":null}"#,
        r#"{"fs.read":[]}"#,
        r#"{"fs.read":[""]}"#,
        r#"{"fs.read":["/a/**","/b"],"fs.read":["/c"]}"#,
        r#"{"fs.read":["/a/**"],"fs.write":["/b"],"net.fetch":["https://a.example/*"],"tool.call":["*"],"agent.delegate":["echo"]}"#,
        r#"{"foo.bar":["*"]}"#,
        r#"{"x-vendor.acme":["*"]}"#,
        r#"{"x-vendor.":["*"]}"#,
        r#"{"x-vendor..":["*"]}"#,
        r#"{"x-vendor.acme.db":["*"]}"#,
        r#"{"model.use":["m-*"]}"#,
        r#"{"cost.budget":["USD:5","USD:0.50","credits:10"]}"#,
        r#"{"cost.budget":"USD:5"}"#,
        r#"{"cost.budget":{"USD":5}}"#,
        r#"{"cost.budget":[5]}"#,
        r#"{"cost.budget":["USD:abc"]}"#,
        r#"{"cost.budget":["USD:-1"]}"#,
        r#"{"cost.budget":["USD:1e3"]}"#,
        r#"{"cost.budget":["USD:.5"]}"#,
        r#"{"cost.budget":["USD:5."]}"#,
        r#"{"cost.budget":["USD: 5"]}"#,
        r#"{"cost.budget":["5"]}"#,
        r#"{"cost.budget":["usd:5","X_TOK:3"]}"#,
        r#"{"cost.budget":["USD:0.0000000000001"]}"#,
        r#"{"expires_at":"2026-01-01T00:00:00Z"}"#,
    ];
    let submit = |request: &str| {
        said(&envelope("job.submit", &format!(r#"{{"agent":"e","lease_request":{request}}}"#), ""))
    };
    let long = format!(r#"{{"fs.read":["/{}"]}}"#, "x".repeat(1024));
    let mut lines: Vec<_> = requests.into_iter().map(submit).collect();
    lines.push(submit(&long));
    let lines = lines
        .into_iter()
        .map(|line| line.replacen("Submit(Submit { agent: \"e\", input: null, ", "", 1));
    check(
        lines,
        &expect![[r#"
            lease: Some(Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `lease_request` must be an object
            refused submit: INVALID_ARGUMENT: `lease_request` must be an object
            refused submit: INVALID_ARGUMENT: `lease_request.fs.read` must be a list of texts
            refused submit: INVALID_ARGUMENT: `lease_request.fs.read` must be a list of texts
            refused submit: INVALID_ARGUMENT: `lease_request.fs.read` must be a list of texts
            lease: Some(Lease { grants: {"fs.read": []}, budget: Budget({}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `lease_request.fs.read` holds ``: a pattern must not be empty
            refused submit: INVALID_ARGUMENT: `lease_request` has `fs.read` twice
            lease: Some(Lease { grants: {"agent.delegate": [`echo`], "fs.read": [`/a/**`], "fs.write": [`/b`], "net.fetch": [`https://a.example/*`], "tool.call": [`*`]}, budget: Budget({}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `lease_request.foo.bar` is no namespace of the protocol's
            refused submit: INVALID_ARGUMENT: `lease_request.x-vendor.acme` is no namespace of the protocol's
            refused submit: INVALID_ARGUMENT: `lease_request.x-vendor.` is no namespace of the protocol's
            refused submit: INVALID_ARGUMENT: `lease_request.x-vendor..` is no namespace of the protocol's
            lease: Some(Lease { grants: {"x-vendor.acme.db": [`*`]}, budget: Budget({}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            lease: Some(Lease { grants: {"model.use": [`m-*`]}, budget: Budget({}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            lease: Some(Lease { grants: {}, budget: Budget({"USD": 5.50, "credits": 10}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget` must be a list of texts
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget` must be a list of texts
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget` must be a list of texts
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD:abc` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD:-1` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD:1e3` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD:.5` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD:5.` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD: 5` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `5` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            lease: Some(Lease { grants: {}, budget: Budget({"X_TOK": 3, "usd": 5}), expires_at: None, other: {} }), expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `lease_request.cost.budget`: `USD:0.0000000000001` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals
            refused submit: INVALID_ARGUMENT: `lease_request.expires_at` must be a list of texts
            refused submit: INVALID_ARGUMENT: `lease_request.fs.read` holds `/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`: a pattern has at most 1024 bytes, this one 1025"#]],
    );
}

/// The text wants `Z`; one client writes `+00:00`, and is told nothing else where that is known.
#[test]
fn ends_of_leases() {
    let ends = [
        r#"{"expires_at":"2026-11-22T11:00:00Z"}"#,
        r#"{"expires_at":"2026-11-22T11:00:00.123456Z"}"#,
        r#"{"expires_at":"2026-11-22T11:00:00+00:00"}"#,
        r#"{"expires_at":"2026-11-22T11:00:00+02:00"}"#,
        r#"{"expires_at":"2026-11-22T11:00:00z"}"#,
        r#"{"expires_at":"2026-11-22T11:00:00"}"#,
        r#"{"expires_at":"2026-13-22T11:00:00Z"}"#,
        r#"{"expires_at":"tomorrowZ"}"#,
        r#"{"expires_at":1795345149}"#,
        r#"{"expires_at":null}"#,
        "{}",
        "[]",
        r#"{"max_uses":3}"#,
    ];
    let submit = |compatibility, end: &str| {
        let payload = format!(r#"{{"agent":"e","lease_constraints":{end}}}"#);
        read(&mut *live(compatibility), &envelope("job.submit", &payload, ""))
    };
    let lines = ends.map(|end| {
        let [auto, strict] =
            [Compatibility::Auto, Compatibility::Strict].map(|one| submit(one, end));
        if auto == strict { auto } else { format!("{auto}\n  strict: {strict}") }
    });
    let lines =
        lines.map(|line| line.replacen("Submit(Submit { agent: \"e\", input: null, ", "", 1));
    check(
        lines,
        &expect![[r#"
            lease: None, expires_at: Some(Timestamp(1795345200000000)), key: None, max_runtime: None, priority: Normal, parent: None })
            lease: None, expires_at: Some(Timestamp(1795345200123456)), key: None, max_runtime: None, priority: Normal, parent: None })
            lease: None, expires_at: Some(Timestamp(1795345200000000)), key: None, max_runtime: None, priority: Normal, parent: None })
              strict: refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            refused submit: INVALID_ARGUMENT: `lease_constraints.expires_at` must be an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z
            lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })
            refused submit: INVALID_ARGUMENT: `lease_constraints` must be an object
            lease: None, expires_at: None, key: None, max_runtime: None, priority: Normal, parent: None })"#]],
    );
}

#[test]
fn listings() {
    check_payloads(
        &[
            ("session.list_jobs", "{}"),
            ("session.list_jobs", r#"{"filter":null,"cursor":null,"limit":null}"#),
            (
                "session.list_jobs",
                r#"{"filter":{"status":null,"agent":null,"created_after":null,"created_before":null}}"#,
            ),
            ("session.list_jobs", r#"{"filter":[]}"#),
            ("session.list_jobs", r#"{"filter":{"status":[]}}"#),
            ("session.list_jobs", r#"{"filter":{"status":"running"}}"#),
            ("session.list_jobs", r#"{"filter":{"status":["pending","success","timed_out"]}}"#),
            ("session.list_jobs", r#"{"filter":{"status":["running","moon"]}}"#),
            ("session.list_jobs", r#"{"filter":{"status":["completed"]}}"#),
            ("session.list_jobs", r#"{"filter":{"agent":5}}"#),
            ("session.list_jobs", r#"{"filter":{"created_after":"yesterday"}}"#),
            ("session.list_jobs", r#"{"filter":{"created_before":5}}"#),
            ("session.list_jobs", r#"{"filter":{"created_after":"2026-11-22T11:00:00+02:00"}}"#),
            ("session.list_jobs", r#"{"limit":0}"#),
            ("session.list_jobs", r#"{"limit":-1}"#),
            ("session.list_jobs", r#"{"limit":1.5}"#),
            ("session.list_jobs", r#"{"limit":18446744073709551615}"#),
            ("session.list_jobs", r#"{"cursor":"job_1"}"#),
            ("session.list_jobs", r#"{"cursor":"2"}"#),
            ("session.list_jobs", r#"{"cursor":""}"#),
            ("session.list_jobs", r#"{"cursor":2}"#),
        ],
        &expect![[r#"
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: None, after: None })
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: None, after: None })
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: None, after: None })
            refused: INVALID_ARGUMENT: `filter` must be an object
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: None, after: None })
            refused: INVALID_ARGUMENT: `filter.status` must be a list of texts
            ListJobs(ListJobs { filter: JobFilter { states: Some([Queued, Accepted, Completed, TimedOut]), agent: None, created_after: None, created_before: None }, limit: None, after: None })
            refused: INVALID_ARGUMENT: `filter.status` must be states of jobs, and `moon` is none
            refused: INVALID_ARGUMENT: `filter.status` must be states of jobs, and `completed` is none
            refused: INVALID_ARGUMENT: `filter.agent` must be text
            refused: INVALID_ARGUMENT: `filter.created_after` must be an RFC 3339 timestamp
            refused: INVALID_ARGUMENT: `filter.created_before` must be an RFC 3339 timestamp
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: Some(Timestamp(1795338000000000)), created_before: None }, limit: None, after: None })
            refused: INVALID_ARGUMENT: `limit` must be at least 1
            refused: INVALID_ARGUMENT: `limit` must be a whole number, at least 0
            refused: INVALID_ARGUMENT: `limit` must be a whole number, at least 0
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: Some(18446744073709551615), after: None })
            ListJobs(ListJobs { filter: JobFilter { states: None, agent: None, created_after: None, created_before: None }, limit: None, after: Some(job_1) })
            refused: INVALID_ARGUMENT: `cursor` must be what a page of jobs gave
            refused: INVALID_ARGUMENT: `cursor` must be what a page of jobs gave
            refused: INVALID_ARGUMENT: `cursor` must be text"#]],
    );
}

#[test]
fn commands_about_a_job() {
    let job = r#","job_id":"job_1""#;
    let cases = [
        ("job.cancel", "{}", ""),
        ("job.cancel", "{}", job),
        ("job.cancel", r#"{"job_id":"job_1","reason":"enough"}"#, ""),
        ("job.cancel", r#"{"job_id":"job_1"}"#, job),
        ("job.cancel", r#"{"job_id":"job_2"}"#, job),
        ("job.cancel", r#"{"reason":5}"#, job),
        ("job.cancel", r#"{"job_id":5}"#, job),
        ("job.cancel", r#"{"job_id":"xyz"}"#, ""),
        ("job.cancel", "{}", r#","job_id":"""#),
        ("job.subscribe", "{}", ""),
        ("job.subscribe", r#"{"job_id":"job_1"}"#, ""),
        ("job.subscribe", r#"{"history":true}"#, job),
        ("job.subscribe", r#"{"history":true,"from_event_seq":3}"#, job),
        ("job.subscribe", r#"{"from_event_seq":3}"#, job),
        ("job.subscribe", r#"{"history":null,"from_event_seq":null}"#, job),
        ("job.subscribe", r#"{"history":1}"#, job),
        ("job.subscribe", r#"{"history":true,"from_event_seq":-1}"#, job),
        ("job.subscribe", r#"{"job_id":"xyz"}"#, ""),
        ("job.unsubscribe", "{}", ""),
        ("job.unsubscribe", r#"{"job_id":"job_1"}"#, ""),
        ("job.unsubscribe", "{}", job),
        ("job.unsubscribe", r#"{"job_id":"xyz"}"#, ""),
    ];
    check(
        cases.map(|(kind, payload, more)| said(&envelope(kind, payload, more))),
        &expect![[r#"
            refused unanswered: INVALID_ARGUMENT: `job_id` is missing in the envelope
            Cancel(Cancel { target: Job, target_id: "job_1", reason: None, deadline: None })
            refused unanswered: INVALID_ARGUMENT: `job_id` is missing in the envelope
            Cancel(Cancel { target: Job, target_id: "job_1", reason: None, deadline: None })
            Cancel(Cancel { target: Job, target_id: "job_1", reason: None, deadline: None })
            refused unanswered: INVALID_ARGUMENT: `reason` must be text
            Cancel(Cancel { target: Job, target_id: "job_1", reason: None, deadline: None })
            refused unanswered: INVALID_ARGUMENT: `job_id` is missing in the envelope
            refused unanswered: JOB_NOT_FOUND: no such job
            refused: INVALID_ARGUMENT: `job_id` is missing
            Watch(WatchJob { job: job_1, after: None })
            Watch(WatchJob { job: job_1, after: Some(0) })
            Watch(WatchJob { job: job_1, after: Some(3) })
            Watch(WatchJob { job: job_1, after: None })
            Watch(WatchJob { job: job_1, after: None })
            refused: INVALID_ARGUMENT: `history` must be true or false
            refused: INVALID_ARGUMENT: `from_event_seq` must be a whole number, at least 0
            refused: JOB_NOT_FOUND: no such job
            refused unanswered: INVALID_ARGUMENT: `job_id` is missing
            Unwatch { job: job_1 }
            Unwatch { job: job_1 }
            refused unanswered: JOB_NOT_FOUND: no such job"#]],
    );
}
