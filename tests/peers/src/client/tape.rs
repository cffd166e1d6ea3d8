//! A copy of everything that a socket receives: the published transport does not show a frame that
//! it can not decode.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use arcp::envelope::{Envelope, RawEnvelope};
use arcp::messages::MessageType;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// What came, byte by byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    /// The text frames that came.
    pub(crate) fn frames(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let handshake = bytes.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE);
        let rest = handshake.and_then(|at| bytes.get(at + BLANK_LINE.len()..)).unwrap_or_default();
        let mut socket = WebSocket::from_raw_socket(Played(rest), Role::Client, None);
        let mut frames = Vec::new();
        // It ends with the tape.
        while let Ok(message) = socket.read() {
            if let Message::Text(text) = message {
                frames.push(text.to_string());
            }
        }
        frames
    }

    /// The first frame that the published types can not take, and why.
    pub(crate) fn undecodable(&self) -> Option<String> {
        let mut agreed = Vec::new();
        self.frames().into_iter().find_map(|frame| {
            let error = decode(&frame, &mut agreed).err()?.to_string();
            // What would have been right fills a page.
            let error = error.split(", expected one of").next().unwrap_or_default();
            Some(format!("this frame does not decode ({error}): {frame}"))
        })
    }

    fn keep(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

/// Reads a frame as the published transport does, and an event inside it as the published client
/// does, which drops what it can not read. The types of extensions that were agreed on have no other
/// place in the published types than the raw envelope.
fn decode(frame: &str, agreed: &mut Vec<String>) -> serde_json::Result<()> {
    if agreed.contains(&serde_json::from_str::<RawEnvelope>(frame)?.type_name) {
        return Ok(());
    }
    let envelope: Envelope = serde_json::from_str(frame)?;
    match envelope.payload {
        MessageType::SubscribeEvent(payload) => {
            serde_json::from_value::<Envelope>(payload.event)?;
        }
        MessageType::SessionAccepted(accepted) => *agreed = accepted.capabilities.extensions,
        _ => {}
    }
    Ok(())
}

/// A tape that is played to a socket, which may say what it likes.
struct Played<'a>(&'a [u8]);

impl Read for Played<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Played<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket with a tape running.
#[derive(Debug)]
pub(crate) struct Taped<S> {
    inner: S,
    tape: Tape,
}

impl<S> Taped<S> {
    pub(crate) fn new(inner: S, tape: Tape) -> Self {
        Self { inner, tape }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.tape.keep(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

const BLANK_LINE: &[u8] = b"\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// A tape of a handshake and of text frames.
    fn tape(frames: &[&str]) -> Tape {
        let tape = Tape::default();
        tape.keep(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n");
        for frame in frames {
            let length = u8::try_from(frame.len()).unwrap();
            let head = if length < 126 { vec![0x81, length] } else { vec![0x81, 126, 0, length] };
            tape.keep(&[&head, frame.as_bytes()].concat());
        }
        tape
    }

    fn frame(kind: &str, payload: &str) -> String {
        format!(
            r#"{{"arcp":"1.1","id":"msg_1","timestamp":"2026-01-01T00:00:00Z","type":"{kind}","payload":{payload}}}"#
        )
    }

    #[test]
    fn frames_are_read_back_until_the_tape_ends() {
        let whole = tape(&["{}", "[]"]);
        whole.keep(&[0x81, 9, b'x']);
        assert_eq!(whole.frames(), ["{}", "[]"]);
        assert_eq!(Tape::default().frames(), [""; 0]);
    }

    #[test]
    fn what_the_types_do_not_know_is_shown() {
        let pong = frame("pong", "{}");
        assert_eq!(tape(&[&pong]).undecodable(), None);
        let wrong = frame("session.sung", "{}");
        let shown = tape(&[&pong, &wrong]).undecodable().unwrap();
        assert!(shown.contains("session.sung") && shown.contains("does not decode"), "{shown}");
    }

    #[test]
    fn an_observed_event_has_to_decode_too() {
        let inner = frame("pong", "{}");
        let good = frame("subscribe.event", &format!(r#"{{"event":{inner}}}"#));
        let bad = frame("subscribe.event", r#"{"event":{"type":"pong"}}"#);
        let decode = |frame: &str| decode(frame, &mut Vec::new());
        assert!(decode(&good).is_ok() && decode(&bad).is_err());
    }

    #[test]
    fn an_extension_is_good_where_it_was_agreed_on() {
        let note = frame("arcpx.test.note.v1", "{}");
        assert!(tape(&[&note]).undecodable().is_some());
        let runtime = r#""runtime":{"kind":"test","version":"1"}"#;
        let both = r#""capabilities":{"extensions":["arcpx.test.note.v1"]}"#;
        let accepted = |more: &str| {
            frame("session.accepted", &format!(r#"{{"session_id":"sess_1",{runtime},{more}}}"#))
        };
        assert_eq!(tape(&[&accepted(both), &note]).undecodable(), None);
        let neither = accepted(r#""capabilities":{}"#);
        assert!(tape(&[&accepted(both), &neither, &note]).undecodable().is_some());
    }
}
