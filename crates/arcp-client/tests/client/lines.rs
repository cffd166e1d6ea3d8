//! Connections that a client makes one after the other, and what a peer says on the next one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcp_client::{Client, Connector, Options};
use arcp_core::{
    Capabilities, Command, Fault, Issued, PingKind, Reply, Resume, Resumption, Secret,
    SessionResumed,
};
use arcp_transport::{Transport, TransportError, TransportErrorKind, async_trait};
use arcp_wire::open::OpenDialect;

use crate::peer::{Peer, options, pair, session};

/// Where the client's connections come from: what is laid out, then nothing but failures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Laid>>);

#[derive(Debug, Default)]
struct Laid {
    lines: VecDeque<Option<Box<dyn Transport>>>,
    attempts: usize,
}

impl Lines {
    /// One more connection, and who is at its other end.
    pub(crate) fn lay(&self) -> Peer {
        let (ours, peer) = pair();
        self.0.lock().unwrap().lines.push_back(Some(ours));
        peer
    }

    /// So many attempts fail.
    pub(crate) fn fail(&self, count: usize) {
        self.0.lock().unwrap().lines.extend((0..count).map(|_| None));
    }

    pub(crate) fn attempts(&self) -> usize {
        self.0.lock().unwrap().attempts
    }
}

#[async_trait]
impl Connector for Lines {
    async fn connect(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        let mut laid = self.0.lock().unwrap();
        laid.attempts += 1;
        let line = laid.lines.pop_front().flatten();
        line.ok_or_else(|| TransportError::new(TransportErrorKind::Refused, "the line is dead"))
    }
}

pub(crate) const WINDOW: Duration = Duration::from_mins(10);

fn resumption(token: &str) -> Resumption {
    Resumption { token: Secret::new(token.to_owned()), window: WINDOW }
}

pub(crate) async fn connect_with(options: Options) -> (Client, Peer, Lines) {
    let lines = Lines::default();
    let mut peer = lines.lay();
    let script = async {
        let open = peer.accept_session(Some(resumption("rt_1"))).await;
        let Command::Open(wanted) = &open.command else { panic!("{open:?}") };
        assert!(wanted.capabilities.extensions.contains("resume"));
    };
    let connect = Client::connect(lines.clone(), &OpenDialect, options);
    let (client, ()) = tokio::join!(connect, script);
    (client.unwrap(), peer, lines)
}

pub(crate) async fn connect() -> (Client, Peer, Lines) {
    connect_with(options()).await
}

pub(crate) async fn asked_to_resume(peer: &mut Peer) -> (Issued, Resume) {
    let asked = peer.command().await;
    match &asked.command {
        Command::Resume(resume) => (asked.clone(), (**resume).clone()),
        other => panic!("{other:?}"),
    }
}

/// Lets the session go on after `last`; the client has to have asked for that with `token`.
pub(crate) async fn resume(peer: &mut Peer, token: &str, last: u64, next: &str) {
    let (asked, resume) = asked_to_resume(peer).await;
    assert_eq!((resume.token.expose().as_str(), resume.last_seq), (token, last));
    let mut session = session(Capabilities::default());
    session.resumption = Some(resumption(next));
    let resumed = SessionResumed { session, after: last, replayed: true };
    peer.reply(&asked, Reply::Resumed(Box::new(resumed))).await;
}

/// The first connection takes a command and is lost without an answer to it; the session goes on.
pub(crate) async fn loses_an_answer(mut one: Peer, two: &mut Peer) -> Issued {
    let asked = one.command().await;
    drop(one);
    resume(two, "rt_1", 0, "rt_2").await;
    asked
}

pub(crate) async fn refuse(peer: &mut Peer, fault: Fault) {
    let (asked, _) = asked_to_resume(peer).await;
    peer.reply(&asked, Reply::Rejected(fault)).await;
}

pub(crate) async fn pong(peer: &mut Peer) -> Issued {
    let asked = peer.command().await;
    assert!(matches!(asked.command, Command::Ping { .. }), "{asked:?}");
    let nonce = Some("arcp-client".to_owned());
    peer.reply(&asked, Reply::Pong { kind: PingKind::Session, nonce }).await;
    asked
}
