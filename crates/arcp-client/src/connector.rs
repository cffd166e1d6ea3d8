//! Where connections come from, for a client that makes another one when it has lost one.

use std::fmt;

use arcp_transport::{Transport, TransportError, async_trait};

/// Makes connections to one runtime, again and again.
#[async_trait]
pub trait Connector: Send + fmt::Debug {
    /// A new connection, on which nothing has been said.
    ///
    /// Each call gets [`Options::handshake_time`](crate::Options::handshake_time) at most, and is
    /// dropped when that is up or when nobody wants a connection any more.
    async fn connect(&mut self) -> Result<Box<dyn Transport>, TransportError>;
}
