//! What happened to a stream, as a line of JSON.

use arcp_core::{StreamChange, StreamChunk, StreamEvent, StreamId, StreamInfo, StreamKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::RecordError;
use super::event::{StoredFault, Text, bad};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredStream<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    change: Change<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change<'a> {
    Opened {
        #[serde(borrow)]
        kind: Text<'a>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        content_type: Option<Text<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        encoding: Option<Text<'a>>,
    },
    Chunk {
        sequence: u64,
        #[serde(borrow)]
        data: &'a RawValue,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        content_type: Option<Text<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        sha256: Option<Text<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        role: Option<Text<'a>>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        redacted: bool,
    },
    Closed {
        last: Option<u64>,
    },
    #[serde(borrow)]
    Failed(StoredFault<'a>),
}

impl<'a> StoredStream<'a> {
    pub(super) fn of(event: &'a StreamEvent) -> Self {
        let text = |text: &'a Option<String>| text.as_ref().map(Into::into);
        let change = match &event.change {
            StreamChange::Opened(info) => Change::Opened {
                kind: info.kind.as_str().into(),
                content_type: text(&info.content_type),
                encoding: text(&info.encoding),
            },
            StreamChange::Chunk(chunk) => Change::Chunk {
                sequence: chunk.sequence,
                data: chunk.data.as_raw(),
                content_type: text(&chunk.content_type),
                sha256: text(&chunk.sha256),
                role: text(&chunk.role),
                redacted: chunk.redacted,
            },
            StreamChange::Closed { last } => Change::Closed { last: *last },
            StreamChange::Failed(fault) => Change::Failed(StoredFault::of(fault)),
        };
        Self { id: event.stream.as_str().into(), change }
    }

    pub(super) fn into_event(self) -> Result<StreamEvent, RecordError> {
        let stream = StreamId::parse(&self.id.0).map_err(|_| bad("stream id", &self.id.0))?;
        let change = match self.change {
            Change::Opened { kind, content_type, encoding } => StreamChange::Opened(StreamInfo {
                kind: StreamKind::parse(&kind.0).ok_or_else(|| bad("stream kind", &kind.0))?,
                content_type: content_type.map(Into::into),
                encoding: encoding.map(Into::into),
            }),
            Change::Chunk { sequence, data, content_type, sha256, role, redacted } => {
                StreamChange::Chunk(StreamChunk {
                    sequence,
                    data: data.into(),
                    content_type: content_type.map(Into::into),
                    sha256: sha256.map(Into::into),
                    role: role.map(Into::into),
                    redacted,
                })
            }
            Change::Closed { last } => StreamChange::Closed { last },
            Change::Failed(fault) => StreamChange::Failed(fault.into_fault()?),
        };
        Ok(StreamEvent { stream, change })
    }
}
