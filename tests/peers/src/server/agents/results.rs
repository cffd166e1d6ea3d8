//! An agent that streams its result.

use arcp::ARCPError;
use arcp::messages::ResultChunkEncoding;
use arcp::runtime::ToolContext;
use arcp::runtime::server::STREAMED_RESULT_SENTINEL;
use arcp_peers::read;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Streamed {
    chunks: Vec<String>,
    encoding: ResultChunkEncoding,
    summary: Option<String>,
}

/// Streams its result in these chunks.
pub(super) async fn chunks(input: Value, job: &ToolContext) -> Result<Value, ARCPError> {
    let Streamed { chunks, encoding, summary } = read(input)?;
    // A result without chunks is an empty one.
    let chunks = if chunks.is_empty() { vec![String::new()] } else { chunks };
    let id = format!("result-{}", job.job_id());
    for (index, chunk) in (0..).zip(&chunks) {
        let data = match encoding {
            ResultChunkEncoding::Utf8 => chunk.clone(),
            ResultChunkEncoding::Base64 => STANDARD.encode(chunk),
        };
        let is_last = index + 1 == chunks.len();
        let number = u64::try_from(index).unwrap_or(u64::MAX);
        job.emit_result_chunk(&id, number, data, encoding, !is_last).await?;
    }
    let size: usize = chunks.iter().map(String::len).sum();
    let streamed = json!({"result_id": id, "result_size": size, "summary": summary});
    Ok(json!({ (STREAMED_RESULT_SENTINEL): streamed }))
}
