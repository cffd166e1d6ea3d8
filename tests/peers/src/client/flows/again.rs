//! `resume`: a session's events told once more.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::ids::MessageId;
use arcp::messages::{MessageType, ResumePayload};
use arcp_peers::ALICE_TOKEN;
use serde_json::json;

use crate::stage::Stage;
use crate::stop::{Result, failed, same};
use crate::wire::{Wire, call, payload};

fn resume(after: Option<MessageId>) -> MessageType {
    MessageType::Resume(ResumePayload { after_message_id: after, ..ResumePayload::default() })
}

/// After a message of its own the session has the same events under the same numbers and ids.
pub(super) async fn after_a_message(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.log", json!({"count": 3}))).await?;
    let events = wire.events(&job.id).await?;
    let (first, rest) = events.split_first().ok_or_else(|| failed("there are no events"))?;
    payload!(wire.ask(resume(Some(first.id.clone()))).await?, Ack);
    let again = wire.events(&job.id).await?;
    let told = |events: &[Envelope]| -> Vec<_> {
        events.iter().map(|event| (event.id.clone(), event.event_seq)).collect()
    };
    same("the events", told(&again), told(rest))?;
    let last = again.last().map(|event| event.id.clone());
    payload!(wire.ask(resume(last)).await?, Ack);
    wire.is_silent().await
}

/// After one that the session does not have there is nothing to tell.
pub(super) async fn after_what_is_not_there(stage: &Stage) -> Result {
    let mut other = stage.wire(ALICE_TOKEN).await?;
    let theirs = other.run(call("conf.echo", json!(1))).await?;
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    refused(&mut wire, None, ErrorCode::InvalidArgument).await?;
    let theirs = theirs.first().map(|event| event.id.clone());
    refused(&mut wire, theirs, ErrorCode::NotFound).await?;
    refused(&mut wire, Some(MessageId::new()), ErrorCode::NotFound).await?;
    wire.is_silent().await
}

async fn refused(wire: &mut Wire, after: Option<MessageId>, code: ErrorCode) -> Result {
    let nack = payload!(wire.ask(resume(after)).await?, Nack);
    same("the code", nack.code, code)
}
