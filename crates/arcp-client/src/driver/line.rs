//! The connection of the moment: what reads, writes and sends on it.

use arcp_wire::CommandEncoder;

use super::outbox::{self, Outbox, Writer};
use crate::handshake::Link;
use crate::inbox::Inbox;
use crate::mint::Mint;

/// One connection with its session on it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) inbox: Inbox,
    pub(super) encoder: Box<dyn CommandEncoder>,
    pub(super) mint: Mint,
    pub(super) outbox: Outbox,
    pub(super) writer: Writer,
}

impl Line {
    pub(super) fn new(link: Link) -> Self {
        let (outbox, writer) = outbox::start(link.sink);
        Self { inbox: link.inbox, encoder: link.encoder, mint: link.mint, outbox, writer }
    }

    /// Ends the connection without a word; what is unsent is forgotten.
    pub(super) fn hang_up(&mut self) {
        self.inbox.hang_up();
        self.outbox.clear();
        self.writer.stop();
    }

    /// Goes on over another connection, knowing what this one has told of jobs. The two halves of a
    /// dialect know of each other, and go together.
    pub(super) fn move_to(&mut self, link: Link) {
        let mut next = Self::new(link);
        next.inbox.remember(&mut self.inbox);
        std::mem::swap(&mut next.encoder, &mut self.encoder);
        *self = next;
    }
}
