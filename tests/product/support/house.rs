//! A runtime on some store behind some transport, and ways into it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use arcp::{Server, ServerBuilder};
use arcp_client::{Client, Credentials, Options};
use arcp_core::{Limits, Secret};
use arcp_runtime::{Runtime, RuntimeBuilder};
use arcp_store::{Blobs, MemoryBlobs, MemoryStore, Store, StoreErrorKind};
use arcp_store_fs::FolderBlobs;
use arcp_store_sqlite::SqliteStore;
use arcp_transport::Transport;
use arcp_transport_ws::WsOptions;
use arcp_wire::open::OpenDialect;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::road::{Road, Way};
use super::{Gateway, HandClock, Probe, Raw, Stage};

/// What carries the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Memory,
    Stdio,
    Ws,
}

/// What keeps the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Memory,
    Sqlite,
}

/// One cell of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct On {
    pub(crate) wire: Wire,
    pub(crate) kept: Kept,
}

/// How a runtime is set up.
pub(crate) struct Setup {
    pub(crate) limits: Limits,
    pub(crate) anonymous: bool,
    /// Frames that the memory pair holds in each direction.
    pub(crate) capacity: usize,
    /// Whether artifacts are kept.
    pub(crate) artifacts: bool,
    /// Commits that fail at first, in a way that passes.
    pub(crate) failing: usize,
    /// What is hosted instead of the agents on the stage, with its own tokens: `anonymous` and the usual ones do not count.
    host: Option<Host>,
    configure: Vec<Change>,
}

type Host = Box<dyn FnOnce(ServerBuilder) -> ServerBuilder + Send>;
type Change = Box<dyn FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send>;

/// A running runtime with what a test needs of it.
pub(crate) struct House {
    on: On,
    running: Running,
    keeper: Keeper,
    closed: oneshot::Receiver<()>,
    frame_bytes: usize,
    capacity: usize,
    pub(crate) store: Arc<Probe>,
    pub(crate) stage: Stage,
}

/// What is left of a house when its runtime is gone.
pub(crate) struct Remains {
    on: On,
    keeper: Keeper,
}

enum Running {
    Served(Server),
    Alone(Runtime),
}

enum Keeper {
    Memory(MemoryStore, MemoryBlobs),
    Sqlite(TempDir),
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self {
            limits: Limits::default(),
            anonymous: true,
            capacity: 64,
            artifacts: true,
            failing: 0,
            host: None,
            configure: Vec::new(),
        }
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// With connections that queue little: what comes late comes from the store.
    pub(crate) fn little_queued(self) -> Self {
        self.limits(|limits| (limits.queued_bytes, limits.burst_bytes) = (16 << 10, 0))
    }

    /// With somebody who issues credentials.
    pub(crate) fn gateway(self, gateway: &Gateway) -> Self {
        let gateway = gateway.clone();
        self.configure(|builder| builder.provisioner(gateway))
    }

    pub(crate) fn configure(
        mut self,
        change: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
    ) -> Self {
        self.configure.push(Box::new(change));
        self
    }

    pub(crate) fn host(
        mut self,
        host: impl FnOnce(ServerBuilder) -> ServerBuilder + Send + 'static,
    ) -> Self {
        self.host = Some(Box::new(host));
        self
    }

    pub(crate) fn clock(self, clock: &HandClock) -> Self {
        let clock = clock.clone();
        self.configure(|builder| builder.clock(clock))
    }

    fn builder(self, store: Arc<Probe>, stage: &Stage) -> ServerBuilder {
        let ws = {
            let mut ws = WsOptions::default();
            ws.max_frame_bytes = self.limits.frame_bytes;
            ws
        };
        let (limits, anonymous) = (self.limits, self.anonymous);
        let builder = Server::with_store(store).ws_options(ws);
        let builder = builder.configure(|runtime| runtime.limits(limits).agent_threads(2));
        let builder = if let Some(host) = self.host {
            host(builder)
        } else {
            let builder = builder
                .bearer(&Secret::new("tok-alice".to_owned()), "alice")
                .bearer(&Secret::new("tok-bob".to_owned()), "bob")
                .configure(|runtime| stage.hire(runtime));
            if anonymous { builder.anonymous() } else { builder }
        };
        self.configure.into_iter().fold(builder, ServerBuilder::configure)
    }
}

impl On {
    /// Starts a runtime on a fresh store.
    pub(crate) async fn start(self, setup: Setup) -> House {
        let keeper = match self.kept {
            Kept::Memory => Keeper::Memory(MemoryStore::new(), MemoryBlobs::new()),
            Kept::Sqlite => Keeper::Sqlite(tempfile::tempdir().unwrap()),
        };
        Remains { on: self, keeper }.restart(setup).await
    }

    /// Starts a runtime that is set up in the usual way.
    pub(crate) async fn usual(self) -> House {
        self.start(Setup::new()).await
    }
}

impl Remains {
    /// Starts a runtime on what is left.
    pub(crate) async fn restart(self, setup: Setup) -> House {
        let Self { on, keeper } = self;
        let (store, closed) = Probe::new(keeper.open().await);
        store.fail(setup.failing, StoreErrorKind::Unavailable);
        let (store, stage) = (Arc::new(store), Stage::new());
        let (frame_bytes, capacity) = (setup.limits.frame_bytes, setup.capacity);
        let artifacts = setup.artifacts;
        let mut builder = setup.builder(Arc::clone(&store), &stage);
        if artifacts {
            let blobs = keeper.blobs().await;
            builder = builder.configure(|runtime| runtime.blobs(blobs));
        }
        let running = match on.wire {
            Wire::Ws => {
                Running::Served(builder.listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap())
            }
            Wire::Memory | Wire::Stdio => Running::Alone(builder.start().await.unwrap()),
        };
        House { on, running, keeper, closed, frame_bytes, capacity, store, stage }
    }

    /// The blobs, without a runtime.
    pub(crate) async fn blobs(&self) -> Arc<dyn Blobs> {
        self.keeper.blobs().await
    }

    /// The store, without a runtime.
    pub(crate) async fn store(&self) -> Box<dyn Store> {
        self.keeper.open().await
    }
}

impl Keeper {
    async fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Memory(store, _) => Box::new(store.clone()),
            Self::Sqlite(folder) => {
                let options = arcp_store_sqlite::Options::default();
                Box::new(SqliteStore::open(folder.path(), options).await.unwrap())
            }
        }
    }
}

impl Keeper {
    async fn blobs(&self) -> Arc<dyn Blobs> {
        match self {
            Self::Memory(_, blobs) => Arc::new(blobs.clone()),
            Self::Sqlite(folder) => {
                let options = arcp_store_fs::Options::default();
                let folder = folder.path().join("blobs");
                Arc::new(FolderBlobs::open(folder, options).await.unwrap())
            }
        }
    }
}

impl House {
    /// Makes a connection, in which nothing has been said.
    pub(crate) async fn connect(&self) -> Box<dyn Transport> {
        self.reach().await.expect("a connection")
    }

    /// The same, if the listener lets it in.
    pub(crate) async fn reach(&self) -> Option<Box<dyn Transport>> {
        self.way().connect().await.ok()
    }

    fn way(&self) -> Way {
        match (&self.running, self.on.wire) {
            (Running::Served(server), _) => Way::Ws(server.url(), self.frame_bytes),
            (Running::Alone(runtime), Wire::Memory) => Way::Memory(runtime.handle(), self.capacity),
            (Running::Alone(runtime), _) => Way::Stdio(runtime.handle(), self.frame_bytes),
        }
    }

    /// A client as `name`, that comes back over the road.
    pub(crate) async fn lasting_client(&self, name: &str, event_queue: u16) -> (Client, Road) {
        let token = Secret::new(format!("tok-{name}"));
        let mut options = Options::new(Credentials::Bearer(token));
        options.event_queue = event_queue.try_into().unwrap();
        options.reconnect.first_pause = Duration::from_millis(1);
        options.reconnect.longest_pause = Duration::from_millis(5);
        let road = Road::new(self.way());
        let client = Client::connect(road.clone(), &OpenDialect, options).await.unwrap();
        (client, road)
    }

    /// Where WebSocket clients connect to.
    pub(crate) fn url(&self) -> String {
        match &self.running {
            Running::Served(server) => server.url(),
            Running::Alone(_) => panic!("no listener"),
        }
    }

    /// A connection in raw frames.
    pub(crate) async fn raw(&self) -> Raw {
        Raw::new(self.connect().await)
    }

    /// A connection in raw frames with a session of `name`.
    pub(crate) async fn raw_as(&self, name: &str) -> Raw {
        let mut raw = self.raw().await;
        raw.open(&format!("tok-{name}")).await;
        raw
    }

    /// Knocks again and again until a session of `name` is let in.
    pub(crate) async fn knock(&self, name: &str) -> Raw {
        loop {
            let Some(transport) = self.reach().await else { continue };
            let mut raw = Raw::new(transport);
            if raw.offer(&format!("tok-{name}")).await {
                return raw;
            }
        }
    }

    /// The typed client, as `name`.
    pub(crate) async fn client(&self, name: &str) -> Client {
        let token = Secret::new(format!("tok-{name}"));
        self.client_with(Credentials::Bearer(token)).await
    }

    /// The typed client.
    pub(crate) async fn client_with(&self, credentials: Credentials) -> Client {
        let options = Options::new(credentials);
        Client::open(self.connect().await, &OpenDialect, options).await.unwrap()
    }

    /// What is on the disk of a store that is there; zero of one in memory.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        match &self.keeper {
            Keeper::Memory(..) => 0,
            Keeper::Sqlite(folder) => {
                let files = std::fs::read_dir(folder.path()).unwrap();
                files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
            }
        }
    }

    /// What it was started on.
    pub(crate) fn on(&self) -> On {
        self.on
    }

    /// Waits until the runtime has stopped by itself, and returns why.
    pub(crate) async fn stopped(&mut self) -> String {
        match &mut self.running {
            Running::Served(server) => server.stopped().await.unwrap_err().to_string(),
            Running::Alone(runtime) => runtime.stopped().await.unwrap_err().to_string(),
        }
    }

    /// Stops the runtime in good order and leaves its store closed.
    pub(crate) async fn shutdown(self, grace: Duration) -> Remains {
        match self.running {
            Running::Served(server) => server.shutdown(grace).await.unwrap(),
            Running::Alone(runtime) => runtime.shutdown(grace).await.unwrap(),
        }
        left(self.on, self.keeper, self.store, self.closed).await
    }

    /// Drops the runtime as a crash would and leaves its store closed.
    pub(crate) async fn crash(self) -> Remains {
        // What sees that it is left may stop in good order before it is gone.
        self.store.fence();
        drop(self.running);
        left(self.on, self.keeper, self.store, self.closed).await
    }
}

async fn left(on: On, keeper: Keeper, store: Arc<Probe>, closed: oneshot::Receiver<()>) -> Remains {
    drop(store);
    // Its sender is dropped, never used.
    assert!(closed.await.is_err());
    Remains { on, keeper }
}
