//! Types that the published envelopes have, and a runtime does not do or not take.

use arcp::ErrorCode;
use arcp::messages::{
    AckPayload, CancelTargetKind, EventEmitPayload, InterruptPayload, JobCompletedPayload,
    LogLevel, LogPayload, MessageType, MetricPayload, StreamKind, StreamOpenPayload,
    SubscribePayload,
};
use arcp_peers::ALICE_TOKEN;
use serde_json::json;

use crate::stage::Stage;
use crate::stop::{Result, same};
use crate::wire::payload;

/// Of the protocol, and not built: refused by name.
pub(super) async fn not_built(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let interrupt = InterruptPayload {
        target: CancelTargetKind::Job,
        target_id: "job_unknown".to_owned(),
        prompt: "wait".to_owned(),
    };
    let stream = StreamOpenPayload { kind: StreamKind::Text, content_type: None, encoding: None };
    for message in [MessageType::Interrupt(interrupt), MessageType::StreamOpen(stream)] {
        let name = message.type_name();
        let nack = payload!(wire.ask(message).await?, Nack);
        same(name, nack.code, ErrorCode::Unimplemented)?;
    }
    wire.is_silent().await
}

/// Only the runtime speaks for a job: what a client says of one is refused, and nobody hears it.
pub(super) async fn forged(stage: &Stage) -> Result {
    let mut observer = stage.wire(ALICE_TOKEN).await?;
    let all = MessageType::Subscribe(SubscribePayload::default());
    payload!(observer.ask(all).await?, SubscribeAccepted);
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let log = LogPayload { level: LogLevel::Info, message: "m".to_owned(), attributes: None };
    let metric =
        MetricPayload { name: "n".to_owned(), value: 1.0, unit: "u".to_owned(), dims: None };
    let completed = JobCompletedPayload {
        value: Some(json!(1)),
        result_ref: None,
        result_id: None,
        result_size: None,
        summary: None,
    };
    for message in [
        MessageType::Log(log),
        MessageType::Metric(metric),
        MessageType::EventEmit(EventEmitPayload { name: "n".to_owned(), data: None }),
        MessageType::JobCompleted(completed),
    ] {
        let name = message.type_name();
        let nack = payload!(wire.ask(message).await?, Nack);
        same(name, nack.code, ErrorCode::InvalidArgument)?;
    }
    wire.send(MessageType::Ack(AckPayload { note: None })).await?;
    wire.is_silent().await?;
    observer.is_silent().await
}
