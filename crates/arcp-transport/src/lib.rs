//! The transport seam: how frames come and go.
//!
//! A transport moves whole frames and knows nothing of what is in them. Another one is a crate
//! that implements the three traits and passes the `contract` suite (feature `contract`).

#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod lines;
mod memory;

use std::fmt;
use std::net::IpAddr;

pub use arcp_core::{Frame, FrameKind};
pub use async_trait::async_trait;
pub use error::{TransportError, TransportErrorKind};
pub use lines::{LineSink, LineSource, LineTransport};
pub use memory::{MemoryTransport, memory_pair};

/// A connection to a peer, before it is split into its two halves.
pub trait Transport: Send + fmt::Debug {
    /// Who is at the other end, as far as the transport knows.
    fn peer(&self) -> &Peer;

    /// The two halves; each goes to a task of its own.
    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>);
}

/// The half that frames come from.
///
/// The contract; each number is a clause of the suite:
///
/// 1. Frames come out as they went in, whole, in order, and of the same kind where the transport
///    has kinds. A transport without kinds gives text.
/// 2. `Ok(None)` when the peer has closed in an orderly way, and from then on; every frame sent
///    before comes first.
/// 3. An error when the connection broke, or a frame exceeded the limit (`TooLarge`).
/// 4. `recv` is cancel-safe: a dropped call loses nothing.
#[async_trait]
pub trait FrameSource: Send + fmt::Debug {
    /// The next frame.
    async fn recv(&mut self) -> Result<Option<Frame>, TransportError>;

    /// The code that the peer closed with, once it has; none where the transport has no codes.
    fn close_code(&self) -> Option<u16> {
        None
    }
}

/// The half that frames go to.
///
/// The contract, continued:
///
/// 5. `send` takes every frame out of the batch and has handed all to the system, in order and
///    with one flush, when it returns `Ok`. After an error or a dropped call the connection is
///    good for nothing but `close`.
/// 6. `send` waits while the peer does not read, and buffers no more than a fixed amount.
/// 7. After `close` the peer's source ends; a second `close` does nothing.
#[async_trait]
pub trait FrameSink: Send + fmt::Debug {
    /// Sends the frames of `batch` and leaves it empty.
    async fn send(&mut self, batch: &mut Vec<Frame>) -> Result<(), TransportError>;

    /// Says goodbye and ends the connection, in a bounded time whatever the peer does.
    async fn close(&mut self, reason: CloseReason);
}

/// Who is at the other end of a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The transport: `ws`, `stdio`, `memory`, ...
    pub transport: &'static str,
    /// The peer's address, where there is one.
    pub address: Option<IpAddr>,
    /// For the log.
    pub label: String,
}

/// Why we end a connection; a transport that has codes tells the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// All is said.
    Done,
    /// The runtime stops (WebSocket 1001).
    GoingAway,
    /// The peer broke a rule (WebSocket 1008).
    Policy,
    /// A frame was too large (WebSocket 1009).
    TooLarge,
    /// A fault of ours (WebSocket 1011).
    Internal,
}
