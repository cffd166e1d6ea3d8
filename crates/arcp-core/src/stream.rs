//! Streams of chunks that a job has beside its events (R§11).

use crate::event::escaped;
use crate::{Fault, Json, StreamId};

/// Something that happened to one stream of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// The stream.
    pub stream: StreamId,
    /// What happened.
    pub change: StreamChange,
}

/// What happens to a stream, in this order: opened once, chunks, then closed or failed once.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamChange {
    /// It begins.
    Opened(StreamInfo),
    /// A piece of it.
    Chunk(StreamChunk),
    /// It is complete.
    Closed {
        /// The number of its last chunk; `None` when it has none.
        last: Option<u64>,
    },
    /// It ended before it was complete; `Cancelled` when somebody stopped it.
    Failed(Fault),
}

impl StreamChange {
    /// Whether no other can follow.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Closed { .. } | Self::Failed(_))
    }
}

/// What a stream says of itself when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// What it is for.
    pub kind: StreamKind,
    /// The media type of its chunks.
    pub content_type: Option<String>,
    /// How they are written.
    pub encoding: Option<String>,
}

impl StreamInfo {
    /// A stream of this kind.
    pub fn new(kind: StreamKind) -> Self {
        Self { kind, content_type: None, encoding: None }
    }

    /// The media type of its chunks.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// About how many bytes it takes as JSON.
    pub fn json_size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, |text| escaped(text));
        text(&self.content_type) + text(&self.encoding)
    }

    /// How its chunks are written.
    #[must_use]
    pub fn encoding(mut self, encoding: impl Into<String>) -> Self {
        self.encoding = Some(encoding.into());
        self
    }
}

/// A piece of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamChunk {
    /// Its place in the stream, from 0 without gaps.
    pub sequence: u64,
    /// The data: base64 text in a binary stream.
    pub data: Json,
    /// The media type of this piece, where it has one of its own.
    pub content_type: Option<String>,
    /// The SHA-256 of its bytes, as lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// Who speaks, in a stream of reasoning (R§11.4).
    pub role: Option<String>,
    /// Whether something was left out on purpose.
    pub redacted: bool,
}

/// What a stream is for (R§11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// Plain text.
    Text,
    /// Bytes.
    Binary,
    /// Structured events.
    Event,
    /// Lines of log.
    Log,
    /// Measurements.
    Metric,
    /// Reasoning.
    Thought,
}

impl StreamKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Binary, Self::Event, Self::Log, Self::Metric, Self::Thought];

    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Event => "event",
            Self::Log => "log",
            Self::Metric => "metric",
            Self::Thought => "thought",
        }
    }

    /// Reads a kind's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
