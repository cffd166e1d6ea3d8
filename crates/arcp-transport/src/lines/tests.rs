//! What newline framing makes of bytes that no sink of ours would write.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    CloseReason, Frame, FrameSink, FrameSource, LineSink, LineSource, TransportError,
    TransportErrorKind,
};

const LIMIT: usize = 16;

#[tokio::test]
async fn endings_and_blank_lines() {
    check(b"a\nb\r\n", &["a", "b"]).await;
    check(b"\n\r\n \t \r\na\n\n\nb\n\n", &["a", "b"]).await;
    check(b"a\nb", &["a", "b"]).await;
    check(b"a\r", &["a"]).await;
    check(b"a\r\r\n", &["a\r"]).await;
    check(b"", &[]).await;
    check(b"\n \n", &[]).await;
}

#[tokio::test]
async fn a_line_of_the_greatest_length_passes() {
    check(b"0123456789abcdef\r\n0123456789abcdef", &["0123456789abcdef"; 2]).await;
}

#[tokio::test]
async fn a_line_over_the_limit_fails_for_good() {
    for bytes in [
        &b"ok\n0123456789abcdefg\nok\n"[..],
        b"ok\n0123456789abcdefg",
        b"ok\n0123456789abcdefghijklmnopqrstuvwxyz and no end",
        b"ok\n                                        \nok\n",
    ] {
        let mut source = LineSource::new(bytes, LIMIT);
        assert_eq!(source.recv().await.unwrap(), Some(Frame::text("ok")));
        assert_eq!(kind(source.recv().await), TransportErrorKind::TooLarge);
        assert_eq!(kind(source.recv().await), TransportErrorKind::TooLarge);
    }
}

/// A line without an end: no more than the limit and its ending is taken from the stream.
#[tokio::test]
async fn an_endless_line_is_not_buffered() {
    let (mut writer, reader) = tokio::io::duplex(1 << 20);
    writer.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
    let (reader, _) = tokio::io::split(reader);
    let mut source = LineSource::new(reader, 1_000);
    assert_eq!(kind(source.recv().await), TransportErrorKind::TooLarge);
    assert!(format!("{source:?}").contains("buffered: 0"));
}

#[tokio::test]
async fn bytes_that_are_not_text_pass_unchanged() {
    let mut source = LineSource::new(&b"\xff\xfe\0\x80\n{}\n"[..], LIMIT);
    let frame = source.recv().await.unwrap().unwrap();
    assert_eq!(&frame.bytes[..], b"\xff\xfe\0\x80");
    assert_eq!(source.recv().await.unwrap(), Some(Frame::text("{}")));
}

/// Every byte comes alone and every `recv` that finds no whole line is dropped.
#[tokio::test]
async fn a_dropped_recv_keeps_the_partial_line() {
    let (mut writer, mut reader) = tokio::io::duplex(64);
    let mut source = LineSource::new(&mut reader, LIMIT);
    let mut got = Vec::new();
    for byte in b"first\r\n\nsecond\nthird\n" {
        writer.write_all(&[*byte]).await.unwrap();
        while let Some(frame) = poll_once(source.recv()).await {
            got.push(frame.unwrap().unwrap());
        }
    }
    assert_eq!(got, ["first", "second", "third"].map(Frame::text));
}

#[tokio::test]
async fn frames_that_no_line_can_carry_are_refused_with_their_batch() {
    for bad in ["a\nb", "\n", "a\r", "", " \t"] {
        let (outcome, written) = sent(vec![Frame::text("{}"), Frame::text(bad)]).await;
        assert_eq!(outcome, Some(TransportErrorKind::Protocol), "{bad:?}");
        assert_eq!(written, "", "{bad:?}");
    }
    let (outcome, written) = sent(vec![Frame::text("0123456789abcdefg")]).await;
    assert_eq!(outcome, Some(TransportErrorKind::TooLarge));
    assert_eq!(written, "");
}

#[tokio::test]
async fn a_batch_is_written_as_lines() {
    let batch = vec![Frame::text("{\"a\":1}"), Frame::binary("0123456789abcdef")];
    let (outcome, written) = sent(batch).await;
    assert_eq!(outcome, None);
    assert_eq!(written, "{\"a\":1}\n0123456789abcdef\n");
}

/// After a refusal or a dropped call, only `close` is left.
#[tokio::test]
async fn a_broken_sink_stays_broken() {
    let (writer, mut reader) = tokio::io::duplex(4);
    let mut sink = LineSink::new(writer, LIMIT);
    let dropped = poll_once(sink.send(&mut vec![Frame::text("0123456789")])).await;
    assert!(dropped.is_none());
    let again = sink.send(&mut vec![Frame::text("{}")]).await;
    assert_eq!(again.unwrap_err().kind(), TransportErrorKind::Broken);
    sink.close(CloseReason::Internal).await;
    let mut written = String::new();
    reader.read_to_string(&mut written).await.unwrap();
    assert_eq!(written, "0123");
}

async fn check(bytes: &[u8], expected: &[&str]) {
    let mut source = LineSource::new(bytes, LIMIT);
    let mut lines = Vec::new();
    while let Some(frame) = source.recv().await.unwrap() {
        lines.push(String::from_utf8(frame.bytes.to_vec()).unwrap());
    }
    assert_eq!(lines, expected);
    assert_eq!(source.recv().await.unwrap(), None);
}

/// How sending `batch` ended, and what was written.
async fn sent(mut batch: Vec<Frame>) -> (Option<TransportErrorKind>, String) {
    let (writer, mut reader) = tokio::io::duplex(1_000);
    let mut sink = LineSink::new(writer, LIMIT);
    let outcome = sink.send(&mut batch).await;
    assert!(batch.is_empty());
    sink.close(CloseReason::Done).await;
    let mut written = String::new();
    reader.read_to_string(&mut written).await.unwrap();
    (outcome.err().map(|error| error.kind()), written)
}

fn kind(outcome: Result<Option<Frame>, TransportError>) -> TransportErrorKind {
    outcome.unwrap_err().kind()
}

async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
