//! The socket that both halves share, and who may poll it.
//!
//! The two halves belong to two tasks, and each must go on while the other one waits: a frame
//! must come in while `send` waits for a peer that does not read, and a ping must be answered
//! while only `send` is called. So the lock is held for one poll and never across a wait, and at
//! any time one half at most reads: the source while it waits in `recv`, else a sink in `send`,
//! which keeps the one frame it may find for the source; and from `close` on only the sink.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use arcp_transport::{Frame, FrameKind, TransportError, TransportErrorKind};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use crate::error::while_open;
use crate::options::{CLIENT_READ_BYTES, DISCARD_BYTES, WRITE_BYTES, WsOptions};

/// A WebSocket that two tasks use.
pub(crate) struct Socket {
    state: Mutex<State>,
    max_frame_bytes: usize,
}

/// What the lock guards.
struct State {
    ws: WebSocketStream<TcpStream>,
    incoming: Incoming,
    /// A frame that a sink came upon while it looked for pings.
    found: Option<Frame>,
    /// Set while the source waits in `recv`.
    source: Option<Waker>,
    /// Set while the sink waits in `send`.
    sink: Option<Waker>,
    /// Set by our own `close`: the source has ended and the sink reads.
    closing: bool,
    /// When something came from the peer last, be it a pong, if `listens`; else when it began.
    heard_at: Instant,
    /// Whether anybody asks for that: the clock is read for each message then.
    listens: bool,
}

/// What can still come in.
enum Incoming {
    Open,
    /// The peer has said goodbye, perhaps with a code.
    Closed(Option<u16>),
    /// The details go to the first who asks.
    Failed(TransportErrorKind, Option<TransportError>),
}

impl Socket {
    pub(crate) fn new(ws: WebSocketStream<TcpStream>, options: &WsOptions) -> Self {
        let state = State {
            ws,
            incoming: Incoming::Open,
            found: None,
            source: None,
            sink: None,
            closing: false,
            heard_at: Instant::now(),
            listens: options.ping_interval.is_some(),
        };
        Self { state: Mutex::new(state), max_frame_bytes: options.max_frame_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the source: the next frame, or the end.
    pub(crate) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, TransportError>> {
        let mut state = self.lock();
        if state.closing {
            return Poll::Ready(Ok(None));
        }
        state.source = Some(cx.waker().clone());
        if let Some(frame) = state.found.take() {
            return Poll::Ready(Ok(Some(frame)));
        }
        let frame = ready!(state.poll_read(cx));
        Poll::Ready(match frame {
            Some(frame) => Ok(Some(frame)),
            None => state.end(),
        })
    }

    /// When something came from the peer last. Followed only with a `ping_interval`.
    pub(crate) fn heard_at(&self) -> Instant {
        self.lock().heard_at
    }

    /// Whether the sink waits for the peer to take what was sent.
    pub(crate) fn is_sending(&self) -> bool {
        self.lock().sink.is_some()
    }

    /// For the source while it waits: asks the peer whether it is there. What cannot be written now goes
    /// with what the sink writes next.
    pub(crate) fn ask(&self, cx: &mut Context<'_>) {
        let mut state = self.lock();
        if !state.is_writable() {
            return;
        }
        // A buffer that is full means that the peer does not read: it is silent all the same.
        if state.start_send(Message::Ping(Bytes::new())).is_ok()
            && state.poll_flush(cx).is_pending()
            // INVARIANT: the socket wakes one task when it can be written to again, and that must be a
            // sink that waits.
            && let Some(sink) = state.sink.take()
        {
            sink.wake();
        }
    }

    /// For the source, after the peer's close: sends our answer to it and ends our direction, for
    /// the peer may wait for that.
    pub(crate) fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closing {
            return Poll::Ready(());
        }
        if ready!(state.poll_flush(cx)).is_ok() {
            state.shutdown();
        }
        Poll::Ready(())
    }

    /// For the source: the code that the peer closed with.
    pub(crate) fn close_code(&self) -> Option<u16> {
        match self.lock().incoming {
            Incoming::Closed(code) => code,
            Incoming::Open | Incoming::Failed(..) => None,
        }
    }

    /// For the source: it waits no more.
    pub(crate) fn leave_recv(&self) {
        self.lock().source = None;
    }

    /// For the sink: writes what is left, then takes the next frames, as many as go together.
    pub(crate) fn poll_feed(
        &self,
        frames: &mut std::vec::Drain<'_, Frame>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        let mut state = self.lock();
        ready!(state.poll_sendable(cx))?;
        let mut group = 0_usize;
        while let Some(frame) = frames.as_slice().first() {
            group = group.saturating_add(frame.bytes.len()).saturating_add(HEADER_BYTES);
            if group > WRITE_BYTES && group > frame.bytes.len().saturating_add(HEADER_BYTES) {
                break;
            }
            let Some(frame) = frames.next() else { break };
            state.start_send(message(frame, self.max_frame_bytes)?)?;
        }
        Poll::Ready(Ok(()))
    }

    /// For the sink: writes all that was taken.
    pub(crate) fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.lock().poll_sendable(cx)
    }

    /// For the sink: it waits no more.
    pub(crate) fn leave_send(&self) {
        self.lock().sink = None;
    }

    /// For the sink: from now on the source has ended.
    pub(crate) fn begin_close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.found = None;
        if let Some(source) = state.source.take() {
            source.wake();
        }
    }

    /// For the sink: writes what is left and then a close frame, if the peer did not close first.
    pub(crate) fn poll_goodbye(
        &self,
        goodbye: &mut Option<CloseFrame>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        let mut state = self.lock();
        ready!(state.poll_flush(cx))?;
        if let Some(frame) = goodbye.take()
            && !matches!(state.incoming, Incoming::Closed(_))
        {
            state.start_send(Message::Close(Some(frame)))?;
            ready!(state.poll_flush(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// For the sink, after the close frame: reads on until the peer answers or the connection
    /// ends; what else comes is dropped.
    pub(crate) fn poll_farewell(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        while ready!(state.poll_read(cx)).is_some() {}
        Poll::Ready(())
    }

    /// For the sink: ends our direction of the connection and, unless the peer has closed, drops
    /// what it sends until it ends too. Closing with bytes unread would make the system reset the
    /// connection, and the peer might then never see our close frame.
    pub(crate) fn poll_hang_up(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        state.shutdown();
        if matches!(state.incoming, Incoming::Closed(_)) {
            return Poll::Ready(());
        }
        state.poll_discard(cx)
    }

    /// Ends our direction of the connection at once.
    pub(crate) fn shutdown(&self) {
        self.lock().shutdown();
    }
}

impl State {
    /// The next frame, none at the end of any kind.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        while matches!(self.incoming, Incoming::Open) {
            let next = ready!(Pin::new(&mut self.ws).poll_next(cx));
            if self.listens {
                self.heard_at = Instant::now();
            }
            self.incoming = match next {
                Some(Ok(Message::Text(text))) => {
                    return Poll::Ready(Some(frame(FrameKind::Text, text.into())));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return Poll::Ready(Some(frame(FrameKind::Binary, bytes)));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Open,
                Some(Ok(Message::Close(close))) => {
                    Incoming::Closed(close.map(|close| close.code.into()))
                }
                None => Incoming::Closed(None),
                Some(Err(error)) => {
                    let error = while_open(error);
                    Incoming::Failed(error.kind(), Some(error))
                }
            };
        }
        if let Some(sink) = self.sink.take() {
            sink.wake();
        }
        Poll::Ready(None)
    }

    /// How it ended.
    fn end(&mut self) -> Result<Option<Frame>, TransportError> {
        match &mut self.incoming {
            Incoming::Open | Incoming::Closed(_) => Ok(None),
            Incoming::Failed(kind, error) => Err(error.take().unwrap_or_else(|| (*kind).into())),
        }
    }

    /// All that was taken is written, and more may be.
    fn poll_sendable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // INVARIANT: asked before `poll_flush`: the source's answer to a close may take its waker.
        self.look_for_pings(cx);
        if !self.is_writable() {
            return Poll::Ready(Err(TransportErrorKind::Broken.into()));
        }
        self.sink = Some(cx.waker().clone());
        self.poll_flush(cx)
    }

    /// Reads for the source while it does not wait in `recv`.
    fn look_for_pings(&mut self, cx: &mut Context<'_>) {
        if self.source.is_none()
            && self.found.is_none()
            && let Poll::Ready(found) = self.poll_read(cx)
        {
            self.found = found;
        }
    }

    /// Not after the peer's close, nor after ours. A peer whose frames are bad may still be told.
    fn is_writable(&self) -> bool {
        let gone = match &self.incoming {
            Incoming::Open => false,
            Incoming::Closed(_) => true,
            Incoming::Failed(kind, _) => *kind == TransportErrorKind::Broken,
        };
        !gone && !self.closing
    }

    fn start_send(&mut self, message: Message) -> Result<(), TransportError> {
        Pin::new(&mut self.ws).start_send(message).map_err(while_open)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Pin::new(&mut self.ws).poll_flush(cx).map_err(while_open)
    }

    fn shutdown(&mut self) {
        // On a TCP stream it never waits, and an error means that it has ended already.
        let mut cx = Context::from_waker(Waker::noop());
        let stream = Pin::new(self.ws.get_mut());
        drop(stream.poll_shutdown(&mut cx));
    }

    /// Reads bytes, past any framing, until the connection ends.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; DISCARD_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let stream = Pin::new(self.ws.get_mut());
            if ready!(stream.poll_read(cx, &mut buffer)).is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

/// Only what holds no one's data.
impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("max_frame_bytes", &self.max_frame_bytes)
            .finish_non_exhaustive()
    }
}

/// Small frames are copied, so that one kept for long does not keep the read buffer.
fn frame(kind: FrameKind, bytes: Bytes) -> Frame {
    let bytes =
        if bytes.len() < CLIENT_READ_BYTES { Bytes::copy_from_slice(&bytes) } else { bytes };
    Frame { kind, bytes }
}

fn message(frame: Frame, max_frame_bytes: usize) -> Result<Message, TransportError> {
    if frame.bytes.len() > max_frame_bytes {
        return Err(TransportErrorKind::TooLarge.into());
    }
    match frame.kind {
        FrameKind::Binary => Ok(Message::Binary(frame.bytes)),
        FrameKind::Text => match Utf8Bytes::try_from(frame.bytes) {
            Ok(text) => Ok(Message::Text(text)),
            Err(error) => Err(TransportError::new(TransportErrorKind::Protocol, error)),
        },
    }
}

/// The longest header of a WebSocket frame.
const HEADER_BYTES: usize = 14;
