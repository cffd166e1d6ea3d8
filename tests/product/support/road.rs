//! Ways into a runtime that can be taken again and again, and blocked.

use arcp_client::Connector;
use arcp_runtime::Handle;
use arcp_transport::{
    LineTransport, Peer, Transport, TransportError, TransportErrorKind, async_trait, memory_pair,
};
use arcp_transport_ws::{WsOptions, WsTransport};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::watch;

/// What carries the frames, and to whom.
#[derive(Clone)]
pub(crate) enum Way {
    /// So many frames wait in each direction.
    Memory(Handle, usize),
    /// A frame is at most so large.
    Stdio(Handle, usize),
    Ws(String, usize),
}

/// A way as a connector. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Road {
    way: Way,
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    blocked: bool,
    attempts: usize,
}

impl Way {
    /// Makes a connection.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Transport>, TransportError> {
        Ok(match self {
            Self::Memory(handle, capacity) => {
                let (ours, theirs) = memory_pair(*capacity);
                serve(handle.clone(), theirs);
                Box::new(ours)
            }
            Self::Stdio(handle, frame_bytes) => {
                let (ours, theirs) = pipes(*frame_bytes);
                serve(handle.clone(), theirs);
                Box::new(ours)
            }
            Self::Ws(url, frame_bytes) => {
                let mut options = WsOptions::default();
                // A client may say more than the runtime takes.
                options.max_frame_bytes = frame_bytes * 4;
                Box::new(WsTransport::connect(url, options).await?)
            }
        })
    }
}

impl Road {
    pub(crate) fn new(way: Way) -> Self {
        Self { way, state: watch::Sender::new(State::default()) }
    }

    /// From now on attempts fail.
    pub(crate) fn block(&self) {
        self.state.send_modify(|state| state.blocked = true);
    }

    /// From now on they succeed again.
    pub(crate) fn clear(&self) {
        self.state.send_modify(|state| state.blocked = false);
    }

    /// Waits for so many further attempts.
    pub(crate) async fn attempted(&self, further: usize) {
        let mut state = self.state.subscribe();
        let until = state.borrow().attempts + further;
        state.wait_for(|state| state.attempts >= until).await.unwrap();
    }
}

#[async_trait]
impl Connector for Road {
    async fn connect(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        self.state.send_modify(|state| state.attempts += 1);
        if self.state.borrow().blocked {
            return Err(TransportErrorKind::Refused.into());
        }
        self.way.connect().await
    }
}

impl std::fmt::Debug for Road {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Road").field("state", &self.state).finish_non_exhaustive()
    }
}

fn serve(handle: Handle, transport: impl Transport + 'static) {
    tokio::spawn(async move { handle.serve(Box::new(transport)).await });
}

type Pipes = LineTransport<Receiver, Sender>;

/// Two ends of lines over the system's own pipes.
fn pipes(frame_bytes: usize) -> (Pipes, Pipes) {
    let (our_reader, their_writer) = std::io::pipe().unwrap();
    let (their_reader, our_writer) = std::io::pipe().unwrap();
    let end = |reader: std::io::PipeReader, writer: std::io::PipeWriter, most| {
        let peer = Peer { transport: "stdio", address: None, label: "pipe".to_owned() };
        let reader = Receiver::from_owned_fd(reader.into()).unwrap();
        let writer = Sender::from_owned_fd(writer.into()).unwrap();
        LineTransport::new(reader, writer, peer, most)
    };
    let ours = end(our_reader, our_writer, frame_bytes * 4);
    (ours, end(their_reader, their_writer, frame_bytes))
}
