//! The codes by which a WebSocket is closed, as any WebSocket client sees them.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::guard;
use crate::support::{House, Kept, On, Setup, Wire, bearer, envelope};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_over_the_limit_is_1009() {
    guard(async {
        let house = house(Setup::new().limits(|limits| limits.frame_bytes = 64 << 10)).await;
        let mut socket = open(&house).await;
        let input = "x".repeat(64 << 10);
        let payload = json!({"tool": "echo", "arguments": input});
        say(&mut socket, "msg_2", "tool.invoke", payload).await;
        assert_eq!(close_code(&mut socket).await, 1009);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_bad_frames_are_1008() {
    guard(async {
        let house = house(Setup::new()).await;
        let mut socket = open(&house).await;
        for _ in 0..16 {
            socket.send(Message::text("{nope")).await.unwrap();
        }
        assert_eq!(close_code(&mut socket).await, 1008);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_silence_are_1008() {
    guard(async {
        let clock = crate::support::HandClock::new();
        let house = house(Setup::new().clock(&clock)).await;
        let mut socket = connect(&house).await;
        for _ in 0..4 {
            say(&mut socket, "msg_1", "session.open", bearer("no")).await;
            socket.next().await.unwrap().unwrap();
        }
        say(&mut socket, "msg_1", "session.open", bearer("no")).await;
        assert_eq!(close_code(&mut socket).await, 1008);
        let mut socket = connect(&house).await;
        say(&mut socket, "msg_1", "session.open", bearer("no")).await;
        socket.next().await.unwrap().unwrap();
        clock.advance(Duration::from_secs(10));
        assert_eq!(close_code(&mut socket).await, 1008);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_session_is_1000() {
    guard(async {
        let house = house(Setup::new()).await;
        let mut socket = open(&house).await;
        say(&mut socket, "msg_2", "session.close", json!({})).await;
        assert_eq!(close_code(&mut socket).await, 1000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_that_stops_is_1001() {
    guard(async {
        let house = house(Setup::new()).await;
        let mut socket = open(&house).await;
        let stopping = tokio::spawn(house.shutdown(Duration::ZERO));
        assert_eq!(close_code(&mut socket).await, 1001);
        stopping.await.unwrap();
    })
    .await;
}

async fn house(setup: Setup) -> House {
    On { wire: Wire::Ws, kept: Kept::Memory }.start(setup).await
}

async fn connect(house: &House) -> Socket {
    connect_async(house.url()).await.unwrap().0
}

async fn open(house: &House) -> Socket {
    let mut socket = connect(house).await;
    say(&mut socket, "msg_1", "session.open", bearer("tok-alice")).await;
    let accepted = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(accepted.contains("session.accepted"), "{accepted}");
    socket
}

async fn say(socket: &mut Socket, id: &str, kind: &str, payload: serde_json::Value) {
    let message = envelope(id, kind, payload).to_string();
    socket.send(Message::text(message)).await.unwrap();
}

/// The code of the close frame that comes after whatever comes before.
async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        if let Message::Close(frame) = socket.next().await.expect("a close frame").unwrap() {
            return frame.expect("a code").code.into();
        }
    }
}
