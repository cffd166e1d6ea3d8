//! One client of a scenario: a connection, and what is known of it.

use std::time::Duration;

use arcp_core::{Frame, FrameKind};
use arcp_transport::{CloseReason, FrameSink, FrameSource, Transport, TransportErrorKind};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use crate::dialect::Watch;

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    source: Box<dyn FrameSource>,
    sink: Box<dyn FrameSink>,
    pub(super) watch: Box<dyn Watch>,
    /// Types of frames that nothing waits for.
    pub(super) skip: Vec<String>,
    /// The session, once there is one.
    pub(super) session: Option<String>,
    /// How the connection ended, once it has.
    end: Option<Ending>,
}

/// How a connection ended.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// The code of the close, where there was one.
    pub(super) code: Option<u16>,
    /// In words.
    pub(super) text: String,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A frame, as a value and as it came.
    Frame(Value, String),
    /// The end of the connection.
    Ended(Ending),
    /// Nothing, in the time there was.
    Nothing,
}

impl Client {
    pub(super) fn new(
        transport: Box<dyn Transport>,
        watch: Box<dyn Watch>,
        skip: Vec<String>,
    ) -> Self {
        let (source, sink) = transport.split();
        Self { source, sink, watch, skip, session: None, end: None }
    }

    /// Sends frames together. A peer that has closed does not get them; the next expectation will
    /// find the end of the connection, and knows whether that is right.
    pub(super) async fn send(
        &mut self,
        mut frames: Vec<Frame>,
        limit: Duration,
    ) -> Result<(), String> {
        match timeout(limit, self.sink.send(&mut frames)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == TransportErrorKind::Broken => Ok(()),
            Ok(Err(error)) => Err(format!("cannot send: {error}")),
            Err(_) => Err("cannot send: the peer does not read".to_owned()),
        }
    }

    /// The next frame, skipped ones too.
    pub(super) async fn next(&mut self, until: Instant) -> Incoming {
        if let Some(end) = &self.end {
            return Incoming::Ended(end.clone());
        }
        // A peer that never stops sending must not hold up the deadline.
        if Instant::now() > until {
            return Incoming::Nothing;
        }
        let text = match timeout_at(until, self.source.recv()).await {
            Err(_) => return Incoming::Nothing,
            Ok(Ok(Some(frame))) => return read(&frame),
            Ok(Ok(None)) => match self.source.close_code() {
                Some(code) => format!("the peer closed with code {code}"),
                None => "the peer closed".to_owned(),
            },
            Ok(Err(error)) => error.to_string(),
        };
        let end = Ending { code: self.source.close_code(), text };
        self.end = Some(end.clone());
        Incoming::Ended(end)
    }

    /// How the connection ended, once that was seen.
    pub(super) fn end(&self) -> Option<Ending> {
        self.end.clone()
    }

    pub(super) async fn close(&mut self) {
        self.sink.close(CloseReason::Done).await;
    }

    /// Leaves, with a goodbye where there is a session.
    pub(super) async fn leave(&mut self, goodbye: &Value) {
        if self.session.is_some() && self.end.is_none() {
            // It may have gone meanwhile; then there is nothing to leave.
            self.send(vec![Frame::text(goodbye.to_string())], LEAVE_LIMIT).await.ok();
        }
        self.close().await;
    }
}

/// A frame that is no JSON is a text, and so is a binary one: messages come in text frames.
fn read(frame: &Frame) -> Incoming {
    let text = String::from_utf8_lossy(&frame.bytes).into_owned();
    let (text, parsed) = match frame.kind {
        FrameKind::Text => {
            let parsed = serde_json::from_str(&text).ok();
            (text, parsed)
        }
        FrameKind::Binary => (format!("(binary) {text}"), None),
    };
    Incoming::Frame(parsed.unwrap_or_else(|| Value::String(text.clone())), text)
}

/// How long a goodbye may take.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);
