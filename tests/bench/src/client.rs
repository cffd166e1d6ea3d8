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
use crate::message::{Answer, Asked, Ids, Invoke, JobHas, Open, Ping, Resume, Watch};
use crate::server::Server;

pub(crate) struct Client {
    ws: WebSocketStream<TcpStream>,
    ids: Ids,
    session: Option<String>,
    resume_token: Option<String>,
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
        Self::opened(server, Open::new(server.token.as_deref())).await
    }

    /// The same, for the principal of this token.
    pub(crate) async fn open_as(server: &Server, token: &str) -> Result<Self> {
        Self::opened(server, Open::new(Some(token))).await
    }

    /// Connects and opens a session that may go on on another connection.
    pub(crate) async fn open_resumable(server: &Server) -> Result<Self> {
        Self::opened(server, Open::resumable(server.token.as_deref())).await
    }

    async fn opened(server: &Server, open: Open<'_>) -> Result<Self> {
        let mut client = Self::connect(server).await?;
        let id = client.ask("session.open", open).await?;
        client.accepted("session.accepted", &id).await?;
        Ok(client)
    }

    /// Connects, and leaves it to the caller to begin a session.
    pub(crate) async fn connect(server: &Server) -> Result<Self> {
        let uri: Uri = server.url.parse()?;
        let host = uri.host().ok_or("the URL names no host")?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        stream.set_nodelay(true)?;
        let (ws, _) = client_async(uri, stream).await?;
        let (session, resume_token) = (None, None);
        Ok(Self { ws, ids: Ids::new(), session, resume_token, bytes: Bytes::default() })
    }

    /// Goes on with the session of a client that is gone, after the event `last`.
    pub(crate) async fn resume(&mut self, resume_token: &str, last: u64) -> Result<()> {
        let resume = Resume { resume_token, last_event_seq: last };
        let id = self.ask("session.resume", resume).await?;
        self.accepted("session.resumed", &id).await
    }

    /// Asks for a job, and returns the id that its events carry.
    pub(crate) async fn invoke<A: Serialize>(
        &mut self,
        tool: &str,
        arguments: A,
    ) -> Result<String> {
        self.ask("tool.invoke", Invoke { tool, arguments }).await
    }

    /// The same, under an idempotency key.
    pub(crate) async fn invoke_under<A: Serialize>(
        &mut self,
        key: &str,
        tool: &str,
        arguments: A,
    ) -> Result<String> {
        self.ask_under(Some(key), "tool.invoke", Invoke { tool, arguments }).await
    }

    /// The id of the job that was asked for so.
    pub(crate) async fn job(&mut self, id: &str) -> Result<String> {
        loop {
            let text = self.soon().await?;
            let answer = Answer::read(&text)?;
            if answer.answers(id) {
                answer.job_has()?;
                return Ok(answer.job_id.ok_or("a job without an id")?.into_owned());
            }
        }
    }

    /// Reads until the job that was asked for so has ended.
    pub(crate) async fn ended(&mut self, id: &str) -> Result<()> {
        loop {
            let text = self.next().await?;
            let answer = Answer::read(&text)?;
            if answer.answers(id) && answer.job_has()? == JobHas::Ended {
                return Ok(());
            }
        }
    }

    /// Reads what a job of another session says, from its start to its end.
    pub(crate) async fn watch_to_the_end(&mut self, job: &str) -> Result<()> {
        self.ask("job.subscribe", Watch { job_id: job, history: true }).await?;
        loop {
            let text = self.next().await?;
            let answer = Answer::read(&text)?;
            if answer.job_has()? == JobHas::Ended && answer.job_id.as_deref() == Some(job) {
                return Ok(());
            }
        }
    }

    /// Asks whether the server is there, and reads until it says so.
    pub(crate) async fn ping(&mut self) -> Result<()> {
        let id = self.ask("ping", Ping { nonce: "bench" }).await?;
        loop {
            let text = self.soon().await?;
            let answer = Answer::read(&text)?;
            if answer.answers(&id) {
                return if answer.kind == "pong" { Ok(()) } else { Err(answer.refusal()) };
            }
        }
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

    /// Is gone without a word. What it leaves is by what its session goes on.
    pub(crate) fn vanish(self) -> Result<String> {
        Ok(self.resume_token.ok_or("the server lets no session go on")?)
    }

    async fn ask<P: Serialize>(&mut self, kind: &'static str, payload: P) -> Result<String> {
        self.ask_under(None, kind, payload).await
    }

    async fn ask_under<P: Serialize>(
        &mut self,
        key: Option<&str>,
        kind: &'static str,
        payload: P,
    ) -> Result<String> {
        let id = self.ids.next();
        let asked = Asked::new(&id, kind, self.session.as_deref(), payload).under(key);
        let text = asked.text()?;
        self.bytes.sent += text.len() as u64;
        self.ws.send(Message::text(text)).await?;
        Ok(id)
    }

    /// The next message, which does not wait for any job.
    async fn soon(&mut self) -> Result<Utf8Bytes> {
        timeout(PATIENCE, self.next()).await.map_err(|_| "the server does not answer")?
    }

    async fn accepted(&mut self, kind: &str, id: &str) -> Result<()> {
        loop {
            let text = self.soon().await?;
            let answer = Answer::read(&text)?;
            match answer.kind.as_ref() {
                other if other == kind && answer.answers(id) => {
                    self.session = Some(answer.session()?);
                    self.resume_token = answer.resume_token()?;
                    return Ok(());
                }
                "session.rejected" | "nack" => return Err(answer.refusal()),
                _ => {}
            }
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
