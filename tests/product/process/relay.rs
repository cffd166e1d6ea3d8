//! A relay between clients and a server that comes and goes: an address that stays, and
//! connections that break when a test wants it.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A relay; it ends with this.
pub(super) struct Relay {
    url: String,
    state: watch::Sender<State>,
    _task: JoinSet<()>,
}

#[derive(Debug, Clone)]
struct State {
    /// `HOST:PORT`.
    target: String,
    cuts: u64,
}

impl Relay {
    /// Relays to the server at this URL.
    pub(super) async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(State { target: address_of(url), cuts: 0 });
        let mut task = JoinSet::new();
        task.spawn(relay(listener, state.subscribe()));
        Self { url: format!("ws://{address}/arcp"), state, _task: task }
    }

    /// Where its clients connect to.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Breaks all connections.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// From now on it relays to this one.
    pub(super) fn turn_to(&self, url: &str) {
        self.state.send_modify(|state| state.target = address_of(url));
    }
}

fn address_of(url: &str) -> String {
    let rest = url.strip_prefix("ws://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

async fn relay(listener: TcpListener, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(join(client, state.clone()));
    }
}

/// Joins a client to the server of the moment, until either is gone or the cut.
async fn join(mut client: TcpStream, mut state: watch::Receiver<State>) {
    let State { target, cuts } = state.borrow().clone();
    let Ok(mut server) = TcpStream::connect(&target).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|state| state.cuts > cuts) => {}
    }
}
