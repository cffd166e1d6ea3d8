//! The window of events that are not acknowledged.

use arcp::ids::JobId;
use arcp::messages::{JobListEntry, MessageType, SessionClosePayload, SessionListJobsFilter};
use arcp_peers::ALICE_TOKEN;
use serde_json::json;

use super::listing::list;
use super::session::ack;
use super::watch::watch;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, same};
use crate::wire::{Wire, call, payload};

/// A full window stops events and nothing else, until they are acknowledged.
pub(super) async fn held(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.log", json!({"count": 6}))).await?;
    for (first, last) in [(1, 4), (5, 8)] {
        for number in first..=last {
            same("the number", wire.next_of(&job.id).await?.event_seq, Some(number))?;
        }
        wire.is_silent().await?;
        wire.send(ack(last)).await?;
    }
    wire.is_silent().await
}

/// Who leaves with a full window leaves nothing behind: its jobs end as they would, and other sessions
/// work and see them.
pub(super) async fn left(stage: &Stage) -> Result {
    let gate = unique("gate");
    let (talker, waiter) = {
        let mut wire = stage.wire(ALICE_TOKEN).await?;
        let talker = fill(&mut wire).await?;
        let waiter = wire.start(call("conf.gate", json!({"gate": gate}))).await?;
        (talker, waiter.id)
    };
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    same("the job that waits", entry(&mut wire, &waiter).await?.status.as_str(), "running")?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    wire.send(ack(2)).await?;
    // Of its eight events the last two; the other one ends with its third.
    for (job, seen, count) in [(&talker, 6, 8), (&waiter, 2, 3)] {
        let asked = wire.send(watch(job, Some(seen))).await?;
        payload!(wire.answer(&asked).await?, JobSubscribed);
        let end = wire.end(job).await?;
        wire.send(ack(end.event_seq.unwrap_or_default())).await?;
        payload!(end, JobCompleted);
        let entry = entry(&mut wire, job).await?;
        same("the status", entry.status.as_str(), "completed")?;
        same("how many events it has", entry.last_event_seq, count)?;
    }
    wire.is_silent().await
}

/// A session with a full window is closed at once, and its jobs with it.
pub(super) async fn closed(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    fill(&mut wire).await?;
    let waiter = wire.start(call("conf.gate", json!({"gate": unique("gate")}))).await?;
    wire.send(MessageType::SessionClose(SessionClosePayload { reason: None })).await?;
    wire.closed().await?;
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    same("the job", entry(&mut wire, &waiter.id).await?.status.as_str(), "cancelled")
}

/// Has a job say more than the window lets through.
async fn fill(wire: &mut Wire) -> Result<JobId> {
    let job = wire.start(call("conf.log", json!({"count": 6}))).await?.id;
    for number in 1..=4 {
        same("the number", wire.next_of(&job).await?.event_seq, Some(number))?;
    }
    wire.is_silent().await?;
    Ok(job)
}

/// What a listing says of a job.
async fn entry(wire: &mut Wire, job: &JobId) -> Result<JobListEntry> {
    let all = list(wire, SessionListJobsFilter::default()).await?;
    let entry = all.into_iter().find(|entry| entry.job_id == *job);
    entry.ok_or_else(|| failed(format_args!("{job} is not listed")))
}
