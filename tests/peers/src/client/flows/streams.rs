//! Streams beside a job's events.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::messages::{BackpressurePayload, CancelTargetKind, MessageType, StreamKind};
use arcp_peers::ALICE_TOKEN;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::cancel::cancel;
use super::leases::result;
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Wire, call, payload};

/// Each kind, from its opening to its close.
pub(super) async fn kinds(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    for (kind, chunk) in [
        (StreamKind::Text, json!("some text")),
        (StreamKind::Binary, json!("some bytes")),
        (StreamKind::Event, json!({"n": 1})),
        (StreamKind::Log, json!({"level": "info", "message": "m"})),
        (StreamKind::Metric, json!({"name": "n", "value": 1, "unit": "u"})),
        (StreamKind::Thought, json!("a thought")),
    ] {
        let input = json!({"kind": kind, "chunks": [chunk, chunk], "end": "close"});
        let events = wire.run(call("conf.stream", input)).await?;
        let [open, first, second, close] = of_stream(&events)?;
        let data = match (kind, chunk.as_str()) {
            (StreamKind::Binary, Some(bytes)) => json!(STANDARD.encode(bytes)),
            _ => chunk,
        };
        same("the kind", payload!(open, StreamOpen).kind, kind)?;
        for (sequence, told) in [(0, first), (1, second)] {
            let told = payload!(told, StreamChunk);
            same("the sequence", told.sequence, sequence)?;
            same("the data", told.data, data.clone())?;
        }
        same("the last", payload!(close, StreamClose).final_sequence, Some(1))?;
        same("what was written", result(events)?.get("written").cloned(), Some(json!(2)))?;
    }
    Ok(())
}

pub(super) async fn broken(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let input = json!({"kind": "text", "chunks": ["a", "b"], "end": "error"});
    let events = wire.run(call("conf.stream", input)).await?;
    let [_, _, _, error] = of_stream(&events)?;
    holds("it says why", !payload!(error, StreamError).message.is_empty())
}

/// A stream that its reader cancels: its writer hears of it.
pub(super) async fn cancelled(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let input = json!({"kind": "text", "chunks": ["a"], "end": "cancelled"});
    let job = wire.start(call("conf.stream", input)).await?;
    let stream = opened(&mut wire).await?;
    let answer = wire.ask(cancel(CancelTargetKind::Stream, &stream, None)).await?;
    payload!(answer, CancelAccepted);
    let events = wire.events(&job.id).await?;
    let error = events.iter().find_map(|event| match &event.payload {
        MessageType::StreamError(error) => Some(error.code),
        _ => None,
    });
    same("the end of the stream", error, Some(ErrorCode::Cancelled))?;
    same("what its writer heard", result(events)?.get("stopped").cloned(), Some(json!("CANCELLED")))
}

/// Its reader can slow it, and have it faster again.
pub(super) async fn slowed(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let gate = unique("gate");
    let input = json!({"kind": "text", "chunks": ["a"], "gate": gate, "end": "cancelled"});
    let job = wire.start(call("conf.stream", input)).await?;
    let stream = opened(&mut wire).await?;
    let nack = payload!(pace(&mut wire, &stream, Some(0)).await?, Nack);
    same("the code", nack.code, ErrorCode::InvalidArgument)?;
    let slow = pace(&mut wire, &stream, Some(10)).await?;
    let since = slow.timestamp;
    payload!(slow, Ack);
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    // The first one may come at once, the others a tenth of a second after another.
    let tenth = from_chunk(&mut wire, 10).await?;
    holds("ten take a second", tenth.timestamp - since >= TimeDelta::seconds(1))?;
    // At ten a second these would take longer than there is patience.
    for (rate, chunk) in [(Some(1000), 200), (None, 400)] {
        payload!(pace(&mut wire, &stream, rate).await?, Ack);
        from_chunk(&mut wire, chunk).await?;
    }
    payload!(wire.ask(cancel(CancelTargetKind::Stream, &stream, None)).await?, CancelAccepted);
    result(wire.events(&job.id).await?).map(drop)
}

/// Asks for so many chunks a second. Gives the answer.
pub(super) async fn pace(wire: &mut Wire, stream: &str, rate: Option<u32>) -> Result<Envelope> {
    let wanted = BackpressurePayload {
        desired_rate_per_second: rate,
        buffer_remaining_bytes: Some(1 << 16),
        reason: Some("slow reader".to_owned()),
    };
    let mut asked = Envelope::new(MessageType::Backpressure(wanted));
    asked.stream_id = Some(stream.parse().map_err(failed)?);
    let asked = wire.send_envelope(asked).await?;
    wire.answer(&asked).await
}

/// The first chunk of this number or a later one.
pub(super) async fn from_chunk(wire: &mut Wire, number: u64) -> Result<Envelope> {
    let chunk = wire.find("a later chunk", |frame| match &frame.payload {
        MessageType::StreamChunk(chunk) if chunk.sequence >= number => Some(frame.clone()),
        _ => None,
    });
    chunk.await
}

/// Waits for a stream to be opened.
pub(super) async fn opened(wire: &mut Wire) -> Result<String> {
    wire.find("stream.open", |frame| match &frame.payload {
        MessageType::StreamOpen(_) => frame.stream_id.as_ref().map(ToString::to_string),
        _ => None,
    })
    .await
}

/// The four frames of a stream with two chunks, all of the same.
fn of_stream(events: &[Envelope]) -> Result<[Envelope; 4]> {
    let told: Vec<_> = events.iter().filter(|event| event.stream_id.is_some()).cloned().collect();
    let ids: Vec<_> = told.iter().map(|event| event.stream_id.clone()).collect();
    holds("it is one stream", ids.iter().all(|id| Some(id) == ids.first()))?;
    let types: Value = told.iter().map(|event| event.payload.type_name()).collect();
    told.try_into().map_err(|_| failed(format_args!("the frames of a stream: {types}")))
}
