//! What the contract does not ask: HTTP, control frames and peers that misbehave.

mod handshake;
mod open;
mod silence;

use std::time::Duration;

use arcp_transport::{FrameSink, FrameSource, Transport};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::{WsListener, WsOptions};

/// No test takes this long unless it hangs.
const GUARD: Duration = Duration::from_secs(30);

/// A listener of this machine's own.
async fn listen(options: WsOptions) -> (WsListener, String) {
    let listener = WsListener::bind("127.0.0.1:0", options).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Our server halves, and the client as tungstenite has it.
async fn serve(
    options: WsOptions,
) -> (Box<dyn FrameSource>, Box<dyn FrameSink>, WebSocketStream<TcpStream>) {
    let (listener, address) = listen(options).await;
    let accept = async { listener.accept().await.unwrap().accept().await.unwrap() };
    let connect = async {
        let stream = TcpStream::connect(&address).await.unwrap();
        let url = format!("ws://{address}/arcp");
        tokio_tungstenite::client_async(url, stream).await.unwrap().0
    };
    let (server, client) = tokio::join!(accept, connect);
    let (source, sink) = Box::new(server).split();
    (source, sink, client)
}

/// Our client halves, and the server's bare stream after the handshake.
async fn serve_bare() -> (Box<dyn FrameSource>, Box<dyn FrameSink>, TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        let ws = tokio_tungstenite::accept_async(stream).await.unwrap();
        ws.into_inner()
    };
    let connect = crate::WsTransport::connect(&url, WsOptions::default());
    let (stream, client) = tokio::join!(accept, connect);
    let (source, sink) = Box::new(client.unwrap()).split();
    (source, sink, stream)
}

/// A server's WebSocket around a bare stream.
async fn as_server(stream: TcpStream) -> WebSocketStream<TcpStream> {
    let config = WebSocketConfig::default();
    WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await
}
