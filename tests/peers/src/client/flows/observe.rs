//! `subscribe`: the events of all jobs that a principal has.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::ids::{SessionId, SubscriptionId};
use arcp::messages::{
    EventEmitPayload, MessageType, SUBSCRIPTION_BACKFILL_COMPLETE, SubscribePayload,
    SubscriptionFilter, SubscriptionSince, UnsubscribePayload,
};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use serde_json::json;

use super::cancel::cancel;
use crate::stage::{Client, Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Wire, call, of_type, payload};

/// The published client subscribes, is told, and unsubscribes.
pub(super) async fn by_the_client(stage: &Stage) -> Result {
    let observer = stage.client(ALICE_TOKEN).await?;
    let worker = stage.client(ALICE_TOKEN).await?;
    let filter = SubscriptionFilter {
        session_id: vec![worker.id().await?],
        types: vec!["log".to_owned(), "job.completed".to_owned()],
        ..SubscriptionFilter::default()
    };
    let subscription = observer.subscribe(filter).await?;
    log_twice(&worker).await?;
    for wanted in ["log", "log", "job.completed"] {
        let event = subscription.next().await.ok_or_else(|| failed("the subscription ended"))?;
        same("the type", event.payload.type_name(), wanted)?;
        same("whose", event.session_id, Some(worker.id().await?))?;
    }
    subscription.unsubscribe().await?;
    // Its reader goes on.
    let value = observer.invoke("conf.echo", json!(1)).await?.join().await?;
    same("the result", value, json!(1))
}

async fn log_twice(worker: &Client) -> Result {
    let value = worker.invoke("conf.log", json!({"count": 2})).await?.join().await?;
    same("the result", value, json!({"count": 2}))
}

/// Everything of one's own, in the published types, and nothing of others.
pub(super) async fn everything(stage: &Stage) -> Result {
    let mut observer = stage.wire(ALICE_TOKEN).await?;
    subscribe(&mut observer, SubscriptionFilter::default(), None).await?;
    let mut bob = stage.wire(BOB_TOKEN).await?;
    bob.run(call("conf.echo", json!("his"))).await?;
    let mut worker = stage.wire(ALICE_TOKEN).await?;
    let told = worker.run(call("conf.events", json!(null))).await?;
    let mut seen = Vec::new();
    for _ in &told {
        seen.push(observed(&mut observer).await?);
    }
    let names = |events: &[Envelope]| -> Vec<_> {
        events.iter().map(|event| (event.id.clone(), event.payload.type_name())).collect()
    };
    same("what was observed", names(&seen), names(&told))
}

/// One job alone.
pub(super) async fn one_job(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let job = wire.start(call("conf.gate", json!({"gate": gate}))).await?;
    wire.find("the job's log", of_type!(Log)).await?;
    let filter =
        SubscriptionFilter { job_id: vec![job.id.clone()], ..SubscriptionFilter::default() };
    subscribe(&mut wire, filter, None).await?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    let event = observed(&mut wire).await?;
    same("the type", event.payload.type_name(), "job.completed")?;
    same("the job", event.job_id, Some(job.id))
}

/// The past first, up to a mark.
pub(super) async fn past(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let told = wire.run(call("conf.log", json!({"count": 2}))).await?;
    let first = told.first().ok_or_else(|| failed("the job has no events"))?;
    let since = SubscriptionSince { after_message_id: Some(first.id.clone()) };
    let filter =
        SubscriptionFilter { session_id: vec![wire.session()?], ..SubscriptionFilter::default() };
    subscribe(&mut wire, filter, Some(since)).await?;
    for event in told.iter().skip(1) {
        same("an event", observed(&mut wire).await?.id, event.id.clone())?;
    }
    let EventEmitPayload { name, .. } = payload!(observed(&mut wire).await?, EventEmit);
    same("the mark", name.as_str(), SUBSCRIPTION_BACKFILL_COMPLETE)
}

/// A session of nobody's, and one of somebody else's.
pub(super) async fn refused(stage: &Stage) -> Result {
    let (mut alice, bob) = (stage.wire(ALICE_TOKEN).await?, stage.wire(BOB_TOKEN).await?);
    for session in [bob.session()?, SessionId::new()] {
        let filter =
            SubscriptionFilter { session_id: vec![session], ..SubscriptionFilter::default() };
        let asked = SubscribePayload { filter, since: None };
        let nack = payload!(alice.ask(MessageType::Subscribe(asked)).await?, Nack);
        same("the code", nack.code, ErrorCode::PermissionDenied)?;
    }
    Ok(())
}

/// Who unsubscribes is told nothing more.
pub(super) async fn stopped(stage: &Stage) -> Result {
    let mut observer = stage.wire(ALICE_TOKEN).await?;
    let subscription = subscribe(&mut observer, SubscriptionFilter::default(), None).await?;
    let stop = UnsubscribePayload { subscription_id: subscription };
    payload!(observer.ask(MessageType::Unsubscribe(stop)).await?, Ack);
    observer.rest().await?;
    stage.wire(ALICE_TOKEN).await?.run(call("conf.echo", json!(1))).await?;
    observer.is_silent().await
}

/// A session that is ended ends its subscriptions, and says so.
pub(super) async fn closed(stage: &Stage) -> Result {
    let (mut one, mut other) = (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let subscription = subscribe(&mut other, SubscriptionFilter::default(), None).await?;
    let session = other.session()?;
    let asked = cancel(arcp::messages::CancelTargetKind::Session, session.as_str(), None);
    payload!(one.ask(asked).await?, CancelAccepted);
    other.closed().await?;
    let closed = other.find("subscribe.closed", of_type!(SubscribeClosed)).await?;
    same("the subscription", closed.subscription_id, subscription)?;
    holds("it says why", !closed.reason.is_empty())
}

pub(super) async fn subscribe(
    wire: &mut Wire,
    filter: SubscriptionFilter,
    since: Option<SubscriptionSince>,
) -> Result<SubscriptionId> {
    let asked = MessageType::Subscribe(SubscribePayload { filter, since });
    let answer = wire.ask(asked).await?;
    let named = answer.subscription_id.clone();
    let accepted = payload!(answer, SubscribeAccepted).subscription_id;
    same("the envelope's subscription", named, Some(accepted.clone()))?;
    Ok(accepted)
}

/// The next event that a subscription brings.
pub(super) async fn observed(wire: &mut Wire) -> Result<Envelope> {
    let told = wire.find("an observed event", of_type!(SubscribeEvent)).await?;
    serde_json::from_value(told.event).map_err(failed)
}
