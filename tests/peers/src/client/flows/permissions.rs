//! Permissions that a job asks for while it runs.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::messages::{
    LeaseGrantedPayload, LeaseRefreshPayload, LeaseRevokedPayload, MessageType,
    PermissionDenyPayload, PermissionGrantPayload, SessionListJobsFilter,
};
use arcp_peers::ALICE_TOKEN;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::leases::result;
use super::listing::list;
use super::watch::watch;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Job, Wire, call, of_type, payload};

/// Granted, and used.
pub(super) async fn granted(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let (job, lease) = grant(&mut wire, &gate, 60).await?;
    same("the permission", lease.permission.as_str(), "fs.write")?;
    same("the resource", lease.resource.as_str(), "/out/report")?;
    used(&mut wire, &job, &gate, "ok").await
}

pub(super) async fn denied(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.permission", input(None))).await?;
    let asked = asked(&mut wire).await?;
    let no = PermissionDenyPayload {
        permission: "fs.write".to_owned(),
        reason: "not on my disk".to_owned(),
    };
    answer(&wire, &asked, MessageType::PermissionDeny(no)).await?;
    let ended = result(wire.events(&job.id).await?)?;
    same("what came of it", ended, json!({"asked": "PERMISSION_DENIED", "used": null}))
}

/// A job that waits for an answer is blocked, and runs on when it has one.
pub(super) async fn blocked(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let job = wire.start(call("conf.permission", input(Some(&gate)))).await?;
    let asked = asked(&mut wire).await?;
    same("as it waits", listed_in(&mut wire, &job).await?, ["blocked"])?;
    let watched = payload!(wire.ask(watch(&job.id, None)).await?, JobSubscribed);
    same("the status", watched.current_status.as_str(), "blocked")?;
    allow(&wire, &asked, 60).await?;
    wire.find("lease.granted", of_type!(LeaseGranted)).await?;
    same("as it goes on", listed_in(&mut wire, &job).await?, ["running"])?;
    used(&mut wire, &job, &gate, "ok").await?;
    same("when it has ended", listed_in(&mut wire, &job).await?, ["completed"])
}

/// The states under which a job is listed.
async fn listed_in(wire: &mut Wire, job: &Job) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for status in ["accepted", "queued", "running", "blocked", "completed", "failed", "cancelled"] {
        let of_status = SessionListJobsFilter {
            status: vec![status.to_owned()],
            ..SessionListJobsFilter::default()
        };
        let jobs = list(wire, of_status).await?;
        found.extend(jobs.iter().filter(|entry| entry.job_id == job.id).map(|_| status));
    }
    Ok(found)
}

/// Nobody answers for as long as the job waits.
pub(super) async fn unanswered(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let mut input = input(None);
    if let Value::Object(input) = &mut input {
        input.insert("wait_ms".to_owned(), json!(100));
    }
    let job = wire.start(call("conf.permission", input)).await?;
    let asked = asked(&mut wire).await?;
    let events = wire.events(&job.id).await?;
    let ended = events.last().ok_or_else(|| failed("the job has no end"))?.timestamp;
    holds("it has waited", ended - asked.timestamp >= TimeDelta::milliseconds(100))?;
    same("what came of it", result(events)?, json!({"asked": "TIMED_OUT", "used": null}))
}

/// Given longer.
pub(super) async fn extended(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let (job, lease) = grant(&mut wire, &gate, 60).await?;
    let more = LeaseRefreshPayload { lease_id: lease.lease_id.clone(), additional_seconds: 60 };
    wire.send(MessageType::LeaseRefresh(more)).await?;
    let extended = wire.find("lease.extended", of_type!(LeaseExtended)).await?;
    same("the lease", extended.lease_id, lease.lease_id)?;
    let more = extended.expires_at - lease.expires_at;
    same("how much longer it has", more, TimeDelta::seconds(60))?;
    used(&mut wire, &job, &gate, "ok").await
}

/// Taken back.
pub(super) async fn revoked(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let (job, lease) = grant(&mut wire, &gate, 60).await?;
    let no_more = LeaseRevokedPayload {
        lease_id: lease.lease_id.clone(),
        reason: "not wanted any more".to_owned(),
    };
    wire.send(MessageType::LeaseRevoked(no_more)).await?;
    let revoked = wire.find("lease.revoked", of_type!(LeaseRevoked)).await?;
    same("the lease", revoked.lease_id, lease.lease_id)?;
    used(&mut wire, &job, &gate, "LEASE_REVOKED").await
}

/// Over: it allows nothing any more, and can not be given longer.
pub(super) async fn expired(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let (job, lease) = grant(&mut wire, &gate, 1).await?;
    wire.pass(lease.expires_at).await?;
    let more = LeaseRefreshPayload { lease_id: lease.lease_id, additional_seconds: 60 };
    let nack = payload!(wire.ask(MessageType::LeaseRefresh(more)).await?, Nack);
    same("the code", nack.code, ErrorCode::LeaseExpired)?;
    used(&mut wire, &job, &gate, "LEASE_EXPIRED").await
}

/// Lets the job use what it has, and sees how that goes.
async fn used(wire: &mut Wire, job: &Job, gate: &str, how: &str) -> Result {
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    let ended = result(wire.events(&job.id).await?)?;
    same("what came of it", ended, json!({"asked": "ok", "used": how}))
}

/// A job that was granted what it asked for, and waits at the gate.
async fn grant(wire: &mut Wire, gate: &str, seconds: u64) -> Result<(Job, LeaseGrantedPayload)> {
    let job = wire.start(call("conf.permission", input(Some(gate)))).await?;
    let asked = asked(wire).await?;
    allow(wire, &asked, seconds).await?;
    let lease = wire.find("lease.granted", of_type!(LeaseGranted)).await?;
    Ok((job, lease))
}

/// Grants what a job has asked for.
async fn allow(wire: &Wire, asked: &Envelope, seconds: u64) -> Result {
    let yes = PermissionGrantPayload {
        permission: "fs.write".to_owned(),
        resource: "/out/report".to_owned(),
        operation: "write".to_owned(),
        lease_seconds: seconds,
    };
    answer(wire, asked, MessageType::PermissionGrant(yes)).await
}

/// The frame by which a job asks.
async fn asked(wire: &mut Wire) -> Result<Envelope> {
    let asked = wire
        .find("permission.request", |frame| {
            let is = matches!(frame.payload, MessageType::PermissionRequest(_));
            is.then(|| frame.clone())
        })
        .await?;
    holds("it names its job", asked.job_id.is_some())?;
    Ok(asked)
}

/// Answers a question, named in the envelope.
async fn answer(wire: &Wire, asked: &Envelope, message: MessageType) -> Result {
    let mut envelope = Envelope::new(message);
    envelope.correlation_id = Some(asked.id.clone());
    envelope.job_id.clone_from(&asked.job_id);
    wire.send_envelope(envelope).await.map(drop).map_err(|_| failed("the answer was not sent"))
}

fn input(gate: Option<&str>) -> Value {
    let mut input = json!({
        "permission": "fs.write",
        "resource": "/out/report",
        "operation": "write",
        "reason": "to keep the report",
        "lease_seconds": 60,
    });
    if let (Value::Object(input), Some(gate)) = (&mut input, gate) {
        input.insert("gate".to_owned(), json!(gate));
    }
    input
}
