//! Jobs by the published client: how they are accepted, run and end.

use std::collections::BTreeSet;

use arcp::ErrorCode;
use arcp::ids::TraceId;
use arcp::messages::MessageType;
use arcp_peers::ALICE_TOKEN;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::try_join_all;
use serde_json::{Value, json};

use super::leases::result;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, refused, same};
use crate::wire::{call, payload};

pub(super) async fn completed(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let deep = json!({"a": [1, 2.5, null, {"ü": "☃ \u{1}"}], "big": u64::MAX});
    for value in [Value::Null, json!(true), json!("text"), json!([]), deep] {
        let job = client.invoke("conf.echo", value.clone()).await?;
        same("the result", job.join().await?, value)?;
    }
    Ok(())
}

pub(super) async fn versions(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    for (agent, version) in [
        ("conf.version", "2.0.0"),
        ("conf.version@1.0.0", "1.0.0"),
        ("conf.version@2.0.0", "2.0.0"),
    ] {
        let value = client.invoke(agent, Value::Null).await?.join().await?;
        same(agent, value, json!({"version": version}))?;
    }
    Ok(())
}

/// Every code that a job can fail with reaches the client as one that it knows.
pub(super) async fn failed_with_each_code(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    for (code, told) in CODES {
        let input = json!({"code": code, "message": "so it was asked", "details": {"n": 1}});
        let job = client.invoke("conf.fail", input).await?;
        let words = format!("job failed ({told}): so it was asked");
        refused(code, job.join().await, &words)?;
    }
    Ok(())
}

pub(super) async fn panicked(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let job = client.invoke("conf.panic", Value::Null).await?;
    refused("a panic", job.join().await, "job failed (INTERNAL)")?;
    let value = client.invoke("conf.echo", json!(1)).await?.join().await?;
    same("the next job", value, json!(1))
}

/// What is refused is refused before a job is accepted, and the client does not hang.
pub(super) async fn not_accepted(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    for (agent, code) in [
        ("conf.nobody", "NOT_FOUND"),
        ("Not A Name", "INVALID_ARGUMENT"),
        ("conf.version@", "INVALID_ARGUMENT"),
        ("conf.version@9.9.9", "AGENT_VERSION_NOT_AVAILABLE"),
        ("conf.nobody@1.0.0", "NOT_FOUND"),
    ] {
        let words = format!("job failed before accept ({code})");
        refused(agent, client.invoke(agent, Value::Null).await, &words)?;
    }
    Ok(())
}

pub(super) async fn many_at_once(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let jobs = (0..50).map(|number| {
        let client = &client;
        async move {
            let value = client.invoke("conf.echo", json!(number)).await?.join().await?;
            same("the result", value, json!(number))
        }
    });
    try_join_all(jobs).await.map(drop)
}

/// The client passes over all that a job can say, and reads on.
pub(super) async fn events_passed_over(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let chunks = json!({"chunks": ["a", "b"], "encoding": "utf8"});
    let flood = json!({"count": 300, "size": 100});
    let told = [
        ("conf.events", Value::Null, Value::Null),
        ("conf.log", json!({"count": 3}), json!({"count": 3})),
        ("conf.flood", flood, json!({"count": 300})),
        // A streamed result is none to this client.
        ("conf.chunks", chunks, Value::Null),
    ];
    for (agent, input, wanted) in told {
        same(agent, client.invoke(agent, input).await?.join().await?, wanted)?;
    }
    Ok(())
}

/// Each kind of event, as the published types have it.
pub(super) async fn events_in_their_types(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let events = wire.run(call("conf.events", Value::Null)).await?;
    let mut said = Vec::new();
    for event in &events {
        holds("every event names its session", event.session_id.is_some())?;
        said.push(match &event.payload {
            MessageType::JobProgress(progress) => {
                same("percent", progress.percent, Some(25.0))?;
                same("message", progress.message.as_deref(), Some("one"))?;
                "job.progress".to_owned()
            }
            MessageType::Log(log) => {
                same("attributes", log.attributes.clone(), Some(json!({"n": 1})))?;
                format!("log {}", log.message)
            }
            MessageType::Metric(metric) => {
                same("dims", metric.dims.clone(), Some(json!({"kind": "input"})))?;
                format!("metric {} {} {}", metric.name, metric.value, metric.unit)
            }
            MessageType::EventEmit(event) => format!("event {}", event.name),
            other => other.type_name().to_owned(),
        });
    }
    same("what was said", said, EVENTS)?;
    let numbers: Vec<_> = events.iter().filter_map(|event| event.event_seq).collect();
    same("the numbers", numbers, (1..=10).collect::<Vec<u64>>())
}

/// A trace given with a job is on every frame of it, whatever it is about.
pub(super) async fn traced(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let told = wire.run(call("conf.trace", Value::Null).trace(trace)).await?;
    same("what the agent was told", result(told)?, json!({"trace": trace}))?;
    let asking = json!({
        "permission": "fs.write", "resource": "/out", "operation": "write", "wait_ms": 1,
    });
    let artifact = json!({"media_type": "text/plain", "data": STANDARD.encode("text")});
    let mut types = BTreeSet::new();
    for traced in [
        call("conf.events", Value::Null),
        call("conf.chunks", json!({"chunks": ["a"], "encoding": "utf8"})),
        call("conf.fail", json!({"code": "ABORTED", "message": "m"})),
        call("conf.stream", json!({"kind": "text", "chunks": ["a"], "end": "close"})),
        call("conf.permission", asking),
        call("conf.artifact", artifact),
    ] {
        let request = wire.invoke(traced.trace(trace)).await?;
        let accepted = wire.answer(&request).await?;
        let job = payload!(accepted.clone(), JobAccepted).job_id;
        let mut frames = wire.events(&job).await?;
        frames.push(accepted);
        for frame in &frames {
            let found = frame.trace_id.as_ref().map(TraceId::as_str);
            same(frame.payload.type_name(), found, Some(trace))?;
            types.insert(frame.payload.type_name());
        }
    }
    same("what was seen with it", types.into_iter().collect::<Vec<_>>(), TRACED)
}

/// A job that comes without a trace gets one of its own, which its agent is told too.
pub(super) async fn trace_made(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let mut made = BTreeSet::new();
    for _ in 0..2 {
        let events = wire.run(call("conf.trace", Value::Null)).await?;
        let traces: BTreeSet<_> = events.iter().map(|event| event.trace_id.clone()).collect();
        let told = json!({"trace": traces.first().cloned().flatten()});
        same("how many its events have", traces.len(), 1)?;
        same("what the agent was told", result(events)?, told)?;
        made.extend(traces.into_iter().flatten());
    }
    same("how many there are", made.len(), 2)
}

/// A command that is sent twice is executed once.
pub(super) async fn repeated_message(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let job = wire.start(call("conf.gate", json!({"gate": gate, "log": false}))).await?;
    let mut again = arcp::Envelope::new(MessageType::ToolInvoke(
        arcp::messages::ToolInvokePayload::new("conf.echo", Value::Null),
    ));
    again.id = job.request.clone();
    wire.send_envelope(again).await?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    same(
        "the end",
        payload!(wire.end(&job.id).await?, JobCompleted).value,
        Some(json!("released")),
    )?;
    wire.is_silent().await
}

/// The failure in the published types, with what was said of it.
pub(super) async fn failed_with_details(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let input = json!({
        "code": "UNAVAILABLE", "message": "not now", "retryable": false, "details": {"n": [1]},
    });
    let last = wire.run(call("conf.fail", input)).await?.pop();
    let end = payload!(last.ok_or_else(|| failed("the job has no end"))?, JobFailed);
    same("the code", end.code, ErrorCode::Unavailable)?;
    same("retryable", end.retryable, Some(false))?;
    same("the details", end.details, Some(json!({"n": [1]})))
}

const TRACED: [&str; 14] = [
    "artifact.ref",
    "event.emit",
    "job.accepted",
    "job.completed",
    "job.failed",
    "job.progress",
    "job.result_chunk",
    "job.started",
    "log",
    "metric",
    "permission.request",
    "stream.chunk",
    "stream.close",
    "stream.open",
];

const EVENTS: [&str; 10] = [
    "job.started",
    "log a log",
    "metric tokens.used 3 tokens",
    "job.progress",
    "event thought",
    "event tool_call",
    "event tool_result",
    "event status",
    "event conf.custom",
    "job.completed",
];

/// The codes of the domain, and how a client of this version has to hear of them.
const CODES: [(&str, &str); 26] = [
    ("INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("UNAUTHENTICATED", "UNAUTHENTICATED"),
    ("PERMISSION_DENIED", "PERMISSION_DENIED"),
    ("JOB_NOT_FOUND", "NOT_FOUND"),
    ("NOT_FOUND", "NOT_FOUND"),
    ("AGENT_NOT_AVAILABLE", "NOT_FOUND"),
    ("AGENT_VERSION_NOT_AVAILABLE", "AGENT_VERSION_NOT_AVAILABLE"),
    ("DUPLICATE_KEY", "FAILED_PRECONDITION"),
    ("FAILED_PRECONDITION", "FAILED_PRECONDITION"),
    ("ALREADY_EXISTS", "ALREADY_EXISTS"),
    ("OUT_OF_RANGE", "OUT_OF_RANGE"),
    ("TIMED_OUT", "DEADLINE_EXCEEDED"),
    ("RESUME_WINDOW_EXPIRED", "DATA_LOSS"),
    ("HEARTBEAT_LOST", "HEARTBEAT_LOST"),
    ("LEASE_EXPIRED", "LEASE_EXPIRED"),
    ("BUDGET_EXHAUSTED", "BUDGET_EXHAUSTED"),
    ("LEASE_SUBSET_VIOLATION", "LEASE_SUBSET_VIOLATION"),
    ("LEASE_REVOKED", "LEASE_REVOKED"),
    ("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"),
    ("BACKPRESSURE_OVERFLOW", "BACKPRESSURE_OVERFLOW"),
    ("UNIMPLEMENTED", "UNIMPLEMENTED"),
    ("UNAVAILABLE", "UNAVAILABLE"),
    ("ABORTED", "ABORTED"),
    ("DATA_LOSS", "DATA_LOSS"),
    ("UNKNOWN", "UNKNOWN"),
    ("INTERNAL", "INTERNAL"),
];
