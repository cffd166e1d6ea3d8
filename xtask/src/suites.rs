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
    let program = steps.run("program", || program::build(&[]))?;
    add_to(&mut steps, &program)?;
    steps.finish("cargo xtask suites");
    Ok(())
}

pub(crate) fn add_to(steps: &mut Steps, program: &Path) -> Result<(), Failure> {
    for (name, dialect, wire, store, not_run) in SUITES {
        steps.run(name, || play(program, dialect, wire, store, not_run))?;
    }
    Ok(())
}

/// Plays one; nothing may fail, and so many are not run as want what there is not: another way, or a restart of
/// what keeps nothing.
fn play(
    program: &Path,
    dialect: &str,
    wire: &[&str],
    store: &[&str],
    not_run: u32,
) -> Result<(), Failure> {
    let mut command = std::process::Command::new(program);
    command.args(["conformance", "--dialect", dialect, "--jobs", "8"]);
    command.args(if wire == WS { &["--serve", "--"][..] } else { &["--"] }).arg(program);
    command.args(["serve", "--agents", "conformance", "--profile", "{profile}"]);
    command.args(store).args(wire).current_dir(root());
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(Failure::at("arcp conformance"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Failure::new(format!("{}\n{told}", output.status)));
    }
    let counted = told.lines().last().unwrap_or_default();
    println!("{counted}");
    if counted.contains(&format!(", {not_run} not run,")) {
        return Ok(());
    }
    Err(Failure::new(format!("not {not_run}, the number in xtask/src/suites.rs, are not run")))
}

const WS: &[&str] = &["--listen", "127.0.0.1:0"];
const STDIO: &[&str] = &["--stdio"];
const KEPT: &[&str] = &["--data", "{data}"];
const MEMORY: &[&str] = &["--memory"];

/// Its name, its dialect, how the program is reached and what it keeps, and how many scenarios are not run.
type Suite = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], u32);

const SUITES: [Suite; 8] = [
    ("open, WebSocket, SQLite", "open", WS, KEPT, 0),
    ("open, WebSocket, memory", "open", WS, MEMORY, 38),
    ("open, stdio, SQLite", "open", STDIO, KEPT, 177),
    ("open, stdio, memory", "open", STDIO, MEMORY, 214),
    ("hello, WebSocket, SQLite", "hello", WS, KEPT, 2),
    ("hello, WebSocket, memory", "hello", WS, MEMORY, 7),
    ("hello, stdio, SQLite", "hello", STDIO, KEPT, 103),
    ("hello, stdio, memory", "hello", STDIO, MEMORY, 108),
];
