//! Peers that fall silent.

use std::time::Duration;

use arcp_transport::Frame;
use arcp_transport::TransportErrorKind::Broken;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::{GUARD, serve};
use crate::WsOptions;

fn often() -> WsOptions {
    WsOptions { ping_interval: Some(Duration::from_millis(200)), ..WsOptions::default() }
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays() {
    let (mut source, _sink, mut client) = serve(often()).await;
    let theirs = async {
        for _ in 0..5 {
            let asked = client.next().await.unwrap().unwrap();
            assert!(matches!(asked, Message::Ping(_)), "{asked:?}");
        }
        client.send(Message::text("still here")).await.unwrap();
        // Whoever sends nothing of its own lives by its pongs.
        client.next().await.unwrap().unwrap();
        client
    };
    let ours = async {
        let frame = source.recv().await.unwrap().unwrap();
        assert_eq!(&frame.bytes[..], b"still here");
        source.recv().await
    };
    let both = async {
        tokio::select! { client = theirs => client, end = ours => panic!("{end:?}") }
    };
    drop(timeout(GUARD, both).await.unwrap());
}

#[tokio::test]
async fn a_peer_that_is_gone_without_a_word_is_found() {
    let (mut source, mut sink, client) = serve(often()).await;
    // The connection stands, and nobody answers.
    let stream = client.into_inner();
    let error = timeout(GUARD, source.recv()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Broken);
    assert!(error.to_string().contains("nothing has come for 400ms"), "{error}");
    // What is to be said can still be tried.
    sink.send(&mut vec![Frame::text("{}")]).await.unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_peer_that_is_slow_to_read_is_not_silent() {
    let (mut source, mut sink, client) = serve(often()).await;
    let mut stream = client.into_inner();
    let total = 32 << 20;
    let sending = async {
        // More than the sockets hold.
        for _ in 0..32 {
            sink.send(&mut vec![Frame::text(vec![b'x'; 1 << 20])]).await.unwrap();
        }
    };
    let taking = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // tidy: sleep because it has to pause for several intervals
        let (mut taken, mut bytes) = (0, vec![0; 1 << 20]);
        while taken < total {
            taken += stream.read(&mut bytes).await.unwrap();
        }
    };
    let both = async { tokio::join!(sending, taking) };
    let all = async {
        tokio::select! { _ = both => {}, end = source.recv() => panic!("given up: {end:?}") }
    };
    timeout(GUARD, all).await.unwrap();
}

#[tokio::test]
async fn a_ping_does_not_take_the_sinks_turn() {
    let (mut source, mut sink, client) = serve(often()).await;
    let mut stream = client.into_inner();
    let total = 64 << 20;
    let sending = async {
        for _ in 0..64 {
            sink.send(&mut vec![Frame::text(vec![b'x'; 1 << 20])]).await.unwrap();
        }
    };
    let taking = async {
        // Slowly enough that pings are due while the sink waits.
        let (mut taken, mut bytes) = (0, vec![0; 1 << 20]);
        while taken < total {
            taken += stream.read(&mut bytes).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    // When all is sent the peer, which answers no ping, is silent.
    let all = async { tokio::join!(sending, taking, source.recv()) };
    let ((), (), end) = timeout(GUARD, all).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), Broken);
}
