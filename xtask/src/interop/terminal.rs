//! Somebody at a terminal: programs that are called, what they say, and a limit to how long they take.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::leaving;
use crate::failure::Failure;
use crate::process::Owned;

/// A field of an object that is a text.
pub(super) fn text(line: &Value, field: &str) -> String {
    line.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Somebody who calls our program.
pub(super) struct Terminal<'a> {
    program: &'a Path,
    url: &'a str,
}

impl<'a> Terminal<'a> {
    /// Calls `program`, with the runtime at `url`.
    pub(super) fn new(program: &'a Path, url: &'a str) -> Self {
        Self { program, url }
    }

    /// What a command says until it ends.
    pub(super) fn says(&self, arguments: &[&str]) -> Result<Said, Failure> {
        self.begin("command", arguments)?.end()
    }

    /// Starts a command, whose output is kept under this name.
    pub(super) fn begin(&self, name: &str, arguments: &[&str]) -> Result<Running, Failure> {
        let mut command = Command::new(self.program);
        command.args(arguments).args(["--dialect", "hello", "--url", self.url]);
        command.env("ARCP_TOKEN", "conf-alice");
        Running::begin(name, command)
    }
}

/// A command that has not ended.
pub(super) struct Running {
    child: Owned,
    out: PathBuf,
    errors: PathBuf,
    called: String,
}

impl Running {
    /// Starts any program, whose output is kept under this name.
    pub(super) fn begin(name: &str, mut command: Command) -> Result<Self, Failure> {
        let (out, errors) = (leaving(&format!("{name}.out"))?, leaving(&format!("{name}.err"))?);
        let file = |path: &PathBuf| File::create(path).map_err(Failure::at(path.display()));
        command.stdin(Stdio::null()).stdout(file(&out)?).stderr(file(&errors)?);
        let child = Owned(command.spawn().map_err(Failure::at(name))?);
        let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
        Ok(Self { child, out, errors, called: words.collect::<Vec<_>>().join(" ") })
    }

    /// Waits until it has printed a line with this in it.
    pub(super) fn prints(&self, text: &str) -> Result<(), Failure> {
        let printed = || self.said(None).ok().filter(|said| said.out.contains(text));
        let why = || Failure::new(format!("`{}` does not print `{text}`", self.called));
        within_limit(printed).map(|_| ()).ok_or_else(why)
    }

    /// The job of the first event that it prints.
    pub(super) fn first_job(&self) -> Result<String, Failure> {
        let job = within_limit(|| {
            let said = self.said(None).ok()?;
            let line = said.lines().into_iter().next()?;
            Some(text(&line, "job_id"))
        });
        job.ok_or_else(|| Failure::new(format!("`{}` prints no event", self.called)))
    }

    /// Waits for its end.
    pub(super) fn end(mut self) -> Result<Said, Failure> {
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
pub(super) struct Said {
    called: String,
    code: Option<i32>,
    pub(super) out: String,
    errors: String,
}

impl Said {
    pub(super) fn ended(&self, code: i32) -> Result<&Self, Failure> {
        self.holds(&format!("it ends with {code}"), |said| said.code == Some(code))?;
        Ok(self)
    }

    pub(super) fn wrote(&self, value: &Value) -> Result<(), Failure> {
        let same =
            |said: &Self| serde_json::from_str::<Value>(&said.out).is_ok_and(|it| it == *value);
        self.holds(&format!("it writes {value}"), same)
    }

    pub(super) fn told(&self, text: &str) -> Result<&Self, Failure> {
        self.holds(&format!("it tells of {text}"), |said| said.errors.contains(text))?;
        Ok(self)
    }

    /// What it has written, a JSON object a line.
    pub(super) fn lines(&self) -> Vec<Value> {
        self.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(super) fn holds(
        &self,
        what: &str,
        is_so: impl FnOnce(&Self) -> bool,
    ) -> Result<(), Failure> {
        if is_so(self) {
            return Ok(());
        }
        let Self { called, code, out, errors } = self;
        Err(Failure::new(format!(
            "`{called}`: it does not hold that {what}; it ended with {code:?} and said\n{out}{errors}"
        )))
    }
}
