//! The agents `echo`, `emit` and `chunks` of our program, as tools of the published runtime: the same
//! names, inputs and results.

use std::time::Duration;

use arcp::ARCPError;
use arcp::messages::ResultChunkEncoding;
use arcp::runtime::server::STREAMED_RESULT_SENTINEL;
use arcp::runtime::{ToolContext, ToolRegistry, ToolRegistryBuilder};
use arcp_peers::{read, tool};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

/// All of them.
pub(crate) fn registry() -> ToolRegistry {
    let tools = [
        tool("echo", |input, _| async { Ok(input) }),
        tool("emit", |input, job| async move { emit(input, &job).await }),
        tool("chunks", |input, job| async move { chunks(input, &job).await }),
    ];
    tools.into_iter().fold(ToolRegistryBuilder::new(), ToolRegistryBuilder::with).build()
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Events {
    n: u32,
    delay_us: u64,
    start_ms: u64,
}

impl Default for Events {
    fn default() -> Self {
        Self { n: 10, delay_us: 0, start_ms: 0 }
    }
}

/// Event `i` carries `i`. The only events that a tool has are those of charges.
async fn emit(input: Value, job: &ToolContext) -> Result<Value, ARCPError> {
    let Events { n, delay_us, start_ms } = read(input)?;
    sleep(Duration::from_millis(start_ms)).await; // tidy: sleep because that was asked for
    for i in 0..n {
        if delay_us > 0 {
            sleep(Duration::from_micros(delay_us)).await; // tidy: sleep because that was asked for
        }
        job.charge("cost.bench", f64::from(i), "USD").await?;
    }
    Ok(json!({"emitted": n}))
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Chunks {
    n: u64,
    size: usize,
    encoding: ResultChunkEncoding,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { n: 3, size: 16, encoding: ResultChunkEncoding::Utf8 }
    }
}

/// The whole is a run that starts over and over: the alphabet in text, the bytes 0 to 255 in base64.
async fn chunks(input: Value, job: &ToolContext) -> Result<Value, ARCPError> {
    let Chunks { n, size, encoding } = read(input)?;
    let id = format!("result-{}", job.job_id());
    let period = match encoding {
        ResultChunkEncoding::Utf8 => b'a'..=b'z',
        ResultChunkEncoding::Base64 => 0..=u8::MAX,
    };
    // Made once, so that it is the runtime that is measured.
    let run: Vec<u8> = period.clone().cycle().take(size + period.len()).collect();
    let mut start = 0;
    for number in 0..n {
        let piece = run.get(start..start + size).unwrap_or_default();
        start = (start + size) % period.len();
        let data = match encoding {
            ResultChunkEncoding::Utf8 => String::from_utf8_lossy(piece).into_owned(),
            ResultChunkEncoding::Base64 => STANDARD.encode(piece),
        };
        job.emit_result_chunk(&id, number, data, encoding, number + 1 < n).await?;
    }
    let total = usize::try_from(n).unwrap_or(usize::MAX).saturating_mul(size);
    let streamed = json!({"result_id": id, "result_size": total, "summary": null});
    Ok(json!({ (STREAMED_RESULT_SENTINEL): streamed }))
}
