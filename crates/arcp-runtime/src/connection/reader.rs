//! The reading half of a connection: frames in, commands on.

use std::sync::Arc;

use arcp_agent::port::Room;
use arcp_core::{Command, Frame, Issued};
use arcp_transport::{CloseReason, FrameSource, TransportError, TransportErrorKind};
use arcp_wire::{CommandDecoder, Decoded};
use tokio::sync::{Semaphore, mpsc};

use super::Line;
use crate::engine::Intent;
use crate::outlet::Told;
use crate::writer::Message;

/// The reading half: takes frames, decodes them, hands them on.
pub(crate) struct Reader {
    pub(crate) line: Line,
    pub(crate) source: Box<dyn FrameSource>,
    pub(crate) decoder: Option<Box<dyn CommandDecoder>>,
    /// Tells the writing half how to speak; used once. Weak: the queue closes with the writer's end.
    pub(crate) speak: Option<mpsc::WeakSender<Told>>,
    pub(crate) in_flight: Arc<Semaphore>,
    /// Shared by all connections: room for commands that wait for the writer.
    pub(crate) room: Room,
    /// Shared by all connections: how many large commands are looked through at once.
    pub(crate) digests: Arc<Semaphore>,
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
            // Not every transport has a limit of its own.
            if frame.bytes.len() > self.line.limits.frame_bytes {
                return CloseReason::TooLarge;
            }
            let Some(decoded) = self.decode(&frame).await else {
                bad_in_a_row += 1;
                if bad_in_a_row >= self.line.limits.bad_frames {
                    return CloseReason::Policy;
                }
                continue;
            };
            match decoded {
                Decoded::Ignored => {}
                Decoded::Message(issued) => {
                    bad_in_a_row = 0;
                    if matches!(issued.command, Command::Pong { .. }) {
                        self.line.pongs.send_replace(());
                    }
                    let connection = self.line.id;
                    let room = match &issued.command {
                        Command::PutArtifact(_) => self.line.keeper.room(),
                        _ => &self.room,
                    };
                    let room = room.take(frame.bytes.len()).await;
                    let size = frame.bytes.len();
                    let (issued, intent) = find_intent(issued, size, &self.digests).await;
                    self.post(Message::Command { connection, issued, intent, permit, room }).await;
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

    /// Decodes a frame; the first one that is of some dialect decides it, and `None` is one before
    /// that, to which there is no answer that its sender would understand.
    async fn decode(&mut self, frame: &Frame) -> Option<Decoded<Issued>> {
        if self.decoder.is_none() {
            let Some(dialect) = arcp_wire::detect(frame, self.line.compatibility) else {
                tracing::debug!(connection = %self.line.id, "a frame of no dialect");
                return None;
            };
            let (decoder, encoder) = dialect.runtime_codec();
            tracing::debug!(connection = %self.line.id, dialect = dialect.name(), "detected");
            if let Some(speak) = self.speak.take().and_then(|speak| speak.upgrade()) {
                // A writing half that is gone has ended the connection.
                drop(speak.send(Told::Speak(encoder)).await);
            }
            self.decoder = Some(decoder);
        }
        self.decoder.as_mut().map(|decoder| decoder.decode(frame))
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

/// What a submit under a key wants, of `size` bytes: much takes long and room, and is looked through
/// where it holds nobody up, a few at a time.
async fn find_intent(issued: Issued, size: usize, digests: &Semaphore) -> (Issued, Option<Intent>) {
    let Command::Submit(submit) = &issued.command else { return (issued, None) };
    if submit.key.is_none() {
        return (issued, None);
    }
    if size <= SMALL {
        let intent = Intent::of(submit);
        return (issued, Some(intent));
    }
    let _turn = digests.acquire().await;
    let submit = submit.clone();
    let found = tokio::task::spawn_blocking(move || Intent::of(&submit)).await;
    (issued, found.ok())
}

/// What is looked through on the spot.
const SMALL: usize = 16 << 10;
