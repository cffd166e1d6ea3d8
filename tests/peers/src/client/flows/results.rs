//! Streamed results, put together by the published assembler.

use arcp::messages::{MessageType, ResultChunkAssembler, ResultChunkEncoding};
use arcp_peers::ALICE_TOKEN;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::stop::{Result, failed, holds, same};
use crate::wire::{call, payload};

pub(super) async fn text(stage: &Stage) -> Result {
    let input = json!({"chunks": ["the ", "wh\u{f6}le", ""], "encoding": "utf8", "summary": "two"});
    let whole = streamed(stage, input, ResultChunkEncoding::Utf8, Some("two")).await?;
    same("the result", String::from_utf8(whole).map_err(failed)?, "the wh\u{f6}le")
}

/// The agent's texts, as bytes.
pub(super) async fn bytes(stage: &Stage) -> Result {
    let input = json!({"chunks": ["wh\u{f6}", "le\n"], "encoding": "base64"});
    let whole = streamed(stage, input, ResultChunkEncoding::Base64, None).await?;
    same("the result", whole, "wh\u{f6}le\n".as_bytes().to_vec())
}

/// Runs a job with a streamed result, and gives the bytes of that.
async fn streamed(
    stage: &Stage,
    input: Value,
    encoding: ResultChunkEncoding,
    summary: Option<&str>,
) -> Result<Vec<u8>> {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let mut events = wire.run(call("conf.chunks", input)).await?;
    let end = payload!(events.pop().ok_or_else(|| failed("the job has no end"))?, JobCompleted);
    let mut assembler = ResultChunkAssembler::new();
    for event in &events {
        if let MessageType::JobResultChunk(chunk) = &event.payload {
            assembler.push(chunk).map_err(failed)?;
        }
    }
    holds("the last chunk says so", assembler.is_finished())?;
    same("the encoding", assembler.encoding(), Some(encoding))?;
    same("the id", end.result_id.as_deref(), assembler.result_id())?;
    holds("there is no value", end.value.is_none())?;
    same("the summary", end.summary.as_deref(), summary)?;
    let whole = assembler.finish().map_err(failed)?;
    same("the size", end.result_size, u64::try_from(whole.len()).ok())?;
    Ok(whole)
}
