//! This process's own standard input and output.

use arcp_transport::{FrameSink, FrameSource, LineTransport, Peer, Transport};
use tokio::io::{Stdin, Stdout, stdin, stdout};

/// The peer that started this process.
///
/// Standard input is read on a thread of tokio's blocking pool, and a read can not be taken back:
/// while one waits, dropping the tokio runtime waits as well, until a line or the end comes. A
/// program that stops by itself calls `Runtime::shutdown_background` or `std::process::exit`.
///
/// `close` writes out what is left. The peer sees the end when the process ends, since standard
/// output stays open until then.
#[derive(Debug)]
pub struct StdioTransport(LineTransport<Stdin, Stdout>);

impl StdioTransport {
    /// The standard streams, for lines up to `max_frame_bytes`. One a process: a second one would
    /// take lines from the first.
    pub fn current(max_frame_bytes: usize) -> Self {
        let peer = Peer { transport: "stdio", address: None, label: "parent process".to_owned() };
        Self(LineTransport::new(stdin(), stdout(), peer, max_frame_bytes))
    }
}

impl Transport for StdioTransport {
    fn peer(&self) -> &Peer {
        self.0.peer()
    }

    fn split(self: Box<Self>) -> (Box<dyn FrameSource>, Box<dyn FrameSink>) {
        Box::new(self.0).split()
    }
}
