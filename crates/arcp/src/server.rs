//! A runtime that listens on a WebSocket address.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arcp_agent::Agent;
use arcp_auth::{Anonymous, StaticBearer};
use arcp_core::Secret;
use arcp_runtime::{Handle, Runtime, RuntimeBuilder, RuntimeError};
use arcp_store::{MemoryBlobs, MemoryStore, Store, StoreError};
use arcp_store_fs::FolderBlobs;
use arcp_store_sqlite::{Durability, Options, SqliteStore};
use arcp_transport_ws::{WsHandshake, WsListener, WsOptions};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A runtime with a listener. Dropping it stops it as a crash would; see [`Runtime`].
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    address: SocketAddr,
    /// One task: the accept loop, which owns the connections.
    acceptor: JoinSet<io::Result<()>>,
    stop: watch::Sender<bool>,
}

/// Puts a [`Server`] together.
#[derive(Debug)]
pub struct ServerBuilder {
    runtime: RuntimeBuilder,
    bearer: Option<StaticBearer>,
    ws: WsOptions,
}

/// Why a server did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime did not start, or failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl Server {
    /// Begins a server that keeps everything in `folder`, made if it is not there: a database, and the
    /// folder `blobs` for artifacts. One process at a time can have it open.
    pub async fn open(folder: impl AsRef<Path>) -> Result<ServerBuilder, ServerError> {
        Self::open_with(folder, Options::default()).await
    }

    /// The same with the store's options; its durability is that of the blobs too.
    pub async fn open_with(
        folder: impl AsRef<Path>,
        options: Options,
    ) -> Result<ServerBuilder, ServerError> {
        let folder = folder.as_ref();
        let of_blobs = arcp_store_fs::Options {
            durability: match options.durability {
                Durability::Full => arcp_store_fs::Durability::Full,
                Durability::Process => arcp_store_fs::Durability::Process,
            },
        };
        // The store's lock is for both.
        let store = SqliteStore::open(folder, options).await?;
        let blobs = FolderBlobs::open(folder.join("blobs"), of_blobs).await?;
        let server = Self::with_store(Arc::new(store));
        Ok(server.configure(|runtime| runtime.blobs(Arc::new(blobs))))
    }

    /// Begins a server that keeps everything in memory: nothing outlives it.
    pub fn in_memory() -> ServerBuilder {
        let server = Self::with_store(Arc::new(MemoryStore::new()));
        server.configure(|runtime| runtime.blobs(Arc::new(MemoryBlobs::new())))
    }

    /// Begins a server on a store of one's own. It has artifacts once it is given blobs
    /// ([`RuntimeBuilder::blobs`]).
    pub fn with_store(store: Arc<dyn Store>) -> ServerBuilder {
        ServerBuilder { runtime: Runtime::builder(store), bearer: None, ws: WsOptions::default() }
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("ws://{}/arcp", self.address)
    }

    /// By which further transports can be served.
    pub fn handle(&self) -> Handle {
        self.runtime.handle()
    }

    /// Waits until it has stopped by itself, which it does only when the store fails for good or
    /// the listener does. Cancel-safe.
    pub async fn stopped(&mut self) -> Result<(), ServerError> {
        let address = self.address;
        tokio::select! {
            stopped = self.runtime.stopped() => Ok(stopped?),
            Some(ended) = self.acceptor.join_next() => match ended {
                Ok(Ok(())) => Ok(()),
                Ok(Err(source)) => Err(ServerError::Listen { address, source }),
                Err(died) => {
                    Err(ServerError::Listen { address, source: io::Error::other(died) })
                }
            },
        }
    }

    /// Stops accepting, gives running jobs `grace` to end, tells the clients, and returns when all
    /// is kept and the connections are closed.
    pub async fn shutdown(mut self, grace: Duration) -> Result<(), ServerError> {
        self.stop.send_replace(true);
        let stopped = self.runtime.shutdown(grace).await;
        if tokio::time::timeout(FAREWELL, self.acceptor.join_next()).await.is_err() {
            tracing::warn!("connections that did not end in time are cut");
        }
        Ok(stopped?)
    }
}

impl ServerBuilder {
    /// Accepts `token` as the principal `name`.
    #[must_use]
    pub fn bearer(mut self, token: &Secret<String>, name: &str) -> Self {
        self.bearer = Some(self.bearer.unwrap_or_default().token(token, name));
        self
    }

    /// Accepts `token` as the principal `name` from whoever also proves that it has `key`: by the
    /// HMAC-SHA256 of a challenge, as lower-case hexadecimal digits.
    #[must_use]
    pub fn challenged(mut self, token: &Secret<String>, name: &str, key: &Secret<Vec<u8>>) -> Self {
        self.bearer = Some(self.bearer.unwrap_or_default().challenged(token, name, key));
        self
    }

    /// Accepts clients that prove nothing, each as a principal of its own.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.configure(|runtime| runtime.authenticator(Anonymous))
    }

    /// Adds a version of an agent. The version added last is the one a bare name stands for.
    #[must_use]
    pub fn agent(self, name: &str, version: &str, agent: impl Agent) -> Self {
        self.configure(|runtime| runtime.agent(name, version, agent))
    }

    /// Sets anything else of the runtime.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder) -> Self {
        self.runtime = change(self.runtime);
        self
    }

    /// Sets the listener's options; its largest frame is the runtime's.
    #[must_use]
    pub fn ws_options(mut self, options: WsOptions) -> Self {
        self.ws = options;
        self
    }

    /// Starts the runtime without a listener.
    pub async fn start(self) -> Result<Runtime, ServerError> {
        let runtime = match self.bearer {
            Some(bearer) => self.runtime.authenticator(bearer),
            None => self.runtime,
        };
        Ok(runtime.start().await?)
    }

    /// Starts the runtime and listens on `address`; port 0 takes a free one.
    pub async fn listen(self, address: SocketAddr) -> Result<Server, ServerError> {
        let refused = |source| ServerError::Listen { address, source };
        let mut options = self.ws.clone();
        options.max_frame_bytes = self.runtime.frame_bytes();
        let most = self.runtime.connections();
        let listener = WsListener::bind(address, options).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = self.start().await?;
        let (stop, stopping) = watch::channel(false);
        let mut acceptor = JoinSet::new();
        acceptor.spawn(accept(listener, runtime.handle(), most, stopping));
        Ok(Server { runtime, address, acceptor, stop })
    }
}

/// What can happen to the accept loop.
enum Event {
    Accepted(io::Result<WsHandshake>),
    Ended,
    Stop,
}

/// Takes connections until it is told to stop, then waits for those there are.
async fn accept(
    listener: WsListener,
    handle: Handle,
    most: usize,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let event = tokio::select! {
            accepted = listener.accept() => Event::Accepted(accepted),
            Some(_) = connections.join_next() => Event::Ended,
            _ = stopping.wait_for(|stop| *stop) => Event::Stop,
        };
        match event {
            Event::Accepted(Ok(handshake)) if connections.len() < most => {
                connections.spawn(serve(handle.clone(), handshake));
            }
            Event::Accepted(Ok(_)) => tracing::warn!("refused: `connections` is reached"),
            Event::Accepted(Err(error)) => return Err(error),
            Event::Ended => {}
            Event::Stop => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn serve(handle: Handle, handshake: WsHandshake) {
    let address = handshake.address();
    match handshake.accept().await {
        Ok(transport) => handle.serve(Box::new(transport)).await,
        Err(error) => tracing::debug!(%address, "{error}"),
    }
}

/// How long clients may take to read what is left.
const FAREWELL: Duration = Duration::from_secs(6);
