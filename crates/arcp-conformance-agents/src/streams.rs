//! The agent with a stream beside its events.

use arcp_agent::{
    Code, Fault, JobContext, JobStream, Json, LogLevel, Outcome, StreamInfo, StreamKind,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gates::Gates;
use crate::input;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Streamed {
    kind: String,
    content_type: Option<String>,
    chunks: Vec<Value>,
    gate: Option<String>,
    end: End,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum End {
    Close,
    Error,
    Cancelled,
    Leave,
}

/// Opens a stream, writes to it, and ends it as it is told; says how far it came.
pub(crate) async fn stream(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Streamed { kind, content_type, chunks, gate, end } = input(&json)?;
    let kind = StreamKind::parse(&kind)
        .ok_or_else(|| Fault::invalid(format!("`kind`: no `{kind}` is known")))?;
    let mut info = StreamInfo::new(kind);
    info.content_type = content_type;
    let mut stream = job.open_stream(info).await?;
    let last = chunks.len().saturating_sub(1);
    let (mut written, mut stopped) = (0_u64, None);
    for (place, chunk) in chunks.iter().enumerate() {
        if let Some(gate) = gate.as_ref().filter(|_| place == last) {
            job.log(LogLevel::Info, "waiting").await?;
            gates.pass_or_stop(&job, gate).await?;
        }
        match write(&mut stream, kind, chunk).await {
            Ok(()) => written += 1,
            Err(fault) => {
                stopped = Some(fault.code);
                break;
            }
        }
    }
    while end == End::Cancelled && stopped.is_none() {
        match write(&mut stream, kind, &json!("more")).await {
            Ok(()) => written += 1,
            Err(fault) => stopped = Some(fault.code),
        }
    }
    if stopped.is_none() {
        match end {
            End::Error => stream.fail(Fault::new(Code::Unavailable, "as told")).await?,
            End::Close | End::Cancelled => stream.close().await?,
            End::Leave => {}
        }
    }
    Outcome::of(&json!({ "written": written, "stopped": stopped.map(Code::as_str) }))
}

/// A text is the text of a thought and the bytes of a binary stream.
async fn write(stream: &mut JobStream, kind: StreamKind, chunk: &Value) -> Result<(), Fault> {
    match (kind, chunk) {
        (StreamKind::Binary, Value::String(text)) => stream.write_bytes(text.as_bytes()).await,
        (StreamKind::Thought, Value::String(text)) => {
            stream.think("assistant_thought", text, text.is_empty()).await
        }
        (_, chunk) => stream.write(Json::from(chunk)).await,
    }
}
