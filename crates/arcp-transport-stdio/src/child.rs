//! A child process at the other end.

use std::process::{Command, Stdio};
use std::time::Duration;

use arcp_transport::{
    CloseReason, Frame, FrameSink, FrameSource, LineSink, LineSource, Peer, Transport,
    TransportError, TransportErrorKind, async_trait,
};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

/// A runtime that this client has started, spoken to over its standard streams.
///
/// The child is the sink's: dropping the sink kills it. `close` closes its standard input, gives
/// it two seconds to end and then kills it. A child that dies looks like one that has ended in an
/// orderly way.
#[derive(Debug)]
pub struct ChildTransport {
    peer: Peer,
    source: LineSource<ChildStdout>,
    sink: ChildSink,
}

impl ChildTransport {
    /// Starts `command`, for lines up to `max_frame_bytes`; its standard error is ours.
    ///
    /// To be called within a tokio runtime that has its timer and I/O. `Refused` if the program
    /// can not be started.
    pub fn spawn(command: Command, max_frame_bytes: usize) -> Result<Self, TransportError> {
        let mut child = tokio::process::Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| TransportError::new(TransportErrorKind::Refused, error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(TransportErrorKind::Refused.into());
        };
        Ok(Self {
            peer: peer_of(&child),
            source: LineSource::new(stdout, max_frame_bytes),
            sink: ChildSink { lines: LineSink::new(stdin, max_frame_bytes), child: Some(child) },
        })
    }
}

impl Transport for ChildTransport {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>) {
        (Box::new(self.source), Box::new(self.sink))
    }
}

/// The child's standard input, and the child.
#[derive(Debug)]
struct ChildSink {
    lines: LineSink<ChildStdin>,
    /// Gone after `close`; killed when dropped.
    child: Option<Child>,
}

#[async_trait]
impl FrameSink for ChildSink {
    async fn send(&mut self, batch: &mut Vec<Frame>) -> Result<(), TransportError> {
        self.lines.send(batch).await
    }

    async fn close(&mut self, reason: CloseReason) {
        self.lines.close(reason).await;
        let Some(mut child) = self.child.take() else {
            return;
        };
        if timeout(EXIT_LIMIT, child.wait()).await.is_err() {
            // It has ended meanwhile if it can not be killed.
            timeout(EXIT_LIMIT, child.kill()).await.ok();
        }
    }
}

fn peer_of(child: &Child) -> Peer {
    let label = match child.id() {
        Some(id) => format!("child process {id}"),
        None => "child process".to_owned(),
    };
    Peer { transport: "stdio", address: None, label }
}

/// How long a child may take to end, and a killed one to be gone.
const EXIT_LIMIT: Duration = Duration::from_secs(2);
