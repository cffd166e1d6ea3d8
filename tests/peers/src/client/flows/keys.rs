//! Idempotency keys, which the published client can not give.

use arcp::ErrorCode;
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::json;

use crate::stage::{Stage, unique};
use crate::stop::{Result, holds, same};
use crate::wire::{call, payload};

/// The same again, while the job runs: the same job.
pub(super) async fn while_it_runs(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let (key, gate) = (unique("key"), unique("gate"));
    let wanted = call("conf.gate", json!({"gate": gate})).key(&key);
    let first = wire.start(wanted.clone()).await?;
    let second = wire.start(wanted).await?;
    same("the job", &second.id, &first.id)?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    let end = payload!(wire.end(&first.id).await?, JobCompleted);
    same("the result", end.value, Some(json!("released")))
}

/// The same again, after the end and in another session: the same job, and its end once more.
pub(super) async fn after_the_end(stage: &Stage) -> Result {
    let wanted = call("conf.echo", json!({"n": 1})).key(&unique("key"));
    let mut first = stage.wire(ALICE_TOKEN).await?;
    let job = first.start(wanted.clone()).await?;
    first.end(&job.id).await?;
    let mut second = stage.wire(ALICE_TOKEN).await?;
    let again = second.invoke(wanted).await?;
    let accepted = second.answer(&again).await?;
    holds("the answer names the key", accepted.idempotency_key.is_some())?;
    same("the job", payload!(accepted, JobAccepted).job_id, job.id.clone())?;
    let end = payload!(second.end(&job.id).await?, JobCompleted);
    same("the result", end.value, Some(json!({"n": 1})))
}

/// Another intent under the key is refused.
pub(super) async fn conflict(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let key = unique("key");
    wire.run(call("conf.echo", json!(1)).key(&key)).await?;
    for other in [call("conf.echo", json!(2)), call("conf.version", json!(1))] {
        let asked = wire.invoke(other.key(&key)).await?;
        let refusal = payload!(wire.answer(&asked).await?, JobFailed);
        same("the code", refusal.code, ErrorCode::FailedPrecondition)?;
        same("retryable", refusal.retryable, Some(false))?;
    }
    Ok(())
}

/// A key is its principal's own.
pub(super) async fn of_somebody_else(stage: &Stage) -> Result {
    let wanted = call("conf.echo", json!(1)).key(&unique("key"));
    let mut alice = stage.wire(ALICE_TOKEN).await?;
    let mut bob = stage.wire(BOB_TOKEN).await?;
    let hers = alice.start(wanted.clone()).await?;
    let his = bob.start(wanted).await?;
    holds("they are two jobs", hers.id != his.id)
}
