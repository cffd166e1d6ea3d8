//! The handle to a job that is watched: its events, whoever submitted it.

use arcp_core::{Delivery, JobId, JobWatched};
use tokio::sync::mpsc;

use crate::events::Events;
use crate::{Client, ClientError};

/// A job that is watched, and its events: of the past if that was wanted, then as they happen (§7.6).
///
/// What is said of queues at [`JobHandle`](crate::JobHandle) holds here too. Dropping it does not tell
/// the runtime; [`stop`](Self::stop) does.
#[derive(Debug)]
pub struct JobWatch {
    watched: Box<JobWatched>,
    events: Events,
}

impl JobWatch {
    pub(crate) fn new(
        client: Client,
        watched: Box<JobWatched>,
        queue: mpsc::Receiver<Delivery>,
    ) -> Self {
        let mut events = Events::new(client, queue);
        if watched.summary.state.is_terminal() && !watched.replayed {
            events.finish();
        }
        Self { watched, events }
    }

    /// The job.
    pub fn id(&self) -> &JobId {
        &self.watched.summary.job
    }

    /// The job as it stood when the runtime began to tell of it.
    pub fn watched(&self) -> &JobWatched {
        &self.watched
    }

    /// The next event; `None` after the terminal one, also when that is past and was not asked for. As
    /// [`JobHandle::next`](crate::JobHandle::next), and cancel-safe like it.
    pub async fn next(&mut self) -> Result<Option<Delivery>, ClientError> {
        self.events.next().await
    }

    /// Watches it no more. Nothing is answered; `Ok` means that the runtime will be told if the
    /// connection holds.
    pub async fn stop(self) -> Result<(), ClientError> {
        self.events.client.unwatch(self.watched.summary.job.clone()).await
    }
}
