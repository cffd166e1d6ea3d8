//! A client that writes and reads frames by hand, over a WebSocket.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// One connection.
#[derive(Debug)]
pub(super) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What a connection brings.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A frame.
    Frame(Value),
    /// Its end, with the close code if there was a close frame.
    Closed(Option<u16>),
}

impl Raw {
    /// Connects.
    pub(super) async fn connect(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.expect("a WebSocket");
        Self { socket }
    }

    /// Connects and opens a session; returns its id as well.
    pub(super) async fn open(url: &str, token: &str) -> (Self, String) {
        let mut raw = Self::connect(url).await;
        raw.send(&open(token)).await;
        let accepted = raw.frame().await;
        assert_eq!(accepted["type"], "session.accepted", "{accepted}");
        (raw, id_in(&accepted, "session_id"))
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, frame: &Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends any message.
    pub(super) async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.expect("the connection takes it");
    }

    /// What comes next.
    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).expect("a frame is JSON");
                    return Incoming::Frame(frame);
                }
                Some(Ok(Message::Close(close))) => {
                    // The answer goes out as the rest is read.
                    while let Some(Ok(_)) = self.socket.next().await {}
                    return Incoming::Closed(close.map(|close| close.code.into()));
                }
                Some(Ok(Message::Binary(bytes))) => panic!("a binary frame: {bytes:?}"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Incoming::Closed(None),
            }
        }
    }

    /// The next frame; the end of the connection will not do.
    #[track_caller]
    pub(super) fn frame(&mut self) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            match self.next().await {
                Incoming::Frame(frame) => frame,
                Incoming::Closed(code) => panic!("{caller}: closed with {code:?}"),
            }
        }
    }

    /// Submits a job and returns its id once it is accepted.
    pub(super) async fn invoke(&mut self, tool: &str, arguments: Value) -> String {
        let invoke = invoke(tool, &arguments);
        self.send(&invoke).await;
        let accepted = self.frame().await;
        assert_eq!(accepted["type"], "job.accepted", "{accepted}");
        assert_eq!(accepted["correlation_id"], invoke["id"]);
        id_in(&accepted, "job_id")
    }

    /// Submits a job and waits until it has started.
    pub(super) async fn start(&mut self, tool: &str, arguments: Value) -> String {
        let job = self.invoke(tool, arguments).await;
        let started = self.frame().await;
        assert_eq!(started["type"], "job.started", "{started}");
        job
    }

    /// Sees that nothing came before now: the next frame answers a ping that is sent now.
    pub(super) async fn probe(&mut self) -> Result<(), Incoming> {
        let ping = envelope("ping", json!({}));
        self.send(&ping).await;
        match self.next().await {
            Incoming::Frame(frame)
                if frame["type"] == "pong" && frame["correlation_id"] == ping["id"] =>
            {
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Closes the connection as a client should.
    pub(super) async fn close(mut self) {
        self.socket.close(None).await.expect("a close frame goes out");
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

/// A frame with an id of its own.
pub(super) fn envelope(kind: &str, payload: impl Into<Value>) -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = format!("msg_test{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let payload = payload.into();
    json!({
        "arcp": "1.1", "id": id, "timestamp": "2026-01-01T00:00:00Z", "type": kind, "payload": payload,
    })
}

/// The frame that opens a session.
pub(super) fn open(token: &str) -> Value {
    let payload = json!({
        "auth": { "scheme": "bearer", "token": token },
        "client": { "kind": "test", "version": "1" },
        "capabilities": { "streaming": true, "durable_jobs": true },
    });
    envelope("session.open", payload)
}

/// The frame that opens a session of nobody.
pub(super) fn anonymous() -> Value {
    let payload = json!({
        "auth": { "scheme": "none" },
        "client": { "kind": "test", "version": "1" },
        "capabilities": { "anonymous": true },
    });
    envelope("session.open", payload)
}

/// The frame that submits a job.
pub(super) fn invoke(tool: &str, arguments: &Value) -> Value {
    envelope("tool.invoke", json!({ "tool": tool, "arguments": arguments }))
}

/// Whether the frame ends its job.
pub(super) fn is_terminal(frame: &Value) -> bool {
    ["job.completed", "job.failed", "job.cancelled"].iter().any(|kind| frame["type"] == *kind)
}

fn id_in(frame: &Value, key: &str) -> String {
    frame["payload"][key].as_str().expect("an id").to_owned()
}
