//! The agent that keeps an artifact.

use std::time::Duration;

use arcp_agent::{Fault, JobContext, Json, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::input;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    media_type: String,
    data: String,
    retain_seconds: Option<u64>,
}

/// Keeps an artifact and tells of it, as an event and in the result.
pub(crate) async fn artifact(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Put { media_type, data, retain_seconds } = input(&json)?;
    let data = STANDARD
        .decode(data)
        .map_err(|error| Fault::invalid(format!("`data` is no base64: {error}")))?;
    let retain = retain_seconds.map(Duration::from_secs);
    let kept = job.keep_artifact(media_type, data, retain).await?;
    job.artifact(kept.clone()).await?;
    Outcome::of(&json!({
        "artifact_id": kept.artifact.as_str(),
        "media_type": kept.media_type,
        "size": kept.size,
        "sha256": kept.sha256,
    }))
}
