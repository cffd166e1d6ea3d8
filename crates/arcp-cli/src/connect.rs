//! Reaching a runtime: one that listens somewhere, or one of our own.

use std::sync::Arc;
use std::time::Duration;

use arcp::WsConnector;
use arcp::client::{Client, Connector, Credentials, Options};
use arcp::core::{ClientIdentity, Lease, Secret};
use arcp::runtime::Runtime;
use arcp::store::MemoryStore;
use arcp::transport::memory_pair;
use arcp::wire::open::OpenDialect;
use tokio::task::JoinSet;

use crate::agents;
use crate::args::Target;
use crate::exit::Error;

/// A session with a runtime, and the runtime when it is our own.
pub(crate) struct Session {
    pub(crate) client: Client,
    embedded: Option<Embedded>,
}

struct Embedded {
    runtime: Runtime,
    /// One task: the runtime's end of the connection.
    served: JoinSet<()>,
}

impl Session {
    /// Connects to the runtime that the command line names.
    pub(crate) async fn connect(target: &Target) -> Result<Self, Error> {
        match &target.url {
            Some(url) => {
                let client = dial(url, options(target.token.clone()), Kept::Once).await?;
                Ok(Self { client, embedded: None })
            }
            None => Err(Error::Usage("say which runtime: --url or ARCP_URL".to_owned())),
        }
    }

    /// Connects to the runtime at `url`, again and again if need be.
    pub(crate) async fn lasting(url: &str, token: Option<String>) -> Result<Self, Error> {
        let client = dial(url, options(token), Kept::Resumed).await?;
        Ok(Self { client, embedded: None })
    }

    /// Starts a runtime in this process, with the built-in agents and nothing kept after its end.
    pub(crate) async fn embedded(default_lease: Lease) -> Result<Self, Error> {
        let mut server = arcp::Server::with_store(Arc::new(MemoryStore::new()))
            .anonymous()
            .configure(|runtime| runtime.default_lease(default_lease));
        for (name, version, agent) in agents::builtin() {
            server = server.configure(|runtime| runtime.shared_agent(name, version, agent));
        }
        let runtime = server.start().await.map_err(Error::failed)?;
        let (ours, theirs) = memory_pair(64);
        let handle = runtime.handle();
        let mut served = JoinSet::new();
        served.spawn(async move { handle.serve(Box::new(theirs)).await });
        let options = options(None);
        let client = Client::open(Box::new(ours), &OpenDialect, options).await?;
        Ok(Self { client, embedded: Some(Embedded { runtime, served }) })
    }

    /// Ends the session, and the runtime when it is our own.
    pub(crate) async fn end(self) -> Result<(), Error> {
        let closed = self.client.close("done").await;
        if let Some(Embedded { runtime, mut served }) = self.embedded {
            runtime.shutdown(Duration::ZERO).await.map_err(Error::failed)?;
            served.shutdown().await;
        }
        // The job is over and told; a peer that is gone already changes nothing.
        closed.or_else(|error| if error.is_retryable() { Ok(()) } else { Err(error.into()) })
    }
}

/// What becomes of a session whose connection is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is over.
    Once,
    /// It goes on over another one.
    Resumed,
}

/// Opens a session with the runtime at `url`.
pub(crate) async fn dial(url: &str, options: Options, kept: Kept) -> Result<Client, Error> {
    if !url.starts_with("ws://") {
        return Err(Error::Usage(format!("--url {url}: want ws://HOST:PORT/arcp")));
    }
    let mut connector = WsConnector::new(url);
    let opened = match kept {
        Kept::Resumed => Client::connect(connector, &OpenDialect, options).await,
        Kept::Once => match connector.connect().await {
            Ok(transport) => Client::open(transport, &OpenDialect, options).await,
            Err(error) => Err(error.into()),
        },
    };
    opened.map_err(|error| Error::Unreachable(format!("{url}: {error}")))
}

/// The settings of a client with this token, or of an anonymous one.
pub(crate) fn options(token: Option<String>) -> Options {
    let credentials = match token {
        Some(token) => Credentials::Bearer(Secret::new(token)),
        None => Credentials::Anonymous,
    };
    let mut options = Options::new(credentials);
    options.identity = ClientIdentity {
        kind: "arcp-cli".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        fingerprint: None,
    };
    options
}
