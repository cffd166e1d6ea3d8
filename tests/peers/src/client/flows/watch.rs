//! `job.subscribe`: the events of one job, in another session.

use arcp::ErrorCode;
use arcp::ids::JobId;
use arcp::messages::{JobSubscribePayload, JobUnsubscribePayload, MessageType};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::json;

use crate::stage::{Stage, unique};
use crate::stop::{Result, same};
use crate::wire::{call, of_type, payload};

/// From now on.
pub(super) async fn live(stage: &Stage) -> Result {
    let (mut owner, mut watcher) = (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let gate = unique("gate");
    let job = owner.start(call("conf.gate", json!({"gate": gate}))).await?;
    owner.find("the job's log", of_type!(Log)).await?;
    let watched = payload!(watcher.ask(watch(&job.id, None)).await?, JobSubscribed);
    same("the status", watched.current_status.as_str(), "running")?;
    same("the agent", watched.agent.as_str(), "conf.gate@1.0.0")?;
    same("the past", watched.replayed, false)?;
    owner.run(call("conf.open", json!({"gate": gate}))).await?;
    let events = watcher.events(&job.id).await?;
    let session = Some(watcher.session()?);
    let told: Vec<_> = events.iter().map(|event| (&event.session_id, event.event_seq)).collect();
    same("where it is told", told, [(&session, Some(1))])
}

/// From the start, of a job that has ended.
pub(super) async fn past(stage: &Stage) -> Result {
    let mut owner = stage.wire(ALICE_TOKEN).await?;
    let job = owner.start(call("conf.log", json!({"count": 3}))).await?;
    let told = owner.events(&job.id).await?;
    let mut watcher = stage.wire(ALICE_TOKEN).await?;
    let watched = payload!(watcher.ask(watch(&job.id, Some(0))).await?, JobSubscribed);
    same("the status", watched.current_status.as_str(), "completed")?;
    same("the past", watched.replayed, true)?;
    let again = watcher.events(&job.id).await?;
    let ids = |events: &[arcp::Envelope]| -> Vec<_> {
        events.iter().map(|event| event.id.clone()).collect()
    };
    same("the events", ids(&again), ids(&told))?;
    // From the middle on.
    let mut late = stage.wire(ALICE_TOKEN).await?;
    payload!(late.ask(watch(&job.id, Some(3))).await?, JobSubscribed);
    same("how many follow the third", late.events(&job.id).await?.len(), told.len() - 3)
}

/// A job of somebody else looks like one that is not there.
pub(super) async fn refused(stage: &Stage) -> Result {
    let (mut alice, mut bob) = (stage.wire(ALICE_TOKEN).await?, stage.wire(BOB_TOKEN).await?);
    let job = alice.start(call("conf.echo", json!(1))).await?;
    let stranger = payload!(bob.ask(watch(&job.id, None)).await?, Nack);
    same("the code", stranger.code, ErrorCode::NotFound)?;
    let unknown = payload!(bob.ask(watch(&JobId::new(), None)).await?, Nack);
    same("what is said", stranger.message, unknown.message)
}

/// Who stops watching is told nothing more.
pub(super) async fn stopped(stage: &Stage) -> Result {
    let (mut owner, mut watcher) = (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let gate = unique("gate");
    let job = owner.start(call("conf.gate", json!({"gate": gate}))).await?;
    payload!(watcher.ask(watch(&job.id, None)).await?, JobSubscribed);
    let stop = JobUnsubscribePayload { job_id: job.id.clone() };
    payload!(watcher.ask(MessageType::JobUnsubscribe(stop)).await?, Ack);
    watcher.rest().await?;
    owner.run(call("conf.open", json!({"gate": gate}))).await?;
    owner.end(&job.id).await?;
    watcher.is_silent().await
}

pub(super) fn watch(job: &JobId, after: Option<u64>) -> MessageType {
    let history = after.is_some();
    MessageType::JobSubscribe(JobSubscribePayload {
        job_id: job.clone(),
        from_event_seq: after,
        history,
    })
}
