//! What a subscription is about: by trace, by stream, by priority.

use arcp::envelope::Priority;
use arcp::messages::{
    MessageType, SUBSCRIPTION_BACKFILL_COMPLETE, SubscriptionFilter, SubscriptionSince,
};
use arcp_peers::ALICE_TOKEN;
use serde_json::json;

use super::observe::{observed, subscribe};
use super::streams::opened;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, same};
use crate::wire::{call, of_type, payload};

/// Jobs of two traces, and not of a third.
pub(super) async fn by_trace(stage: &Stage) -> Result {
    let (mut observer, mut worker) =
        (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let (one, two, third) = (unique("one"), unique("two"), unique("third"));
    let traces = vec![one.parse().map_err(failed)?, two.parse().map_err(failed)?];
    let filter = SubscriptionFilter { trace_id: traces, ..SubscriptionFilter::default() };
    subscribe(&mut observer, filter, None).await?;
    let mut told = Vec::new();
    for (trace, is_observed) in [(third, false), (one, true), (two, true)] {
        let events = worker.run(call("conf.events", json!(1)).trace(&trace)).await?;
        told.extend(events.into_iter().filter(|_| is_observed));
    }
    worker.run(call("conf.events", json!(1))).await?;
    for event in &told {
        let seen = observed(&mut observer).await?;
        same("an event", (seen.id, seen.trace_id), (event.id.clone(), event.trace_id.clone()))?;
    }
    observer.is_silent().await
}

/// One stream, from its past on, and neither another nor its job's other events.
pub(super) async fn by_stream(stage: &Stage) -> Result {
    let (mut observer, mut worker) =
        (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let gate = unique("gate");
    let input = json!({"kind": "text", "chunks": ["a", "b"], "gate": gate, "end": "close"});
    let job = worker.start(call("conf.stream", input)).await?;
    let stream = opened(&mut worker).await?;
    // It says so when it has written its first chunk.
    worker.find("the job's log", of_type!(Log)).await?;
    let other = json!({"kind": "text", "chunks": ["x"], "end": "close"});
    worker.run(call("conf.stream", other)).await?;
    let filter = SubscriptionFilter {
        stream_id: vec![stream.parse().map_err(failed)?],
        ..SubscriptionFilter::default()
    };
    let since = SubscriptionSince { after_message_id: None };
    subscribe(&mut observer, filter, Some(since)).await?;
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(observed(&mut observer).await?);
    }
    let mark = payload!(observed(&mut observer).await?, EventEmit);
    same("the mark", mark.name.as_str(), SUBSCRIPTION_BACKFILL_COMPLETE)?;
    worker.run(call("conf.open", json!({"gate": gate}))).await?;
    for _ in 0..2 {
        seen.push(observed(&mut observer).await?);
    }
    worker.end(&job.id).await?;
    let mut shown = Vec::new();
    for event in &seen {
        same("the job", event.job_id.as_ref(), Some(&job.id))?;
        same(
            "the stream",
            event.stream_id.as_ref().map(ToString::to_string),
            Some(stream.clone()),
        )?;
        shown.push(match &event.payload {
            MessageType::StreamChunk(chunk) => format!("{} {}", chunk.sequence, chunk.data),
            other => other.type_name().to_owned(),
        });
    }
    same("what was observed", shown, ["stream.open", r#"0 "a""#, r#"1 "b""#, "stream.close"])?;
    observer.is_silent().await
}

/// What is at least as urgent.
pub(super) async fn by_priority(stage: &Stage) -> Result {
    let (mut observer, mut worker) =
        (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let filter = SubscriptionFilter {
        session_id: vec![worker.session()?],
        types: vec!["job.completed".to_owned()],
        min_priority: Some(Priority::High),
        ..SubscriptionFilter::default()
    };
    subscribe(&mut observer, filter, None).await?;
    for priority in [Priority::Low, Priority::Normal, Priority::High, Priority::Critical] {
        let events = worker.run(call("conf.echo", json!(priority)).priority(priority)).await?;
        let carried: Vec<_> = events.iter().map(|event| event.priority).collect();
        same("what its events carry", carried, [priority, priority])?;
    }
    for wanted in [Priority::High, Priority::Critical] {
        let seen = observed(&mut observer).await?;
        same("the priority", seen.priority, wanted)?;
        same("the job", payload!(seen, JobCompleted).value, Some(json!(wanted)))?;
    }
    observer.is_silent().await
}
