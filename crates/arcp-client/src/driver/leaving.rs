//! How the driver ends: by a close, for want of handles, or with its connection.

use std::ops::ControlFlow;

use arcp_core::{Command, OnClose};
use tokio::time::Instant;
use tracing::debug;

use super::Driver;
use super::line::Line;
use super::outbox::Written;
use crate::ClientError;
use crate::end::End;

/// The end is decided; what the peer still says is taken in until then.
#[derive(Debug)]
pub(super) struct Leaving {
    end: End,
    pub(super) until: Instant,
}

impl Driver {
    /// What was called for before the close goes out before it.
    pub(super) fn on_closing(&mut self, reason: String) {
        self.take_calls();
        let command = Command::Close { reason: Some(reason), jobs: OnClose::Cancel };
        let issued = self.line.mint.issue(command, None);
        if let Err(error) = self.send(&issued) {
            debug!(%error, "the peer is not told of the close");
        }
        self.leave(End::Closed);
    }

    pub(super) fn on_abandoned(&mut self) -> ControlFlow<End> {
        self.take_calls();
        self.over(End::Closed)
    }

    /// What the peer said before it stopped taking things in may say why; who goes on over
    /// another connection is told it there.
    pub(super) fn on_writer_stopped(&mut self, written: Written) -> ControlFlow<End> {
        self.line.outbox.clear();
        let end = match written {
            Ok(()) => End::lost("the writer stopped"),
            Err(error) => ClientError::from(error).into(),
        };
        if self.comeback.is_some() {
            return self.over(end);
        }
        if self.leaving.is_none() {
            self.leave(end);
        }
        ControlFlow::Continue(())
    }

    fn take_calls(&mut self) {
        self.calls.close();
        while let Ok(call) = self.calls.try_recv() {
            self.on_call(call);
        }
    }

    fn leave(&mut self, end: End) {
        let until = Instant::now() + self.close_time;
        self.leaving = Some(Leaving { end, until });
    }

    /// The end: the one already decided, or else `end`.
    pub(super) fn over(&mut self, end: End) -> ControlFlow<End> {
        ControlFlow::Break(self.leaving.take().map_or(end, |leaving| leaving.end))
    }

    /// Tells every caller and handle, then ends the connection.
    pub(super) async fn finish(self, end: End) {
        debug!(?end, "the connection is over");
        let Self { line, pending, routes, calls, closing, end: ends, status, .. } = self;
        let reason = end.close_reason();
        ends.send_replace(Some(end));
        drop((calls, closing, pending, routes, status));
        let Line { outbox, writer, .. } = line;
        writer.finish(outbox, reason, self.close_time).await;
        // Dropped last: who waits for the sender to be gone waits for all of the above.
        drop(ends);
    }
}
