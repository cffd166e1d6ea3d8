//! What the peer says: frames in, outputs out, bad frames counted.

use arcp_core::{Fault, Frame, Limits, Output};
use arcp_transport::FrameSource;
use arcp_wire::{Decoded, OutputDecoder};
use tracing::warn;

use crate::ClientError;

/// The reading half of a connection.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// `None` when the connection is given up.
    source: Option<Box<dyn FrameSource>>,
    decoder: Box<dyn OutputDecoder>,
    bad_in_a_row: u32,
    bad_frames: u32,
}

impl Inbox {
    pub(crate) fn new(source: Box<dyn FrameSource>, decoder: Box<dyn OutputDecoder>) -> Self {
        let bad_frames = Limits::default().bad_frames;
        Self { source: Some(source), decoder, bad_in_a_row: 0, bad_frames }
    }

    /// Gives the connection up: nothing comes any more.
    pub(crate) fn hang_up(&mut self) {
        self.source = None;
    }

    /// Reads on with what `before` has learnt of the session.
    pub(crate) fn remember(&mut self, before: &mut Self) {
        std::mem::swap(&mut self.decoder, &mut before.decoder);
        self.decoder.moved();
    }

    /// What the peer says next; `None` when it has closed in an orderly way. Frames that say
    /// nothing are passed over, bad ones up to a number in a row. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Option<Output>, ClientError> {
        if let Some(output) = self.decoder.more() {
            return Ok(Some(output));
        }
        while let Some(source) = &mut self.source
            && let Some(frame) = source.recv().await?
        {
            if let Some(output) = self.read(&frame)? {
                return Ok(Some(output));
            }
        }
        Ok(None)
    }

    fn read(&mut self, frame: &Frame) -> Result<Option<Output>, ClientError> {
        match self.decoder.decode(frame) {
            Decoded::Message(output) => {
                self.bad_in_a_row = 0;
                Ok(Some(output))
            }
            Decoded::Ignored => {
                self.bad_in_a_row = 0;
                Ok(None)
            }
            Decoded::Bad { fault, .. } => self.bad(&fault).map(|()| None),
        }
    }

    fn bad(&mut self, fault: &Fault) -> Result<(), ClientError> {
        self.bad_in_a_row += 1;
        warn!(%fault, in_a_row = self.bad_in_a_row, "a bad frame");
        if self.bad_in_a_row < self.bad_frames {
            return Ok(());
        }
        Err(ClientError::protocol(format!(
            "{} bad frames in a row, the last: {}",
            self.bad_in_a_row, fault.message
        )))
    }
}
