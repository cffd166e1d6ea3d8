//! Events of other runtimes, which say otherwise than the text (HELLO §9.4).

use arcp_core::{Command, Event, Frame, Output, WatchJob};
use arcp_wire::Decoded;
use expect_test::expect;

use crate::other::{Client, about_job, check, check_each, frame, of_job, submit, watch};
use crate::samples::job;

#[test]
fn ends_of_jobs() {
    let result = |payload: &str| of_job("job.result", 3, payload);
    let error = |payload: &str| of_job("job.error", 3, payload);
    check_each(
        ("s1", submit),
        &[
            result(r#"{"final_status":"success","result":[1]}"#),
            result(
                r#"{"final_status":"success","output":[1],"completed_at":"2026-11-22T11:00:00+02:00"}"#,
            ),
            result(r#"{"final_status":"success","result":1,"output":2}"#),
            result(r#"{"final_status":"success","result":null,"result_id":null,"summary":null}"#),
            result(r#"{"result_id":"mine","result_size":3,"summary":"s"}"#),
            result(r#"{"final_status":"success","result_id":"res_1"}"#),
            result(r#"{"final_status":"cancelled","summary":"enough"}"#),
            result(r#"{"final_status":"cancelled"}"#),
            result(r#"{"final_status":"timed_out"}"#),
            result(r#"{"final_status":"moon","result":1}"#),
            error(r#"{"final_status":"error","code":"TIMEOUT","message":"m","details":null}"#),
            error(r#"{"final_status":"timed_out","code":"TIMEOUT","message":"m"}"#),
            error(r#"{"final_status":"cancelled","code":"CANCELLED","message":"m"}"#),
            // Cancelled, by a runtime whose types know one status only.
            error(r#"{"final_status":"error","code":"CANCELLED","message":"m"}"#),
            error(r#"{"code":"VENDOR_CODE","message":"m","retryable":true,"details":{"a":1}}"#),
            error(r#"{"code":"INTERNAL_ERROR"}"#),
            error("{}"),
        ],
        &expect![[r#"
            3 of job_1: Completed(Inline([1]))
            3 of job_1: Completed(Inline([1]))
            3 of job_1: Completed(Inline(1))
            3 of job_1: Completed(Inline(null))
            3 of job_1: Completed(Streamed { result: res_mine, size: 3, summary: Some("s") })
            3 of job_1: Completed(Streamed { result: res_1, size: 0, summary: None })
            3 of job_1: Cancelled { reason: "enough" }
            3 of job_1: Cancelled { reason: "" }
            3 of job_1: TimedOut(Fault { code: TimedOut, message: "", retryable: true, detail: None })
            3 of job_1: Completed(Inline(1))
            3 of job_1: Failed(Fault { code: TimedOut, message: "m", retryable: true, detail: None })
            3 of job_1: TimedOut(Fault { code: TimedOut, message: "m", retryable: true, detail: None })
            3 of job_1: Cancelled { reason: "m" }
            3 of job_1: Cancelled { reason: "m" }
            3 of job_1: Failed(Fault { code: Unknown, message: "m", retryable: true, detail: Some({"a":1}) })
            3 of job_1: Failed(Fault { code: Internal, message: "", retryable: true, detail: None })
            bad Some(r1): INVALID_ARGUMENT: `code` is missing"#]],
    );
}

/// Some say the past before they say that it is watched, and number it from 1 again.
#[test]
fn the_past_may_come_first() {
    let thought = |seq| {
        of_job(
            "job.event",
            seq,
            r#"{"kind":"thought","ts":"2026-11-22T11:00:00Z","body":{"text":"hm"}}"#,
        )
    };
    let running = |seq| {
        of_job(
            "job.event",
            seq,
            r#"{"kind":"status","ts":"2026-11-22T11:00:00Z","body":{"phase":"running"}}"#,
        )
    };
    check(
        &[("w1", watch)],
        &[
            running(1),
            thought(2),
            about_job(
                "job.subscribed",
                r#"{"current_status":"running","replayed":2,"subscribed_from":2}"#,
            ),
            thought(1),
            of_job("job.result", 2, r#"{"final_status":"success"}"#),
        ],
        &expect![[r#"
            1 of job_1: Status { phase: "running", message: None }
            2 of job_1: Thought { text: "hm" }
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "", state: Running, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 2 }, budget: None, after: 0, replayed: true })
            1 of job_1: Thought { text: "hm" }
            2 of job_1: Completed(Inline(null))"#]],
    );
}

#[test]
fn events_in_the_words_of_others() {
    let happened = |kind: &str, body: &str| {
        of_job(
            "job.event",
            2,
            &format!(r#"{{"kind":"{kind}","ts":"2026-11-22T11:00:00Z","body":{body}}}"#),
        )
    };
    check_each(
        ("s1", submit),
        &[
            happened("log", r#"{"level":"WARNING","message":"m","fields":{}}"#),
            happened("log", r#"{"level":"INFO","message":"m","attributes":null}"#),
            happened("log", r#"{"level":"loud","message":"m"}"#),
            happened("log", r#"{"message":"m"}"#),
            happened("metric", r#"{"name":"n","value":1.50,"dims":{"a":1}}"#),
            happened("metric", r#"{"name":"n","value":"1"}"#),
            happened("metric", r#"{"name":"n","value":1e999}"#),
            happened("tool_call", r#"{"tool_call_id":"c","name":"grep","arguments":{}}"#),
            happened("tool_call", r#"{"call_id":"c","tool":"grep"}"#),
            happened("tool_result", r#"{"call_id":"c","error":{"code":"TIMEOUT","message":"m"}}"#),
            happened("tool_result", r#"{"call_id":"c","error":"m"}"#),
            happened(
                "artifact_ref",
                r#"{"uri":"https://a.example/1","content_type":"text/plain"}"#,
            ),
            happened(
                "artifact_ref",
                r#"{"uri":"arcp://artifacts/art_1","content_type":"text/plain"}"#,
            ),
            happened("delegate", r#"{"delegate_id":"d","agent":"echo","input":1}"#),
            happened(
                "delegate",
                r#"{"child_job_id":"job_2","agent":"echo","lease_request":{"odd":["*"],"fs.read":[""]}}"#,
            ),
            happened("status", r#"{"phase":"credential_rotated","id":"c","value":"v"}"#),
            happened(
                "status",
                r#"{"phase":"credential_rotated","details":{"id":"c","value":"v"}}"#,
            ),
            happened("progress", r#"{"current":0.5,"total":null}"#),
            happened(
                "result_chunk",
                r#"{"result_id":"r","chunk_seq":0,"data":"x","encoding":"utf8"}"#,
            ),
            happened(
                "result_chunk",
                r#"{"result_id":"r","chunk_seq":0,"data":"x","encoding":"hex"}"#,
            ),
            happened("unheard.of", "[1]"),
            happened("x-vendor.acme.note", "null"),
            happened("thought", "5"),
            // Nothing but the kind.
            of_job("job.event", 2, r#"{"kind":"thought"}"#),
            of_job("job.event", 2, "{}"),
            frame("job.event", "", r#"{"kind":"thought"}"#),
            frame("job.event", r#","job_id":"1""#, r#"{"kind":"thought"}"#),
            frame("job.event", "", r#"{"kind":"thought","job_id":"job_1","body":{"text":"hm"}}"#),
        ],
        &expect![[r#"
            2 of job_1: Log { level: Warn, message: "m", attributes: None }
            2 of job_1: Log { level: Info, message: "m", attributes: None }
            2 of job_1: Log { level: Info, message: "m", attributes: None }
            2 of job_1: Custom { name: "log", data: {"message":"m"} }
            2 of job_1: Metric { name: "n", value: Quantity(Decimal(1.50)), unit: None, dimensions: Some({"a":1}) }
            2 of job_1: Custom { name: "metric", data: {"name":"n","value":"1"} }
            2 of job_1: Custom { name: "metric", data: {"name":"n","value":1e999} }
            2 of job_1: Custom { name: "tool_call", data: {"tool_call_id":"c","name":"grep","arguments":{}} }
            2 of job_1: ToolCall { call_id: "c", tool: "grep", arguments: null }
            2 of job_1: ToolResult { call_id: "c", result: Err(Fault { code: TimedOut, message: "m", retryable: true, detail: None }) }
            2 of job_1: Custom { name: "tool_result", data: {"call_id":"c","error":"m"} }
            2 of job_1: Custom { name: "artifact_ref", data: {"uri":"https://a.example/1","content_type":"text/plain"} }
            2 of job_1: Artifact(ArtifactRef { artifact: art_1, media_type: "text/plain", size: 0, sha256: None, expires_at: None })
            2 of job_1: Custom { name: "delegate", data: {"delegate_id":"d","agent":"echo","input":1} }
            2 of job_1: Delegated(Delegated { delegation: "", child: job_2, agent: "echo", input: null, lease: Lease { grants: {"fs.read": []}, budget: Budget({}), expires_at: None, other: {} } })
            2 of job_1: CredentialRotated { id: c, value: Some([redacted]) }
            2 of job_1: CredentialRotated { id: c, value: Some([redacted]) }
            2 of job_1: Progress(Progress { current: Quantity(Decimal(0.5)), total: None, units: None, message: None })
            2 of job_1: ResultChunk(ResultChunk { result: res_r, chunk: 0, data: "x", encoding: Utf8, more: false })
            2 of job_1: Custom { name: "result_chunk", data: {"result_id":"r","chunk_seq":0,"data":"x","encoding":"hex"} }
            2 of job_1: Custom { name: "unheard.of", data: [1] }
            2 of job_1: Custom { name: "x-vendor.acme.note", data: null }
            2 of job_1: Custom { name: "thought", data: 5 }
            2 of job_1: Custom { name: "thought", data: null }
            bad Some(r1): INVALID_ARGUMENT: `kind` is missing
            bad Some(r1): INVALID_ARGUMENT: `job_id` is missing
            bad Some(r1): INVALID_ARGUMENT: a job id must be `job_` and at least one more character, at most 256 bytes
            0 of job_1: Thought { text: "hm" }"#]],
    );
}

/// The first words of a job that is watched from its first event on are that it has started.
#[test]
fn a_start_is_known_by_its_place() {
    let running = of_job("job.event", 1, r#"{"kind":"status","body":{"phase":"running"}}"#);
    for (after, subscribed_from, started) in [(None, 0, true), (Some(0), 3, true), (None, 3, false)]
    {
        let mut client = Client::new();
        client.ask("w1", Command::Watch(WatchJob { job: job(), after }));
        let payload =
            format!(r#"{{"current_status":"running","subscribed_from":{subscribed_from}}}"#);
        client.hear(&about_job("job.subscribed", &payload));
        let decoded = client.reader.decode(&Frame::text(running.clone()));
        let Decoded::Message(Output::Event(delivery)) = decoded else { panic!("{decoded:?}") };
        assert_eq!(matches!(delivery.event.event, Event::Started { .. }), started);
    }
}
