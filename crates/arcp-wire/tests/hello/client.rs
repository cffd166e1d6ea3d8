//! Sessions of our client with other runtimes, which say otherwise than the text (HELLO §9.4).

use expect_test::expect;

use crate::other::{
    Client, about_job, cancel, check, check_each, close, frame, list, open, ping, resume, submit,
    watch,
};

#[test]
fn welcomes() {
    let welcome = |payload: &str| frame("session.welcome", "", payload);
    let bare = |payload: &str| {
        format!(r#"{{"arcp":"1.1","id":"r1","type":"session.welcome","payload":{payload}}}"#)
    };
    check_each(
        ("h1", open),
        &[
            // The session in the envelope only, no time, agents with and without versions.
            welcome(
                r#"{"runtime":{"name":"ts","version":"2"},"resume_token":"rt_1","resume_window_sec":60,"heartbeat_interval_sec":30,"capabilities":{"encodings":["json"],"features":["ack","moon"],"agents":[{"name":"echo","versions":["1"],"default":"1"},{"name":"bare"}]}}"#,
            ),
            // Flat names.
            welcome(r#"{"session_id":"sess_2","capabilities":{"agents":["echo","slow"]}}"#),
            welcome(
                r#"{"runtime":null,"resume_token":null,"resume_window_sec":null,"heartbeat_interval_sec":null,"capabilities":null}"#,
            ),
            welcome("{}"),
            bare("{}"),
            welcome(r#"{"session_id":"2"}"#),
            welcome(r#"{"capabilities":{"agents":"echo"}}"#),
            welcome(r#"{"capabilities":{"agents":[5]}}"#),
        ],
        &expect![[r#"
            to h1: Accepted(SessionAccepted { session: sess_1, runtime: RuntimeIdentity { kind: "ts", version: "2", fingerprint: None, trust_level: Trusted }, capabilities: Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: true, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [AgentCard { name: "echo", versions: ["1"], default: Some("1") }, AgentCard { name: "bare", versions: [], default: None }], heartbeats: None, binary_encodings: {}, artifact_retention: None }, declared: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, opened_at: Timestamp(0), heartbeat: Some(30s), expires_at: None, resumption: Some(Resumption { token: [redacted], window: 60s }) })
            to h1: Accepted(SessionAccepted { session: sess_2, runtime: RuntimeIdentity { kind: "", version: "", fingerprint: None, trust_level: Trusted }, capabilities: Capabilities { features: {ModelUse: false, ProvisionedCredentials: false, Heartbeat: false, Ack: false, ListJobs: false, Subscribe: false, LeaseExpiresAt: false, CostBudget: false, Progress: false, ResultChunk: false, AgentVersions: false}, extensions: {}, agents: [AgentCard { name: "echo", versions: [], default: None }, AgentCard { name: "slow", versions: [], default: None }], heartbeats: None, binary_encodings: {}, artifact_retention: None }, declared: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, opened_at: Timestamp(0), heartbeat: None, expires_at: None, resumption: None })
            to h1: Accepted(SessionAccepted { session: sess_1, runtime: RuntimeIdentity { kind: "", version: "", fingerprint: None, trust_level: Trusted }, capabilities: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, declared: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, opened_at: Timestamp(0), heartbeat: None, expires_at: None, resumption: None })
            to h1: Accepted(SessionAccepted { session: sess_1, runtime: RuntimeIdentity { kind: "", version: "", fingerprint: None, trust_level: Trusted }, capabilities: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, declared: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, opened_at: Timestamp(0), heartbeat: None, expires_at: None, resumption: None })
            bad Some(r1): INVALID_ARGUMENT: `session_id` is missing
            bad Some(r1): INVALID_ARGUMENT: `session_id`: a session id must be `sess_` and at least one more character, at most 256 bytes
            bad Some(r1): INVALID_ARGUMENT: `capabilities.agents` must be a list
            bad Some(r1): INVALID_ARGUMENT: `capabilities.agents` must be an object"#]],
    );
}

#[test]
fn a_resumed_session_is_a_welcome() {
    check_each(
        ("h1", || resume(7)),
        &[
            frame("session.welcome", "", r#"{"session_id":"sess_1"}"#),
            frame(
                "session.error",
                "",
                r#"{"code":"RESUME_WINDOW_EXPIRED","message":"late","retryable":false,"details":null}"#,
            ),
        ],
        &expect![[r#"
            to h1: Resumed(SessionResumed { session: SessionAccepted { session: sess_1, runtime: RuntimeIdentity { kind: "", version: "", fingerprint: None, trust_level: Trusted }, capabilities: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, declared: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, opened_at: Timestamp(0), heartbeat: None, expires_at: None, resumption: None }, after: 7, replayed: true })
            to h1: Rejected(Fault { code: ResumeWindowExpired, message: "late", retryable: false, detail: None })"#]],
    );
}

/// Some runtimes know `session.bye`, and refuse `session.close`: their welcome gives them away.
#[test]
fn farewells() {
    for (token, session, said) in [
        ("rtk_1", r#""session_id":"sess_1","#, "session.bye"),
        ("rt_1", "", "session.bye"),
        ("rt_1", r#""session_id":"sess_1","#, "session.close"),
    ] {
        let mut client = Client::new();
        client.ask("h1", open());
        client.hear(&frame(
            "session.welcome",
            "",
            &format!(r#"{{{session}"resume_token":"{token}"}}"#),
        ));
        let asked = client.ask("c1", close());
        assert!(asked.contains(&format!(r#""type":"{said}""#)), "{asked}");
        // They want a reason.
        assert!(asked.contains(r#""payload":{"reason":"closed by the client"}"#), "{asked}");
        assert!(asked.contains(r#""session_id":"sess_1""#), "{asked}");
    }
}

/// What other runtimes want in what is asked of them.
#[test]
fn what_is_asked_says_what_others_look_for() {
    let mut client = Client::new();
    let mut asked = vec![client.ask("h1", open())];
    client.hear(&frame("session.welcome", "", r#"{"session_id":"sess_1"}"#));
    for (id, command) in
        [("s1", submit()), ("c1", cancel()), ("w1", watch()), ("l1", list()), ("p1", ping())]
    {
        asked.push(client.ask(id, command));
    }
    expect![[r#"
        {"arcp":"1.1","id":"h1","type":"session.hello","payload":{"client":{"name":"","version":""},"auth":{"scheme":"bearer","token":"t"},"capabilities":{"encodings":["json"],"features":["heartbeat","ack","list_jobs","subscribe","lease_expires_at","cost.budget","progress","result_chunk","agent_versions","model.use","provisioned_credentials"]}}}
        {"arcp":"1.1","id":"s1","type":"job.submit","session_id":"sess_1","payload":{"agent":"echo","input":null}}
        {"arcp":"1.1","id":"c1","type":"job.cancel","session_id":"sess_1","job_id":"job_1","payload":{"reason":"cancelled by the client"}}
        {"arcp":"1.1","id":"w1","type":"job.subscribe","session_id":"sess_1","job_id":"job_1","payload":{"job_id":"job_1","history":true,"from_event_seq":0}}
        {"arcp":"1.1","id":"l1","type":"session.list_jobs","session_id":"sess_1","payload":{}}
        {"arcp":"1.1","id":"p1","type":"session.ping","session_id":"sess_1","payload":{"nonce":"n","sent_at":"2026-11-22T10:59:09.362415Z"}}"#]].assert_eq(&asked.join("\n"));
    assert!(!asked[1..].join("").replace(r#""input":null"#, "").contains("null"));
}

#[test]
fn controls() {
    check(
        &[("p1", ping), ("c1", close)],
        &[
            frame("session.ping", "", r#"{"nonce":"x","sent_at":"2026-11-22T11:00:00+00:00"}"#),
            frame("session.ping", "", "{}"),
            frame("session.pong", "", r#"{"ping_nonce":"other"}"#),
            frame("session.pong", "", r#"{"ping_nonce":"n"}"#),
            frame("session.pong", "", r#"{"ping_nonce":"n"}"#),
            frame("session.bye", "", r#"{"reason":"over"}"#),
            frame("session.bye", "", "{}"),
            frame("session.bye", "", r#"{"reason":"late","code":"HEARTBEAT_LOST"}"#),
            frame("session.closed", "", r#"{"reason":null}"#),
            frame("session.closed", "", "{}"),
            // Types that nobody knows, and those of clients.
            frame("session.unheard", "", "{}"),
            frame("x-vendor.acme.thing", "", "{}"),
            frame("job.submit", "", "{}"),
            // Not in our version; and no frame at all.
            frame("session.closed", "", "{}").replace("1.1", "2"),
            "nonsense".to_owned(),
        ],
        &expect![[r#"
            Ping { nonce: "x" }
            Ping { nonce: "" }
            ignored
            to p1: Pong { kind: Session, nonce: Some("n") }
            ignored
            Evicted(Fault { code: Unknown, message: "over", retryable: true, detail: None })
            Evicted(Fault { code: Unknown, message: "", retryable: true, detail: None })
            Evicted(Fault { code: HeartbeatLost, message: "late", retryable: true, detail: None })
            to c1: Closed
            ignored
            ignored
            ignored
            ignored
            bad Some(r1): INVALID_ARGUMENT: `envelope.arcp` must be "1.1"
            bad None: INVALID_ARGUMENT: the frame is not a JSON object"#]],
    );
}

/// On another connection nothing is answered that was asked on the one before; the jobs are the same.
#[test]
fn another_connection_answers_nothing_of_the_one_before() {
    let mut client = Client::new();
    client.ask("s1", submit());
    client.hear(&about_job("job.accepted", "{}"));
    for (id, command) in [("s2", submit()), ("l1", list())] {
        client.ask(id, command);
    }
    client.reader.moved();
    client.ask("h1", resume(0));
    let lines = [
        frame("session.jobs", "", r#"{"jobs":[]}"#),
        about_job("job.accepted", "{}"),
        frame("session.welcome", "", r#"{"session_id":"sess_1"}"#),
        about_job("job.error", r#"{"final_status":"error","code":"TIMEOUT","message":"m"}"#),
    ]
    .map(|frame| client.hear(&frame));
    expect![[r#"
        ignored
        ignored
        to h1: Resumed(SessionResumed { session: SessionAccepted { session: sess_1, runtime: RuntimeIdentity { kind: "", version: "", fingerprint: None, trust_level: Trusted }, capabilities: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, declared: Capabilities { features: {}, extensions: {}, agents: [], heartbeats: None, binary_encodings: {}, artifact_retention: None }, opened_at: Timestamp(0), heartbeat: None, expires_at: None, resumption: None }, after: 0, replayed: true })
        0 of job_1: Failed(Fault { code: TimedOut, message: "m", retryable: true, detail: None })"#]].assert_eq(&lines.join("\n"));
}

/// A runtime that never answers does not fill the memory: the oldest questions are forgotten.
#[test]
fn what_is_remembered_is_bounded() {
    let mut client = Client::new();
    for n in 0..300 {
        client.ask(&format!("l{n}"), list());
    }
    let answer = frame("session.jobs", "", r#"{"jobs":[]}"#);
    assert!(client.hear(&answer).starts_with("to l44: Jobs"));
    for _ in 45..300 {
        assert!(client.hear(&answer).starts_with("to l"));
    }
    assert_eq!(client.hear(&answer), "ignored");
}
