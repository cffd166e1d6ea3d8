//! Another process of the suite: this program, started again in a role.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use libtest_mimic::Failed;

use super::Outcome;
use super::bench::starting;

/// What a process started by the suite has to do, in the folder that it is told.
pub(super) enum Role {
    Write(PathBuf),
    Open(PathBuf),
}

const ROLE: &str = "ARCP_STORE_CONTRACT_ROLE";
const FOLDER: &str = "ARCP_STORE_CONTRACT_FOLDER";

impl Role {
    /// The role that this process was started for, if the suite started it.
    pub(super) fn of_this_process() -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os(FOLDER)?);
        match std::env::var(ROLE).ok()?.as_str() {
            "write" => Some(Self::Write(folder)),
            "open" => Some(Self::Open(folder)),
            _ => None,
        }
    }

    /// Starts this program in this role. What it says is read from its standard output.
    pub(super) fn start(self) -> Result<Actor, Failed> {
        let (name, folder) = match &self {
            Self::Write(folder) => ("write", folder),
            Self::Open(folder) => ("open", folder),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.env(ROLE, name).env(FOLDER, OsString::from(folder));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = starting(|| command.spawn())?;
        let said = child.stdout.take().ok_or("the child has no standard output")?;
        Ok(Actor { child, said: BufReader::new(said) })
    }
}

/// How a process ends that has played its role.
pub(super) fn exit(played: Outcome) -> ExitCode {
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("child: {}", failed.message().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

/// A process in a role. It does not outlive this.
pub(super) struct Actor {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Actor {
    /// The next whole line; none when the process has ended.
    pub(super) fn line(&mut self) -> Result<Option<String>, Failed> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        Ok(line.strip_suffix('\n').map(str::to_owned))
    }

    pub(super) fn kill(&mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("cannot end a child: {error}");
        }
    }
}
