//! `cargo xtask crash`: the program is killed under load, again and again, or its power is cut.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::process::{cargo, root, run as execute};
use crate::program;

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let mut crash = cargo(CRASH);
    if !asks(args, &["-h", "--help"]) {
        crash.env(program::VARIABLE, program::build(&[])?);
    }
    if asks(args, &["--power-cut"]) {
        crash.env(LIBRARY, library()?);
    }
    execute(crash.args(args))
}

/// Builds the library that notes what the program writes: a package outside the workspace.
fn library() -> Result<PathBuf, Failure> {
    let target = root().join("target/power-cut");
    let mut build = cargo(&["build", "--locked", "--manifest-path", "tests/power-cut/Cargo.toml"]);
    execute(build.env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("debug/libpower_cut.so"))
}

fn asks(args: &[String], words: &[&str]) -> bool {
    args.iter().any(|arg| words.contains(&arg.as_str()))
}

/// The variable in which the crash program finds the library.
const LIBRARY: &str = "ARCP_POWER_CUT";
const CRASH: &[&str] = &["run", "--locked", "-p", "arcp-crash", "--"];
