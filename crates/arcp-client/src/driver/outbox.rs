//! The way out: frames that wait, and the task that hands them to the transport, so that a peer
//! that does not read stops nothing else.

use std::collections::VecDeque;
use std::time::Duration;

use arcp_core::Frame;
use arcp_transport::{CloseReason, FrameSink, TransportError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::debug;

/// How the writer stopped.
pub(super) type Written = Result<(), TransportError>;

/// Frames on their way to the writer. Bounded by its user: no command is taken while frames wait.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: VecDeque<Frame>,
    writer: mpsc::Sender<Frame>,
}

/// The task that owns the sink.
#[derive(Debug)]
pub(super) struct Writer(JoinSet<(Box<dyn FrameSink>, Written)>);

/// Starts the task that writes to `sink`.
pub(super) fn start(sink: Box<dyn FrameSink>) -> (Outbox, Writer) {
    let (writer, frames) = mpsc::channel(QUEUE);
    let mut task = JoinSet::new();
    task.spawn(write(sink, frames));
    (Outbox { waiting: VecDeque::new(), writer }, Writer(task))
}

impl Outbox {
    pub(super) fn push(&mut self, frames: Vec<Frame>) {
        self.waiting.extend(frames);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Moves one frame on; forgets all when there is no writer. Cancel-safe.
    pub(super) async fn flush(&mut self) {
        let Ok(room) = self.writer.reserve().await else {
            self.waiting.clear();
            return;
        };
        if let Some(frame) = self.waiting.pop_front() {
            room.send(frame);
        }
    }
}

impl Writer {
    /// How the writer stopped, once it has; `None` from then on. Cancel-safe.
    pub(super) async fn stopped(&mut self) -> Option<Written> {
        let stopped = self.0.join_next().await?;
        Some(stopped.map_or(Ok(()), |(_, written)| written))
    }

    /// Ends the connection at once.
    pub(super) fn stop(&mut self) {
        // Dropping the set ends the task and, with the sink, the connection.
        self.0 = JoinSet::new();
    }

    /// Lets what waits in `outbox` go out for at most `time`, then ends the connection.
    pub(super) async fn finish(mut self, mut outbox: Outbox, reason: CloseReason, time: Duration) {
        let flushed = timeout(time, async {
            while !outbox.is_idle() {
                outbox.flush().await;
            }
            drop(outbox);
            self.0.join_next().await
        });
        match flushed.await {
            Ok(Some(Ok((mut sink, _)))) => sink.close(reason).await,
            Ok(_) => debug!("the writer had stopped before"),
            // Dropping the set ends the task and, with the sink, the connection.
            Err(_) => debug!("the peer does not read, what was left is not sent"),
        }
    }
}

/// Hands frames to the sink, all that wait in one flush, until there are no more or it fails.
async fn write(
    mut sink: Box<dyn FrameSink>,
    mut frames: mpsc::Receiver<Frame>,
) -> (Box<dyn FrameSink>, Written) {
    let mut batch = Vec::with_capacity(QUEUE);
    while frames.recv_many(&mut batch, QUEUE).await > 0 {
        if let Err(error) = sink.send(&mut batch).await {
            return (sink, Err(error));
        }
    }
    (sink, Ok(()))
}

/// Frames handed to the writer ahead of it, and to the sink in one batch.
const QUEUE: usize = 64;
