//! Taking connections, and the rules of who may upgrade one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arcp_transport::TransportError;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::http::header::{CONNECTION, CONTENT_LENGTH, ORIGIN};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};

use crate::error::{in_handshake, too_slow};
use crate::halves::WsTransport;
use crate::options::{LISTENER_READ_BYTES, Origins, WsOptions};

/// A listening socket.
#[derive(Debug)]
pub struct WsListener {
    listener: TcpListener,
    options: Arc<WsOptions>,
}

impl WsListener {
    /// Listens at `addr`; port 0 lets the system choose one.
    pub async fn bind(addr: impl ToSocketAddrs, options: WsOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let options = Arc::new(options);
        Ok(Self { listener, options })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The next connection, not upgraded yet. Cancel-safe, and never waits for a client to speak.
    ///
    /// Fails only when the listener itself is of no use any more: a connection that is gone is
    /// passed over, and with no file handles or memory left it tries again after a pause.
    pub async fn accept(&self) -> io::Result<WsHandshake> {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // A connection that broke meanwhile says so when it is used.
                    stream.set_nodelay(true).ok();
                    let options = Arc::clone(&self.options);
                    return Ok(WsHandshake { stream, address, options });
                }
                Err(error) => match Remedy::of(&error) {
                    Remedy::Next => tracing::debug!(%error, "a connection was gone"),
                    Remedy::Pause => {
                        tracing::warn!(%error, "cannot accept a connection now");
                        sleep(ACCEPT_PAUSE).await;
                    }
                    Remedy::None => return Err(error),
                },
            }
        }
    }
}

/// What helps against a failed accept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// It was about one connection.
    Next,
    /// The system lacks something.
    Pause,
    None,
}

impl Remedy {
    pub(crate) fn of(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::ConnectionRefused
            | Kind::Interrupted
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
            | Kind::TimedOut => Self::Next,
            Kind::OutOfMemory | Kind::PermissionDenied => Self::Pause,
            _ if error.raw_os_error().is_some_and(is_shortage) => Self::Pause,
            _ => Self::None,
        }
    }
}

/// No handles in the process or system, or no buffers: ENFILE, EMFILE and ENOBUFS on the systems
/// that tokio runs on. The standard library has no names for them.
fn is_shortage(code: i32) -> bool {
    match code {
        23 | 24 => cfg!(unix),
        55 => cfg!(unix) && !cfg!(target_os = "linux"),
        105 => cfg!(target_os = "linux"),
        10_024 | 10_055 => cfg!(windows),
        _ => false,
    }
}

/// A connection that is to become a WebSocket.
#[derive(Debug)]
pub struct WsHandshake {
    stream: TcpStream,
    address: SocketAddr,
    options: Arc<WsOptions>,
}

impl WsHandshake {
    /// Who connects.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    #[cfg(test)]
    pub(crate) fn has_nodelay(&self) -> bool {
        self.stream.nodelay().unwrap_or(false)
    }

    /// Does the upgrade: to be called in a task of its own, since it takes the client's time, up
    /// to the limit in the options.
    ///
    /// The path must be `/arcp` or `/`, with any query, else the answer is 404; an `Origin` that
    /// the options do not allow is answered with 403.
    pub async fn accept(self) -> Result<WsTransport, TransportError> {
        let gate = Gate { origins: &self.options.origins };
        let config = Some(self.options.config(LISTENER_READ_BYTES));
        let upgrade = accept_hdr_async_with_config(self.stream, gate, config);
        match timeout(self.options.handshake_time, upgrade).await {
            Ok(Ok(ws)) => Ok(WsTransport::new(ws, self.address, &self.options)),
            Ok(Err(error)) => Err(in_handshake(error)),
            Err(_) => Err(too_slow()),
        }
    }
}

/// Looks at the client's request.
struct Gate<'a> {
    origins: &'a Origins,
}

impl Callback for Gate<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        if !matches!(request.uri().path(), "/arcp" | "/") {
            return Err(refusal(StatusCode::NOT_FOUND, "the path is /arcp\n"));
        }
        let mut origins = request.headers().get_all(ORIGIN).iter();
        if origins.all(|origin| origin.to_str().is_ok_and(|origin| self.origins.allow(origin))) {
            Ok(response)
        } else {
            Err(refusal(StatusCode::FORBIDDEN, "this origin may not connect\n"))
        }
    }
}

fn refusal(status: StatusCode, why: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(why.to_owned()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(why.len()));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Long enough for other connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
