//! `cargo xtask suites`: the whole conformance suite, in both dialects, against our program over WebSockets
//! and over standard streams, with its database and with nothing kept.

use std::path::Path;
use std::process::Stdio;

use crate::failure::Failure;
use crate::process::root;
use crate::program;
use crate::step::Steps;

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::start();
    add_to(&mut steps)?;
    steps.finish("cargo xtask suites");
    Ok(())
}

pub(crate) fn add_to(steps: &mut Steps) -> Result<(), Failure> {
    let program = steps.run("program", || program::build(&[]))?;
    for (name, dialect, wire, store) in SUITES {
        steps.run(name, || play(&program, dialect, wire, store))?;
    }
    Ok(())
}

/// Plays one; nothing may fail, and what is not run is counted in the line that this prints.
fn play(program: &Path, dialect: &str, wire: &[&str], store: &[&str]) -> Result<(), Failure> {
    let mut command = std::process::Command::new(program);
    command.args(["conformance", "--dialect", dialect, "--jobs", "4"]);
    command.args(if wire == WS { &["--serve", "--"][..] } else { &["--"] }).arg(program);
    command.args(["serve", "--agents", "conformance", "--profile", "{profile}"]);
    command.args(store).args(wire).current_dir(root());
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(Failure::at("arcp conformance"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        println!("{}", told.lines().last().unwrap_or_default());
        return Ok(());
    }
    Err(Failure::new(format!("{}\n{told}", output.status)))
}

const WS: &[&str] = &["--listen", "127.0.0.1:0"];
const STDIO: &[&str] = &["--stdio"];
const KEPT: &[&str] = &["--data", "{data}"];
const MEMORY: &[&str] = &["--memory"];

type Suite = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const SUITES: [Suite; 8] = [
    ("open, WebSocket, SQLite", "open", WS, KEPT),
    ("open, WebSocket, memory", "open", WS, MEMORY),
    ("open, stdio, SQLite", "open", STDIO, KEPT),
    ("open, stdio, memory", "open", STDIO, MEMORY),
    ("hello, WebSocket, SQLite", "hello", WS, KEPT),
    ("hello, WebSocket, memory", "hello", WS, MEMORY),
    ("hello, stdio, SQLite", "hello", STDIO, KEPT),
    ("hello, stdio, memory", "hello", STDIO, MEMORY),
];
