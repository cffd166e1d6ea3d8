//! One socket's life: frames in, frames out. It decides nothing and owns nothing that lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arcp_agent::port::{Room, take_room};
use arcp_core::{ConnectionId, Delivery, Frame, Limits, Output, Reply, SessionId};
use arcp_store::Store;
use arcp_transport::{CloseReason, FrameSink, FrameSource, TransportError, TransportErrorKind};
use arcp_wire::{CommandDecoder, Decoded, OutputEncoder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::outlet::Told;
use crate::replay;
use crate::writer::Message;

/// The right to have one more command in flight.
pub(crate) type Permit = OwnedSemaphorePermit;

/// What both halves of a connection need.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) id: ConnectionId,
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) limits: Arc<Limits>,
}

/// The reading half: takes frames, decodes them, hands them on.
pub(crate) struct Reader {
    pub(crate) line: Line,
    pub(crate) source: Box<dyn FrameSource>,
    pub(crate) decoder: Option<Box<dyn CommandDecoder>>,
    /// Tells the writing half how to speak; used once.
    pub(crate) speak: Option<mpsc::Sender<Told>>,
    pub(crate) in_flight: Arc<Semaphore>,
    /// Shared by all connections: room for commands that wait for the writer.
    pub(crate) room: Room,
}

impl Reader {
    /// Reads until the peer ends the connection or has to be ended; returns how to end it.
    pub(crate) async fn run(mut self) -> CloseReason {
        let mut bad_in_a_row = 0;
        loop {
            let Ok(permit) = Arc::clone(&self.in_flight).acquire_owned().await else {
                return CloseReason::Internal;
            };
            let frame = match self.source.recv().await {
                Ok(Some(frame)) => frame,
                Ok(None) => return CloseReason::Done,
                Err(error) => return self.on_error(&error),
            };
            match self.decode(&frame).await {
                Decoded::Ignored => {}
                Decoded::Message(issued) => {
                    bad_in_a_row = 0;
                    let connection = self.line.id;
                    let room = take_room(&self.room, frame.bytes.len()).await;
                    self.post(Message::Command { connection, issued, permit, room }).await;
                }
                Decoded::Bad { id, fault } => {
                    bad_in_a_row += 1;
                    let connection = self.line.id;
                    self.post(Message::BadFrame { connection, id, fault, permit }).await;
                    if bad_in_a_row >= self.line.limits.bad_frames {
                        return CloseReason::Policy;
                    }
                }
            }
        }
    }

    /// Decodes a frame; the first one decides the dialect.
    async fn decode(&mut self, frame: &Frame) -> Decoded<arcp_core::Issued> {
        if self.decoder.is_none() {
            let Some(dialect) = arcp_wire::detect(frame) else { return Decoded::Ignored };
            let (decoder, encoder) = dialect.runtime_codec();
            tracing::debug!(connection = %self.line.id, dialect = dialect.name(), "detected");
            if let Some(speak) = self.speak.take() {
                // A writing half that is gone has ended the connection.
                drop(speak.send(Told::Speak(encoder)).await);
            }
            self.decoder = Some(decoder);
        }
        match &mut self.decoder {
            Some(decoder) => decoder.decode(frame),
            None => Decoded::Ignored,
        }
    }

    fn on_error(&self, error: &TransportError) -> CloseReason {
        tracing::debug!(connection = %self.line.id, "{error}");
        match error.kind() {
            TransportErrorKind::TooLarge => CloseReason::TooLarge,
            _ => CloseReason::Done,
        }
    }

    async fn post(&mut self, message: Message) {
        // Without a writer the runtime is gone, and the writing half sees it.
        drop(self.line.inbox.send(message).await);
    }
}

/// The writing half: says what it is told, and reads from the store what it was not.
pub(crate) struct Writer {
    pub(crate) line: Line,
    pub(crate) sink: Box<dyn FrameSink>,
    pub(crate) told: mpsc::Receiver<Told>,
    pub(crate) queued: Arc<AtomicUsize>,
    pub(crate) encoder: Option<Box<dyn OutputEncoder>>,
    pub(crate) session: Option<SessionId>,
    /// The last event sent. INVARIANT: events go out in order, each once, whatever their source.
    pub(crate) cursor: u64,
    pub(crate) behind: bool,
}

/// What one turn of the writing half has collected.
#[derive(Default)]
struct Turn {
    frames: Vec<Frame>,
    permits: Vec<Permit>,
    weight: usize,
    end: Option<CloseReason>,
}

impl Writer {
    /// Writes until it is told to end, or cannot.
    pub(crate) async fn run(mut self) {
        let reason = match self.write().await {
            Ok(reason) => reason,
            Err(WriteError::Transport(error)) => {
                tracing::debug!(connection = %self.line.id, "{error}");
                CloseReason::Internal
            }
            Err(WriteError::Replay(error)) => {
                tracing::error!(connection = %self.line.id, "cannot read events back: {error}");
                CloseReason::Internal
            }
        };
        self.sink.close(reason).await;
    }

    async fn write(&mut self) -> Result<CloseReason, WriteError> {
        let mut items = Vec::with_capacity(TURN);
        loop {
            if self.behind {
                // Whatever is queued goes first, then the next page of the store.
                while items.len() < TURN
                    && let Ok(item) = self.told.try_recv()
                {
                    items.push(item);
                }
            } else if self.told.recv_many(&mut items, TURN).await == 0 {
                return Ok(CloseReason::Done);
            }
            let mut turn = Turn::default();
            for item in items.drain(..) {
                self.take(item, &mut turn);
            }
            let end = turn.end;
            self.send(turn).await?;
            if let Some(reason) = end {
                return Ok(reason);
            }
            if self.behind {
                self.catch_up().await?;
            }
        }
    }

    fn take(&mut self, item: Told, turn: &mut Turn) {
        match item {
            Told::Speak(encoder) => self.encoder = Some(encoder),
            Told::Say(output, permit) => {
                self.observe(&output);
                self.encode(&output, turn);
                turn.permits.extend(permit);
            }
            Told::Event { delivery, weight } => {
                turn.weight += weight;
                self.take_event(delivery, turn);
            }
            Told::Behind => self.behind = true,
            Told::Close(reason) => turn.end = turn.end.or(Some(reason)),
        }
    }

    fn take_event(&mut self, delivery: Delivery, turn: &mut Turn) {
        if self.behind || delivery.seq > self.cursor + 1 {
            // It will come again from the store, in its place.
            self.behind = true;
        } else if delivery.seq == self.cursor + 1 {
            self.cursor = delivery.seq;
            self.encode(&Output::Event(delivery), turn);
        }
    }

    /// A session that is accepted on this connection starts its numbers.
    fn observe(&mut self, output: &Output) {
        if let Output::Reply { reply: Reply::Accepted(accepted), .. } = output
            && self.session.as_ref() != Some(&accepted.session)
        {
            self.session = Some(accepted.session.clone());
            (self.cursor, self.behind) = (0, false);
        }
    }

    fn encode(&mut self, output: &Output, turn: &mut Turn) {
        let Some(encoder) = &mut self.encoder else {
            tracing::error!(connection = %self.line.id, "said before the first frame");
            return;
        };
        encoder.encode(output, &mut turn.frames);
    }

    async fn send(&mut self, mut turn: Turn) -> Result<(), WriteError> {
        if !turn.frames.is_empty() {
            self.sink.send(&mut turn.frames).await?;
        }
        // The permits go back here, when all is sent.
        self.queued.fetch_sub(turn.weight, Ordering::AcqRel);
        Ok(())
    }

    /// Sends the next page from the store; at the end of the log, asks to go live.
    async fn catch_up(&mut self) -> Result<(), WriteError> {
        let Some(session) = self.session.clone() else {
            self.behind = false;
            return Ok(());
        };
        let limit = self.line.limits.queued_bytes;
        let page = match replay::read(&*self.line.store, &session, self.cursor, limit).await {
            Err(replay::ReplayError::Store(error)) if error.is_retryable() => {
                tracing::warn!(connection = %self.line.id, "cannot catch up yet: {error}");
                tokio::time::sleep(RETRY).await;
                return Ok(());
            }
            other => other?,
        };
        let mut turn = Turn::default();
        for delivery in page.deliveries {
            self.cursor = delivery.seq;
            self.encode(&Output::Event(delivery), &mut turn);
        }
        self.send(turn).await?;
        if self.cursor >= page.last {
            self.behind = false;
            let caught_up =
                Message::CaughtUp { connection: self.line.id, session, seq: self.cursor };
            // Without a writer the runtime is gone, and the queue ends next.
            drop(self.line.inbox.send(caught_up).await);
        }
        Ok(())
    }
}

/// Why nothing more can be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Replay(#[from] replay::ReplayError),
}

/// Items taken in one turn, and so at most sent with one flush.
const TURN: usize = 256;
const RETRY: Duration = Duration::from_millis(200);
