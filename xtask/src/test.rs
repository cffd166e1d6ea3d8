//! `cargo xtask test`: everything that proves the project. Needs no more than the Rust toolchain,
//! a C compiler and Python; uses cargo-nextest where it is installed.

use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;

use crate::crash;
use crate::failure::Failure;
use crate::interop::{self, Choice};
use crate::process::{cargo, run as execute, succeeds};
use crate::program::{self, Both};
use crate::step::Steps;

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::start();
    add_to(&mut steps)?;
    steps.finish("cargo xtask test");
    Ok(())
}

/// Says with which programs.
pub(crate) fn add_to(steps: &mut Steps) -> Result<Both, Failure> {
    let programs = steps.run("programs", program::build_both)?;
    let program = &programs.program;
    steps.run("tests", || workspace(program))?;
    steps.run("doctests", || doctests(program))?;
    steps.run("outside store", outside_store)?;
    crash::add_to(steps, &programs)?;
    interop::add_to(steps, program, Choice::CHECKED)?;
    Ok(programs)
}

/// Libraries, programs, tests and examples of all packages; nextest knows no doctests.
fn workspace(program: &Path) -> Result<(), Failure> {
    let mut command = if succeeds(&mut cargo(&["nextest", "--version"])) {
        // Most tests wait for something most of the time.
        let threads = 3 * available_parallelism().map_or(1, NonZero::get);
        cargo(&["nextest", "run", "--test-threads", &threads.to_string()])
    } else {
        println!("cargo-nextest is not installed: `cargo test` does as well, only slower");
        cargo(&["test", "--lib", "--bins", "--tests", "--examples"])
    };
    execute(command.args(SELECTION).env(program::VARIABLE, program))
}

fn doctests(program: &Path) -> Result<(), Failure> {
    execute(cargo(&["test", "--doc"]).args(SELECTION).env(program::VARIABLE, program))
}

/// A store as a third party would write it: a package of its own, outside the workspace.
fn outside_store() -> Result<(), Failure> {
    let manifest = "tests/outside-store/Cargo.toml";
    execute(&mut cargo(&[
        "test",
        "--manifest-path",
        manifest,
        "--target-dir",
        "target/outside",
        "--locked",
    ]))
}

const SELECTION: [&str; 3] = ["--workspace", "--all-features", "--locked"];
