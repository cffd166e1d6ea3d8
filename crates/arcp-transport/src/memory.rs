//! The memory pair: two transports joined by bounded channels, for tests and for a runtime and a
//! client in one process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{
    CloseReason, Frame, FrameSink, FrameSource, Peer, Transport, TransportError, TransportErrorKind,
};

/// Two transports, each the other's peer; `capacity` frames (at least one) wait in each direction.
///
/// Kinds are kept and empty frames pass. A half that is dropped without `close` looks like a
/// broken connection to the other side.
pub fn memory_pair(capacity: usize) -> (MemoryTransport, MemoryTransport) {
    let (left_sink, right_source) = one_way(capacity);
    let (right_sink, left_source) = one_way(capacity);
    (MemoryTransport::new(left_source, left_sink), MemoryTransport::new(right_source, right_sink))
}

/// One end of a [`memory_pair`].
#[derive(Debug)]
pub struct MemoryTransport {
    peer: Peer,
    source: MemorySource,
    sink: MemorySink,
}

impl MemoryTransport {
    fn new(source: MemorySource, sink: MemorySink) -> Self {
        let peer = Peer { transport: "memory", address: None, label: "memory".to_owned() };
        Self { peer, source, sink }
    }
}

impl Transport for MemoryTransport {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>) {
        (Box::new(self.source), Box::new(self.sink))
    }
}

/// Where frames come out.
struct MemorySource {
    frames: mpsc::Receiver<Frame>,
    closed: Arc<AtomicBool>,
}

#[async_trait]
impl FrameSource for MemorySource {
    async fn recv(&mut self) -> Result<Option<Frame>, TransportError> {
        match self.frames.recv().await {
            Some(frame) => Ok(Some(frame)),
            None if self.closed.load(Ordering::Acquire) => Ok(None),
            None => Err(TransportErrorKind::Broken.into()),
        }
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySource").finish_non_exhaustive()
    }
}

/// Where frames go in.
struct MemorySink {
    /// Gone after `close`.
    frames: Option<mpsc::Sender<Frame>>,
    /// Set before the channel ends, if it ends in an orderly way.
    closed: Arc<AtomicBool>,
}

#[async_trait]
impl FrameSink for MemorySink {
    async fn send(&mut self, batch: &mut Vec<Frame>) -> Result<(), TransportError> {
        let batch = batch.drain(..);
        let Some(frames) = &self.frames else {
            return Err(TransportErrorKind::Broken.into());
        };
        for frame in batch {
            if frames.send(frame).await.is_err() {
                return Err(TransportErrorKind::Broken.into());
            }
        }
        Ok(())
    }

    async fn close(&mut self, _reason: CloseReason) {
        self.closed.store(true, Ordering::Release);
        self.frames = None;
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySink").finish_non_exhaustive()
    }
}

fn one_way(capacity: usize) -> (MemorySink, MemorySource) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    let closed = Arc::new(AtomicBool::new(false));
    let sink = MemorySink { frames: Some(sender), closed: Arc::clone(&closed) };
    let source = MemorySource { frames: receiver, closed };
    (sink, source)
}
