//! The runtime that is loaded: a process of our own on data of its own, or one that is there.

use std::process::Stdio;
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

use crate::dialect::Dialect;
use crate::failure::Result;
use crate::process::Usage;
use crate::program::Program;

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) dialect: Dialect,
    own: Option<Own>,
}

/// A process of our own. It is killed when this is dropped, and its data goes after it.
struct Own {
    child: Child,
    /// Kept open, for whoever writes to a pipe that nobody reads is ended.
    _said: Lines<BufReader<ChildStdout>>,
    data: TempDir,
    /// What it was told to be like, where that is not the default.
    _settings: Option<NamedTempFile>,
}

/// When a server of our own says that something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When it outlives the machine's power.
    Full,
    /// When it outlives the process.
    Process,
}

impl Server {
    /// A runtime that somebody else has started, and that is not measured.
    pub(crate) fn elsewhere(url: &str, token: Option<&str>, dialect: Dialect) -> Self {
        Self { url: url.to_owned(), token: token.map(str::to_owned), dialect, own: None }
    }

    /// Starts a program and waits until it listens. What it logs goes where our own errors go.
    pub(crate) async fn start(program: &Program, durability: Durability) -> Result<Self> {
        let settings = match durability {
            Durability::Full => None,
            Durability::Process => Some(settings("durability = \"process\"\n")?),
        };
        Self::started(program, TempDir::with_prefix(PREFIX)?, settings).await
    }

    /// The same, on data that is there.
    pub(crate) async fn start_on(program: &Program, data: TempDir) -> Result<Self> {
        Self::started(program, data, None).await
    }

    async fn started(
        program: &Program,
        data: TempDir,
        settings: Option<NamedTempFile>,
    ) -> Result<Self> {
        let mut command = program.command(data.path(), settings.as_ref().map(NamedTempFile::path));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let started = command.spawn();
        let mut child = started.map_err(|error| format!("{}: {error}", program.file.display()))?;
        let said = child.stdout.take().ok_or("the server has no standard output")?;
        let mut said = BufReader::new(said).lines();
        let line =
            timeout(PATIENCE, said.next_line()).await.map_err(|_| "the server is silent")??;
        let line = line.ok_or("the server has ended before it listened")?;
        let url = line.split_whitespace().find(|word| word.starts_with("ws://"));
        Ok(Self {
            url: url.ok_or_else(|| format!("the server says: {line}"))?.to_owned(),
            token: Some(TOKEN.to_owned()),
            dialect: program.dialect,
            own: Some(Own { child, _said: said, data, _settings: settings }),
        })
    }

    /// Ends it as a crash would. What it leaves is its data.
    pub(crate) async fn kill(self) -> Result<TempDir> {
        let mut own = self.own.ok_or("a server that is not ours is not ours to kill")?;
        own.child.kill().await?;
        Ok(own.data)
    }

    /// What it has used, if it is ours.
    pub(crate) fn usage(&self) -> Result<Option<Usage>> {
        let pid = self.own.as_ref().and_then(|own| own.child.id());
        pid.map(Usage::of).transpose()
    }
}

/// A file with settings.
fn settings(text: &str) -> Result<NamedTempFile> {
    let file = NamedTempFile::with_prefix(PREFIX)?;
    std::fs::write(file.path(), text)?;
    Ok(file)
}

/// The token, and the name, of one of the principals that a server of our own knows besides the
/// first: `n` below [`OTHERS`].
pub(crate) fn other(n: usize) -> String {
    format!("{TOKEN}-{n}")
}

/// So many that none of them has too many sessions for the default limits.
pub(crate) const OTHERS: usize = 16;
/// What temporary files are named after.
pub(crate) const PREFIX: &str = "arcp-bench-";
/// The token, and the name, of the first principal.
pub(crate) const TOKEN: &str = "bench";
const PATIENCE: Duration = Duration::from_secs(30);
