//! Credentials that come with a lease.

use arcp::messages::{CapabilityName, MessageType, SubscribePayload};
use arcp_peers::ALICE_TOKEN;
use serde_json::{Value, json};

use super::leases::result;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Wire, call, payload};

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
    payload!(wire.answer(&asked).await?, JobFailed);
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
