//! Cancelling jobs and sessions.

use arcp::ErrorCode;
use arcp::messages::{CancelPayload, CancelTargetKind, MessageType};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::json;

use crate::stage::{Stage, unique};
use crate::stop::{Result, holds, refused, same};
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

/// A job that does not listen is ended by force.
pub(super) async fn past_its_deadline(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.stubborn", json!({"gate": unique("gate")}))).await?;
    let answer = wire.ask(cancel(CancelTargetKind::Job, job.id.as_str(), Some(50))).await?;
    payload!(answer, CancelAccepted);
    same("the code", payload!(wire.end(&job.id).await?, JobFailed).code, ErrorCode::Aborted)
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

/// A session of one's own is cancelled: its client is told, and its connection ends.
pub(super) async fn a_session(stage: &Stage) -> Result {
    let (mut one, mut other) = (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let asked = cancel(CancelTargetKind::Session, other.session()?.as_str(), None);
    payload!(one.ask(asked).await?, CancelAccepted);
    other.closed().await?;
    let evicted = other.find("session.evicted", of_type!(SessionEvicted)).await?;
    same("the code", evicted.code, ErrorCode::Cancelled)
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
