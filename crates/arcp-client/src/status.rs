//! Whether there is a connection just now, for those who want to show it.

use std::sync::Arc;

use tokio::sync::watch;

/// How a client stands with its runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// There is a connection.
    Connected {
        /// How often the session has gone on over another one.
        resumed: u64,
    },
    /// The connection is lost, and the client tries to get another one.
    Reconnecting {
        /// Why, for a person.
        reason: Arc<str>,
        /// How often the session has gone on before.
        resumed: u64,
    },
}

/// Tells how a client's [`Status`] changes; keeps neither the client nor its connection.
#[derive(Debug, Clone)]
pub struct StatusWatch(watch::Receiver<Status>);

impl StatusWatch {
    /// Of what changes from now on.
    pub(crate) fn new(mut status: watch::Receiver<Status>) -> Self {
        status.mark_unchanged();
        Self(status)
    }

    /// How the client stands now, or stood when its session ended.
    pub fn current(&self) -> Status {
        self.0.borrow().clone()
    }

    /// The status after the next change, only the latest where there were several; `None` when
    /// the session is over. Cancel-safe.
    pub async fn next(&mut self) -> Option<Status> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}
