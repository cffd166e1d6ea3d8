//! Our program's commands against a runtime of the hello dialect by others: what somebody at a terminal
//! gets of them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::leaving;
use super::server::{Launch, Server, Started};
use crate::failure::Failure;
use crate::process::Owned;

/// Plays every turn against a runtime.
pub(super) fn run(program: &Path, runtime: Launch) -> Result<(), Failure> {
    let Started::Serving(server) = Server::start(runtime)? else {
        return Err(Failure::new("the runtime does not take its profile"));
    };
    let terminal = Terminal { program: program.to_owned(), url: server.url().to_owned() };
    for (name, turn) in TURNS {
        turn(&terminal).map_err(Failure::at(format!("our commands: {name}")))?;
        println!("ok {name}");
    }
    Ok(())
}

type Turn = fn(&Terminal) -> Result<(), Failure>;

const TURNS: [(&str, Turn); 7] = [
    ("run says what the job has come to", results),
    ("run says why there is no result", failures),
    ("run prints every event", events),
    ("run gives a job its lease", leases),
    ("agents lists what there is", agents),
    ("jobs, watch and cancel: a job that runs", running),
    ("watch tells the past of a job that has ended", past),
];

fn results(terminal: &Terminal) -> Result<(), Failure> {
    let said = terminal.says(&["run", "conf.echo", r#"{"a":[1,"w\u00f6rld"]}"#])?;
    said.ended(0)?.wrote(&serde_json::json!({"a": [1, "w\u{f6}rld"]}))?;
    let said = terminal.says(&["run", "conf.version@1.0.0"])?;
    said.ended(0)?.wrote(&serde_json::json!({"version": "1.0.0"}))?;
    let input = r#"{"chunks":["hello ","there"],"encoding":"utf8"}"#;
    let said = terminal.says(&["run", "conf.chunks", input])?;
    said.ended(0)?.holds("the pieces are put together", |said| said.out.contains("hello there"))
}

fn failures(terminal: &Terminal) -> Result<(), Failure> {
    let input = r#"{"code":"PERMISSION_DENIED","message":"not for you"}"#;
    let said = terminal.says(&["run", "conf.fail", input])?;
    said.ended(1)?.told("PERMISSION_DENIED")?.told("not for you")?;
    terminal.says(&["run", "conf.nobody"])?.ended(1)?.told("conf.nobody")?;
    terminal.says(&["run", "conf.version@3.0.0"])?.ended(1)?.told("conf.version@3.0.0")?;
    Ok(())
}

fn events(terminal: &Terminal) -> Result<(), Failure> {
    let said = terminal.says(&["run", "conf.events", "--json"])?;
    let kinds: Vec<String> =
        said.ended(0)?.lines().iter().map(|line| text(line, "event")).collect();
    let wanted = [
        "log",
        "metric",
        "progress",
        "thought",
        "tool_call",
        "tool_result",
        "status",
        "conf.custom",
        "completed",
    ];
    said.holds("every event is there, in its order", |_| {
        // Not every runtime says that a job has started.
        kinds.iter().filter(|kind| *kind != "started").eq(wanted.iter())
    })
}

fn leases(terminal: &Terminal) -> Result<(), Failure> {
    let input = r#"{"operations":[["tool.call","search.web"],["tool.call","delete"]]}"#;
    let said = terminal.says(&["run", "conf.authorize", input, "--lease", "tool.call=search.*"])?;
    said.ended(0)?.wrote(&serde_json::json!(["ok", "PERMISSION_DENIED"]))
}

fn agents(terminal: &Terminal) -> Result<(), Failure> {
    let said = terminal.says(&["agents"])?;
    let listed = |said: &Said| {
        let line = said.out.lines().find(|line| line.starts_with("conf.version "));
        line.is_some_and(|line| line.contains("1.0.0") && line.contains("2.0.0"))
    };
    said.ended(0)?.holds("both versions are listed", listed)
}

fn running(terminal: &Terminal) -> Result<(), Failure> {
    let run = terminal.begin("run", &["run", "conf.gate", r#"{"gate":"never"}"#, "--json"])?;
    let job = run.first_job()?;
    let said = terminal.says(&["jobs", "--status", "running", "--json"])?;
    let shown = |said: &Said| said.lines().iter().any(|line| text(line, "job_id") == job);
    said.ended(0)?.holds("the job is listed", shown)?;
    let watch = terminal.begin("watch", &["watch", &job, "--history", "--json"])?;
    watch.first_job()?;
    terminal.says(&["cancel", &job, "--reason", "enough"])?.ended(0)?;
    for waiting in [run, watch] {
        waiting.end()?.ended(1)?.holds("it says that the job was cancelled", |said| {
            said.lines().last().is_some_and(|line| text(line, "event") == "cancelled")
        })?;
    }
    Ok(())
}

fn past(terminal: &Terminal) -> Result<(), Failure> {
    let ran = terminal.says(&["run", "conf.log", r#"{"count":5}"#, "--json"])?;
    let job = ran.ended(0)?.lines().first().map(|line| text(line, "job_id")).unwrap_or_default();
    let watched = terminal.says(&["watch", &job, "--history", "--json"])?;
    let told =
        |said: &Said| said.lines().iter().map(|line| text(line, "event")).collect::<Vec<_>>();
    watched.ended(0)?.holds("it tells what was told before", |said| told(said) == told(&ran))
}

/// A field of an object that is a text.
fn text(line: &Value, field: &str) -> String {
    line.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Somebody who calls our program.
struct Terminal {
    program: PathBuf,
    url: String,
}

impl Terminal {
    /// What a command says until it ends.
    fn says(&self, arguments: &[&str]) -> Result<Said, Failure> {
        self.begin("command", arguments)?.end()
    }

    /// Starts a command, whose output is kept under this name.
    fn begin(&self, name: &str, arguments: &[&str]) -> Result<Running, Failure> {
        let (out, errors) = (leaving(&format!("{name}.out"))?, leaving(&format!("{name}.err"))?);
        let file = |path: &PathBuf| File::create(path).map_err(Failure::at(path.display()));
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--dialect", "hello", "--url", &self.url]);
        command.env("ARCP_TOKEN", "conf-alice");
        command.stdin(Stdio::null()).stdout(file(&out)?).stderr(file(&errors)?);
        let child = Owned(command.spawn().map_err(Failure::at("arcp"))?);
        Ok(Running { child, out, errors, called: arguments.join(" ") })
    }
}

/// A command that has not ended.
struct Running {
    child: Owned,
    out: PathBuf,
    errors: PathBuf,
    called: String,
}

impl Running {
    /// The job of the first event that it prints.
    fn first_job(&self) -> Result<String, Failure> {
        let job = within_limit(|| {
            let said = self.said(None).ok()?;
            let line = said.lines().into_iter().next()?;
            Some(text(&line, "job_id"))
        });
        job.ok_or_else(|| Failure::new(format!("`{}` prints no event", self.called)))
    }

    /// Waits for its end.
    fn end(mut self) -> Result<Said, Failure> {
        let status = within_limit(|| self.child.0.try_wait().transpose());
        match status {
            Some(status) => {
                let status = status.map_err(Failure::at(&self.called))?;
                self.said(status.code())
            }
            None => Err(Failure::new(format!("`{}` does not end", self.called))),
        }
    }

    fn said(&self, code: Option<i32>) -> Result<Said, Failure> {
        let read = |path: &PathBuf| fs::read_to_string(path).map_err(Failure::at(path.display()));
        let called = self.called.clone();
        Ok(Said { called, code, out: read(&self.out)?, errors: read(&self.errors)? })
    }
}

/// Asks again and again, until the time is over.
fn within_limit<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || started.elapsed() > LIMIT {
            return answer;
        }
        thread::sleep(PAUSE);
    }
}

const LIMIT: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(20);

/// What a command has said.
struct Said {
    called: String,
    code: Option<i32>,
    out: String,
    errors: String,
}

impl Said {
    fn ended(&self, code: i32) -> Result<&Self, Failure> {
        self.holds(&format!("it ends with {code}"), |said| said.code == Some(code))?;
        Ok(self)
    }

    fn wrote(&self, value: &Value) -> Result<(), Failure> {
        let same =
            |said: &Self| serde_json::from_str::<Value>(&said.out).is_ok_and(|it| it == *value);
        self.holds(&format!("it writes {value}"), same)
    }

    fn told(&self, text: &str) -> Result<&Self, Failure> {
        self.holds(&format!("it tells of {text}"), |said| said.errors.contains(text))?;
        Ok(self)
    }

    /// What it has written, a JSON object a line.
    fn lines(&self) -> Vec<Value> {
        self.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn holds(&self, what: &str, is_so: impl FnOnce(&Self) -> bool) -> Result<(), Failure> {
        if is_so(self) {
            return Ok(());
        }
        let Self { called, code, out, errors } = self;
        Err(Failure::new(format!(
            "`{called}`: it does not hold that {what}; it ended with {code:?} and said\n{out}{errors}"
        )))
    }
}
