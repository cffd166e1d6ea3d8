//! The events of one job, as they come out of the driver.

use arcp_core::Delivery;
use tokio::sync::mpsc;

use crate::{Client, ClientError};

/// A job's events up to its end.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) client: Client,
    queue: mpsc::Receiver<Delivery>,
    over: bool,
}

impl Events {
    pub(crate) fn new(client: Client, queue: mpsc::Receiver<Delivery>) -> Self {
        Self { client, queue, over: false }
    }

    /// Of a job of which nothing more comes.
    pub(crate) fn finish(&mut self) {
        self.over = true;
    }

    /// The next event; `None` after the terminal one. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Option<Delivery>, ClientError> {
        if self.over {
            return Ok(None);
        }
        match self.queue.recv().await {
            Some(delivery) => {
                self.over = delivery.event.event.is_terminal();
                Ok(Some(delivery))
            }
            None => Err(self.client.lost().await),
        }
    }
}
