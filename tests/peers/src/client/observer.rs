//! Somebody who watches one job, for whoever runs several clients at the same time.

use arcp::ids::JobId;
use arcp::messages::JobSubscribePayload;
use arcp::messages::MessageType;
use arcp_peers::ALICE_TOKEN;

use crate::stage::Stage;
use crate::stop::{Result, failed};
use crate::wire::payload;

/// Watches a job from its start. Prints `watching` when it does, and at the end the kinds of what it
/// was told.
pub(crate) async fn observe(url: &str, job: &str) -> Result {
    let job_id: JobId = job.parse().map_err(failed)?;
    let stage = Stage::new(url);
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let watch =
        JobSubscribePayload { job_id: job_id.clone(), from_event_seq: Some(0), history: true };
    payload!(wire.ask(MessageType::JobSubscribe(watch)).await?, JobSubscribed);
    println!("watching");
    let events = wire.events(&job_id).await?;
    let kinds: Vec<_> = events.iter().map(|event| event.payload.type_name()).collect();
    println!("{}", kinds.join(" "));
    stage.undecodable().map_or(Ok(()), |frame| Err(failed(frame)))
}
