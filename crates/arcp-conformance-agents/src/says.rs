//! Agents that say things.

use arcp_agent::{ChunkEncoding, Fault, JobContext, Json, LogLevel, Outcome, Progress, Quantity};
use serde::Deserialize;
use serde_json::{Number, Value, json};

use crate::lease::how;
use crate::{EXTENSION, input};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: u64,
}

/// Says `line 1` to `line N`.
pub(crate) async fn log(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Count { count } = input(&json)?;
    for line in 1..=count {
        job.log(LogLevel::Info, format!("line {line}")).await?;
    }
    Outcome::of(&json!({ "count": count }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flood {
    count: u64,
    size: usize,
}

/// Says lines of a size.
pub(crate) async fn flood(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Flood { count, size } = input(&json)?;
    for _ in 0..count {
        job.log(LogLevel::Info, "x".repeat(size)).await?;
    }
    Outcome::of(&json!({ "count": count }))
}

/// Says one of each.
pub(crate) async fn events(job: JobContext, _: Json) -> Result<Outcome, Fault> {
    let json = |value: Value| Json::from(&value);
    job.log_with(LogLevel::Info, "a log", json(json!({"n": 1}))).await?;
    job.metric_with("tokens.used", 3_u64, "tokens", json(json!({"kind": "input"}))).await?;
    job.progress(Progress {
        current: 1_u64.into(),
        total: Some(4_u64.into()),
        units: Some("files".to_owned()),
        message: Some("one".to_owned()),
    })
    .await?;
    job.thought("a thought").await?;
    job.tool_call("c1", "t", json(json!({"a": 1}))).await?;
    job.tool_result("c1", Ok(json(json!({"b": 2})))).await?;
    job.status("phase-1", Some("m".to_owned())).await?;
    job.emit("conf.custom", json(json!({"x": 1}))).await?;
    Ok(Outcome::Value(Json::null()))
}

/// Says something of its own that goes by an extension.
pub(crate) async fn note(job: JobContext, _: Json) -> Result<Outcome, Fault> {
    job.emit(EXTENSION, Json::from(&json!({"x": 1}))).await?;
    Ok(Outcome::Value(Json::null()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    data: Value,
}

/// Says one thing by a name of its own.
pub(crate) async fn emit(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Named { name, data } = input(&json)?;
    job.emit(name, Json::from(&data)).await?;
    Ok(Outcome::Value(Json::null()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    current: Number,
    total: Option<Number>,
}

/// Says how far it is; says in its result how that went.
pub(crate) async fn progress(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Reached { current, total } = input(&json)?;
    let quantity = |number: &Number| {
        Quantity::parse(&number.to_string()).map_err(|error| Fault::invalid(error.to_string()))
    };
    let current = quantity(&current)?;
    let total = total.as_ref().map(quantity).transpose()?;
    let said = job.progress(Progress { current, total, units: None, message: None }).await;
    Outcome::of(&how(said))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Streamed {
    chunks: Vec<String>,
    encoding: Encoding,
    summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Utf8,
    Base64,
}

/// Streams its result.
pub(crate) async fn chunks(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Streamed { chunks, encoding, summary } = input(&json)?;
    let mut stream = job.result_stream(match encoding {
        Encoding::Utf8 => ChunkEncoding::Utf8,
        Encoding::Base64 => ChunkEncoding::Base64,
    })?;
    for chunk in chunks {
        stream.write_text(&chunk).await?;
    }
    stream.finish(summary).await
}
