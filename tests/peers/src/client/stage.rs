//! Where a flow plays: one runtime, reached as often as the flow likes. All that comes is taped.

use std::io::stdin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arcp::client::{ARCPClient, Authenticated, Session};
use arcp::envelope::RawEnvelope;
use arcp::ids::MessageId;
use arcp::messages::{AuthScheme, Capabilities, ClientIdentity, Credentials};
use arcp::transport::websocket::WebSocketTransport;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::stop::{Result, Stop, failed};
use crate::tape::{Tape, Taped};
use crate::wire::Wire;

/// The published client, with a session.
pub(crate) type Client = Session<Authenticated, WebSocketTransport>;

/// A runtime, and what it has said.
#[derive(Debug)]
pub(crate) struct Stage {
    url: Mutex<String>,
    tapes: Mutex<Vec<Tape>>,
}

impl Stage {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: Mutex::new(url.to_owned()), tapes: Mutex::default() }
    }

    /// Where the runtime is now.
    pub(crate) fn url(&self) -> String {
        self.url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has whoever started us kill the runtime and start it again over the same data, and tell where
    /// it is then.
    pub(crate) async fn restart(&self) -> Result {
        println!("restart");
        let told = spawn_blocking(|| {
            let mut line = String::new();
            stdin().read_line(&mut line).map(|_| line)
        });
        let line = told.await.map_err(failed)?.map_err(failed)?;
        match line.trim() {
            "" => Err(Stop::NotRun("nobody restarts the runtime".to_owned())),
            url => {
                url.clone_into(&mut self.url.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(())
            }
        }
    }

    /// A connection: the published transport, over a socket that is taped.
    pub(crate) async fn connect(&self) -> Result<WebSocketTransport> {
        let request = self.url().into_client_request().map_err(failed)?;
        let address = request.uri().authority().ok_or_else(|| failed("the URL names no host"))?;
        let socket = TcpStream::connect(address.as_str()).await.map_err(failed)?;
        let tape = Tape::default();
        self.tapes().push(tape.clone());
        let taped = Taped::new(socket, tape);
        let (socket, _) = client_async(request, taped).await.map_err(failed)?;
        Ok(WebSocketTransport::accept_stream(socket))
    }

    /// The published client, in a session of whoever has the token.
    pub(crate) async fn client(&self, token: &str) -> Result<Client> {
        let opened = ARCPClient::new(self.connect().await?).open()?;
        Ok(opened.authenticate(bearer(token), identity(), capabilities()).await?)
    }

    /// Typed envelopes, in a session of whoever has the token.
    pub(crate) async fn wire(&self, token: &str) -> Result<Wire> {
        let mut wire = Wire::new(self.connect().await?);
        wire.open(bearer(token), capabilities()).await?;
        Ok(wire)
    }

    /// The first frame of any connection that the published types can not take.
    pub(crate) fn undecodable(&self) -> Option<String> {
        self.tapes().iter().find_map(Tape::undecodable)
    }

    /// Frames of any connection, in envelopes that leave their types open.
    pub(crate) fn raw(&self) -> Vec<RawEnvelope> {
        let frames = self.tapes().iter().flat_map(Tape::frames).collect::<Vec<_>>();
        frames.iter().filter_map(|frame| serde_json::from_str(frame).ok()).collect()
    }

    /// Whether every tape has a frame: one that has none shows nothing.
    pub(crate) fn is_taped(&self) -> bool {
        self.tapes().iter().all(|tape| !tape.frames().is_empty())
    }

    fn tapes(&self) -> MutexGuard<'_, Vec<Tape>> {
        self.tapes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that nobody else has.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}", MessageId::new())
}

pub(crate) fn bearer(token: &str) -> Credentials {
    Credentials { scheme: AuthScheme::Bearer, token: Some(token.to_owned()) }
}

pub(crate) fn identity() -> ClientIdentity {
    ClientIdentity {
        kind: "peer-client".to_owned(),
        version: arcp::IMPL_VERSION.to_owned(),
        fingerprint: None,
        principal: None,
    }
}

/// All that a client of this version can do.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        streaming: Some(true),
        durable_jobs: Some(true),
        binary_streams: Some(true),
        model_use: Some(true),
        provisioned_credentials: Some(true),
        artifacts: Some(true),
        subscriptions: Some(true),
        ..Capabilities::default()
    }
}

#[cfg(test)]
mod tests {
    use arcp::envelope::Envelope;
    use arcp::messages::{MessageType, PongPayload};
    use arcp::transport::Transport;
    use futures::SinkExt;
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;
    use tokio_tungstenite::tungstenite::Message;

    use super::*;

    /// A runtime that sends these frames to whoever comes.
    async fn saying(frames: Vec<String>) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stage = Stage::new(&format!("ws://{}/", listener.local_addr().unwrap()));
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut socket = accept_async(socket).await.unwrap();
            for frame in frames {
                socket.send(Message::text(frame)).await.unwrap();
            }
            socket.close(None).await.unwrap();
        });
        stage
    }

    #[tokio::test]
    async fn a_frame_that_kills_the_published_reader_is_shown() {
        let pong = Envelope::new(MessageType::Pong(PongPayload::default()));
        let pong = serde_json::to_string(&pong).unwrap();
        let sung = pong.replace("pong", "song");
        let stage = saying(vec![pong.clone(), sung.clone(), pong]).await;
        let transport = stage.connect().await.unwrap();
        assert!(transport.recv().await.unwrap().is_some());
        assert!(transport.recv().await.is_err());
        let shown = stage.undecodable().unwrap();
        assert!(shown.ends_with(&sung), "{shown}");
    }
}
