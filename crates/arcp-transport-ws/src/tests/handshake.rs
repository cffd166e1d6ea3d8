//! Who gets a WebSocket, on either side, and how long it may take.

use std::io;
use std::time::Duration;

use arcp_transport::TransportErrorKind::{Protocol, Refused};
use arcp_transport::{Transport, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{GUARD, listen};
use crate::listener::Remedy;
use crate::{Origins, WsOptions, WsTransport};

#[tokio::test]
async fn paths() {
    for path in ["/", "/arcp", "/arcp?token=1&x", "/?x"] {
        assert_eq!(status(path, "", WsOptions::default()).await, "101", "{path}");
    }
    for path in ["/arcp/", "/other", "/ARCP", "//arcp", "/arcp/../x"] {
        assert_eq!(status(path, "", WsOptions::default()).await, "404", "{path}");
    }
}

#[tokio::test]
async fn origins() {
    for origin in [
        "http://localhost",
        "http://LOCALHOST:3000",
        "https://127.0.0.1:8443",
        "http://127.8.9.1",
        "http://[::1]:80",
    ] {
        assert_eq!(status_from(origin, Origins::default()).await, "101", "{origin}");
    }
    for origin in [
        "null",
        "http://evil.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://evil@localhost",
        "http://128.0.0.1",
        "file://localhost",
        "localhost",
        "\u{fc}",
    ] {
        assert_eq!(status_from(origin, Origins::default()).await, "403", "{origin}");
    }
}

#[tokio::test]
async fn listed_origins() {
    let listed = || vec!["https://console.example".to_owned()];
    let console = "https://console.example";
    assert_eq!(status_from(console, Origins::LoopbackAnd(listed())).await, "101");
    assert_eq!(status_from(console, Origins::Only(listed())).await, "101");
    assert_eq!(status_from("http://localhost", Origins::Only(listed())).await, "403");
    assert_eq!(status_from("http://evil.example", Origins::Any).await, "101");
}

#[tokio::test]
async fn garbage_instead_of_http() {
    for bytes in [&b"\x16\x03\x01\x02\0\x01"[..], b"{\"arcp\":\"1.1\"}\n\n"] {
        let (listener, address) = listen(WsOptions::default()).await;
        let mut client = TcpStream::connect(&address).await.unwrap();
        client.write_all(bytes).await.unwrap();
        let upgrade = listener.accept().await.unwrap().accept();
        let error = timeout(GUARD, upgrade).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Protocol);
    }
}

/// It costs its own time limit, and no one else waits for it.
#[tokio::test]
async fn a_client_that_says_nothing() {
    let options = WsOptions { handshake_time: Duration::from_secs(1), ..WsOptions::default() };
    let (listener, address) = listen(options).await;
    let _silent = TcpStream::connect(&address).await.unwrap();
    let silent = listener.accept().await.unwrap();
    assert!(silent.address().ip().is_loopback());

    let url = format!("ws://{address}/arcp");
    let accept = async { listener.accept().await.unwrap().accept().await };
    let connect = WsTransport::connect(&url, WsOptions::default());
    let (server, client) = tokio::join!(accept, connect);
    let (server, client) = (server.unwrap(), client.unwrap());
    assert_eq!(server.peer().transport, "ws");
    assert_eq!(client.peer().label, address);

    let slow = timeout(GUARD, silent.accept()).await.unwrap();
    assert_eq!(slow.unwrap_err().kind(), Refused);
}

#[tokio::test]
async fn urls() {
    for url in [
        "wss://localhost/arcp",
        "http://localhost/arcp",
        "localhost",
        "",
        "ws://",
        "ws://user:secret@localhost/arcp",
        "ws://local host/",
    ] {
        let error = connect_error(url).await;
        assert_eq!(error.0, Protocol, "{url}");
        assert!(!error.1.contains("secret"));
    }
    let (_, said) = connect_error("wss://localhost/arcp").await;
    assert!(said.contains("TLS"), "{said}");
}

#[tokio::test]
async fn no_one_listens() {
    assert_eq!(connect_error("ws://127.0.0.1:1/arcp").await.0, Refused);
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/arcp", listener.local_addr().unwrap());
    let options = WsOptions { handshake_time: Duration::from_millis(50), ..WsOptions::default() };
    let outcome = timeout(GUARD, WsTransport::connect(&url, options)).await;
    assert_eq!(outcome.unwrap().unwrap_err().kind(), Refused);
}

#[tokio::test]
async fn a_server_that_answers_something_else() {
    for (answer, expected) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", Protocol),
        ("HTTP/1.1 200 OK\r\n\r\n", Protocol),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", Refused),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", Protocol),
        ("", Refused),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/arcp", listener.local_addr().unwrap());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let ((), (kind, said)) = tokio::join!(serve, connect_error(&url));
        assert_eq!(kind, expected, "{answer:?}: {said}");
    }
}

#[test]
fn failed_accepts() {
    let of = |code| Remedy::of(&io::Error::from_raw_os_error(code));
    assert_eq!(Remedy::of(&io::ErrorKind::ConnectionAborted.into()), Remedy::Next);
    assert_eq!(Remedy::of(&io::ErrorKind::OutOfMemory.into()), Remedy::Pause);
    assert_eq!(Remedy::of(&io::ErrorKind::InvalidInput.into()), Remedy::None);
    if cfg!(unix) {
        assert_eq!((of(23), of(24)), (Remedy::Pause, Remedy::Pause));
    }
}

#[tokio::test]
async fn no_delay_is_set() {
    let (listener, address) = listen(WsOptions::default()).await;
    let _client = TcpStream::connect(&address).await.unwrap();
    assert!(listener.accept().await.unwrap().has_nodelay());
}

async fn connect_error(url: &str) -> (TransportErrorKind, String) {
    let outcome = timeout(GUARD, WsTransport::connect(url, WsOptions::default())).await;
    let error = outcome.unwrap().unwrap_err();
    (error.kind(), error.to_string())
}

async fn status_from(origin: &str, origins: Origins) -> String {
    let options = WsOptions { origins, ..WsOptions::default() };
    status("/arcp", &format!("Origin: {origin}\r\n"), options).await
}

/// The HTTP status that a client's request gets.
async fn status(path: &str, headers: &str, options: WsOptions) -> String {
    let (listener, address) = listen(options).await;
    let mut client = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: arcp\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
         {headers}\r\n"
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let upgrade = listener.accept().await.unwrap().accept();
    let (outcome, head) = tokio::join!(upgrade, read_head(&mut client));
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    assert_eq!(outcome.is_ok(), status == "101", "{head}");
    let head = head.to_ascii_lowercase();
    assert!(!head.contains("sec-websocket-protocol"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    status
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
