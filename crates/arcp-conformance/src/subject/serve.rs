//! A server that the tests start themselves, one for each profile.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use arcp_transport::Transport;
use async_trait::async_trait;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Connections, Offer, Place, Target, TargetError, fill, url};

/// A command that serves on a WebSocket whose URL it prints.
#[derive(Debug)]
pub struct ServeTarget {
    command: Vec<String>,
    offer: Offer,
    /// One for each place; what starts one is waited for by those who want the same.
    servers: Mutex<BTreeMap<Place, Arc<Mutex<Server>>>>,
}

impl ServeTarget {
    /// `command`, in which `{profile}` and `{data}` are replaced.
    pub fn new(command: Vec<String>) -> Self {
        let offer = Offer {
            profiles: None,
            connections: Connections::Many,
            // Without a place for its data it knows nothing of what was before.
            restart: command.iter().any(|word| word.contains("{data}")),
            alone: true,
            transport: "ws",
        };
        Self { command, offer, servers: Mutex::default() }
    }

    /// The same, of a command that knows these profiles and no others.
    #[must_use]
    pub fn with_profiles(mut self, profiles: Vec<String>) -> Self {
        self.offer.profiles = Some(profiles);
        self
    }

    async fn server(&self, place: &Place) -> Result<Arc<Mutex<Server>>, TargetError> {
        let mut servers = self.servers.lock().await;
        if let Some(server) = servers.get(place) {
            return Ok(Arc::clone(server));
        }
        let data = TempDir::new().map_err(|source| start_error(&self.command, source))?;
        let server = Arc::new(Mutex::new(Server { data, running: None }));
        servers.insert(place.clone(), Arc::clone(&server));
        Ok(server)
    }
}

#[async_trait]
impl Target for ServeTarget {
    fn name(&self) -> String {
        self.command.join(" ")
    }

    fn offer(&self) -> &Offer {
        &self.offer
    }

    async fn connect(&self, place: &Place) -> Result<Box<dyn Transport>, TargetError> {
        let server = self.server(place).await?;
        let address = server.lock().await.address(&self.command, &place.profile).await?;
        url::connect(&address).await
    }

    async fn restart(&self, place: &Place, down: Duration) -> Result<(), TargetError> {
        let server = self.server(place).await?;
        let mut server = server.lock().await;
        server.kill().await;
        sleep(down).await;
        server.address(&self.command, &place.profile).await.map(drop)
    }

    async fn leave(&self, place: &Place) {
        if place.alone.is_none() {
            return;
        }
        let left = self.servers.lock().await.remove(place);
        if let Some(server) = left {
            server.lock().await.kill().await;
        }
    }
}

/// The server of a place.
#[derive(Debug)]
struct Server {
    data: TempDir,
    running: Option<Running>,
}

/// A process that is killed when this is dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    address: String,
    /// Reads what it still prints, so that it never waits for a reader.
    _output: JoinSet<()>,
}

impl Server {
    /// Where it listens; it is started if it does not run.
    async fn address(&mut self, command: &[String], profile: &str) -> Result<String, TargetError> {
        // One that has crashed fails the scenario that saw it, and none of those that follow.
        if let Some(running) = &mut self.running
            && matches!(running.child.try_wait(), Ok(None))
        {
            return Ok(running.address.clone());
        }
        let command = fill(command, profile, &self.data.path().display().to_string());
        let running = Running::start(&command).await?;
        let address = running.address.clone();
        self.running = Some(running);
        Ok(address)
    }

    async fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            // It has ended already if it can not be killed.
            running.child.kill().await.ok();
        }
    }
}

impl Running {
    async fn start(command: &[String]) -> Result<Self, TargetError> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(TargetError::Impossible("there is no command to start"));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| start_error(command, source))?;
        let Some(output) = child.stdout.take() else {
            return Err(TargetError::Impossible("the command has no standard output"));
        };
        let mut lines = BufReader::new(output).lines();
        let address = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) =
                    line.split_whitespace().find(|word| word.starts_with("ws://"))
                {
                    return Some(address.to_owned());
                }
            }
            None
        };
        let Ok(Some(address)) = timeout(START_LIMIT, address).await else {
            let what = format!("`{}` printed no ws:// address", command.join(" "));
            return Err(TargetError::Silent(what));
        };
        let mut output = JoinSet::new();
        output.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address, _output: output })
    }
}

fn start_error(command: &[String], source: std::io::Error) -> TargetError {
    TargetError::Start { program: command.first().cloned().unwrap_or_default(), source }
}

/// How long a server may take to say where it listens.
const START_LIMIT: Duration = Duration::from_secs(20);
