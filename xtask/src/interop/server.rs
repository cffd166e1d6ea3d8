//! Our program, serving the fixture: on a port of its own, in a folder of its own, until it is
//! dropped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::leaving;
use crate::failure::Failure;

/// A process and its folder. Both are gone when this is, and also when we are, however that comes.
#[derive(Debug)]
pub(super) struct Server {
    watchman: Child,
    url: String,
}

/// What came of a start.
#[derive(Debug)]
pub(super) enum Started {
    Serving(Server),
    /// The program has no such profile.
    Unknown,
}

impl Server {
    pub(super) fn start(program: &Path, profile: &str) -> Result<Started, Failure> {
        let log = leaving(&format!("serve-{profile}.log"))?;
        let errors = File::create(&log).map_err(Failure::at(log.display()))?;
        let name = format!("arcp-interop-{}-{profile}", std::process::id());
        let data = std::env::temp_dir().join(name);
        let mut command = Command::new("sh");
        command.args(["-c", WATCHMAN, "watchman"]).arg(&data).arg(program);
        command.args(["serve", "--agents", "conformance", "--listen", "127.0.0.1:0"]);
        command.args(["--profile", profile]).arg("--data").arg(&data);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let watchman = command.spawn().map_err(Failure::at("sh"))?;
        let mut server = Self { watchman, url: String::new() };
        if let Some(url) = server.watchman.stdout.take().and_then(address) {
            server.url = url;
            return Ok(Started::Serving(server));
        }
        match server.end().and_then(|status| status.code()) {
            Some(WRONG_USAGE) => Ok(Started::Unknown),
            _ => Err(Failure::new(format!(
                "`arcp serve --profile {profile}` does not say where it listens; see {}",
                log.display()
            ))),
        }
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
/// the program and removes the folder. Leaves the output to the program, whose end is the output's.
const WATCHMAN: &str = r#"
    trap '' INT TERM HUP
    data=$1; shift
    "$@" </dev/null & server=$!
    exec >&-
    read -r _
    kill -KILL "$server" 2>/dev/null
    wait "$server"; status=$?
    rm -rf "$data"
    exit "$status"
"#;

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// The code of a wrong command line.
const WRONG_USAGE: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_at_once_is_known_by_its_code() {
        let wrong = Server::start(Path::new("false"), "test-ended").unwrap_err();
        assert!(wrong.to_string().contains("does not say where it listens"), "{wrong}");
    }

    #[test]
    fn a_program_and_its_folder_go_with_whoever_holds_them() {
        let folder = std::env::temp_dir().join(format!("arcp-xtask-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHMAN, "watchman"]).arg(&folder);
        command.args(["sh", "-c", "echo on ws://here/; exec sleep 1000"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut watchman = command.spawn().unwrap();
        assert_eq!(watchman.stdout.take().and_then(address).as_deref(), Some("ws://here/"));
        let mut server = Server { watchman, url: String::new() };
        assert!(server.end().is_some_and(|status| !status.success()));
        assert!(!folder.exists());
    }
}
