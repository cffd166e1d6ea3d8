//! A session's life: pings, acknowledgements, its lease, its end.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::messages::{
    Capabilities, JobState, MessageType, SessionAckPayload, SessionClosePayload, SessionPingPayload,
};
use arcp_peers::ALICE_TOKEN;
use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::cancel::goes_on;
use super::open::response;
use super::watch::watch;
use crate::stage::{Stage, bearer, capabilities, unique};
use crate::stop::{Result, Stop, failed, holds, same};
use crate::wire::{Wire, call, of_type, payload};

pub(super) async fn pings(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let nonce = unique("nonce");
    let ping = SessionPingPayload { nonce: nonce.clone(), sent_at: Utc::now() };
    let pong = payload!(wire.ask(MessageType::SessionPing(ping)).await?, SessionPong);
    same("the nonce", pong.ping_nonce, nonce)?;
    // `rest` pings the connection.
    holds("nothing else came", wire.rest().await?.is_empty())
}

/// An acknowledgement is taken in silence, unless it is of what was not sent.
pub(super) async fn acknowledged(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    wire.run(call("conf.log", json!({"count": 2}))).await?;
    for seq in [2, 4, 1] {
        wire.send(ack(seq)).await?;
    }
    wire.is_silent().await?;
    let nack = payload!(wire.ask(ack(1_000_000)).await?, Nack);
    same("the code", nack.code, ErrorCode::InvalidArgument)
}

/// Who proves again who they are keeps the session.
pub(super) async fn renewed(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let accepted = wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    let first = accepted.lease.ok_or_else(|| failed("the session has no lease"))?.expires_at;
    let refresh = wire.find("session.refresh", of_type!(SessionRefresh)).await?;
    same("the deadline", refresh.deadline, first)?;
    let again = payload!(wire.ask(response(ALICE_TOKEN)).await?, SessionAccepted);
    same("the session", again.session_id, accepted.session_id)?;
    let second = again.lease.ok_or_else(|| failed("the session has no lease"))?.expires_at;
    holds("it has longer now", second > first)
}

/// Who does not is evicted when the time is over, and leaves jobs that go on.
pub(super) async fn evicted(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let accepted = wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    let end = accepted.lease.ok_or_else(|| failed("the session has no lease"))?.expires_at;
    let gate = unique("gate");
    let job = wire.start(call("conf.gate", json!({"gate": gate}))).await?;
    wire.closed().await?;
    wire.find("session.refresh", of_type!(SessionRefresh)).await?;
    let is_evicted = |frame: &Envelope| matches!(frame.payload, MessageType::SessionEvicted(_));
    let evicted = wire.find("session.evicted", |frame| is_evicted(frame).then(|| frame.clone()));
    let evicted = evicted.await?;
    holds("it is not before the end", evicted.timestamp >= end)?;
    same("the code", payload!(evicted, SessionEvicted).code, ErrorCode::Unauthenticated)?;
    goes_on(&mut stage.wire(ALICE_TOKEN).await?, &job.id, &gate).await
}

/// A job's heartbeats, for a client that wants them and no other.
pub(super) async fn heartbeats(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let wanted = Capabilities { heartbeat_recovery: Some("fail".to_owned()), ..capabilities() };
    wire.open(bearer(ALICE_TOKEN), wanted).await?;
    if wire.capabilities().heartbeat_recovery.is_none() {
        return Err(Stop::NotRun("the runtime does not offer heartbeat_recovery".to_owned()));
    }
    let gate = unique("gate");
    let job = wire.start(call("conf.gate", json!({"gate": gate}))).await?;
    let mut other = stage.wire(ALICE_TOKEN).await?;
    payload!(other.ask(watch(&job.id, None)).await?, JobSubscribed);
    let is_beat = |frame: &Envelope| matches!(frame.payload, MessageType::JobHeartbeat(_));
    let mut beats = Vec::new();
    for _ in 0..2 {
        let beat =
            wire.find("job.heartbeat", |frame| is_beat(frame).then(|| frame.clone())).await?;
        same("the job", beat.job_id.as_ref(), Some(&job.id))?;
        let at = beat.timestamp;
        let beat = payload!(beat, JobHeartbeat);
        same("the state", beat.state, JobState::Running)?;
        holds("the next one is due after a second", beat.deadline_ms.is_some_and(|ms| ms >= 1000))?;
        beats.push((beat.sequence, at));
    }
    let [(first, at), (second, later)] = beats.as_slice() else {
        return Err(failed("there are not two heartbeats"));
    };
    same("the sequence", *second, first + 1)?;
    holds("there is a second between the two", *later - *at >= TimeDelta::seconds(1))?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    wire.end(&job.id).await?;
    let told = other.events(&job.id).await?.into_iter().chain(other.rest().await?);
    same("the heartbeats of one that did not ask", told.filter(is_beat).count(), 0)
}

/// A session that is closed ends its jobs, tells how, and then the connection ends.
pub(super) async fn closed(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.gate", json!({"gate": unique("gate")}))).await?;
    let goodbye = SessionClosePayload { reason: Some("done".to_owned()) };
    wire.send(MessageType::SessionClose(goodbye)).await?;
    wire.closed().await?;
    payload!(wire.end(&job.id).await?, JobCancelled);
    Ok(())
}

pub(super) fn ack(seq: u64) -> MessageType {
    MessageType::SessionAck(SessionAckPayload { last_processed_seq: seq })
}
