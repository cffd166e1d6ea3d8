//! How the driver ends: by a close, for want of handles, or with its connection.

use std::ops::ControlFlow;

use arcp_core::{Command, OnClose};
use tokio::time::Instant;
use tracing::debug;

use super::Driver;
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
        if let Err(error) = self.send(command, None) {
            debug!(%error, "the peer is not told of the close");
        }
        self.leave(End::Closed);
    }

    pub(super) fn on_abandoned(&mut self) -> ControlFlow<End> {
        self.take_calls();
        self.over(End::Closed)
    }

    /// What the peer said before it stopped taking things in may say why.
    pub(super) fn on_writer_stopped(&mut self, written: Written) {
        self.outbox.clear();
        if self.leaving.is_none() {
            self.leave(match written {
                Ok(()) => End::lost("the writer stopped"),
                Err(error) => ClientError::from(error).into(),
            });
        }
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
        let Self { outbox, writer, pending, routes, calls, closing, end: ends, .. } = self;
        let reason = end.close_reason();
        ends.send_replace(Some(end));
        drop((calls, closing, pending, routes));
        writer.finish(outbox, reason, self.close_time).await;
        // Dropped last: who waits for the sender to be gone waits for all of the above.
        drop(ends);
    }
}
