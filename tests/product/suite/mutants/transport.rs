//! A transport that changes frames on their way.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use arcp_core::FrameKind;
use arcp_transport::{CloseReason, FrameSink, FrameSource, Peer, Transport, TransportError};
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{Change, Frame, Mind, Secrets};

/// A client's end of a connection to a runtime that breaks a rule.
#[derive(Debug)]
pub(in super::super) struct Mutated {
    inner: Box<dyn Transport>,
    change: Change,
    secrets: Secrets,
}

impl Mutated {
    pub(in super::super) fn new(
        inner: Box<dyn Transport>,
        change: Change,
        secrets: Secrets,
    ) -> Self {
        Self { inner, change, secrets }
    }
}

/// What both halves share.
#[derive(Clone)]
struct Shared {
    mind: Arc<Mutex<Mind>>,
    change: Change,
}

impl Shared {
    fn change(&self, frame: Frame) -> Vec<Frame> {
        (self.change)(&mut self.mind.lock().unwrap(), frame)
    }
}

impl Transport for Mutated {
    fn peer(&self) -> &Peer {
        self.inner.peer()
    }

    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>) {
        let mind = Mind { secrets: self.secrets, ..Mind::default() };
        let shared = Shared { mind: Arc::new(Mutex::new(mind)), change: self.change };
        let (source, sink) = self.inner.split();
        let (tell, told) = mpsc::channel(MADE_UP);
        let source = Source { inner: source, shared: shared.clone(), told, ready: VecDeque::new() };
        (Box::new(source), Box::new(Sink { inner: sink, shared, tell }))
    }
}

/// What the runtime says.
struct Source {
    inner: Box<dyn FrameSource>,
    shared: Shared,
    /// What the other half has made up.
    told: mpsc::Receiver<Value>,
    ready: VecDeque<arcp_core::Frame>,
}

#[async_trait]
impl FrameSource for Source {
    async fn recv(&mut self) -> Result<Option<arcp_core::Frame>, TransportError> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            tokio::select! {
                biased;
                Some(value) = self.told.recv() => self.ready.push_back(text(&value)),
                frame = self.inner.recv() => {
                    let Some(frame) = frame? else { return Ok(None) };
                    let Some(value) = object(&frame) else { return Ok(Some(frame)) };
                    for frame in self.shared.change(Frame::Told(value)) {
                        match frame {
                            Frame::Told(value) => self.ready.push_back(text(&value)),
                            Frame::Said(_) => panic!("what the runtime says is not for itself"),
                        }
                    }
                }
            }
        }
    }

    fn close_code(&self) -> Option<u16> {
        self.inner.close_code()
    }
}

/// What the client says.
struct Sink {
    inner: Box<dyn FrameSink>,
    shared: Shared,
    tell: mpsc::Sender<Value>,
}

#[async_trait]
impl FrameSink for Sink {
    async fn send(&mut self, batch: &mut Vec<arcp_core::Frame>) -> Result<(), TransportError> {
        let mut going = Vec::new();
        for frame in batch.drain(..) {
            let Some(value) = object(&frame) else {
                going.push(frame);
                continue;
            };
            for frame in self.shared.change(Frame::Said(value)) {
                match frame {
                    Frame::Said(value) => going.push(text(&value)),
                    // A source that is gone hears nothing more.
                    Frame::Told(value) => drop(self.tell.send(value).await),
                }
            }
        }
        self.inner.send(&mut going).await
    }

    async fn close(&mut self, reason: CloseReason) {
        self.inner.close(reason).await;
    }
}

/// How many frames that were made up wait for the client.
const MADE_UP: usize = 64;

fn text(value: &Value) -> arcp_core::Frame {
    arcp_core::Frame::text(value.to_string())
}

/// A frame that is a JSON object; others go on as they are.
fn object(frame: &arcp_core::Frame) -> Option<Value> {
    let text = frame.kind == FrameKind::Text;
    let value: Value = serde_json::from_slice(&frame.bytes).ok().filter(|_| text)?;
    value.is_object().then_some(value)
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").field("inner", &self.inner).finish_non_exhaustive()
    }
}
