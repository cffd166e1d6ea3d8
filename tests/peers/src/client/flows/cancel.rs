//! Cancelling jobs and sessions.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::ids::JobId;
use arcp::messages::{CancelPayload, CancelTargetKind, MessageType};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use chrono::TimeDelta;
use serde_json::json;

use super::watch::watch;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, refused, same};
use crate::wire::{Wire, call, of_type, payload};

/// The published client cancels and is told how the job ended.
pub(super) async fn by_the_client(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let job = client.invoke("conf.gate", json!({"gate": unique("gate")})).await?;
    job.cancel("not wanted any more").await?;
    refused("a cancelled job", job.join().await, "operation cancelled: stopped at the gate")
}

/// Acceptance comes first, then the end.
pub(super) async fn accepted(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.gate", json!({"gate": unique("gate")}))).await?;
    let answer = wire.ask(cancel(CancelTargetKind::Job, job.id.as_str(), None)).await?;
    let answer = payload!(answer, CancelAccepted);
    same("the target", answer.target_id.as_deref(), Some(job.id.as_str()))?;
    let end = payload!(wire.end(&job.id).await?, JobCancelled);
    same("the reason", end.reason.as_deref(), Some("stopped at the gate"))
}

/// Jobs that do not listen are ended by force, each when its time is over: the runtime leaves four
/// seconds where no deadline is given.
pub(super) async fn past_its_deadline(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let mut jobs = Vec::new();
    for deadline in [Some(6000), None, Some(50)] {
        let stubborn = call("conf.stubborn", json!({"gate": unique("gate")}));
        jobs.push((wire.start(stubborn).await?.id, deadline));
    }
    let mut asked = Vec::new();
    for (job, deadline) in &jobs {
        asked.push(wire.send(cancel(CancelTargetKind::Job, job.as_str(), *deadline)).await?);
    }
    let mut accepted = Vec::new();
    for question in &asked {
        let answer = wire.answer(question).await?;
        accepted.push(answer.timestamp);
        payload!(answer, CancelAccepted);
    }
    // The one that was cancelled last has the least time, and the first one the most.
    for ((job, deadline), since) in jobs.iter().zip(accepted).rev() {
        let is_end = |frame: &Envelope| matches!(frame.payload, MessageType::JobFailed(_));
        let end = wire.find("an end", |frame| is_end(frame).then(|| frame.clone())).await?;
        same("whose turn it is", end.job_id.as_ref(), Some(job))?;
        let least = TimeDelta::milliseconds(deadline.unwrap_or(0).try_into().map_err(failed)?);
        holds(format_args!("it was left {least}"), end.timestamp - since >= least)?;
        same("the code", payload!(end, JobFailed).code, ErrorCode::Aborted)?;
    }
    Ok(())
}

/// Each reason not to cancel, in the published types.
pub(super) async fn not_accepted(stage: &Stage) -> Result {
    let (mut alice, mut bob) = (stage.wire(ALICE_TOKEN).await?, stage.wire(BOB_TOKEN).await?);
    let job = alice.start(call("conf.gate", json!({"gate": unique("gate")}))).await?;
    let stranger = reason(&mut bob, CancelTargetKind::Job, job.id.as_str()).await?;
    let unknown = reason(&mut bob, CancelTargetKind::Job, "job_unknown").await?;
    same("what a stranger is told", stranger, unknown)?;
    for (kind, id) in [
        (CancelTargetKind::Job, "no job's id"),
        (CancelTargetKind::Stream, "str_unknown"),
        (CancelTargetKind::Session, "sess_unknown"),
    ] {
        holds("there is a reason", !reason(&mut alice, kind, id).await?.is_empty())?;
    }
    alice.ask(cancel(CancelTargetKind::Job, job.id.as_str(), None)).await?;
    alice.end(&job.id).await?;
    let ended = reason(&mut alice, CancelTargetKind::Job, job.id.as_str()).await?;
    holds("there is a reason for a job that has ended", !ended.is_empty())
}

/// A session of one's own is cancelled: its client is told, its connection ends, and its job goes on.
pub(super) async fn a_session(stage: &Stage) -> Result {
    let (mut one, mut other) = (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let gate = unique("gate");
    let job = other.start(call("conf.gate", json!({"gate": gate}))).await?;
    let asked = cancel(CancelTargetKind::Session, other.session()?.as_str(), None);
    payload!(one.ask(asked).await?, CancelAccepted);
    other.closed().await?;
    let evicted = other.find("session.evicted", of_type!(SessionEvicted)).await?;
    same("the code", evicted.code, ErrorCode::Cancelled)?;
    goes_on(&mut one, &job.id, &gate).await
}

/// A job at a gate is there for a session that did not start it, and ends as ever.
pub(super) async fn goes_on(wire: &mut Wire, job: &JobId, gate: &str) -> Result {
    let watched = payload!(wire.ask(watch(job, None)).await?, JobSubscribed);
    same("the status", watched.current_status.as_str(), "running")?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    let end = payload!(wire.end(job).await?, JobCompleted);
    same("the result", end.value, Some(json!("released")))
}

async fn reason(wire: &mut Wire, kind: CancelTargetKind, id: &str) -> Result<String> {
    let refused = payload!(wire.ask(cancel(kind, id, None)).await?, CancelRefused);
    same("the target", refused.target_id.as_str(), id)?;
    Ok(refused.reason)
}

pub(super) fn cancel(target: CancelTargetKind, id: &str, deadline_ms: Option<u64>) -> MessageType {
    let reason = Some("not wanted any more".to_owned());
    MessageType::Cancel(CancelPayload { target, target_id: id.to_owned(), reason, deadline_ms })
}
