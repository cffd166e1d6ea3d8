//! Connections to a runtime that listens on a WebSocket.

use arcp_client::Connector;
use arcp_transport::{Transport, TransportError, async_trait};
use arcp_transport_ws::{WsOptions, WsTransport};

/// Makes WebSocket connections to one address, for
/// [`Client::connect`](arcp_client::Client::connect).
#[derive(Debug, Clone)]
pub struct WsConnector {
    url: String,
    options: WsOptions,
}

impl WsConnector {
    /// Connections to `url`, `ws://HOST:PORT/PATH`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), options: WsOptions::default() }
    }

    /// With other options than the defaults.
    #[must_use]
    pub fn options(mut self, options: WsOptions) -> Self {
        self.options = options;
        self
    }
}

#[async_trait]
impl Connector for WsConnector {
    async fn connect(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        Ok(Box::new(WsTransport::connect(&self.url, self.options.clone()).await?))
    }
}
