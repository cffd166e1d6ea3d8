//! `cargo xtask interop`: real peers, made of what others have published (`tests/peers`).
//!
//! Their clients drive our program: the Rust crates 2.0.0 in the open dialect, the Python SDK 1.1.3 in
//! the hello dialect. Our commands are given to the runtime of that SDK, and our conformance suite is
//! played against the runtime of the Rust crates. On request the runs come to documents: the table of the README, client by client, and both runs of the
//! suite, requirement by requirement.

mod choice;
mod client;
mod commands;
mod flows;
mod known;
mod peers;
mod python;
mod record;
mod server;
mod suite;
mod table;
mod terminal;
mod together;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use choice::Choice;

use crate::failure::Failure;
use crate::process::root;
use crate::program;
use crate::step::Steps;
use choice::Document;
use peers::Peers;
use python::Python;
use suite::Theirs;

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let choice = Choice::read(args)?;
    let mut steps = Steps::start();
    let program = steps.run("program", || program::build(&[]))?;
    add_to(&mut steps, &program, choice)?;
    steps.finish("cargo xtask interop");
    Ok(())
}

pub(crate) fn add_to(steps: &mut Steps, program: &Path, choice: Choice) -> Result<(), Failure> {
    let (mut columns, mut clients) = (Vec::new(), Vec::new());
    if choice.rust {
        let peers = steps.run("Rust crates", Peers::build)?;
        let client = peers.flows();
        let outcomes = steps.run("flows of the Rust client", || flows::run(program, &client))?;
        columns.push((client.title, outcomes));
        clients.push(client);
        with_suite(steps, program, &peers.theirs(), choice.document)?;
    }
    if choice.python {
        let python = steps.run("Python SDK", Python::install)?;
        let client = python.flows()?;
        let outcomes = steps.run("flows of the Python client", || flows::run(program, &client))?;
        columns.push((client.title, outcomes));
        clients.push(client);
        let runtime = python.runtime("standard");
        steps.run("commands against the Python runtime", || commands::run(program, runtime))?;
        with_suite(steps, program, &python.theirs(), choice.document)?;
    }
    if let [rust, python] = clients.as_slice() {
        steps.run("both at one job", || together::run(program, rust, python))?;
    }
    match choice.document {
        Document::Left => Ok(()),
        Document::Written => steps.run("table", || table::write(&columns)),
        Document::Checked => steps.run("table", || table::check(&columns)),
    }
}

/// The suite, against a runtime by others and, for the document of both, against ours.
fn with_suite(
    steps: &mut Steps,
    program: &Path,
    theirs: &Theirs,
    document: Document,
) -> Result<(), Failure> {
    let record = steps.run(theirs.step, || theirs.play(program))?;
    match document {
        Document::Left => Ok(()),
        Document::Written => steps.run("report", || theirs.write(program, &record)),
        Document::Checked => steps.run("report", || theirs.check(program, &record)),
    }
}

/// Tells a load program of the published runtimes that it can load beside ours.
pub(crate) fn add_runtimes_to(load: &mut Command) -> Result<(), Failure> {
    load.env("ARCP_BENCH_RUST", peers::load_server()?);
    load.env("ARCP_BENCH_PYTHON", python::environment()?).envs([python::compiled()]);
    Ok(())
}

/// A file or folder for what a run leaves behind.
fn leaving(name: &str) -> Result<PathBuf, Failure> {
    let folder = root().join("target/interop");
    std::fs::create_dir_all(&folder).map_err(Failure::at(folder.display()))?;
    Ok(folder.join(name))
}
