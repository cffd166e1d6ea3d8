//! Limits that are reached.

use arcp::ErrorCode;
use arcp::client::ARCPClient;
use arcp::messages::{MessageType, SessionListJobsFilter, SessionListJobsPayload};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::json;

use crate::stage::{Stage, bearer, capabilities, identity, unique};
use crate::stop::{Result, refused, same};
use crate::wire::{call, payload};

/// Two jobs run, two wait in the queue, a fifth is refused.
pub(super) async fn jobs(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let wanted = call("conf.gate", json!({"gate": gate}));
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(wire.start(wanted.clone()).await?);
    }
    let asked = wire.invoke(wanted).await?;
    let refusal = payload!(wire.answer(&asked).await?, JobFailed);
    same("the code", refusal.code, ErrorCode::ResourceExhausted)?;
    let queued = SessionListJobsFilter {
        status: vec!["queued".to_owned()],
        ..SessionListJobsFilter::default()
    };
    let asked = SessionListJobsPayload { filter: Some(queued), limit: None, cursor: None };
    let page = payload!(wire.ask(MessageType::SessionListJobs(asked)).await?, SessionJobs);
    same("how many wait", page.jobs.len(), 2)?;
    let mut bob = stage.wire(BOB_TOKEN).await?;
    bob.run(call("conf.open", json!({"gate": gate}))).await?;
    for job in jobs {
        payload!(wire.end(&job.id).await?, JobCompleted);
    }
    Ok(())
}

/// Three sessions, and no fourth.
pub(super) async fn sessions(stage: &Stage) -> Result {
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(stage.wire(BOB_TOKEN).await?);
    }
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let fourth = client.authenticate(bearer(BOB_TOKEN), identity(), capabilities()).await;
    refused("a fourth session", fourth, "session.rejected (RESOURCE_EXHAUSTED)")?;
    for mut wire in held {
        wire.is_silent().await?;
    }
    Ok(())
}

/// A frame that is too large ends the connection, and the client does not hang.
pub(super) async fn frames(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    let large = client.invoke("conf.echo", json!("x".repeat(100 << 10))).await;
    refused("a frame over the limit", large, "service unavailable")
}
