//! What a transport carries: one message's bytes, and whether they are meant as text.

use std::fmt;

use bytes::Bytes;

/// How the peer marked a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// UTF-8 text; whoever decodes it checks.
    Text,
    /// Bytes.
    Binary,
}

/// One message as a transport carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Text or binary.
    pub kind: FrameKind,
    /// The message.
    pub bytes: Bytes,
}

impl Frame {
    /// A text frame.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self { kind: FrameKind::Text, bytes: text.into() }
    }

    /// A binary frame.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self { kind: FrameKind::Binary, bytes: bytes.into() }
    }
}

/// The length only: a frame may carry a secret.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} frame of {} bytes", self.kind, self.bytes.len())
    }
}
