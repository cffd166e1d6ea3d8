//! What exactly goes on the wire.

use arcp_core::{Code, Event, Fault, Frame, Json, Notice, Output, Progress, Reply, SessionResumed};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{Compatibility, Dialect, Then};
use expect_test::{Expect, expect};

use crate::samples::{
    accepted, at, event, events, job, job_accepted, message, notice, reply, summary, watched,
};
use crate::told::{UNKNOWN, frames, session_of};

fn check(outputs: &[Output], expected: &Expect) {
    let mut writer = session_of(UNKNOWN, Compatibility::Auto);
    let lines: Vec<_> = outputs.iter().flat_map(|output| frames(&mut *writer, output)).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_session() {
    let mut brief = accepted();
    (brief.heartbeat, brief.resumption) = (None, None);
    brief.capabilities = arcp_core::Capabilities::default();
    check(
        &[
            reply(Reply::Accepted(Box::new(accepted()))),
            reply(Reply::Accepted(Box::new(brief))),
            reply(Reply::Resumed(Box::new(SessionResumed {
                session: accepted(),
                after: 2,
                replayed: true,
            }))),
            reply(Reply::Nack(Fault::invalid("`agent` is missing"))),
            reply(Reply::Pong { kind: arcp_core::PingKind::Session, nonce: Some("n".into()) }),
            notice(Notice::Ping { nonce: "p".into() }),
            notice(Notice::Nack(Fault::new(Code::ResourceExhausted, "too many"))),
            notice(Notice::Evicted(Fault::new(Code::HeartbeatLost, "nothing was heard"))),
            reply(Reply::Closed),
        ],
        &expect![[r#"
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.welcome","session_id":"sess_\"1\"","payload":{"runtime":{"name":"arcp","version":"0.1.0"},"session_id":"sess_\"1\"","accepted_at":"2026-11-22T10:59:09.362415Z","resume_token":"rt_1","resume_window_sec":600,"heartbeat_interval_sec":2,"capabilities":{"encodings":["json"],"features":["heartbeat","ack","list_jobs","subscribe","lease_expires_at","cost.budget","progress","result_chunk","agent_versions","model.use","provisioned_credentials"],"agents":[{"name":"echo","versions":["1","2"],"default":"2"},{"name":"bare","versions":[]}]}}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.welcome","session_id":"sess_\"1\"","payload":{"runtime":{"name":"arcp","version":"0.1.0"},"session_id":"sess_\"1\"","accepted_at":"2026-11-22T10:59:09.362415Z","resume_token":"none","resume_window_sec":1,"capabilities":{"encodings":["json"],"features":[],"agents":[]}}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.welcome","session_id":"sess_\"1\"","payload":{"runtime":{"name":"arcp","version":"0.1.0"},"session_id":"sess_\"1\"","accepted_at":"2026-11-22T10:59:09.362415Z","resume_token":"rt_1","resume_window_sec":600,"heartbeat_interval_sec":2,"capabilities":{"encodings":["json"],"features":["heartbeat","ack","list_jobs","subscribe","lease_expires_at","cost.budget","progress","result_chunk","agent_versions","model.use","provisioned_credentials"],"agents":[{"name":"echo","versions":["1","2"],"default":"2"},{"name":"bare","versions":[]}]}}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_\"1\"","payload":{"code":"INVALID_REQUEST","message":"`agent` is missing","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.pong","session_id":"sess_\"1\"","payload":{"ping_nonce":"n","received_at":"2026-11-22T10:59:09.362415Z"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.ping","session_id":"sess_\"1\"","payload":{"nonce":"p","sent_at":"2026-11-22T10:59:09.362415Z"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_\"1\"","payload":{"code":"INTERNAL_ERROR","message":"too many","retryable":true,"details":{"reason":"RESOURCE_EXHAUSTED"}}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.bye","session_id":"sess_\"1\"","payload":{"reason":"nothing was heard","code":"HEARTBEAT_LOST"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.closed","session_id":"sess_\"1\"","payload":{}}"#]],
    );
}

#[test]
fn before_there_is_a_session() {
    let mut lines = Vec::new();
    for output in [
        reply(Reply::Rejected(Fault::new(Code::Unauthenticated, "no"))),
        reply(Reply::Unauthenticated(Fault::new(Code::Unauthenticated, "no"))),
        reply(Reply::Challenged { challenge: "what?".into() }),
        reply(Reply::Premature(Fault::invalid("say hello first"))),
        notice(Notice::Premature(Fault::invalid("no frame"))),
    ] {
        let (_, mut writer) = HelloDialect::default().runtime_codec();
        let mut frames = Vec::new();
        assert_eq!(writer.encode(&output, &mut frames), Then::Close, "{output:?}");
        lines.extend(frames.iter().map(|frame| text(frame).to_owned()));
    }
    expect![[r#"
        {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_01ARZ3NDEKTSV4RRFFQ69G5FAV","payload":{"code":"UNAUTHENTICATED","message":"no","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
        {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_01ARZ3NDEKTSV4RRFFQ69G5FAV","payload":{"code":"UNAUTHENTICATED","message":"no","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
        {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_01ARZ3NDEKTSV4RRFFQ69G5FAV","payload":{"code":"UNAUTHENTICATED","message":"this token needs an answer to a challenge, which this dialect has not","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
        {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_01ARZ3NDEKTSV4RRFFQ69G5FAV","payload":{"code":"INVALID_REQUEST","message":"say hello first","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
        {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_01ARZ3NDEKTSV4RRFFQ69G5FAV","payload":{"code":"INVALID_REQUEST","message":"no frame","retryable":false}}"#]].assert_eq(&lines.join("\n"));
}

fn text(frame: &Frame) -> &str {
    std::str::from_utf8(&frame.bytes).unwrap()
}

#[test]
fn jobs() {
    let fault = || Fault::new(Code::JobNotFound, "no such job");
    let target_id = || "job_1".to_owned();
    let page = arcp_core::JobsPage {
        jobs: vec![summary(arcp_core::JobState::Blocked)],
        next: Some(job()),
    };
    check(
        &[
            reply(Reply::JobAccepted(Box::new(job_accepted()))),
            reply(Reply::JobRefused { job: job(), fault: fault(), key: None }),
            reply(Reply::Jobs(page)),
            reply(Reply::Jobs(arcp_core::JobsPage::default())),
            reply(Reply::CancelAccepted { target_id: target_id(), job: Some(job()) }),
            reply(Reply::CancelRefused { target_id: target_id(), fault: fault() }),
            reply(Reply::Unheeded(fault())),
            reply(Reply::Watched(Box::new(watched()))),
            notice(Notice::Delegated(Box::new(job_accepted()))),
        ],
        &expect![[r#"
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.accepted","session_id":"sess_\"1\"","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"job_id":"job_1","agent":"echo@2","lease":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"]},"lease_constraints":{"expires_at":"2026-11-22T10:59:09.362415Z"},"budget":{"USD":1.5,"credits":3},"credentials":[{"id":"cred_1","scheme":"bearer","value":"s3cret","endpoint":"https://models.example/v1","profile":"openai","constraints":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"],"expires_at":"2026-11-22T10:59:09.362415Z"}}],"accepted_at":"2026-11-22T10:59:09.362415Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","parent_job_id":"job_0","delegate_id":"d1","request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_\"1\"","payload":{"code":"JOB_NOT_FOUND","message":"no such job","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.jobs","session_id":"sess_\"1\"","payload":{"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK","jobs":[{"job_id":"job_1","agent":"echo@2","status":"running","lease":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"]},"lease_constraints":{"expires_at":"2026-11-22T10:59:09.362415Z"},"parent_job_id":"job_0","created_at":"2026-11-22T10:59:09.362415Z","submitted_at":"2026-11-22T10:59:09.362415Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","last_event_seq":7}],"next_cursor":"job_1"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.jobs","session_id":"sess_\"1\"","payload":{"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK","jobs":[],"next_cursor":null}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.cancelled","session_id":"sess_\"1\"","job_id":"job_1","payload":{}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_\"1\"","payload":{"code":"JOB_NOT_FOUND","message":"no such job","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"session.error","session_id":"sess_\"1\"","payload":{"code":"JOB_NOT_FOUND","message":"no such job","retryable":false,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.subscribed","session_id":"sess_\"1\"","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"job_id":"job_1","current_status":"running","agent":"echo@2","lease":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"]},"lease_constraints":{"expires_at":"2026-11-22T10:59:09.362415Z"},"budget":{"USD":-0.25},"parent_job_id":"job_0","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","subscribed_from":7,"replayed":true,"request_id":"msg_01ARZ3NDEKTSV4RRFFQ69G5ASK"}}
            {"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.accepted","session_id":"sess_\"1\"","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"job_id":"job_1","agent":"echo@2","lease":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"]},"lease_constraints":{"expires_at":"2026-11-22T10:59:09.362415Z"},"budget":{"USD":1.5,"credits":3},"credentials":[{"id":"cred_1","scheme":"bearer","value":"s3cret","endpoint":"https://models.example/v1","profile":"openai","constraints":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"],"expires_at":"2026-11-22T10:59:09.362415Z"}}],"accepted_at":"2026-11-22T10:59:09.362415Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","parent_job_id":"job_0","delegate_id":"d1"}}"#]],
    );
}

#[test]
fn events_of_every_kind() {
    // Faults of every code come after the others.
    let first = events().into_iter().take_while(|event| *event != faulty());
    let outputs: Vec<_> = (1..).zip(first).map(|(seq, happened)| event(seq, happened)).collect();
    check(
        &outputs,
        &expect![[r#"
        {"session_id":"sess_\"1\"","event_seq":1,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"running","message":"a \"b\"\n"}}}
        {"session_id":"sess_\"1\"","event_seq":2,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"log","ts":"2026-11-22T10:59:09.362415Z","body":{"level":"critical","message":"","attributes":{"a":null}}}}
        {"session_id":"sess_\"1\"","event_seq":3,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"metric","ts":"2026-11-22T10:59:09.362415Z","body":{"name":"cost.search","value":0.50,"unit":"USD","dimensions":{}}}}
        {"session_id":"sess_\"1\"","event_seq":4,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"progress","ts":"2026-11-22T10:59:09.362415Z","body":{"current":1,"total":2.5,"units":"steps"}}}
        {"session_id":"sess_\"1\"","event_seq":5,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"thought","ts":"2026-11-22T10:59:09.362415Z","body":{"text":"hm"}}}
        {"session_id":"sess_\"1\"","event_seq":6,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"tool_call","ts":"2026-11-22T10:59:09.362415Z","body":{"tool":"grep","args":null,"call_id":"c1"}}}
        {"session_id":"sess_\"1\"","event_seq":7,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"tool_result","ts":"2026-11-22T10:59:09.362415Z","body":{"call_id":"c1","result":null}}}
        {"session_id":"sess_\"1\"","event_seq":8,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"tool_result","ts":"2026-11-22T10:59:09.362415Z","body":{"call_id":"c1","error":{"code":"INTERNAL_ERROR","message":"broke","retryable":true}}}}
        {"session_id":"sess_\"1\"","event_seq":9,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"thinking"}}}
        {"session_id":"sess_\"1\"","event_seq":10,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.acme.note","ts":"2026-11-22T10:59:09.362415Z","body":null}}
        {"session_id":"sess_\"1\"","event_seq":11,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.event","ts":"2026-11-22T10:59:09.362415Z","body":{"name":"com.acme.note","data":[1,null]}}}
        {"session_id":"sess_\"1\"","event_seq":12,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"result_chunk","ts":"2026-11-22T10:59:09.362415Z","body":{"result_id":"res_1","chunk_seq":0,"data":"YWJj","encoding":"base64","more":true}}}
        {"session_id":"sess_\"1\"","event_seq":13,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"artifact_ref","ts":"2026-11-22T10:59:09.362415Z","body":{"uri":"arcp://artifacts/art_1","content_type":"text/plain","byte_size":3,"sha256":"abababababababababababababababababababababababababababababababab"}}}
        {"session_id":"sess_\"1\"","event_seq":14,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.checkpoint","ts":"2026-11-22T10:59:09.362415Z","body":{"size":12}}}
        {"session_id":"sess_\"1\"","event_seq":15,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"delegate","ts":"2026-11-22T10:59:09.362415Z","body":{"delegate_id":"d1","child_job_id":"job_2","agent":"echo@2","input":[null],"lease_request":{"fs.read":["/a/**"],"model.use":["m*"],"x-vendor.acme.db":["t?"],"cost.budget":["USD:1.5","credits:3"]},"lease_constraints":{"expires_at":"2026-11-22T10:59:09.362415Z"}}}}
        {"session_id":"sess_\"1\"","event_seq":16,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"credential_rotated","id":"cred_1"}}}
        {"session_id":"sess_\"1\"","event_seq":17,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"credential_rotated","id":"cred_1"}}}
        {"session_id":"sess_\"1\"","event_seq":18,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.result","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"success","result":null,"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":19,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.result","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"success","result":{"a":[1,null]},"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":20,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.result","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"success","result_id":"res_1","result_size":3,"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":21,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.error","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"error","code":"INTERNAL_ERROR","message":"broke","retryable":true,"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":22,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.error","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"cancelled","code":"CANCELLED","message":"CANCELLED","retryable":false,"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":23,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.error","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"cancelled","code":"CANCELLED","message":"enough","retryable":false,"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":24,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.error","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"final_status":"timed_out","code":"TIMEOUT","message":"TIMEOUT","retryable":true,"completed_at":"2026-11-22T10:59:09.362415Z"}}
        {"session_id":"sess_\"1\"","event_seq":25,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.stream","ts":"2026-11-22T10:59:09.362415Z","body":{"stream_id":"str_1","change":"open","kind":"text","content_type":"text/plain"}}}
        {"session_id":"sess_\"1\"","event_seq":26,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.stream","ts":"2026-11-22T10:59:09.362415Z","body":{"stream_id":"str_1","change":"chunk","content_type":"text/plain","sequence":0,"data":{"a":null}}}}
        {"session_id":"sess_\"1\"","event_seq":27,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.stream","ts":"2026-11-22T10:59:09.362415Z","body":{"stream_id":"str_1","change":"close","sequence":0}}}
        {"session_id":"sess_\"1\"","event_seq":28,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.stream","ts":"2026-11-22T10:59:09.362415Z","body":{"stream_id":"str_1","change":"close"}}}
        {"session_id":"sess_\"1\"","event_seq":29,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"x-vendor.arcp.stream","ts":"2026-11-22T10:59:09.362415Z","body":{"stream_id":"str_1","change":"error","error":{"code":"INTERNAL_ERROR","message":"torn","retryable":true,"details":{"reason":"ABORTED"}}}}}
        {"session_id":"sess_\"1\"","event_seq":30,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"blocked","message":"waits for a permission","permission":"fs.write","resource":"/a","operation":"write"}}}
        {"session_id":"sess_\"1\"","event_seq":31,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"blocked","message":"waits for a permission: to save","permission":"fs.write","resource":"/a","operation":"write"}}}
        {"session_id":"sess_\"1\"","event_seq":32,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"running","message":"a permission was granted","permission":"fs.write","expires_at":"2026-11-22T10:59:09.362415Z"}}}
        {"session_id":"sess_\"1\"","event_seq":33,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"running","message":"a permission lasts longer"}}}
        {"session_id":"sess_\"1\"","event_seq":34,"arcp":"1.1","id":"msg_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"job.event","job_id":"job_1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":{"kind":"status","ts":"2026-11-22T10:59:09.362415Z","body":{"phase":"running","message":"a permission was taken back: enough"}}}"#]],
    );
}

fn faulty() -> Event {
    Event::Failed(crate::samples::faults().swap_remove(0))
}

#[test]
fn an_event_is_written_once_for_all_sessions() {
    let mut one = session_of(UNKNOWN, Compatibility::Auto);
    let (_, mut two) = HelloDialect::default().runtime_codec();
    let mut other = accepted();
    other.session = arcp_core::SessionId::parse("sess_2").unwrap();
    two.encode(&reply(Reply::Accepted(Box::new(other))), &mut Vec::new());
    let happened = event(7, Event::Thought { text: "hm".into() });
    let first = frames(&mut *one, &happened).remove(0);
    let second = frames(&mut *two, &happened).remove(0);
    assert!(first.starts_with(r#"{"session_id":"sess_\"1\"","event_seq":7,"arcp""#));
    assert!(second.starts_with(r#"{"session_id":"sess_2","event_seq":7,"arcp""#));
    let Output::Event(delivery) = &happened else { panic!("no event") };
    let kept = delivery.event.encoded.get_or_write(2, || panic!("not kept"));
    assert!(first.as_bytes().ends_with(&kept) && second.as_bytes().ends_with(&kept));
}

#[test]
fn a_frame_is_one_line_whatever_the_value_looks_like() {
    let data = Json::parse("{\r\n  \"a\":\n\t\"b\\n\"\n}").unwrap();
    let happened = event(1, Event::Custom { name: "x-vendor.a.b".into(), data });
    let frame = frames(&mut *session_of(UNKNOWN, Compatibility::Auto), &happened).remove(0);
    assert!(!frame.contains(['\n', '\r']));
    let read: serde_json::Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(read["payload"]["body"]["a"], "b\n");
}

#[test]
fn numbers_keep_their_digits() {
    let progress = |current: &str| {
        event(
            1,
            Event::Progress(Progress {
                current: arcp_core::Quantity::parse(current).unwrap(),
                total: None,
                units: None,
                message: None,
            }),
        )
    };
    for number in ["0.10", "12345678901234567890.5", "-7", "1e300"] {
        let frame = frames(&mut *session_of(UNKNOWN, Compatibility::Auto), &progress(number));
        assert!(frame[0].contains(&format!(r#""current":{number}}}"#)), "{}", frame[0]);
    }
}

/// An acceptance that nobody asked for would be taken for the answer to a submit that has none yet.
#[test]
fn a_child_is_told_once_all_submits_have_their_answer() {
    let (mut reader, mut writer) = HelloDialect::default().runtime_codec();
    writer.encode(&reply(Reply::Accepted(Box::new(accepted()))), &mut Vec::new());
    let submit = |id: &str| {
        let text = format!(
            r#"{{"arcp":"1.1","id":"{id}","type":"job.submit","payload":{{"agent":"echo"}}}}"#
        );
        Frame::text(text)
    };
    for id in ["s1", "s2"] {
        reader.decode(&submit(id));
    }
    let child = Output::Notice {
        id: message(),
        at: at(),
        notice: Notice::Delegated(Box::new(job_accepted())),
    };
    assert_eq!(frames(&mut *writer, &child), [""; 0]);
    let answer = |to: &str, reply: Reply| Output::Reply {
        id: message(),
        at: at(),
        to: arcp_core::MessageId::parse(to).unwrap(),
        reply,
    };
    let accepted = answer("s1", Reply::JobAccepted(Box::new(crate::samples::bare_job())));
    assert_eq!(frames(&mut *writer, &accepted).len(), 1);
    // A refusal is an answer too.
    let refused = answer("s2", Reply::Nack(Fault::invalid("x")));
    let told = frames(&mut *writer, &refused);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("session.error"), "{}", told[0]);
    assert!(told[1].contains(r#""parent_job_id":"job_0""#), "{}", told[1]);
    assert!(!told[1].contains("request_id"), "{}", told[1]);
    assert_eq!(frames(&mut *writer, &child).len(), 1);
}

/// It is answered to `session.close`, and to no `session.bye`.
#[test]
fn a_farewell_has_no_answer() {
    for (said, answers) in [("session.close", 1), ("session.bye", 0)] {
        let (mut reader, mut writer) = HelloDialect::default().runtime_codec();
        writer.encode(&reply(Reply::Accepted(Box::new(accepted()))), &mut Vec::new());
        let text = format!(r#"{{"arcp":"1.1","id":"c1","type":"{said}","payload":{{}}}}"#);
        reader.decode(&Frame::text(text));
        assert_eq!(frames(&mut *writer, &reply(Reply::Closed)).len(), answers, "{said}");
    }
}
