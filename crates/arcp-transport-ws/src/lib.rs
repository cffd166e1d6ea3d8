//! ARCP over WebSocket: one frame a message, text or binary.
//!
//! [`WsListener`] takes connections and [`WsTransport::connect`] makes them. There is no TLS here,
//! no subprotocol and no compression.

mod connect;
mod error;
mod halves;
mod idle;
mod listener;
mod options;
mod socket;
#[cfg(test)]
mod tests;

pub use halves::WsTransport;
pub use listener::{WsHandshake, WsListener};
pub use options::{Origins, WsOptions};
