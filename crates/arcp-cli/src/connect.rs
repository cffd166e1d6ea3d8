//! Reaching a runtime: one that listens somewhere, or one of our own.

use std::sync::Arc;
use std::time::Duration;

use arcp::WsConnector;
use arcp::client::{Client, ClientError, Connector, Credentials, Options};
use arcp::core::{ClientIdentity, Lease, Secret};
use arcp::runtime::Runtime;
use arcp::store::MemoryStore;
use arcp::transport::memory_pair;
use arcp::wire::hello::HelloDialect;
use arcp::wire::open::OpenDialect;
use arcp::wire::{Compatibility, Dialect};
use tokio::task::JoinSet;

use crate::agents;
use crate::args::{DialectName, Target};
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
    /// Connects to the runtime that the command line names, in a dialect that has `words` for what is
    /// to be said.
    pub(crate) async fn connect(target: &Target, words: Words) -> Result<Self, Error> {
        Self::reach(target, Kept::Once, words).await
    }

    /// The same, again and again if need be.
    pub(crate) async fn lasting(target: &Target, words: Words) -> Result<Self, Error> {
        Self::reach(target, Kept::Resumed, words).await
    }

    async fn reach(target: &Target, kept: Kept, words: Words) -> Result<Self, Error> {
        let Some(url) = &target.url else {
            return Err(Error::Usage("say which runtime: --url or ARCP_URL".to_owned()));
        };
        let options = || options(target.token.clone());
        let client = match (target.dialect, words, &target.token) {
            (Some(DialectName::Hello), Words::Open, _) => {
                return Err(Error::Usage("--dialect hello has no words for that".to_owned()));
            }
            (Some(DialectName::Hello), Words::Both, None) => {
                let message = "--dialect hello knows nobody without a --token";
                return Err(Error::Usage(message.to_owned()));
            }
            (Some(DialectName::Hello), Words::Both, Some(_)) => {
                dial(url, &HELLO, options(), kept).await?
            }
            // Who has no token can be let in by the open dialect only.
            (Some(DialectName::Open), _, _) | (None, Words::Open, _) | (None, _, None) => {
                dial(url, &OpenDialect, options(), kept).await?
            }
            (None, Words::Both, Some(_)) => dial_either(url, options, kept).await?,
        };
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

/// Which dialects have words for what is to be said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Both have.
    Both,
    /// The open one only.
    Open,
}

/// The dialect that most runtimes speak.
const HELLO: HelloDialect = HelloDialect { compatibility: Compatibility::Auto };

/// Opens a session with the runtime at `url`.
pub(crate) async fn dial(
    url: &str,
    dialect: &'static dyn Dialect,
    options: Options,
    kept: Kept,
) -> Result<Client, Error> {
    let opened = opened(url, dialect, options, kept).await?;
    opened.map_err(|error| Error::Unreachable(format!("{url}: {error}")))
}

/// The same in the dialect that most runtimes speak, and in the other one where that has no answer.
async fn dial_either(
    url: &str,
    options: impl Fn() -> Options,
    kept: Kept,
) -> Result<Client, Error> {
    let mut impatient = options();
    impatient.handshake_time = impatient.handshake_time.min(HELLO_TIME);
    match opened(url, &HELLO, impatient, kept).await? {
        // It may not have understood.
        Err(ClientError::TimedOut(_) | ClientError::Disconnected { .. }) => {
            eprintln!("arcp: {url} does not answer a hello; speaking the open dialect");
            dial(url, &OpenDialect, options(), kept).await
        }
        Err(error) => Err(Error::Unreachable(format!("{url}: {error}"))),
        Ok(client) => Ok(client),
    }
}

async fn opened(
    url: &str,
    dialect: &'static dyn Dialect,
    options: Options,
    kept: Kept,
) -> Result<Result<Client, ClientError>, Error> {
    if !url.starts_with("ws://") {
        return Err(Error::Usage(format!("--url {url}: want ws://HOST:PORT/arcp")));
    }
    let mut connector = WsConnector::new(url);
    if kept == Kept::Resumed {
        return Ok(Client::connect(connector, dialect, options).await);
    }
    match connector.connect().await {
        Ok(transport) => Ok(Client::open(transport, dialect, options).await),
        Err(error) => Ok(Err(error.into())),
    }
}

/// How long a runtime may take to answer a hello before it is spoken to otherwise.
const HELLO_TIME: Duration = Duration::from_secs(3);

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
