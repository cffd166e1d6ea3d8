//! Newline framing: one frame a line over any pair of byte streams.
//!
//! UTF-8 is not checked here, and there are no kinds: what comes in is text.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::{
    CloseReason, Frame, FrameSink, FrameSource, Peer, Transport, TransportError, TransportErrorKind,
};

/// A transport that writes each frame as a line and reads each line as a frame.
pub struct LineTransport<R, W> {
    peer: Peer,
    source: LineSource<R>,
    sink: LineSink<W>,
}

impl<R, W> LineTransport<R, W> {
    /// A transport over `reader` and `writer`; no line in or out exceeds `max_frame_bytes`, its
    /// ending not counted.
    pub fn new(reader: R, writer: W, peer: Peer, max_frame_bytes: usize) -> Self {
        Self {
            peer,
            source: LineSource::new(reader, max_frame_bytes),
            sink: LineSink::new(writer, max_frame_bytes),
        }
    }

    /// Who is at the other end, and the two halves with their types.
    pub fn into_parts(self) -> (Peer, LineSource<R>, LineSink<W>) {
        (self.peer, self.source, self.sink)
    }
}

impl<R, W> Transport for LineTransport<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>) {
        (Box::new(self.source), Box::new(self.sink))
    }
}

impl<R, W> fmt::Debug for LineTransport<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineTransport").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// Reads lines.
///
/// Lines end with `\n`, a `\r` before it is taken off, blank lines are skipped and a last line
/// counts without its ending. The end of the stream is an orderly close: bytes alone can not tell
/// it from a peer that died. The buffer holds one line of the greatest length and no more.
pub struct LineSource<R> {
    reader: R,
    max_frame_bytes: usize,
    buffer: BytesMut,
    /// How much of `buffer` is known to hold no line ending.
    scanned: usize,
    state: State,
}

/// Whether more can be read.
#[derive(Debug, Clone, Copy)]
enum State {
    Open,
    Ended,
    Failed(TransportErrorKind),
}

impl<R> LineSource<R> {
    /// A source of the lines of `reader`, none longer than `max_frame_bytes`.
    pub fn new(reader: R, max_frame_bytes: usize) -> Self {
        Self { reader, max_frame_bytes, buffer: BytesMut::new(), scanned: 0, state: State::Open }
    }

    /// The next whole line of the buffer that is not blank.
    fn next_line(&mut self) -> Result<Option<Bytes>, TransportError> {
        while let Some(length) = self.find_ending() {
            let line = self.buffer.get(..length).unwrap_or_default();
            let frame = self.frame_of(line)?;
            self.buffer.advance(length.saturating_add(1));
            self.scanned = 0;
            if frame.is_some() {
                return Ok(frame);
            }
        }
        self.scanned = self.buffer.len();
        Ok(None)
    }

    fn find_ending(&self) -> Option<usize> {
        let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
        let offset = unseen.iter().position(|byte| *byte == b'\n')?;
        Some(self.scanned.saturating_add(offset))
    }

    /// A line's frame, none if it is blank. Copied, so that a small frame kept for long does not
    /// keep the buffer.
    fn frame_of(&self, line: &[u8]) -> Result<Option<Bytes>, TransportError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.max_frame_bytes {
            return Err(TransportErrorKind::TooLarge.into());
        }
        Ok((!is_blank(line)).then(|| Bytes::copy_from_slice(line)))
    }

    /// What is left at the end of the stream.
    fn last_line(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.state = State::Ended;
        let rest = std::mem::take(&mut self.buffer);
        self.frame_of(&rest)
    }

    /// How many bytes the longest line could still need, its ending included.
    fn room(&self) -> usize {
        self.max_frame_bytes.saturating_add(b"\r\n".len()).saturating_sub(self.buffer.len())
    }
}

impl<R: AsyncRead + Send + Unpin> LineSource<R> {
    async fn next_frame(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            if let Some(line) = self.next_line()? {
                return Ok(Some(line));
            }
            let room = self.room();
            if room == 0 {
                return Err(TransportErrorKind::TooLarge.into());
            }
            if self.fill(room.min(READ_BYTES)).await? == 0 {
                return self.last_line();
            }
        }
    }

    /// Reads up to `most` bytes into the buffer. Cancel-safe, as `read_buf` is.
    async fn fill(&mut self, most: usize) -> Result<usize, TransportError> {
        if self.buffer.is_empty() && self.buffer.capacity() > KEEP_BYTES {
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(most);
        let mut window = (&mut self.buffer).limit(most);
        self.reader
            .read_buf(&mut window)
            .await
            .map_err(|error| TransportError::new(TransportErrorKind::Broken, error))
    }
}

#[async_trait]
impl<R: AsyncRead + Send + Unpin> FrameSource for LineSource<R> {
    async fn recv(&mut self) -> Result<Option<Frame>, TransportError> {
        match self.state {
            State::Open => {}
            State::Ended => return Ok(None),
            State::Failed(kind) => return Err(kind.into()),
        }
        let next = self.next_frame().await;
        if let Err(error) = &next {
            self.state = State::Failed(error.kind());
            self.buffer = BytesMut::new();
        }
        Ok(next?.map(Frame::text))
    }
}

/// Without what is buffered: it may hold a secret.
impl<R> fmt::Debug for LineSource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSource")
            .field("buffered", &self.buffer.len())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Writes lines.
///
/// A frame that a line can not carry, because it holds a `\n`, ends with a `\r` or is blank, is
/// refused as `Protocol`, one over the limit as `TooLarge`; nothing of its batch is then written.
/// JSON text is never refused for its form.
pub struct LineSink<W> {
    /// Gone after `close`.
    writer: Option<W>,
    max_frame_bytes: usize,
    buffer: Vec<u8>,
    /// Set while a line may be half written.
    broken: bool,
}

impl<W> LineSink<W> {
    /// A sink of lines into `writer`, none longer than `max_frame_bytes`.
    pub fn new(writer: W, max_frame_bytes: usize) -> Self {
        Self { writer: Some(writer), max_frame_bytes, buffer: Vec::new(), broken: false }
    }

    fn check(&self, frame: &Frame) -> Result<(), TransportError> {
        if frame.bytes.len() > self.max_frame_bytes {
            return Err(TransportErrorKind::TooLarge.into());
        }
        if is_blank(&frame.bytes) || frame.bytes.ends_with(b"\r") || frame.bytes.contains(&b'\n') {
            let why = "a line can not carry this frame";
            return Err(TransportError::new(TransportErrorKind::Protocol, why));
        }
        Ok(())
    }
}

impl<W: AsyncWrite + Send + Unpin> LineSink<W> {
    async fn write(&mut self, frames: &[Frame]) -> std::io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Err(std::io::ErrorKind::NotConnected.into());
        };
        for frame in frames {
            if self.buffer.len().saturating_add(frame.bytes.len()) > WRITE_BYTES {
                writer.write_all(&self.buffer).await?;
                self.buffer.clear();
            }
            if frame.bytes.len() > WRITE_BYTES {
                writer.write_all(&frame.bytes).await?;
            } else {
                self.buffer.extend_from_slice(&frame.bytes);
            }
            self.buffer.push(b'\n');
        }
        writer.write_all(&self.buffer).await?;
        self.buffer.clear();
        writer.flush().await
    }
}

#[async_trait]
impl<W: AsyncWrite + Send + Unpin> FrameSink for LineSink<W> {
    async fn send(&mut self, batch: &mut Vec<Frame>) -> Result<(), TransportError> {
        let frames = std::mem::take(batch);
        if self.broken || self.writer.is_none() {
            return Err(TransportErrorKind::Broken.into());
        }
        // INVARIANT: cleared only when whole lines were written; a dropped call leaves it set.
        self.broken = true;
        frames.iter().try_for_each(|frame| self.check(frame))?;
        self.write(&frames)
            .await
            .map_err(|error| TransportError::new(TransportErrorKind::Broken, error))?;
        self.broken = false;
        Ok(())
    }

    async fn close(&mut self, _reason: CloseReason) {
        if let Some(mut writer) = self.writer.take() {
            // The peer may have gone or may not read: it is over in either case.
            timeout(CLOSE_LIMIT, writer.shutdown()).await.ok();
        }
    }
}

/// Without what is buffered: it may hold a secret.
impl<W> fmt::Debug for LineSink<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSink")
            .field("open", &self.writer.is_some())
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// How much is asked of the stream at a time.
const READ_BYTES: usize = 8 << 10;

/// The greatest buffer that an idle source keeps.
const KEEP_BYTES: usize = 64 << 10;

/// A batch up to this size is one write.
const WRITE_BYTES: usize = 64 << 10;

/// How long `close` waits for the stream to take what it still holds.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
