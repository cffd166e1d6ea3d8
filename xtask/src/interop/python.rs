//! The published Python SDK, in a virtual environment of its own that is made once and kept until what
//! it is made of changes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::client::{Client, in_json};
use super::leaving;
use super::server::Launch;
use super::suite::Theirs;
use crate::failure::Failure;
use crate::process::{output_of, root, succeeds};

/// The SDK, and the programs that are made of it.
#[derive(Debug)]
pub(super) struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// Sees to it that the environment is there.
    pub(super) fn install() -> Result<Self, Failure> {
        Ok(Self { interpreter: environment()? })
    }

    /// The client, to be driven.
    pub(super) fn flows(&self) -> Result<Client, Failure> {
        let tapes = leaving("python")?;
        Ok(Client {
            name: "python",
            title: "Python SDK 1.1.3, hello",
            program: self.interpreter.clone(),
            arguments: vec![script("client.py"), "--tapes".into(), tapes.into_os_string()],
            variables: vec![compiled()],
            // The SDK does not read all that the text says.
            serve: &["--compatibility", "auto"],
            not_built: "tests/peers/python/not-built.txt",
            outcome: in_json,
        })
    }

    /// The runtime with a profile, to be started.
    pub(super) fn runtime(&self, profile: &str) -> Launch {
        let name = format!("of-python-{profile}");
        self.launch(name, vec![script("runtime.py"), "--profile".into(), profile.into()])
    }

    /// The runtime, for the suite.
    pub(super) fn theirs(&self) -> Theirs {
        Theirs {
            dialect: "hello",
            step: "suite against the Python runtime",
            title: "agentruntimecontrolprotocol 1.1.3",
            launch: self.launch("suite-python".to_owned(), vec![script("runtime.py")]),
            profiles: &["standard", "timed", "fleeting", "credentials"],
            jobs: "12",
            expected: "tests/peers/python/expected-failures.txt",
            document: "docs/conformance/hello.md",
            head: HEAD,
        }
    }

    fn launch(&self, name: String, arguments: Vec<OsString>) -> Launch {
        let program = self.interpreter.clone();
        Launch { name, program, arguments, variables: vec![compiled()] }
    }
}

fn script(name: &str) -> OsString {
    root().join(FOLDER).join(name).into_os_string()
}

/// Keeps what is compiled out of the sources.
pub(super) fn compiled() -> (&'static str, OsString) {
    ("PYTHONPYCACHEPREFIX", root().join("target/peers/python/compiled").into_os_string())
}

/// The interpreter of the environment, which is made if it is not there or is out of date.
pub(super) fn environment() -> Result<PathBuf, Failure> {
    let folder = root().join(ENVIRONMENT);
    let wanted = stamp()?;
    let kept = folder.join("made-of.txt");
    let interpreter = folder.join("bin/python");
    if fs::read_to_string(&kept).is_ok_and(|made_of| made_of == wanted) && interpreter.exists() {
        println!("{ENVIRONMENT} is up to date");
        return Ok(interpreter);
    }
    make(&folder, &interpreter)?;
    fs::write(&kept, wanted).map_err(Failure::at(kept.display()))?;
    Ok(interpreter)
}

/// All that an environment is made of: the version of Python, and what is installed.
fn stamp() -> Result<String, Failure> {
    let mut asked = Command::new("python3");
    asked.args(["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]);
    let version =
        output_of(&mut asked).map_err(|failure| Failure::new(format!("{failure}: {NEEDED}")))?;
    if !is_new_enough(&version) {
        return Err(Failure::new(format!("`python3` is Python {}: {NEEDED}", version.trim())));
    }
    let requirements = requirements();
    let wanted = fs::read_to_string(&requirements).map_err(Failure::at(requirements.display()))?;
    Ok(format!("# Python {version}{wanted}"))
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.trim().parse::<u32>().ok());
    let (major, minor) = (parts.next().flatten(), parts.next().flatten());
    (major, minor) >= (Some(3), Some(11))
}

/// Makes it anew. What the programs say is in a file, whose end is shown when they fail.
fn make(folder: &Path, interpreter: &Path) -> Result<(), Failure> {
    println!("making {ENVIRONMENT} from {FOLDER}/requirements.txt");
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::at(folder.display()))?;
    }
    let log = leaving("python-environment.log")?;
    said(Command::new("python3").args(["-m", "venv"]).arg(folder), &log)
        .map_err(Failure::at("`python3 -m venv` makes no virtual environment"))?;
    let mut pip = Command::new(interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    // Nothing is built here, and nothing comes that was not looked at.
    pip.args(["--only-binary", ":all:", "--no-compile", "--require-hashes", "--requirement"]);
    said(pip.arg(requirements()), &log).map_err(Failure::at(
        "pip can not install the Python SDK, which it does from the package registry \
         (`--peer rust` goes without)",
    ))?;
    if works(interpreter) {
        Ok(())
    } else {
        Err(Failure::new("the Python SDK can not be imported"))
    }
}

/// Whether the SDK is there. What this compiles is compiled for the flows.
fn works(interpreter: &Path) -> bool {
    let mut import = Command::new(interpreter);
    import.args(["-c", "import arcp.client, arcp.runtime"]);
    succeeds(import.envs([compiled()]))
}

/// Runs a program whose output goes into a file; its last lines are why it failed.
fn said(command: &mut Command, log: &Path) -> Result<(), Failure> {
    let out = File::create(log).map_err(Failure::at(log.display()))?;
    let errors = out.try_clone().map_err(Failure::at(log.display()))?;
    command.stdin(Stdio::null()).stdout(out).stderr(errors).current_dir(root());
    let status = command.status().map_err(Failure::at(log.display()))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
    Err(Failure::new(format!("{status}\n{}", last.join("\n"))))
}

fn requirements() -> PathBuf {
    root().join(FOLDER).join("requirements.txt")
}

const FOLDER: &str = "tests/peers/python";

const ENVIRONMENT: &str = "target/peers/python/environment";

const NEEDED: &str = "the flows of the Python SDK need Python 3.11 or newer, with its module venv \
                      (`--peer rust` goes without)";

/// How many lines of a failed program are shown.
const SHOWN: usize = 12;

const HEAD: &str = "\
# The hello dialect, requirement by requirement

Made by `cargo xtask interop --report`, from two runs of the conformance suite over WebSockets. Not
edited by hand: `cargo xtask interop --check` fails if it is.

- `arcp serve` is our program, with its database in SQLite, and without indulgence for known clients.
- `agentruntimecontrolprotocol 1.1.3` is the runtime of the SDK published for Python, unchanged, with the
  agents of the fixture as far as it can host them (`tests/peers/python`). It keeps nothing over a restart
  and has few limits to set: what needs those is not run. What it is known to fail is listed in
  `tests/peers/python/expected-failures.txt`.

A requirement is met (yes) when every scenario about it that ran passed, and one ran. It is not run
where all of them need what the runtime lacks, or fail for something else that is known. A dash says
that no scenario is about it. Texts are ours: R is a rule of the draft 1.1, M a decision of ours where the
texts leave a choice, which nobody else has to share.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("3.11.7\n"));
        assert!(is_new_enough("3.100.0"));
        assert!(is_new_enough("4.0.0"));
        assert!(!is_new_enough("3.9.18"));
        assert!(!is_new_enough("2.7.18"));
        assert!(!is_new_enough("nonsense"));
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let log = leaving("test-said.log").unwrap();
        let failed = said(Command::new("sh").args(["-c", "echo out of reach >&2; exit 3"]), &log);
        let why = failed.unwrap_err().to_string();
        assert!(why.contains("out of reach"), "{why}");
    }
}
