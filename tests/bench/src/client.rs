//! A session over one WebSocket, with as little between the socket and the load as there can be.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Serialize;
use serde_json::value::to_raw_value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::dialect::{Ask, Dialect, Heard, Ids, Job, Left, What};
use crate::failure::Result;
use crate::server::Server;

pub(crate) struct Client {
    ws: WebSocketStream<TcpStream>,
    dialect: Dialect,
    ids: Ids,
    session: Option<String>,
    left: Option<Left>,
    /// Whether something that was asked may not have gone out.
    is_to_flush: bool,
    /// Bytes of messages that came and went; the WebSocket's own headers are not in it.
    pub(crate) bytes: Bytes,
}

/// How much has come and gone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bytes {
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

impl Bytes {
    pub(crate) fn add(&mut self, more: Self) {
        self.received += more.received;
        self.sent += more.sent;
    }
}

impl Client {
    /// Connects and opens a session.
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        Self::opened(server, BUSY, server.token.as_deref(), false).await
    }

    /// The same, for the principal of this token.
    pub(crate) async fn open_as(server: &Server, token: &str) -> Result<Self> {
        Self::opened(server, BUSY, Some(token), false).await
    }

    /// The same, to be idle: one of very many, which must not need much memory of ours.
    pub(crate) async fn open_idle(server: &Server, token: Option<&str>) -> Result<Self> {
        Self::opened(server, IDLE, token, false).await
    }

    /// Connects and opens a session that may go on on another connection.
    pub(crate) async fn open_resumable(server: &Server) -> Result<Self> {
        Self::opened(server, BUSY, server.token.as_deref(), true).await
    }

    async fn opened(
        server: &Server,
        buffer: usize,
        token: Option<&str>,
        resumable: bool,
    ) -> Result<Self> {
        let mut client = Self::connected(server, buffer).await?;
        client.ask(&Ask::Open { token, resumable }).await?;
        client.welcome().await?;
        Ok(client)
    }

    /// Connects, and leaves it to the caller to begin a session.
    pub(crate) async fn connect(server: &Server) -> Result<Self> {
        Self::connected(server, BUSY).await
    }

    async fn connected(server: &Server, buffer: usize) -> Result<Self> {
        let uri: Uri = server.url.parse()?;
        let host = uri.host().ok_or("the URL names no host")?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(buffer);
        let (ws, _) = client_async_with_config(uri, stream, Some(config)).await?;
        let dialect = server.dialect;
        let (session, left, bytes) = (None, None, Bytes::default());
        let (ids, is_to_flush) = (Ids::of(dialect), false);
        Ok(Self { ws, dialect, ids, session, left, is_to_flush, bytes })
    }

    /// Goes on with the session of a client that is gone, after the event `last`.
    pub(crate) async fn resume(&mut self, server: &Server, left: &Left, last: u64) -> Result<()> {
        self.ask(&Ask::Resume { token: server.token.as_deref(), left, last }).await?;
        self.welcome().await
    }

    /// Asks for a job.
    pub(crate) async fn submit<I: Serialize>(&mut self, agent: &str, input: &I) -> Result<Job> {
        self.submit_under(None, agent, input).await
    }

    /// The same, under an idempotency key.
    pub(crate) async fn submit_under<I: Serialize>(
        &mut self,
        key: Option<&str>,
        agent: &str,
        input: &I,
    ) -> Result<Job> {
        let input = to_raw_value(input)?;
        Ok(Job::asked(self.ask(&Ask::Submit { agent, input: &input, key }).await?))
    }

    /// Reads until the job is accepted. From then on its id is known.
    pub(crate) async fn accepted(&mut self, job: &mut Job) -> Result<()> {
        self.soon(|heard| job.is_of(heard) && heard.what == What::Accepted).await
    }

    /// Reads until the job has ended.
    pub(crate) async fn ended(&mut self, job: &mut Job) -> Result<()> {
        while !self.hear(|heard| Ok(job.is_of(heard) && heard.what == What::Ended)).await? {}
        Ok(())
    }

    /// Watches a job of another session, from its start.
    pub(crate) async fn watch(&mut self, id: &str) -> Result<Job> {
        self.ask(&Ask::Watch { job: id }).await?;
        Ok(Job::named(id.to_owned()))
    }

    /// Reads until a job is being watched. What it has said by then is not for the caller.
    pub(crate) async fn watching(&mut self) -> Result<()> {
        self.soon(|heard| heard.what == What::Watching).await
    }

    /// Asks whether the server is there, and reads until it says so.
    pub(crate) async fn ping(&mut self) -> Result<()> {
        self.ask(&Ask::Ping).await?;
        self.soon(|heard| heard.what == What::Pong).await
    }

    /// Takes the next frame, and tells what `take` makes of it. A refusal of anything is an error.
    pub(crate) async fn hear<T>(
        &mut self,
        take: impl FnOnce(&Heard<'_>) -> Result<T>,
    ) -> Result<T> {
        let text = self.next().await?;
        let heard = self.dialect.read(&text)?;
        let taken = take(&heard)?;
        if let What::Pinged { nonce } = &heard.what {
            self.ask(&Ask::Pong { nonce }).await?;
        }
        Ok(taken)
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) -> Result<()> {
        Ok(self.ws.close(None).await?)
    }

    /// Is gone without a word. What it leaves is by what its session goes on.
    pub(crate) fn vanish(self) -> Result<Left> {
        Ok(self.left.ok_or("the server lets no session go on")?)
    }

    /// The next message. The socket is read in pieces of many.
    async fn next(&mut self) -> Result<Utf8Bytes> {
        loop {
            // A timer for each of them would cost more than reading it.
            let message = if let Some(message) = self.ws.next().now_or_never() {
                message
            } else {
                self.flush().await?;
                self.ws.next().await
            };
            match message.ok_or("the server has ended the connection")?? {
                Message::Text(text) => {
                    self.bytes.received += text.len() as u64;
                    return Ok(text);
                }
                Message::Close(_) => return Err("the server has closed the connection".into()),
                _ => {}
            }
        }
    }

    /// Sends what was asked.
    async fn flush(&mut self) -> Result<()> {
        if self.is_to_flush {
            self.ws.flush().await?;
            self.is_to_flush = false;
        }
        Ok(())
    }

    /// Asks something. It goes out with what else is asked before there is nothing left to be read.
    async fn ask(&mut self, ask: &Ask<'_>) -> Result<String> {
        let id = self.ids.next();
        let text = self.dialect.write(ask, &id, self.session.as_deref())?;
        self.bytes.sent += text.len() as u64;
        self.ws.feed(Message::text(text)).await?;
        self.is_to_flush = true;
        Ok(id)
    }

    /// Reads until a frame that does not wait for any job.
    async fn soon(&mut self, mut is_it: impl FnMut(&Heard<'_>) -> bool) -> Result<()> {
        let found = async {
            while !self.hear(|heard| Ok(is_it(heard))).await? {}
            Ok(())
        };
        timeout(PATIENCE, found).await.map_err(|_| "the server does not answer")?
    }

    async fn welcome(&mut self) -> Result<()> {
        let mut welcome = None;
        self.soon(|heard| {
            if let What::Welcome { session, left } = &heard.what {
                welcome = Some((session.clone(), left.clone()));
            }
            welcome.is_some()
        })
        .await?;
        let (session, left) = welcome.ok_or("no welcome")?;
        (self.session, self.left) = (Some(session), left);
        Ok(())
    }
}

/// How much is read at once. The WebSocket sets so many bytes to zero before each read.
const BUSY: usize = 16 << 10;
const IDLE: usize = 1 << 10;
const PATIENCE: Duration = Duration::from_secs(30);
