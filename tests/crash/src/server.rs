//! The program as a process of our own, on data that outlives it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::PRINCIPALS;
use crate::failure::Result;
use crate::options::Plan;
use crate::violation::Violation;

/// Where a run has its files.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    /// Makes the files that a run needs in an empty folder.
    pub(crate) fn make(folder: &Path, plan: &Plan) -> Result<Self> {
        // The library compares paths with it, and SQLite opens canonical ones.
        let place = Self { folder: folder.canonicalize()? };
        std::fs::create_dir(place.data())?;
        let durability = format!("durability = \"{}\"", plan.durability.name());
        std::fs::write(place.folder.join(CONFIG), format!("{durability}\n{SETTINGS}"))?;
        Ok(place)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A copy of the data, for the checker to open.
    pub(crate) fn copy(&self) -> PathBuf {
        self.folder.join("copy")
    }

    /// What the preloaded library has noted.
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// Where the server says what goes wrong.
    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// What the server has said in all its lives that it should have no reason to say.
    pub(crate) fn complaint(&self) -> Result<Option<Violation>> {
        Ok(complaint(&std::fs::read_to_string(self.log())?))
    }
}

fn complaint(log: &str) -> Option<Violation> {
    let bad = |line: &&str| line.contains("ERROR") || line.contains("panicked");
    log.lines().find(bad).map(|line| Violation::Complaint { line: line.to_owned() })
}

/// The token of a principal.
pub(crate) fn token(principal: &str) -> String {
    format!("tok-{principal}")
}

/// A process that serves. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) fn start(place: &Place, plan: &Plan) -> Result<Self> {
        let mut command = Command::new(&plan.program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-workspace", "--config"]);
        command.arg(place.folder.join(CONFIG)).arg("--data").arg(place.data());
        for principal in PRINCIPALS {
            command.args(["--token", &format!("{}={principal}", token(principal))]);
        }
        for name in ["ARCP_URL", "ARCP_TOKEN", "ARCP_LOG"] {
            command.env_remove(name);
        }
        if let Some(library) = &plan.library {
            command.env("LD_PRELOAD", library.canonicalize()?);
            command.env("ARCP_CUT_FOLDER", place.data()).env("ARCP_CUT_JOURNAL", place.journal());
        }
        let log = File::options().create(true).append(true).open(place.log())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let started = command.spawn();
        let mut child = started.map_err(|error| format!("{}: {error}", plan.program.display()))?;
        let said = child.stdout.take().ok_or("the server has no standard output")?;
        Ok(Self { child, said: BufReader::new(said).lines() })
    }

    /// Waits until it listens and says where, or why it does not.
    pub(crate) async fn listening(&mut self) -> std::result::Result<String, String> {
        let line = timeout(PATIENCE, self.said.next_line()).await;
        match line {
            Err(_) => Err("the server is silent".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(None)) => Err("the server has ended before it listened".to_owned()),
            Ok(Ok(Some(line))) => match line.strip_prefix(READY) {
                Some(url) => Ok(url.to_owned()),
                None => Err(format!("the server says: {line}")),
            },
        }
    }

    /// SIGKILL, and waits for the end. `false` when it had ended by itself.
    pub(crate) async fn kill(mut self) -> Result<bool> {
        let ran = self.child.try_wait()?.is_none();
        self.child.kill().await?;
        Ok(ran)
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().ok_or("the server has ended by itself")?;
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.map_err(|_| "the server does not stop")??;
        if asked.success() && status.success() {
            Ok(())
        } else {
            Err(format!("the server has stopped with {status}").into())
        }
    }
}

/// What is old enough is forgotten all the time, and so few jobs run at a time that some wait for their
/// turn when the server dies.
const SETTINGS: &str = "sweep_interval_ms = 20\n[limits]\nrunning_per_principal = 6\n";
const CONFIG: &str = "arcp.toml";
const READY: &str = "arcp: listening on ";
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_found_and_a_farewell_is_none() {
        assert_eq!(complaint("arcp: stopping; running jobs get 10 s\n"), None);
        for line in ["2026-01-01T00:00:00Z ERROR arcp: cannot commit", "thread 'x' panicked at y"] {
            let log = format!("arcp: stopping\n{line}\n");
            assert_eq!(complaint(&log), Some(Violation::Complaint { line: line.to_owned() }));
        }
    }
}
