//! Peers that have fallen silent: asked by a ping, then given up.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arcp_transport::{TransportError, TransportErrorKind};
use tokio::time::{Instant, Sleep, sleep};

use crate::socket::Socket;

/// Follows how long the peer has been silent. Its timer is moved only when it fires, so a frame costs
/// no more than a look at the clock, in the socket.
pub(crate) struct Idle {
    interval: Duration,
    timer: Pin<Box<Sleep>>,
    /// Since when the peer is asked.
    asked_at: Option<Instant>,
}

impl Idle {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, timer: Box::pin(sleep(interval)), asked_at: None }
    }

    /// Asks the peer when it is time, unless it is being sent something. Ready when it has not answered.
    pub(crate) fn poll(&mut self, socket: &Socket, cx: &mut Context<'_>) -> Poll<TransportError> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if socket.is_sending() {
                // Whoever is slow to read can not answer either. One that is gone does not take what is
                // sent, which the system notices.
                self.asked_at = None;
                self.timer.as_mut().reset(Instant::now() + self.interval);
                continue;
            }
            let heard_at = socket.heard_at();
            let since = match self.asked_at.filter(|asked| heard_at <= *asked) {
                Some(asked) => asked,
                None => heard_at,
            };
            let due = since + self.interval;
            if Instant::now() < due {
                self.timer.as_mut().reset(due);
            } else if self.asked_at == Some(since) {
                let silent = format!("nothing has come for {:?}", self.interval * 2);
                return Poll::Ready(TransportError::new(TransportErrorKind::Broken, silent));
            } else {
                let now = Instant::now();
                self.asked_at = Some(now);
                socket.ask(cx);
                self.timer.as_mut().reset(now + self.interval);
            }
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").field("interval", &self.interval).finish_non_exhaustive()
    }
}
