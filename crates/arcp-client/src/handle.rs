//! The handle to one job: its events, its end.

use arcp_core::{Delivery, JobAccepted, JobId};
use tokio::sync::mpsc;

use crate::events::Events;
use crate::result::Assembly;
use crate::{Client, ClientError, Finished};

/// A job that was submitted, and its events from its acceptance on.
///
/// Up to [`Options::event_queue`](crate::Options::event_queue) events wait here, each as large
/// as a frame at most. While it is full, nothing is read from the connection: other jobs of the
/// same client, answers to its commands and its close wait too. So read all handles that are
/// held at the same time, or drop those that are of no interest; a dropped handle's events are
/// discarded and its job goes on.
#[derive(Debug)]
pub struct JobHandle {
    accepted: Box<JobAccepted>,
    events: Events,
}

impl JobHandle {
    pub(crate) fn new(
        client: Client,
        accepted: Box<JobAccepted>,
        events: mpsc::Receiver<Delivery>,
    ) -> Self {
        Self { accepted, events: Events::new(client, events) }
    }

    /// The job.
    pub fn id(&self) -> &JobId {
        &self.accepted.job
    }

    /// The job as the runtime accepted it.
    pub fn accepted(&self) -> &JobAccepted {
        &self.accepted
    }

    /// The next event, in the order in which they happened; `None` after the terminal one.
    ///
    /// When the session goes on over another connection, so do its events: none is missed, none
    /// comes twice. When it is over, what had come comes out before the error. Cancel-safe: a
    /// dropped call loses nothing.
    pub async fn next(&mut self) -> Result<Option<Delivery>, ClientError> {
        self.events.next().await
    }

    /// Waits for the end and drops all events but the pieces of a streamed result, which it puts
    /// together: at most [`Options::result_bytes`](crate::Options::result_bytes), every piece
    /// once and in order.
    ///
    /// Pieces that [`next`](Self::next) has given out are missing here, as are those of a job
    /// that a repeated key led to; then the result is
    /// [broken](ClientError::BrokenResult).
    pub async fn finish(mut self) -> Result<Finished, ClientError> {
        let mut assembly = Assembly::new(self.events.client.result_bytes());
        while let Some(delivery) = self.next().await? {
            if let Some(outcome) = assembly.take(&delivery.event.event) {
                return Ok(Finished { outcome: outcome?, seq: delivery.seq });
            }
        }
        Err(ClientError::BrokenResult("the job's end has been read before".to_owned()))
    }

    /// Asks for the end of the job; read on until its last event. The answer waits behind the
    /// events that have not been read, see [`JobHandle`].
    pub async fn cancel(&self, reason: Option<&str>) -> Result<(), ClientError> {
        self.events.client.cancel(self.id(), reason, None).await
    }
}
