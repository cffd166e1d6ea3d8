//! A session over one WebSocket, with as little between the socket and the load as there can be.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::failure::Result;
use crate::message::{Answer, Asked, Ids, Invoke, Open};
use crate::server::Server;

pub(crate) struct Client {
    ws: WebSocketStream<TcpStream>,
    ids: Ids,
    session: Option<String>,
    /// Bytes of messages that came and went; the WebSocket's own headers are not in it.
    pub(crate) bytes: Bytes,
}

/// How much has come and gone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bytes {
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

impl Client {
    /// Connects and opens a session.
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let uri: Uri = server.url.parse()?;
        let host = uri.host().ok_or("the URL names no host")?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        stream.set_nodelay(true)?;
        let (ws, _) = client_async(uri, stream).await?;
        let mut client = Self { ws, ids: Ids::new(), session: None, bytes: Bytes::default() };
        let id = client.ask("session.open", Open::new(server.token.as_deref())).await?;
        client.session = Some(client.accepted(&id).await?);
        Ok(client)
    }

    /// Asks for a job, and returns the id that its events carry.
    pub(crate) async fn invoke<A: Serialize>(
        &mut self,
        tool: &str,
        arguments: A,
    ) -> Result<String> {
        self.ask("tool.invoke", Invoke { tool, arguments }).await
    }

    /// The next message. The socket is read in pieces of many.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes> {
        loop {
            // A timer for each of them would cost more than reading it.
            let Some(message) = self.ws.next().await else {
                return Err("the server has ended the connection".into());
            };
            match message? {
                Message::Text(text) => {
                    self.bytes.received += text.len() as u64;
                    return Ok(text);
                }
                Message::Close(_) => return Err("the server has closed the connection".into()),
                _ => {}
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) -> Result<()> {
        Ok(self.ws.close(None).await?)
    }

    async fn ask<P: Serialize>(&mut self, kind: &'static str, payload: P) -> Result<String> {
        let id = self.ids.next();
        let text = Asked::new(&id, kind, self.session.as_deref(), payload).text()?;
        self.bytes.sent += text.len() as u64;
        self.ws.send(Message::text(text)).await?;
        Ok(id)
    }

    async fn accepted(&mut self, id: &str) -> Result<String> {
        loop {
            let text = timeout(PATIENCE, self.next()).await.map_err(|_| "no session")??;
            let answer = Answer::read(&text)?;
            match answer.kind.as_ref() {
                "session.accepted" if answer.answers(id) => return answer.session(),
                "session.rejected" | "nack" => return Err(answer.refusal()),
                _ => {}
            }
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
