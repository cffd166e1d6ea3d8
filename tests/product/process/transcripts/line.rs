//! A recorded flow, line by line.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::program::workspace;

/// One line of a flow.
#[derive(Debug)]
pub(super) struct Line {
    /// Which connection; empty when there is only one.
    pub(super) conn: String,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug)]
pub(super) enum What {
    /// A remark of who recorded it.
    Note(String),
    /// The client sent a frame.
    Sent(Value),
    /// The client sent something that is no frame.
    SentRaw(Message),
    /// The runtime sent a frame.
    Came(Value),
    /// The runtime sent nothing for a while.
    Silence,
    /// The runtime ended the connection.
    Closed,
}

/// Reads a flow.
pub(super) fn read(flow: &str) -> Vec<Line> {
    let path = folder().join(format!("{flow}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{flow}: {error}"));
    text.lines().map(|line| parse(&serde_json::from_str(line).unwrap())).collect()
}

/// The names of all flows.
pub(super) fn recorded() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

fn folder() -> PathBuf {
    workspace().join("tests/vectors/rust-2.0.0")
}

fn parse(line: &Value) -> Line {
    let said = |key: &str| line.get(key).map(|text| text.as_str().unwrap().to_owned());
    let what = match (said("note"), said("dir").as_deref(), line.get("frame")) {
        (Some(note), _, _) => What::Note(note),
        (_, Some("c2s"), Some(frame)) => What::Sent(frame.clone()),
        (_, Some("c2s"), None) => What::SentRaw(if let Some(raw) = said("raw") {
            Message::text(raw)
        } else {
            let bytes = BASE64_STANDARD.decode(said("binary_b64").unwrap()).unwrap();
            Message::binary(bytes)
        }),
        (_, _, Some(frame)) => What::Came(frame.clone()),
        (_, _, None) => match said("event").as_deref() {
            Some("silence") => What::Silence,
            Some("closed") => What::Closed,
            other => panic!("unknown event {other:?}"),
        },
    };
    Line { conn: said("conn").unwrap_or_default(), what }
}
