//! `cargo xtask bench`: the load program against the release build of `arcp`.

use crate::failure::Failure;
use crate::process::{cargo, run as execute};
use crate::program;

pub(crate) fn run(scenarios: &[String]) -> Result<(), Failure> {
    let program = program::build(&["--release"])?;
    let mut load = cargo(LOAD);
    execute(load.args(scenarios).env(program::VARIABLE, program))
}

const LOAD: &[&str] =
    &["run", "--release", "--locked", "-p", "arcp-tests", "--bin", "arcp-bench", "--"];
