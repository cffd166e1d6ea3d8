//! The runtimes that processes of our own run: our program, and those that others have published.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::dialect::Dialect;
use crate::scenario::Scenario;
use crate::server::{OTHERS, TOKEN, other};

/// Whose runtime it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Ours,
    Rust,
    Python,
}

impl Whose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "arcp",
            Self::Rust => "arcp-runtime 2.0.0",
            Self::Python => "Python SDK 1.1.3",
        }
    }

    /// Whether a scenario can be done with it. Others keep nothing.
    pub(crate) fn can(self, scenario: Scenario) -> bool {
        self == Self::Ours || scenario.needs_nothing_kept()
    }
}

/// A runtime to be started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) whose: Whose,
    pub(crate) file: PathBuf,
    pub(crate) dialect: Dialect,
}

impl Program {
    /// What starts it. Others take any token for the principal of that name.
    pub(crate) fn command(&self, data: &Path, settings: Option<&Path>) -> Command {
        let mut command = Command::new(&self.file);
        match self.whose {
            Whose::Ours => {
                command.args(["serve", "--no-workspace", "--data"]).arg(data);
                for principal in (0..OTHERS).map(other).chain([TOKEN.to_owned()]) {
                    command.args(["--token", &format!("{principal}={principal}")]);
                }
                if let Some(settings) = settings {
                    command.arg("--config").arg(settings);
                }
            }
            Whose::Rust => {}
            Whose::Python => {
                command.arg(PYTHON_SCRIPT);
            }
        }
        command.args(["--listen", "127.0.0.1:0"]);
        command
    }
}

/// The program that `file`, an interpreter, runs.
const PYTHON_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers/python/bench.py");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_do_what_needs_nothing_kept() {
        assert!(Whose::Ours.can(Scenario::Recover) && !Whose::Rust.can(Scenario::Recover));
        assert!(Whose::Rust.can(Scenario::Idle) && Whose::Python.can(Scenario::Echo));
        assert!(Whose::Ours.can(Scenario::EchoProcess) && !Whose::Rust.can(Scenario::EchoProcess));
        assert!(!Whose::Python.can(Scenario::Replay) && !Whose::Python.can(Scenario::Grow));
    }

    #[test]
    fn the_script_is_there() {
        assert!(Path::new(PYTHON_SCRIPT).exists());
    }
}
