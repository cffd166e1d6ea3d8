//! One WebSocket: frames go out, frames come in until it ends.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::failure::Result;
use crate::frame::{Asked, Frame};

#[derive(Debug)]
pub(crate) struct Link(WebSocketStream<TcpStream>);

impl Link {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let uri: Uri = url.parse()?;
        let host = uri.host().ok_or("the URL names no host")?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        stream.set_nodelay(true)?;
        Ok(Self(client_async(uri, stream).await?.0))
    }

    /// Sends a frame, if it can. What came before the end is to be read whatever becomes of this.
    pub(crate) async fn send(&mut self, asked: &Asked) {
        drop(self.0.send(Message::text(asked.text())).await);
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Result<Frame>> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(Frame::read(&text)),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}
