//! Artifacts.

use arcp::ErrorCode;
use arcp::ids::ArtifactId;
use arcp::messages::{ArtifactFetchPayload, ArtifactPutPayload, CapabilityName, MessageType};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN, hex};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::leases::result;
use crate::stage::{Client, Stage};
use crate::stop::{Result, Stop, failed, holds, refused, same, unexpected};
use crate::wire::{call, payload};

/// The published client puts, fetches and releases.
pub(super) async fn by_the_client(stage: &Stage) -> Result {
    let client = offered(stage).await?;
    let data = STANDARD.encode([0, 1, 2, 255]);
    let kept = client.put_artifact("application/x-test", data.clone(), Some(60)).await?;
    same("the size", kept.size, 4)?;
    same("the media type", kept.media_type.as_str(), "application/x-test")?;
    holds("it ends", kept.expires_at.is_some_and(|end| end > Utc::now()))?;
    holds("it has an address", kept.uri.contains(kept.artifact_id.as_str()))?;
    let fetched = client.fetch_artifact(kept.artifact_id.clone()).await?;
    same("what was kept", fetched, (data, "application/x-test".to_owned()))?;
    client.release_artifact(kept.artifact_id.clone()).await?;
    let gone = client.fetch_artifact(kept.artifact_id).await;
    refused("what was released", gone, "not found: artifact")
}

pub(super) async fn by_the_client_refused(stage: &Stage) -> Result {
    let client = offered(stage).await?;
    let wrong = client.put_artifact("text/plain", "%%%", None).await;
    refused("no base64", wrong, "invalid argument")?;
    let missing = client.fetch_artifact(ArtifactId::new()).await;
    refused("a missing one", missing, "not found: artifact")?;
    client.release_artifact(ArtifactId::new()).await?;
    let value = client.invoke("conf.echo", json!(1)).await?.join().await?;
    same("the next job", value, json!(1))
}

/// A digest is checked, and said.
pub(super) async fn digests(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    wire.needs(CapabilityName::Artifacts)?;
    let right = hex(&Sha256::digest(b"text"));
    let kept = payload!(wire.ask(put(Some(&right), None)).await?, ArtifactRef).artifact;
    same("the digest", kept.sha256, Some(right))?;
    let nack = payload!(wire.ask(put(Some(&"0".repeat(64)), None)).await?, Nack);
    same("the code", nack.code, ErrorCode::InvalidArgument)
}

/// What somebody else keeps looks like what is not there.
pub(super) async fn of_somebody_else(stage: &Stage) -> Result {
    let (client, mut bob) = (offered(stage).await?, stage.wire(BOB_TOKEN).await?);
    let kept = client.put_artifact("text/plain", STANDARD.encode("hers"), None).await?;
    let nack = payload!(bob.ask(fetch(&kept.artifact_id)).await?, Nack);
    same("the code", nack.code, ErrorCode::NotFound)
}

/// A job keeps one and tells of it: an event, and a reference that can be fetched.
pub(super) async fn of_a_job(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let data = STANDARD.encode("made by a job");
    let input = json!({"media_type": "text/plain", "data": data});
    let events = wire.run(call("conf.artifact", input)).await?;
    let told = events.iter().find_map(|event| match &event.payload {
        MessageType::ArtifactRef(told) => Some(told.artifact.clone()),
        _ => None,
    });
    let told = told.ok_or_else(|| failed("no event tells of the artifact"))?;
    let id = told.artifact_id.to_string();
    same("the result", result(events)?.get("artifact_id").cloned(), Some(json!(id)))?;
    let body = payload!(wire.ask(fetch(&told.artifact_id)).await?, ArtifactPut);
    same("what was kept", body.data, data)
}

/// One whose time is over is gone, and not before; another one is kept.
pub(super) async fn expired(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    wire.needs(CapabilityName::Artifacts)?;
    let mut kept = Vec::new();
    for seconds in [600, 1] {
        let asked = wire.ask(put(None, Some(seconds))).await?;
        let at = asked.timestamp;
        let artifact = payload!(asked, ArtifactRef).artifact;
        let end = artifact.expires_at.ok_or_else(|| failed("it has no end"))?;
        let span = TimeDelta::seconds(seconds.try_into().map_err(failed)?);
        // The answer may come some time after it was kept.
        holds("it does not end later", end <= at + span)?;
        kept.push((artifact.artifact_id, end));
    }
    let [(long, _), (short, end)] = kept.as_slice() else {
        return Err(failed("there are not two artifacts"));
    };
    let early = wire.ask(fetch(short)).await?;
    match &early.payload {
        MessageType::ArtifactPut(_) => {}
        MessageType::Nack(_) => holds("it has had its time", early.timestamp >= *end)?,
        _ => return Err(unexpected(&early, "the artifact")),
    }
    wire.pass(*end).await?;
    let nack = payload!(wire.ask(fetch(short)).await?, Nack);
    same("the code", nack.code, ErrorCode::NotFound)?;
    payload!(wire.ask(fetch(long)).await?, ArtifactPut);
    Ok(())
}

/// Larger than the runtime keeps.
pub(super) async fn too_large(stage: &Stage) -> Result {
    let client = offered(stage).await?;
    let data = STANDARD.encode(vec![0; 20 << 10]);
    match client.put_artifact("application/x-test", data, None).await {
        Err(error) => holds("the limit is named", error.to_string().contains("artifact_bytes")),
        Ok(_) => Err(failed("20 KiB were kept where 16 KiB are the limit")),
    }
}

async fn offered(stage: &Stage) -> Result<Client> {
    let client = stage.client(ALICE_TOKEN).await?;
    if client.capabilities().await.has(CapabilityName::Artifacts) {
        Ok(client)
    } else {
        Err(Stop::NotRun("the runtime does not offer Artifacts".to_owned()))
    }
}

fn fetch(id: &ArtifactId) -> MessageType {
    MessageType::ArtifactFetch(ArtifactFetchPayload { artifact_id: id.clone() })
}

fn put(sha256: Option<&str>, retain_seconds: Option<u64>) -> MessageType {
    MessageType::ArtifactPut(ArtifactPutPayload {
        media_type: "text/plain".to_owned(),
        data: STANDARD.encode("text"),
        sha256: sha256.map(str::to_owned),
        retain_seconds,
    })
}
