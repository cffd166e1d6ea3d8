//! An open connection: limits, pings, closing handshakes and peers that vanish.

use arcp_transport::TransportErrorKind::{Broken, Protocol, TooLarge};
use arcp_transport::{CloseReason, Frame, FrameKind, FrameSink, FrameSource};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use super::{GUARD, as_server, serve, serve_bare};
use crate::WsOptions;

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_and_closed_with_1009() {
    let (mut source, mut sink, mut client) = serve(WsOptions::default()).await;
    let ours = async {
        assert_eq!(source.recv().await.unwrap_err().kind(), TooLarge);
        assert_eq!(source.recv().await.unwrap_err().kind(), TooLarge);
        sink.close(CloseReason::TooLarge).await;
    };
    let theirs = async {
        // More than the sockets hold: it can only be sent because our side reads it away.
        let large = Message::Binary(vec![0; 16 << 20].into());
        client.send(large).await.unwrap();
        let answer = client.next().await.unwrap().unwrap();
        drop(client);
        answer
    };
    let both = async { tokio::join!(ours, theirs) };
    let ((), answer) = timeout(GUARD, both).await.unwrap();
    assert_eq!(code(answer), CloseCode::Size);
}

#[tokio::test]
async fn fragments_count_together() {
    let options = WsOptions { max_frame_bytes: 10, ..WsOptions::default() };
    let (mut source, _sink, client) = serve(options).await;
    let mut stream = client.into_inner();
    // Two masked fragments of eight bytes.
    let mut bytes = vec![0x01, 0x88, 0, 0, 0, 0];
    bytes.extend(b"abcdefgh");
    bytes.extend([0x80, 0x88, 0, 0, 0, 0]);
    bytes.extend(b"abcdefgh");
    stream.write_all(&bytes).await.unwrap();
    let error = timeout(GUARD, source.recv()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), TooLarge);
}

#[tokio::test]
async fn frames_over_the_limit_are_not_sent() {
    let (_source, mut sink, mut client) = serve(WsOptions::default()).await;
    let limit = WsOptions::default().max_frame_bytes;
    let mut most = vec![Frame::text(vec![b'x'; limit])];
    let (sent, got) = tokio::join!(sink.send(&mut most), client.next());
    sent.unwrap();
    assert_eq!(got.unwrap().unwrap().len(), limit);
    let mut batch = vec![Frame::text(vec![b'x'; limit + 1])];
    assert_eq!(sink.send(&mut batch).await.unwrap_err().kind(), TooLarge);
    assert!(batch.is_empty());
    assert_eq!(sink.send(&mut vec![Frame::text("{}")]).await.unwrap_err().kind(), Broken);
}

#[tokio::test]
async fn text_must_be_utf_8_both_ways() {
    let (mut source, mut sink, client) = serve(WsOptions::default()).await;
    let mut stream = client.into_inner();
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]).await.unwrap();
    let error = timeout(GUARD, source.recv()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Protocol);
    let bad = sink.send(&mut vec![Frame::text(&b"\xff"[..])]).await;
    assert_eq!(bad.unwrap_err().kind(), Protocol);
    let closing = sink.close(CloseReason::Policy);
    let reading = async {
        let mut head = [0; 4];
        stream.read_exact(&mut head).await.unwrap();
        drop(stream);
        head
    };
    let ((), head) = tokio::join!(closing, reading);
    assert_eq!(u16::from_be_bytes([head[2], head[3]]), 1008);
}

#[tokio::test]
async fn bytes_that_are_no_frame() {
    let (mut source, _sink, client) = serve(WsOptions::default()).await;
    let mut stream = client.into_inner();
    stream.write_all(&[0xff; 64]).await.unwrap();
    let error = timeout(GUARD, source.recv()).await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), Protocol | TooLarge), "{error}");
}

#[tokio::test]
async fn binary_stays_binary() {
    let (mut source, _sink, mut client) = serve(WsOptions::default()).await;
    let bytes = Bytes::from_static(b"\0\xff");
    client.send(Message::Binary(bytes.clone())).await.unwrap();
    let frame = source.recv().await.unwrap().unwrap();
    assert_eq!((frame.kind, frame.bytes), (FrameKind::Binary, bytes));
}

#[tokio::test]
async fn a_ping_is_answered_while_we_receive() {
    let (mut source, _sink, mut client) = serve(WsOptions::default()).await;
    client.send(Message::Ping("a".into())).await.unwrap();
    tokio::select! {
        got = source.recv() => panic!("nothing was sent, got {got:?}"),
        pong = timeout(GUARD, client.next()) => {
            assert_eq!(pong.unwrap().unwrap().unwrap(), Message::Pong("a".into()));
        }
    }
}

/// The source is not asked until later, and then has the frame that came before the ping.
#[tokio::test]
async fn a_ping_is_answered_while_we_only_send() {
    let (mut source, mut sink, mut client) = serve(WsOptions::default()).await;
    client.send(Message::Ping("a".into())).await.unwrap();
    client.send(Message::Text("{}".into())).await.unwrap();
    let sending = async {
        loop {
            sink.send(&mut vec![Frame::text("[]")]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let pong = async {
        loop {
            match client.next().await.unwrap().unwrap() {
                Message::Pong(data) => break data,
                other => assert_eq!(other, Message::Text("[]".into())),
            }
        }
    };
    tokio::select! {
        () = sending => {}
        pong = timeout(GUARD, pong) => assert_eq!(pong.unwrap(), "a"),
    }
    assert_eq!(source.recv().await.unwrap(), Some(Frame::text("{}")));
}

/// The peer reads nothing, our send waits, and what the peer says still comes in.
#[tokio::test]
async fn a_waiting_send_does_not_keep_frames_from_coming() {
    let (mut source, mut sink, mut client) = serve(WsOptions::default()).await;
    let task = tokio::spawn(async move {
        while sink.send(&mut vec![Frame::text(vec![b'x'; 1 << 20])]).await.is_ok() {}
    });
    for n in 0..100 {
        client.send(Message::Text(format!("{n}").into())).await.unwrap();
        let frame = timeout(GUARD, source.recv()).await.unwrap();
        assert_eq!(frame.unwrap(), Some(Frame::text(format!("{n}"))));
    }
    client.close(None).await.unwrap();
    let reading = async { while client.next().await.is_some_and(|next| next.is_ok()) {} };
    let both = async { tokio::join!(source.recv(), reading) };
    assert_eq!(timeout(GUARD, both).await.unwrap().0.unwrap(), None);
    timeout(GUARD, task).await.unwrap().unwrap();
}

/// Four halves on as many threads as there are, with pings among the frames of one side.
#[tokio::test(flavor = "multi_thread")]
async fn halves_on_threads_of_their_own() {
    let (source, sink, client) = serve(WsOptions::default()).await;
    let (mut client_sink, client_source) = client.split();
    let frame = |n: usize| Frame::text(format!("{n} {}", "x".repeat(n * 97 % 20_000)));
    let out = tokio::spawn(send_all(sink, (0..FRAMES).map(frame).collect()));
    let back = tokio::spawn(async move {
        for n in 0..FRAMES {
            client_sink.feed(Message::Ping("p".into())).await.unwrap();
            let text = Message::Text(format!("{n}").into());
            client_sink.send(text).await.unwrap();
        }
        client_sink
    });
    let received = tokio::spawn(receive_all(source));
    let texts = client_source.filter_map(async |next| next.ok()?.into_text().ok());
    let texts = texts.filter(|text| std::future::ready(text.as_str() != "p"));
    let texts = timeout(GUARD, texts.take(FRAMES).collect::<Vec<_>>());
    for (n, text) in texts.await.unwrap().iter().enumerate() {
        assert_eq!(frame(n), Frame::text(Bytes::from(text.clone())));
    }
    timeout(GUARD, received).await.unwrap().unwrap();
    drop((out.await.unwrap(), back.await.unwrap()));
}

const FRAMES: usize = 3_000;

async fn send_all(mut sink: Box<dyn FrameSink>, frames: Vec<Frame>) -> Box<dyn FrameSink> {
    for batch in frames.chunks(3) {
        sink.send(&mut batch.to_vec()).await.unwrap();
    }
    sink
}

async fn receive_all(mut source: Box<dyn FrameSource>) {
    for n in 0..FRAMES {
        let expected = Frame::text(format!("{n}"));
        assert_eq!(source.recv().await.unwrap(), Some(expected));
    }
}

#[tokio::test]
async fn each_reason_has_its_code() {
    for (reason, expected) in [
        (CloseReason::Done, 1000),
        (CloseReason::GoingAway, 1001),
        (CloseReason::Policy, 1008),
        (CloseReason::TooLarge, 1009),
        (CloseReason::Internal, 1011),
    ] {
        let (mut source, mut sink, mut client) = serve(WsOptions::default()).await;
        // Sent and not read by us: it must not keep the close frame from arriving.
        client.send(Message::Text("{}".into())).await.unwrap();
        let theirs = async {
            let answer = client.next().await.unwrap().unwrap();
            assert!(client.next().await.is_none());
            answer
        };
        let both = async { tokio::join!(sink.close(reason), theirs) };
        let ((), answer) = timeout(GUARD, both).await.unwrap();
        assert_eq!(u16::from(code(answer)), expected);
        assert_eq!(source.recv().await.unwrap(), None);
    }
}

#[tokio::test]
async fn our_close_ends_our_waiting_source() {
    let (mut source, mut sink, mut client) = serve(WsOptions::default()).await;
    let waiting = tokio::spawn(async move { source.recv().await });
    let theirs = async { while client.next().await.is_some() {} };
    let both = async { tokio::join!(sink.close(CloseReason::GoingAway), theirs) };
    timeout(GUARD, both).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_peers_close_is_answered() {
    for sent in [None, Some(close_frame(1000)), Some(close_frame(4001))] {
        let (mut source, mut sink, mut client) = serve(WsOptions::default()).await;
        assert_eq!(source.close_code(), None);
        client.send(Message::Close(sent.clone())).await.unwrap();
        assert_eq!(source.recv().await.unwrap(), None);
        assert_eq!(source.recv().await.unwrap(), None);
        assert_eq!(source.close_code(), sent.as_ref().map(|close| close.code.into()));
        let answer = timeout(GUARD, client.next()).await.unwrap();
        assert_eq!(answer.unwrap().unwrap(), Message::Close(sent));
        let late = sink.send(&mut vec![Frame::text("{}")]).await;
        assert_eq!(late.unwrap_err().kind(), Broken);
        timeout(GUARD, sink.close(CloseReason::Done)).await.unwrap();
    }
}

#[tokio::test]
async fn a_peers_close_is_answered_while_we_only_send() {
    let (_source, mut sink, mut client) = serve(WsOptions::default()).await;
    client.send(Message::Close(None)).await.unwrap();
    let sending = async {
        while sink.send(&mut vec![Frame::text("[]")]).await.is_ok() {
            tokio::task::yield_now().await;
        }
        sink.close(CloseReason::Done).await;
    };
    let answer = async {
        loop {
            match client.next().await.unwrap().unwrap() {
                Message::Close(frame) => break frame,
                other => assert_eq!(other, Message::Text("[]".into())),
            }
        }
    };
    let both = async { tokio::join!(sending, answer) };
    assert_eq!(timeout(GUARD, both).await.unwrap().1, None);
}

/// As a client we answer without waiting for the server to end the TCP connection.
#[tokio::test]
async fn a_servers_close_is_answered() {
    let (mut source, _sink, stream) = serve_bare().await;
    let mut server = as_server(stream).await;
    server.send(Message::Close(Some(close_frame(1001)))).await.unwrap();
    assert_eq!(timeout(GUARD, source.recv()).await.unwrap().unwrap(), None);
    let answer = server.next().await.unwrap().unwrap();
    assert_eq!(code(answer), CloseCode::Away);
}

/// As the published Rust crates do it.
#[tokio::test]
async fn a_bare_end_of_the_connection_is_broken() {
    let (mut source, mut sink, mut stream) = serve_bare().await;
    stream.write_all(&[0x81, 2, b'{', b'}']).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(source.recv().await.unwrap(), Some(Frame::text("{}")));
    assert_eq!(source.recv().await.unwrap_err().kind(), Broken);
    assert_eq!(source.recv().await.unwrap_err().kind(), Broken);
    assert_eq!(sink.send(&mut vec![Frame::text("{}")]).await.unwrap_err().kind(), Broken);
    timeout(GUARD, sink.close(CloseReason::Done)).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_vanishes_in_the_middle_of_a_frame() {
    let (mut source, _sink, mut stream) = serve_bare().await;
    stream.write_all(&[0x81, 10, b'{']).await.unwrap();
    drop(stream);
    let error = timeout(GUARD, source.recv()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Broken);
}

/// It reads our goodbye and neither answers nor ends.
#[tokio::test]
async fn a_peer_that_does_not_answer_a_close() {
    let (source, mut sink, mut stream) = serve_bare().await;
    timeout(GUARD, sink.close(CloseReason::Done)).await.unwrap();
    // The connection has ended on our side although the source is still there.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest.first(), Some(&0x88));
    drop(source);
}

fn close_frame(code: u16) -> CloseFrame {
    CloseFrame { code: code.into(), reason: "bye".into() }
}

fn code(message: Message) -> CloseCode {
    match message {
        Message::Close(Some(frame)) => frame.code,
        other => panic!("expected a close frame, got {} bytes", other.len()),
    }
}
