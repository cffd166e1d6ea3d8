//! Credentials that come with a lease.

use arcp::ErrorCode;
use arcp::ids::JobId;
use arcp::messages::{
    CancelTargetKind, CapabilityName, MessageType, SessionClosePayload, SubscribePayload,
};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::{Value, json};

use super::cancel::cancel;
use super::leases::result;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Invocation, Job, Wire, call, payload};

/// Issued with the acceptance, told to nobody else, taken back after the end.
pub(super) async fn issued(stage: &Stage) -> Result {
    let mut observer = offered(stage).await?;
    let all = MessageType::Subscribe(SubscribePayload::default());
    payload!(observer.ask(all).await?, SubscribeAccepted);
    let mut wire = offered(stage).await?;
    let gate = unique("gate");
    let wanted = call("conf.gate", json!({"gate": gate}));
    let job = wire.start(wanted.lease(json!({"model_use": ["tier-fast/*"]}))?).await?;
    let [credential] = job.accepted.credentials.as_slice() else {
        return Err(failed(format_args!("not one credential: {:?}", job.accepted.credentials)));
    };
    holds("its id", credential.id.as_str().starts_with("cred_"))?;
    holds("its value", credential.value.starts_with("secret-"))?;
    same("its endpoint", credential.endpoint.as_str(), "https://gateway.invalid/v1")?;
    is_good(&mut wire, credential.id.as_str()).await?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    wire.end(&job.id).await?;
    for frame in observer.rest().await? {
        let shown = serde_json::to_string(&frame).map_err(failed)?;
        holds("an observer sees no secret", !shown.contains(&credential.value))?;
    }
    taken_back(&mut wire, credential.id.as_str()).await
}

/// Who can not be given any is refused before a job is accepted.
pub(super) async fn refused(stage: &Stage) -> Result {
    let wire = &mut offered(stage).await?;
    let lease = json!({"model_use": ["tier-fast/*"], "x-conf-provision": "fail"});
    let asked = wire.invoke(call("conf.echo", Value::Null).lease(lease)?).await?;
    let refusal = payload!(wire.answer(&asked).await?, JobFailed);
    same("the code", refusal.code, ErrorCode::PermissionDenied)?;
    same("retryable", refusal.retryable, Some(false))?;
    wire.is_silent().await
}

/// A slow issuer holds up nobody else.
pub(super) async fn slow(stage: &Stage) -> Result {
    let mut wire = offered(stage).await?;
    let gate = unique("gate");
    let lease = json!({"cost_budget": ["USD:1"], "x-conf-provision": format!("gate:{gate}")});
    let asked = wire.invoke(call("conf.echo", json!("slow")).lease(lease)?).await?;
    let quick = wire.run(call("conf.echo", json!("quick"))).await?;
    same("the quick one", result(quick)?, json!("quick"))?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    let accepted = payload!(wire.answer(&asked).await?, JobAccepted);
    same("how many credentials", accepted.credentials.len(), 1)?;
    wire.end(&accepted.job_id).await.map(drop)
}

/// Good while a job runs, revoked however it ends.
pub(super) async fn revoked_at_each_end(stage: &Stage) -> Result {
    let mut wire = offered(stage).await?;
    let waits = |agent, gate: &str| call(agent, json!({"gate": gate}));
    let (gate, never) = (unique("gate"), unique("gate"));

    let (job, id) = with_credential(&mut wire, waits("conf.gate", &gate)).await?;
    is_good(&mut wire, &id).await?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    payload!(wire.end(&job).await?, JobCompleted);
    taken_back(&mut wire, &id).await?;

    let (job, id) = with_credential(&mut wire, waits("conf.gate", &never)).await?;
    is_good(&mut wire, &id).await?;
    payload!(wire.ask(cancel(CancelTargetKind::Job, job.as_str(), None)).await?, CancelAccepted);
    payload!(wire.end(&job).await?, JobCancelled);
    taken_back(&mut wire, &id).await?;

    let (job, id) = with_credential(&mut wire, waits("conf.stubborn", &never)).await?;
    is_good(&mut wire, &id).await?;
    payload!(wire.ask(cancel(CancelTargetKind::Job, job.as_str(), Some(0))).await?, CancelAccepted);
    same("the code", payload!(wire.end(&job).await?, JobFailed).code, ErrorCode::Aborted)?;
    taken_back(&mut wire, &id).await?;

    let failing = json!({"code": "UNAVAILABLE", "message": "not now"});
    for (agent, input, code) in [
        ("conf.fail", failing, ErrorCode::Unavailable),
        ("conf.panic", Value::Null, ErrorCode::Internal),
    ] {
        let (job, id) = with_credential(&mut wire, call(agent, input)).await?;
        same("the code", payload!(wire.end(&job).await?, JobFailed).code, code)?;
        taken_back(&mut wire, &id).await?;
    }

    let mut other = offered(stage).await?;
    let (_, id) = with_credential(&mut other, waits("conf.gate", &never)).await?;
    is_good(&mut wire, &id).await?;
    other.send(MessageType::SessionClose(SessionClosePayload { reason: None })).await?;
    other.closed().await?;
    taken_back(&mut wire, &id).await
}

/// A key that comes again while its job runs is told the job's credential again; nobody else is, and
/// nobody when the job has ended.
pub(super) async fn told_again(stage: &Stage) -> Result {
    let (mut wire, mut other) = (offered(stage).await?, offered(stage).await?);
    let mut bob = stage.wire(BOB_TOKEN).await?;
    let gate = unique("gate");
    let wanted = call("conf.gate", json!({"gate": gate})).key(&unique("key"));
    let wanted = wanted.lease(json!({"model_use": ["tier-fast/*"]}))?;
    let first = wire.start(wanted.clone()).await?;
    same("how many credentials", first.accepted.credentials.len(), 1)?;
    for wire in [&mut wire, &mut other] {
        let again = wire.start(wanted.clone()).await?;
        same("the job", &again.id, &first.id)?;
        same("the credentials", &again.accepted.credentials, &first.accepted.credentials)?;
    }
    let his = bob.start(wanted.clone()).await?;
    let ids = |job: &Job| -> Vec<_> {
        job.accepted.credentials.iter().map(|one| (one.id.clone(), one.value.clone())).collect()
    };
    same("how many bob has", ids(&his).len(), 1)?;
    holds("bob has another", ids(&his) != ids(&first))?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    wire.end(&first.id).await?;
    let late = wire.start(wanted).await?;
    same("the job", &late.id, &first.id)?;
    holds("no credential is told any more", late.accepted.credentials.is_empty())
}

/// Starts a job with one credential. Gives the id of either.
async fn with_credential(wire: &mut Wire, invocation: Invocation) -> Result<(JobId, String)> {
    let job = wire.start(invocation.lease(json!({"model_use": ["tier-fast/*"]}))?).await?;
    match job.accepted.credentials.as_slice() {
        [credential] => Ok((job.id, credential.id.to_string())),
        others => Err(failed(format_args!("not one credential: {others:?}"))),
    }
}

/// Fails if the issuer was told to revoke it.
async fn is_good(wire: &mut Wire, id: &str) -> Result {
    let revoked = result(wire.run(call("conf.credentials", Value::Null)).await?)?;
    let ids = revoked.as_array().ok_or_else(|| failed("what was revoked is no list"))?;
    holds("it is not revoked yet", !ids.contains(&json!(id)))
}

async fn offered(stage: &Stage) -> Result<Wire> {
    let wire = stage.wire(ALICE_TOKEN).await?;
    wire.needs(CapabilityName::ProvisionedCredentials)?;
    Ok(wire)
}

/// Waits until the issuer has been told to revoke it.
pub(super) async fn taken_back(wire: &mut Wire, id: &str) -> Result {
    let waited = wire.run(call("conf.credentials", json!({"revoked": id}))).await?;
    holds("it is revoked", result(waited)?.as_array().is_some_and(|ids| ids.contains(&json!(id))))
}
