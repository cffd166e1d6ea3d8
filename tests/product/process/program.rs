//! The program `arcp` as a child process: started, spoken to, ended.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// Where the program is: `ARCP_BIN`, or else it is built.
pub(super) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os("ARCP_BIN").map_or_else(build, PathBuf::from))
}

/// The workspace's folder.
pub(super) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests/` is in the workspace")
}

/// Where cargo builds.
pub(super) fn target() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace().join(folder)
}

/// `cargo`, for the workspace.
pub(super) fn cargo() -> std::process::Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = std::process::Command::new(cargo);
    cargo.current_dir(workspace()).env("CARGO_TARGET_DIR", target());
    cargo
}

fn build() -> PathBuf {
    let status = cargo().args(["build", "-p", "arcp-cli"]).status().expect("cargo starts");
    assert!(status.success(), "the program builds");
    target().join("debug").join(format!("arcp{}", std::env::consts::EXE_SUFFIX))
}

/// Runs a whole test, but not for ever.
pub(super) async fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(GUARD, test).await.expect("the test ends in time")
}

/// The program with these arguments, untouched by the environment of whoever runs the tests. It speaks
/// the hello dialect: of itself it would speak the other to a server that is slow to answer, and say so.
pub(super) fn arcp(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    for name in ["ARCP_URL", "ARCP_TOKEN", "ARCP_LOG"] {
        command.env_remove(name);
    }
    command.env("ARCP_DIALECT", "hello");
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(super) struct Ended {
    /// The exit code, unless a signal ended it.
    pub(super) code: Option<i32>,
    /// The bytes of standard output.
    pub(super) bytes: Vec<u8>,
    /// The same as text.
    pub(super) out: String,
    /// Standard error.
    pub(super) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
        }
    }
}

impl Ended {
    /// Insists on the exit code.
    #[track_caller]
    pub(super) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON, one value a line.
    #[track_caller]
    pub(super) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

/// Runs the program to its end.
pub(super) async fn run(arguments: &[&str]) -> Ended {
    finish(&mut arcp(arguments)).await
}

/// Runs a command to its end.
pub(super) async fn finish(command: &mut Command) -> Ended {
    command.output().await.expect("the program starts").into()
}

/// Sends a signal to a child that has not been waited for.
pub(super) fn signal(child: &Child, name: &str) {
    let id = child.id().expect("the child runs");
    let sent =
        std::process::Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status();
    assert!(sent.expect("a shell").success(), "kill -{name}");
}

/// `arcp serve`, listening.
#[derive(Debug)]
pub(super) struct Serve {
    child: Child,
    url: String,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Serve {
    /// Starts it on a free port with its data in `data`, and waits for the line that says where.
    pub(super) async fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::launch(&mut Self::command(data, arguments)).await
    }

    /// The command that [`Self::start`] starts.
    pub(super) fn command(data: &Path, arguments: &[&str]) -> Command {
        let mut command = arcp(&["serve", "--listen", "127.0.0.1:0", "--data", text(data)]);
        command.args(arguments);
        command
    }

    /// Starts a command that serves, and waits for its line.
    pub(super) async fn launch(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut err = BufReader::new(child.stderr.take().expect("piped")).lines();
        let Some(line) = out.next_line().await.expect("text") else {
            panic!("it ended instead of listening: {}", rest(&mut err).await);
        };
        let url = line.strip_prefix("arcp: listening on ").unwrap_or_else(|| panic!("{line}"));
        Self { url: url.to_owned(), child, out, err }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The next line that it says on standard error.
    pub(super) async fn says(&mut self) -> String {
        self.err.next_line().await.expect("text").expect("a line on standard error")
    }

    /// Kills it as a crash of the machine's worst kind would: SIGKILL.
    pub(super) async fn kill_9(mut self) {
        self.child.kill().await.expect("it is killed");
    }

    /// Sends it a signal: `TERM`, `INT`.
    pub(super) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for its end; standard output is what came after the first line.
    pub(super) async fn ended(mut self) -> Ended {
        let (out, err) = tokio::join!(rest(&mut self.out), rest(&mut self.err));
        let code = self.child.wait().await.expect("it ends").code();
        Ended { code, bytes: out.clone().into_bytes(), out, err }
    }

    /// Asks it to stop and insists that it does so cleanly.
    pub(super) async fn stop(self) -> Ended {
        self.signal("TERM");
        self.ended().await.with(0)
    }
}

async fn rest<R: tokio::io::AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>) -> String {
    let mut text = String::new();
    lines.get_mut().read_to_string(&mut text).await.expect("text");
    text
}

/// A path as text.
pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

const GUARD: Duration = Duration::from_mins(2);
