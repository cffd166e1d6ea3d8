//! Who joins a job while it talks is told each of its events once.

use arcp::envelope::Envelope;
use arcp::ids::{JobId, MessageId};
use arcp::messages::{
    CancelTargetKind, MessageType, SUBSCRIPTION_BACKFILL_COMPLETE, SubscriptionFilter,
    SubscriptionSince,
};
use arcp_peers::ALICE_TOKEN;
use serde_json::json;

use super::cancel::cancel;
use super::observe::{observed, subscribe};
use super::streams::{from_chunk, opened, pace};
use super::watch::watch;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Wire, call, payload};

/// `job.subscribe`, from the start, from the middle and from now on.
pub(super) async fn watched(stage: &Stage) -> Result {
    let mut talk = Talk::begin(stage).await?;
    let mut joined = Vec::new();
    for after in [Some(0), Some(5), None, Some(20)] {
        talk.goes_on(50).await?;
        let mut wire = stage.wire(ALICE_TOKEN).await?;
        let watched = payload!(wire.ask(watch(&talk.job, after)).await?, JobSubscribed);
        same("the status", watched.current_status.as_str(), "running")?;
        same("the past", watched.replayed, after.is_some())?;
        let past = after.map(usize::try_from).transpose().map_err(failed)?;
        joined.push((wire, past));
    }
    talk.goes_on(50).await?;
    let whole = talk.end(stage).await?;
    for (mut wire, past) in joined {
        let told = wire.events(&talk.job).await?;
        let numbers: Vec<_> = told.iter().filter_map(|event| event.event_seq).collect();
        same("the numbers", &numbers, &(1..).take(told.len()).collect::<Vec<u64>>())?;
        let told = ids(&told);
        if let Some(past) = past {
            same("all that follow", Some(told.as_slice()), whole.get(past..))?;
        } else {
            holds("all that follow", whole.ends_with(&told))?;
            holds("and nothing of the past", told.len() < whole.len())?;
        }
        wire.is_silent().await?;
    }
    Ok(())
}

/// `subscribe`, with the past.
pub(super) async fn subscribed(stage: &Stage) -> Result {
    let mut talk = Talk::begin(stage).await?;
    let mut joined = Vec::new();
    for _ in 0..3 {
        talk.goes_on(50).await?;
        let mut wire = stage.wire(ALICE_TOKEN).await?;
        let filter =
            SubscriptionFilter { job_id: vec![talk.job.clone()], ..SubscriptionFilter::default() };
        let since = SubscriptionSince { after_message_id: None };
        subscribe(&mut wire, filter, Some(since)).await?;
        joined.push(wire);
    }
    talk.goes_on(50).await?;
    let whole = talk.end(stage).await?;
    for mut wire in joined {
        let (mut seen, mut marks) = (Vec::new(), 0);
        while seen.len() < whole.len() {
            let event = observed(&mut wire).await?;
            match &event.payload {
                MessageType::EventEmit(event) if event.name == SUBSCRIPTION_BACKFILL_COMPLETE => {
                    marks += 1;
                }
                _ => seen.push(event.id),
            }
        }
        same("what was observed", &seen, &whole)?;
        same("the marks", marks, 1)?;
        wire.is_silent().await?;
    }
    Ok(())
}

/// A job that talks until it is told to stop.
struct Talk {
    owner: Wire,
    job: JobId,
    stream: String,
    /// The last chunk that its owner has seen.
    seen: u64,
}

impl Talk {
    async fn begin(stage: &Stage) -> Result<Self> {
        let mut owner = stage.wire(ALICE_TOKEN).await?;
        let gate = unique("gate");
        let input = json!({"kind": "text", "chunks": ["a"], "gate": gate, "end": "cancelled"});
        let job = owner.start(call("conf.stream", input)).await?.id;
        let stream = opened(&mut owner).await?;
        // Not so fast that its past takes longer to tell than there is time.
        payload!(pace(&mut owner, &stream, Some(1000)).await?, Ack);
        stage.wire(ALICE_TOKEN).await?.run(call("conf.open", json!({"gate": gate}))).await?;
        Ok(Self { owner, job, stream, seen: 0 })
    }

    /// Waits until it has said so much more.
    async fn goes_on(&mut self, chunks: u64) -> Result {
        let later = from_chunk(&mut self.owner, self.seen + chunks).await?;
        self.seen = payload!(later, StreamChunk).sequence;
        Ok(())
    }

    /// Has it end. Gives all its events, as one is told of them who comes afterwards.
    async fn end(&mut self, stage: &Stage) -> Result<Vec<MessageId>> {
        let answer = self.owner.ask(cancel(CancelTargetKind::Stream, &self.stream, None)).await?;
        payload!(answer, CancelAccepted);
        payload!(self.owner.end(&self.job).await?, JobCompleted);
        let mut late = stage.wire(ALICE_TOKEN).await?;
        payload!(late.ask(watch(&self.job, Some(0))).await?, JobSubscribed);
        Ok(ids(&late.events(&self.job).await?))
    }
}

fn ids(events: &[Envelope]) -> Vec<MessageId> {
    events.iter().map(|event| event.id.clone()).collect()
}
