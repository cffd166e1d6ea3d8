//! `cargo xtask crash`: the program is killed under load, again and again, or its power is cut.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::process::{cargo, root, run as execute};
use crate::program::{self, Both};
use crate::step::Steps;

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    execute_with(&program::build_both()?, args)
}

/// The tests of the library, then a few rounds of kills and of power cuts, as steps of the tests.
pub(crate) fn add_to(steps: &mut Steps, programs: &Both) -> Result<(), Failure> {
    steps.run("power-cut library", || execute(cargo(&["test"]).args(PACKAGE)))?;
    for (name, line) in
        [("kill -9", &["--rounds", "20"][..]), ("power cuts", &["--rounds", "10", "--power-cut"])]
    {
        let args: Vec<String> = line.iter().map(ToString::to_string).collect();
        steps.run(name, || execute_with(programs, &args))?;
    }
    Ok(())
}

fn execute_with(programs: &Both, args: &[String]) -> Result<(), Failure> {
    let mut crash = Command::new(&programs.crash);
    crash.current_dir(root()).env(program::VARIABLE, &programs.program);
    if args.iter().any(|arg| arg == "--power-cut") {
        crash.env(LIBRARY, library()?);
    }
    execute(crash.args(args))
}

/// Builds the library that notes what the program writes: a package outside the workspace.
fn library() -> Result<PathBuf, Failure> {
    execute(cargo(&["build"]).args(PACKAGE))?;
    Ok(root().join("target/power-cut/debug/libpower_cut.so"))
}

/// The variable in which the crash program finds the library.
const LIBRARY: &str = "ARCP_POWER_CUT";
const PACKAGE: [&str; 5] = [
    "--manifest-path",
    "tests/power-cut/Cargo.toml",
    "--target-dir",
    "target/power-cut",
    "--locked",
];
