//! A program that serves the fixture, ours or another's: on a port of its own, in a folder of its own,
//! until it is dropped.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::client::Client;
use super::leaving;
use crate::failure::Failure;

/// A process and its folder. Both are gone when this is, and also when we are, however that comes.
#[derive(Debug)]
pub(super) struct Server {
    watchman: Child,
    url: String,
    launch: Launch,
}

/// How a program is started. It is told its folder with `--data`, and prints its address.
#[derive(Debug)]
pub(super) struct Launch {
    /// What its files are named after.
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: Vec<(&'static str, OsString)>,
}

impl Launch {
    /// Our program with a profile, for this client.
    pub(super) fn ours(program: &Path, profile: &str, client: &Client) -> Self {
        let arguments = ["serve", "--agents", "conformance", "--listen", "127.0.0.1:0"];
        let arguments = arguments.iter().chain(client.serve).copied();
        let arguments = arguments.chain(["--profile", profile]);
        Self {
            name: format!("{}-{profile}", client.name),
            program: program.to_owned(),
            arguments: arguments.map(OsString::from).collect(),
            variables: Vec::new(),
        }
    }

    /// Starts the program under a watchman.
    fn start(&self, errors: File) -> Result<Child, Failure> {
        let data = format!("arcp-interop-{}-{}", std::process::id(), self.name);
        let data = std::env::temp_dir().join(data);
        let mut command = Command::new("sh");
        command.args(["-c", WATCHMAN, "watchman"]).arg(&data).arg(&self.program);
        command.args(&self.arguments).arg("--data").arg(&data);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        command.spawn().map_err(Failure::at("sh"))
    }

    fn log(&self) -> Result<PathBuf, Failure> {
        leaving(&format!("serve-{}.log", self.name))
    }
}

/// What came of a start.
#[derive(Debug)]
pub(super) enum Started {
    Serving(Server),
    /// The program has no such profile.
    Unknown,
}

impl Server {
    pub(super) fn start(launch: Launch) -> Result<Started, Failure> {
        let log = launch.log()?;
        let errors = File::create(&log).map_err(Failure::at(log.display()))?;
        let watchman = launch.start(errors)?;
        let mut server = Self { watchman, url: String::new(), launch };
        if server.listens() {
            return Ok(Started::Serving(server));
        }
        match server.end().and_then(|status| status.code()) {
            Some(WRONG_USAGE) => Ok(Started::Unknown),
            _ => Err(server.silent()),
        }
    }

    /// Kills it, and starts it again over the same data. It listens elsewhere then.
    pub(super) fn restart(&mut self) -> Result<(), Failure> {
        if let Some(orders) = &mut self.watchman.stdin {
            orders.write_all(KEEP).map_err(Failure::at("the watchman"))?;
        }
        self.end();
        let log = self.launch.log()?;
        let errors = OpenOptions::new().append(true).open(&log);
        let errors = errors.map_err(Failure::at(log.display()))?;
        self.watchman = self.launch.start(errors)?;
        if self.listens() { Ok(()) } else { Err(self.silent()) }
    }

    /// Waits until it says where it listens.
    fn listens(&mut self) -> bool {
        let said = self.watchman.stdout.take().and_then(address);
        self.url = said.unwrap_or_default();
        !self.url.is_empty()
    }

    fn silent(&self) -> Failure {
        let log = self.launch.log().map(|log| log.display().to_string()).unwrap_or_default();
        let name = &self.launch.name;
        Failure::new(format!("the server {name} does not say where it listens; see {log}"))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it. Its status is that of a killed process unless it had ended before.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.watchman.stdin.take());
        self.watchman.wait().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address that a program prints; nothing if it ends without, or takes too long. The thread ends
/// with the program.
fn address(output: ChildStdout) -> Option<String> {
    let (tell, told) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let url = lines.find_map(|line| {
            line.split_whitespace().find(|word| word.starts_with("ws://")).map(str::to_owned)
        });
        // Who has waited too long waits no more.
        tell.send(url).ok();
        // Whoever prints needs a reader.
        lines.for_each(drop);
    });
    told.recv_timeout(START_LIMIT).ok().flatten()
}

/// Runs a program until its own input ends, as it does when we end, be it by a signal. Then kills
/// the program and removes the folder; keeps it if told so. Leaves the output to the program, whose
/// end is the output's.
const WATCHMAN: &str = r#"
    trap '' INT TERM HUP
    data=$1; shift
    "$@" </dev/null & server=$!
    exec >&-
    read -r order
    kill -KILL "$server" 2>/dev/null
    wait "$server"; status=$?
    [ "$order" = keep ] || rm -rf "$data"
    exit "$status"
"#;

/// Tells the watchman to end the program and leave its folder.
const KEEP: &[u8] = b"keep\n";

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// The code of a wrong command line.
const WRONG_USAGE: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that ends at once.
    fn nothing(name: &str) -> Launch {
        let (arguments, variables) = (Vec::new(), Vec::new());
        Launch { name: name.to_owned(), program: PathBuf::from("false"), arguments, variables }
    }

    #[test]
    fn a_program_that_ends_at_once_is_known_by_its_code() {
        let wrong = Server::start(nothing("test-ended")).unwrap_err();
        assert!(wrong.to_string().contains("does not say where it listens"), "{wrong}");
    }

    /// A program that serves until it is killed, with a folder.
    fn serving(folder: &Path) -> Server {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHMAN, "watchman"]).arg(folder);
        command.args(["sh", "-c", "echo on ws://here/; exec sleep 1000"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let watchman = command.spawn().unwrap();
        let launch = nothing("test-restarted");
        let mut server = Server { watchman, url: String::new(), launch };
        assert!(server.listens());
        assert_eq!(server.url(), "ws://here/");
        server
    }

    #[test]
    fn a_program_and_its_folder_go_with_whoever_holds_them() {
        let folder = std::env::temp_dir().join(format!("arcp-xtask-{}", std::process::id()));
        let mut server = serving(&folder);
        assert!(server.end().is_some_and(|status| !status.success()));
        assert!(!folder.exists());
    }

    #[test]
    fn a_restart_leaves_the_folder() {
        let folder = std::env::temp_dir().join(format!("arcp-xtask-kept-{}", std::process::id()));
        let mut server = serving(&folder);
        File::create(server.launch.log().unwrap()).unwrap();
        let silent = server.restart().unwrap_err();
        assert!(silent.to_string().contains("does not say where it listens"), "{silent}");
        assert!(folder.exists());
        std::fs::remove_dir(&folder).unwrap();
    }
}
