//! Making a connection.

use arcp_transport::{TransportError, TransportErrorKind};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::error::{in_handshake, too_slow};
use crate::halves::WsTransport;
use crate::options::{CLIENT_READ_BYTES, WsOptions, bare_host, has_userinfo};

impl WsTransport {
    /// Connects to `url`, such as `ws://localhost:7777/arcp`.
    ///
    /// `Refused` when it may work later, `Protocol` when it will not: the URL is no good, or who
    /// answers wants no WebSocket there.
    pub async fn connect(url: &str, options: WsOptions) -> Result<Self, TransportError> {
        let uri = parse(url)?;
        match timeout(options.handshake_time, open(uri, &options)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(too_slow()),
        }
    }
}

async fn open(uri: Uri, options: &WsOptions) -> Result<WsTransport, TransportError> {
    let host = bare_host(uri.host().unwrap_or_default());
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await.map_err(refused)?;
    stream.set_nodelay(true).map_err(refused)?;
    let address = stream.peer_addr().map_err(refused)?;
    let (ws, _) = client_async_with_config(uri, stream, Some(options.config(CLIENT_READ_BYTES)))
        .await
        .map_err(in_handshake)?;
    Ok(WsTransport::new(ws, address, options))
}

fn parse(url: &str) -> Result<Uri, TransportError> {
    let uri: Uri = url.parse().map_err(|_| bad_url("it is not a URL"))?;
    match uri.scheme_str() {
        Some("ws") => {}
        Some("wss") => return Err(bad_url("`wss` needs TLS, which is not built in; use `ws`")),
        _ => return Err(bad_url("it does not start with `ws://`")),
    }
    if has_userinfo(&uri) {
        return Err(bad_url("it names a user"));
    }
    if uri.host().unwrap_or_default().is_empty() {
        return Err(bad_url("it names no host"));
    }
    Ok(uri)
}

fn bad_url(why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, format!("bad URL: {why}"))
}

fn refused(error: std::io::Error) -> TransportError {
    TransportError::new(TransportErrorKind::Refused, error)
}
