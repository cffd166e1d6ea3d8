//! A server that somebody else has started.

use std::time::Duration;

use arcp_transport::Transport;
use arcp_transport_ws::{WsOptions, WsTransport};
use async_trait::async_trait;

use super::{Connections, MAX_FRAME_BYTES, Offer, Place, Target, TargetError};

/// A server at a WebSocket URL. It is taken to have the profiles that its user says.
#[derive(Debug)]
pub struct UrlTarget {
    url: String,
    offer: Offer,
}

impl UrlTarget {
    /// The server at `url`, which has these `profiles`.
    pub fn new(url: String, profiles: Vec<String>) -> Self {
        let offer = Offer {
            profiles: Some(profiles),
            connections: Connections::Many,
            restart: false,
            alone: false,
            transport: "ws",
        };
        Self { url, offer }
    }
}

#[async_trait]
impl Target for UrlTarget {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn offer(&self) -> &Offer {
        &self.offer
    }

    async fn connect(&self, _place: &Place) -> Result<Box<dyn Transport>, TargetError> {
        connect(&self.url).await
    }

    async fn restart(&self, _place: &Place, _down: Duration) -> Result<(), TargetError> {
        Err(TargetError::Impossible("a server that somebody else has started is not killed"))
    }

    async fn leave(&self, _place: &Place) {}
}

/// A connection to `url`.
pub(super) async fn connect(url: &str) -> Result<Box<dyn Transport>, TargetError> {
    let mut options = WsOptions::default();
    options.max_frame_bytes = MAX_FRAME_BYTES;
    Ok(Box::new(WsTransport::connect(url, options).await?))
}
