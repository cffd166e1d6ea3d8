//! A server on the other end of standard input and output, a process for each connection.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use arcp_transport::{LineTransport, Peer, Transport};
use async_trait::async_trait;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::{Connections, MAX_FRAME_BYTES, Offer, Place, Target, TargetError, fill};

/// A command that speaks on its standard streams.
///
/// Its connection is its life: the next connection of a scenario is the next process, over the
/// same data.
#[derive(Debug)]
pub struct StdioTarget {
    command: Vec<String>,
    offer: Offer,
    servers: Mutex<BTreeMap<Place, Server>>,
}

/// The data of a place, and the process that has it now.
#[derive(Debug)]
struct Server {
    data: TempDir,
    child: Option<Child>,
}

impl StdioTarget {
    /// `command`, in which `{profile}` and `{data}` are replaced.
    pub fn new(command: Vec<String>) -> Self {
        let has = |what: &str| command.iter().any(|word| word.contains(what));
        let offer = Offer {
            profiles: (!has("{profile}")).then(|| vec!["standard".to_owned()]),
            connections: Connections::One,
            // Without a place for its data a second process knows nothing of the first.
            restart: has("{data}"),
            alone: true,
            transport: "stdio",
        };
        Self { command, offer, servers: Mutex::default() }
    }

    fn start(&self, place: &Place, data: &TempDir) -> Result<Child, TargetError> {
        let command = fill(&self.command, &place.profile, &data.path().display().to_string());
        let Some((program, arguments)) = command.split_first() else {
            return Err(TargetError::Impossible("there is no command to start"));
        };
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn();
        child.map_err(|source| TargetError::Start { program: program.clone(), source })
    }
}

#[async_trait]
impl Target for StdioTarget {
    fn name(&self) -> String {
        self.command.join(" ")
    }

    fn offer(&self) -> &Offer {
        &self.offer
    }

    async fn connect(&self, place: &Place) -> Result<Box<dyn Transport>, TargetError> {
        let mut servers = self.servers.lock().await;
        let mut server = match servers.remove(place) {
            Some(server) => server,
            None => Server { data: TempDir::new().map_err(no_folder)?, child: None },
        };
        server.end().await;
        let mut child = self.start(place, &server.data)?;
        let streams = (child.stdout.take(), child.stdin.take());
        server.child = Some(child);
        servers.insert(place.clone(), server);
        let (Some(output), Some(input)) = streams else {
            return Err(TargetError::Impossible("the command has no standard streams"));
        };
        let peer = Peer { transport: "stdio", address: None, label: self.name() };
        Ok(Box::new(LineTransport::new(output, input, peer, MAX_FRAME_BYTES)))
    }

    async fn restart(&self, place: &Place, down: Duration) -> Result<(), TargetError> {
        let mut servers = self.servers.lock().await;
        if let Some(mut child) = servers.get_mut(place).and_then(|server| server.child.take()) {
            // It has ended already if it can not be killed. The next connection starts it again.
            child.kill().await.ok();
        }
        drop(servers);
        sleep(down).await;
        Ok(())
    }

    async fn leave(&self, place: &Place) {
        let left = self.servers.lock().await.remove(place);
        if let Some(mut server) = left {
            server.end().await;
        }
    }
}

impl Server {
    /// Waits for the process, whose input has ended, and kills it if it stays.
    async fn end(&mut self) {
        if let Some(mut child) = self.child.take()
            && timeout(EXIT_LIMIT, child.wait()).await.is_err()
        {
            child.kill().await.ok();
        }
    }
}

fn no_folder(source: std::io::Error) -> TargetError {
    TargetError::Start { program: "a folder for its data".to_owned(), source }
}

/// How long a process may take to end after its input has.
const EXIT_LIMIT: Duration = Duration::from_secs(3);
