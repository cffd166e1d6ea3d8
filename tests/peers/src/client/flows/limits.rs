//! Limits that are reached.

use arcp::ErrorCode;
use arcp::client::ARCPClient;
use arcp::envelope::Envelope;
use arcp::messages::{MessageType, SessionListJobsFilter, SessionListJobsPayload};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::json;

use crate::stage::{Stage, bearer, capabilities, identity, unique};
use crate::stop::{Result, failed, holds, refused, same};
use crate::wire::{call, payload};

/// Two jobs run, two wait in the queue, a fifth is refused.
pub(super) async fn jobs(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let wanted = call("conf.gate", json!({"gate": gate}));
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(wire.start(wanted.clone()).await?);
    }
    let asked = wire.invoke(wanted).await?;
    let refusal = payload!(wire.answer(&asked).await?, JobFailed);
    same("the code", refusal.code, ErrorCode::ResourceExhausted)?;
    let queued = SessionListJobsFilter {
        status: vec!["queued".to_owned()],
        ..SessionListJobsFilter::default()
    };
    let asked = SessionListJobsPayload { filter: Some(queued), limit: None, cursor: None };
    let page = payload!(wire.ask(MessageType::SessionListJobs(asked)).await?, SessionJobs);
    same("how many wait", page.jobs.len(), 2)?;
    let mut bob = stage.wire(BOB_TOKEN).await?;
    bob.run(call("conf.open", json!({"gate": gate}))).await?;
    for job in jobs {
        payload!(wire.end(&job.id).await?, JobCompleted);
    }
    Ok(())
}

/// Three sessions, and no fourth.
pub(super) async fn sessions(stage: &Stage) -> Result {
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(stage.wire(BOB_TOKEN).await?);
    }
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let fourth = client.authenticate(bearer(BOB_TOKEN), identity(), capabilities()).await;
    refused("a fourth session", fourth, "session.rejected (RESOURCE_EXHAUSTED)")?;
    for mut wire in held {
        wire.is_silent().await?;
    }
    Ok(())
}

/// A chunk of a result that is too large, and chunks that are too many, fail their job.
pub(super) async fn results(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let of = |size| "x".repeat(size);
    let chunk = (vec![of(8 << 10)], vec![of(1), of((8 << 10) + 1)], 1, "`chunk_bytes` 8192");
    let full = vec![of(8 << 10); 4];
    let result = (full.clone(), [full, vec![of(1)]].concat(), 4, "`result_bytes` 32768");
    for (fits, too_much, told, limit) in [chunk, result] {
        let input = json!({"chunks": fits, "encoding": "utf8"});
        let end = wire.run(call("conf.chunks", input)).await?.pop();
        let end = payload!(end.ok_or_else(|| failed("the job has no end"))?, JobCompleted);
        let size = fits.iter().map(String::len).sum::<usize>();
        same("the size", end.result_size, Some(size.try_into().map_err(failed)?))?;
        let input = json!({"chunks": too_much, "encoding": "utf8"});
        let mut events = wire.run(call("conf.chunks", input)).await?;
        let end = payload!(events.pop().ok_or_else(|| failed("the job has no end"))?, JobFailed);
        same("the code", end.code, ErrorCode::ResourceExhausted)?;
        holds(format_args!("the limit is named: {}", end.message), end.message.contains(limit))?;
        let is_chunk = |event: &Envelope| matches!(event.payload, MessageType::JobResultChunk(_));
        holds("no more is told", events.into_iter().filter(is_chunk).count() <= told)?;
    }
    wire.is_silent().await
}

/// A frame that is too large ends the connection, and the client does not hang.
pub(super) async fn frames(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let large = client.invoke("conf.echo", json!("x".repeat(100 << 10))).await;
    refused("a frame over the limit", large, "service unavailable")
}
