//! What clients ask about artifacts.

use std::time::Duration;

use arcp_core::{ArtifactId, Command, Fault, PutArtifact};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::json::{Object, id};

pub(super) fn put(payload: &Object<'_>) -> Result<Command, Fault> {
    let media_type = payload.need_text("media_type")?.into_owned();
    if media_type.is_empty() || media_type.len() > MEDIA_TYPE_BYTES {
        let want = format!("text of 1 to {MEDIA_TYPE_BYTES} bytes");
        return Err(payload.wrong("media_type", &want));
    }
    let data = payload.need_text("data")?;
    let data = STANDARD
        .decode(data.as_bytes())
        .map_err(|_| payload.wrong("data", "base64, in the standard alphabet, padded"))?;
    Ok(Command::PutArtifact(Box::new(PutArtifact {
        media_type,
        data: data.into(),
        sha256: digest(payload)?,
        retain: payload.whole("retain_seconds")?.map(Duration::from_secs),
    })))
}

pub(super) fn fetch(payload: &Object<'_>) -> Result<Command, Fault> {
    Ok(Command::FetchArtifact { artifact: id(payload, "artifact_id", ArtifactId::parse)? })
}

pub(super) fn release(payload: &Object<'_>) -> Result<Command, Fault> {
    Ok(Command::ReleaseArtifact { artifact: id(payload, "artifact_id", ArtifactId::parse)? })
}

/// A SHA-256 in lower-case digits, however it was written.
fn digest(payload: &Object<'_>) -> Result<Option<String>, Fault> {
    let Some(text) = payload.text("sha256")? else { return Ok(None) };
    let digits = text.strip_prefix("sha256:").unwrap_or(&text);
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(digits.to_ascii_lowercase()));
    }
    Err(payload.wrong("sha256", "64 hexadecimal digits"))
}

const MEDIA_TYPE_BYTES: usize = 256;
