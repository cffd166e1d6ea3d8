//! The transport, its source and its sink.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arcp_transport::{
    CloseReason, Frame, FrameSink, FrameSource, Peer, Transport, TransportError,
    TransportErrorKind, async_trait,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::idle::Idle;
use crate::options::WsOptions;
use crate::socket::Socket;

/// An open WebSocket.
///
/// The peer's close frame, whatever its code, is an orderly end and is answered. A connection
/// that ends without one is `Broken`, although some ARCP peers (the published Rust crates, 2.0.0)
/// always leave so. After our own `close` our source ends too, and what the peer still sends is
/// dropped. Pings are answered while either half waits; a sink alone gets past one frame at most.
pub struct WsTransport {
    peer: Peer,
    socket: Socket,
    ping_interval: Option<Duration>,
}

impl WsTransport {
    pub(crate) fn new(
        ws: WebSocketStream<TcpStream>,
        address: std::net::SocketAddr,
        options: &WsOptions,
    ) -> Self {
        let peer =
            Peer { transport: "ws", address: Some(address.ip()), label: address.to_string() };
        let socket = Socket::new(ws, options);
        Self { peer, socket, ping_interval: options.ping_interval }
    }
}

impl Transport for WsTransport {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>) {
        let socket = Arc::new(self.socket);
        let idle = self.ping_interval.map(Idle::new);
        let source = WsSource { socket: Arc::clone(&socket), idle };
        let sink = WsSink { socket, state: Use::Open };
        (Box::new(source), Box::new(sink))
    }
}

impl fmt::Debug for WsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsTransport").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The half that reads.
#[derive(Debug)]
struct WsSource {
    socket: Arc<Socket>,
    idle: Option<Idle>,
}

#[async_trait]
impl FrameSource for WsSource {
    async fn recv(&mut self) -> Result<Option<Frame>, TransportError> {
        let _waiting = Waiting(&self.socket, Socket::leave_recv);
        let (socket, idle) = (&self.socket, &mut self.idle);
        let next = poll_fn(|cx| match (socket.poll_recv(cx), &mut *idle) {
            (Poll::Pending, Some(idle)) => idle.poll(socket, cx).map(Err),
            (next, _) => next,
        })
        .await;
        if matches!(next, Ok(None)) {
            // A peer that does not read can not have its answer.
            let answer = poll_fn(|cx| self.socket.poll_answer(cx));
            timeout(CLOSE_LIMIT, answer).await.ok();
        }
        next
    }

    fn close_code(&self) -> Option<u16> {
        self.socket.close_code()
    }
}

/// The half that writes.
#[derive(Debug)]
struct WsSink {
    socket: Arc<Socket>,
    state: Use,
}

/// What a sink is still good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Open,
    /// A `send` failed or was dropped.
    OnlyClose,
    Closed,
}

impl WsSink {
    async fn write(&self, batch: &mut Vec<Frame>) -> Result<(), TransportError> {
        let _waiting = Waiting(&self.socket, Socket::leave_send);
        let mut frames = batch.drain(..);
        while frames.len() > 0 {
            poll_fn(|cx| self.socket.poll_feed(&mut frames, cx)).await?;
        }
        poll_fn(|cx| self.socket.poll_sent(cx)).await
    }

    async fn say_goodbye(&self, reason: CloseReason) {
        let mut goodbye = Some(close_frame(reason));
        let said = poll_fn(|cx| self.socket.poll_goodbye(&mut goodbye, cx)).await;
        if said.is_ok() {
            poll_fn(|cx| self.socket.poll_farewell(cx)).await;
            poll_fn(|cx| self.socket.poll_hang_up(cx)).await;
        }
    }
}

#[async_trait]
impl FrameSink for WsSink {
    async fn send(&mut self, batch: &mut Vec<Frame>) -> Result<(), TransportError> {
        if self.state != Use::Open {
            batch.clear();
            return Err(TransportErrorKind::Broken.into());
        }
        // INVARIANT: open again only when all is written; a dropped call leaves it so.
        self.state = Use::OnlyClose;
        self.write(batch).await?;
        self.state = Use::Open;
        Ok(())
    }

    async fn close(&mut self, reason: CloseReason) {
        if self.state == Use::Closed {
            return;
        }
        self.state = Use::Closed;
        self.socket.begin_close();
        // A peer that neither reads nor answers is left without a goodbye.
        timeout(CLOSE_LIMIT, self.say_goodbye(reason)).await.ok();
        self.socket.shutdown();
    }
}

/// Tells the socket that a half waits no more, also when the call is dropped.
struct Waiting<'a>(&'a Socket, fn(&Socket));

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}

fn close_frame(reason: CloseReason) -> CloseFrame {
    let (code, text) = match reason {
        CloseReason::Done => (CloseCode::Normal, ""),
        CloseReason::GoingAway => (CloseCode::Away, "going away"),
        CloseReason::Policy => (CloseCode::Policy, "policy"),
        CloseReason::TooLarge => (CloseCode::Size, "frame too large"),
        CloseReason::Internal => (CloseCode::Error, "internal error"),
    };
    CloseFrame { code, reason: text.into() }
}

/// How long a closing handshake may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
