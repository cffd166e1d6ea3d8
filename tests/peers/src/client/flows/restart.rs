//! The runtime is killed, and started again over the same data.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::messages::SessionListJobsFilter;
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::leases::result;
use super::listing::list;
use super::watch::watch;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, refused, same};
use crate::wire::{call, payload};

/// The published client is not left waiting, and one that comes anew goes on.
pub(super) async fn by_the_client(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let job = client.invoke("conf.gate", json!({"gate": unique("gate")})).await?;
    stage.restart().await?;
    refused("a job that was cut off", job.join().await, "service unavailable")?;
    let client = stage.client(ALICE_TOKEN).await?;
    let value = client.invoke("conf.echo", json!("again")).await?.join().await?;
    same("the result", value, json!("again"))
}

/// Jobs that ran have failed, by an event that comes after all that was told; others are as they were.
pub(super) async fn jobs(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let session = wire.session()?;
    let done = wire.start(call("conf.events", Value::Null)).await?;
    let done_told = wire.events(&done.id).await?;
    let ran = wire.start(call("conf.gate", json!({"gate": unique("gate")}))).await?;
    let ran_told = vec![wire.next_of(&ran.id).await?, wire.next_of(&ran.id).await?];
    let asking = json!({"permission": "fs.write", "resource": "/out", "operation": "write"});
    let blocked = wire.start(call("conf.permission", asking)).await?;
    wire.next_of(&blocked.id).await?;
    stage.restart().await?;
    wire.closed().await?;

    let mut wire = stage.wire(ALICE_TOKEN).await?;
    holds("it is another session", wire.session()? != session)?;
    let all = list(&mut wire, SessionListJobsFilter::default()).await?;
    let shown = |job| all.iter().find(|one| one.job_id == job).map(|one| one.status.as_str());
    same("the job that was done", shown(done.id.clone()), Some("completed"))?;
    same("the job that ran", shown(ran.id.clone()), Some("failed"))?;
    same("the job that was blocked", shown(blocked.id.clone()), Some("failed"))?;
    let unfinished = all.iter().filter(|job| !OVER.contains(&job.status.as_str())).count();
    same("how many go on", unfinished, 0)?;

    payload!(wire.ask(watch(&done.id, Some(0))).await?, JobSubscribed);
    same("what was told", told(&wire.events(&done.id).await?), told(&done_told))?;
    payload!(wire.ask(watch(&ran.id, Some(0))).await?, JobSubscribed);
    let mut again = wire.events(&ran.id).await?;
    let end = again.pop().ok_or_else(|| failed("the job has no end"))?;
    same("what was told of the job that ran", told(&again), told(&ran_told))?;
    cut_off(end)?;
    let value = result(wire.run(call("conf.echo", json!("new"))).await?)?;
    same("a new job", value, json!("new"))?;
    wire.is_silent().await
}

/// Keys are still bound, to jobs that have ended and to those that were cut off.
pub(super) async fn keys(stage: &Stage) -> Result {
    let (done_key, ran_key) = (unique("key"), unique("key"));
    let quick = call("conf.echo", json!("once")).key(&done_key);
    let endless = call("conf.gate", json!({"gate": unique("gate")})).key(&ran_key);
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let done = wire.start(quick.clone()).await?;
    wire.end(&done.id).await?;
    let ran = wire.start(endless.clone()).await?;
    stage.restart().await?;

    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let again = wire.start(quick.clone()).await?;
    same("the job that was done", &again.id, &done.id)?;
    let told = wire.events(&again.id).await?;
    same("what is told again", told.len(), 1)?;
    same("its result", result(told)?, json!("once"))?;
    let again = wire.start(endless).await?;
    same("the job that ran", &again.id, &ran.id)?;
    cut_off(wire.end(&again.id).await?)?;
    let asked = wire.invoke(call("conf.echo", json!("twice")).key(&done_key)).await?;
    let refusal = payload!(wire.answer(&asked).await?, JobFailed);
    same("the code for something else", refusal.code, ErrorCode::FailedPrecondition)?;
    wire.is_silent().await?;
    let his = stage.wire(BOB_TOKEN).await?.start(quick).await?;
    holds("bob's is another job", his.id != done.id)
}

/// What was kept is there, for those whose it is; what was released is not.
pub(super) async fn artifacts(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let data = STANDARD.encode([0, 255, 10, 13]);
    let kept = client.put_artifact("application/x-test", data.clone(), Some(600)).await?;
    let released = client.put_artifact("text/plain", STANDARD.encode("x"), Some(600)).await?;
    client.release_artifact(released.artifact_id.clone()).await?;
    // The answer to the release is not shown, but this comes after it.
    client.invoke("conf.echo", Value::Null).await?.join().await?;
    stage.restart().await?;
    let client = stage.client(ALICE_TOKEN).await?;
    let fetched = client.fetch_artifact(kept.artifact_id.clone()).await?;
    same("what was kept", fetched, (data, "application/x-test".to_owned()))?;
    let gone = client.fetch_artifact(released.artifact_id).await;
    refused("what was released", gone, "not found: artifact")?;
    let bob = stage.client(BOB_TOKEN).await?;
    let hers = bob.fetch_artifact(kept.artifact_id).await;
    refused("what is somebody else's", hers, "not found: artifact")
}

/// Credentials of jobs that ran are revoked, and told to nobody any more.
pub(super) async fn credentials(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let lease = json!({"model_use": ["tier-fast/*"]});
    let wanted = call("conf.gate", json!({"gate": unique("gate")})).lease(lease)?;
    let wanted = wanted.key(&unique("key"));
    let job = wire.start(wanted.clone()).await?;
    let [credential] = job.accepted.credentials.as_slice() else {
        return Err(failed(format_args!("not one credential: {:?}", job.accepted.credentials)));
    };
    stage.restart().await?;
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    super::credentials::taken_back(&mut wire, credential.id.as_str()).await?;
    let again = wire.start(wanted).await?;
    same("the job", &again.id, &job.id)?;
    holds("no credential is told", again.accepted.credentials.is_empty())?;
    cut_off(wire.end(&job.id).await?)
}

/// The end of a job that ran when the runtime died.
fn cut_off(end: Envelope) -> Result {
    let end = payload!(end, JobFailed);
    same("the code", end.code, ErrorCode::Unavailable)?;
    same("retryable", end.retryable, Some(true))?;
    holds("it says why", end.message.contains("restart"))
}

/// Events by what does not change: a session's numbers do.
fn told(events: &[Envelope]) -> Vec<(String, String, Value)> {
    let body = |event: &Envelope| serde_json::to_value(&event.payload).unwrap_or_default();
    let one = |event: &Envelope| (event.id.to_string(), event.timestamp.to_string(), body(event));
    events.iter().map(one).collect()
}

const OVER: [&str; 3] = ["completed", "failed", "cancelled"];
