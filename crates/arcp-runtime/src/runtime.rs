//! A running runtime, and the handle by which connections reach it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arcp_agent::port::Room;
use arcp_core::{ConnectionId, Limits};
use arcp_store::Store;
use arcp_transport::{CloseReason, Transport};
use arcp_wire::Compatibility;
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use crate::admission::Admission;
use crate::builder::{Parts, RuntimeBuilder};
use crate::connection::{Line, Reader, Writer as ConnectionWriter};
use crate::engine::{Effects, Engine};
use crate::error::RuntimeError;
use crate::host::{Host, Pool};
use crate::keeper::Keeper;
use crate::outlet::{Burst, Gauge, Outlet};
use crate::recovery;
use crate::writer::{Message, State, Writer};

/// A runtime that runs. Dropping it without [`shutdown`](Self::shutdown) stops it as a crash would:
/// what anybody was told is kept, and the next start fails the jobs that were running.
#[derive(Debug)]
pub struct Runtime {
    /// One task: the writer. Dropped first, or it would see that it is left and stop in good order.
    writer: JoinSet<Result<(), RuntimeError>>,
    stop: watch::Sender<Option<Duration>>,
    handle: Handle,
}

/// Takes connections in. Cheap to clone.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    inbox: mpsc::Sender<Message>,
    /// Holds a place for every connection, so that the end of one can always be told.
    gone: mpsc::Sender<ConnectionId>,
    store: Arc<dyn Store>,
    keeper: Keeper,
    limits: Arc<Limits>,
    ack_window: u64,
    admission: Arc<Admission>,
    room: Room,
    digests: Arc<Semaphore>,
    burst: Arc<Burst>,
    connections: AtomicU64,
    compatibility: Compatibility,
}

impl Runtime {
    /// Starts to put a runtime together that keeps what it has to in `store`.
    pub fn builder(store: Arc<dyn Store>) -> RuntimeBuilder {
        RuntimeBuilder::new(store)
    }

    pub(crate) async fn start(parts: Parts) -> Result<Self, RuntimeError> {
        let Parts {
            settings,
            registry,
            authenticators,
            agent_threads,
            store,
            blobs,
            provisioner,
            clock,
            compatibility,
        } = parts;
        let limits = Arc::new(settings.limits.clone());
        let ack_window = settings.ack_window;
        let mut engine = Engine::new(settings, seed()?);
        let mut recovered = Effects::new();
        let facts = recovery::facts(&*store).await?;
        engine.recover(clock.now(), &mut facts.into_iter(), &mut recovered)?;
        let keeper = Keeper::new(blobs, &limits);
        // Before anybody can put one of which the store is still to learn.
        keeper.sweep(|id| engine.has_artifact(id)).await?;
        let (inbox, messages) = mpsc::channel(limits.input_queue);
        let (gone, ended) = mpsc::channel(limits.connections);
        let (stop, stops) = watch::channel(None);
        let (reports, said) = mpsc::channel(limits.input_queue);
        let pool = Pool::new(agent_threads).map_err(RuntimeError::Threads)?;
        let (artifact_room, kept) = (Room::clone(keeper.room()), Arc::clone(&store));
        let host = Host::new(registry, pool, kept, reports, artifact_room, (*limits).clone());
        let writer = Writer {
            engine,
            store: Arc::clone(&store),
            keeper: keeper.clone(),
            clock,
            limits: Arc::clone(&limits),
            authenticators,
            provisioner,
            revocations: Arc::new(Semaphore::new(limits.revocations)),
            host,
            inbox: messages,
            gone: ended,
            reports: said,
            stops,
            state: State::starting_with(recovered),
        };
        let admission = Arc::default();
        let room = Room::new(limits.input_bytes);
        let connections = AtomicU64::new(1);
        let digests = Arc::new(Semaphore::new(DIGESTS));
        let burst = Arc::new(Burst::new(&limits));
        let shared = Shared {
            inbox,
            gone,
            store,
            keeper,
            limits,
            ack_window,
            admission,
            room,
            digests,
            burst,
            connections,
            compatibility,
        };
        let mut task = JoinSet::new();
        task.spawn(writer.run());
        Ok(Self { handle: Handle(Arc::new(shared)), stop, writer: task })
    }

    /// What connections need.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits until the runtime has stopped by itself, which it does only when its store fails for
    /// good. Cancel-safe.
    pub async fn stopped(&mut self) -> Result<(), RuntimeError> {
        flatten(self.writer.join_next().await)
    }

    /// Stops: begins nothing new, gives running jobs `grace` to end, ends those that have not, tells
    /// the clients, and returns when all is kept.
    pub async fn shutdown(mut self, grace: Duration) -> Result<(), RuntimeError> {
        self.stop.send_replace(Some(grace));
        flatten(self.writer.join_next().await)
    }
}

impl Handle {
    /// Serves one connection to its end. Dropping the call drops the connection; jobs go on.
    pub async fn serve(&self, transport: Box<dyn Transport>) {
        let shared = &*self.0;
        let peer = transport.peer().clone();
        let (source, mut sink) = transport.split();
        let _admitted = match shared.admission.admit(peer.address, &shared.limits) {
            Ok(admitted) => admitted,
            Err(limit) => {
                tracing::warn!(peer = peer.label, "refused: `{limit}` is reached");
                sink.close(CloseReason::Policy).await;
                return;
            }
        };
        let id = ConnectionId(shared.connections.fetch_add(1, Ordering::Relaxed));
        let Ok(place) = shared.gone.clone().reserve_owned().await else {
            sink.close(CloseReason::GoingAway).await;
            return;
        };
        let _gone = Gone { id, place: Some(place) };
        let (to, told) = mpsc::channel(Outlet::capacity(&shared.limits));
        let gauge = Arc::new(Gauge::new(&shared.limits, Arc::clone(&shared.burst)));
        let outlet = Outlet::new(id, to.clone(), Arc::clone(&gauge), shared.ack_window);
        let connected = Message::Connected { connection: id, peer, outlet };
        if shared.inbox.send(connected).await.is_err() {
            sink.close(CloseReason::GoingAway).await;
            return;
        }
        let line = Line {
            id,
            inbox: shared.inbox.clone(),
            store: Arc::clone(&shared.store),
            keeper: shared.keeper.clone(),
            limits: Arc::clone(&shared.limits),
            compatibility: shared.compatibility,
            pongs: watch::Sender::new(()),
        };
        let reader = Reader {
            line: line.clone(),
            source,
            decoder: None,
            speak: Some(to.downgrade()),
            in_flight: Arc::new(Semaphore::new(shared.limits.commands_in_flight)),
            room: Room::clone(&shared.room),
            digests: Arc::clone(&shared.digests),
        };
        let writer = ConnectionWriter::new(line, sink, told, gauge);
        drop(to);
        self.run(id, reader, writer).await;
    }

    async fn run(&self, id: ConnectionId, reader: Reader, writer: ConnectionWriter) {
        let writing = writer.run();
        tokio::pin!(writing);
        let reason = tokio::select! {
            reason = reader.run() => Some(reason),
            () = &mut writing => None,
        };
        let gone = reason.unwrap_or(CloseReason::Done);
        // Without a writer the runtime is gone and so is what it knew of the connection.
        drop(self.0.inbox.send(Message::Disconnected { connection: id, reason: gone }).await);
        if reason.is_some() && tokio::time::timeout(FAREWELL, writing).await.is_err() {
            tracing::debug!(connection = %id, "the peer did not take its last frames");
        }
    }
}

/// Tells the writer that a connection is gone, also when its task was dropped.
struct Gone {
    id: ConnectionId,
    place: Option<OwnedPermit<ConnectionId>>,
}

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            place.send(self.id);
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

fn flatten(ended: Option<Result<Result<(), RuntimeError>, JoinError>>) -> Result<(), RuntimeError> {
    match ended {
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(RuntimeError::Writer(error.to_string())),
        None => Ok(()),
    }
}

/// What makes ids unguessable.
fn seed() -> Result<[u8; 32], RuntimeError> {
    let mut seed = [0; 32];
    OsRng
        .try_fill_bytes(&mut seed)
        .map_err(|error| RuntimeError::Writer(format!("no randomness: {error}")))?;
    Ok(seed)
}

/// Large commands that are looked through at once.
const DIGESTS: usize = 4;
/// How long a peer that has ended may take to read what is left.
const FAREWELL: Duration = Duration::from_secs(5);
