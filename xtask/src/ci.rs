//! `cargo xtask ci`: all that CI does, and the checks that are too long for every push.

use crate::failure::Failure;
use crate::process::{cargo, run as execute};
use crate::step::Steps;
use crate::{deny, layers, test, tidy};

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::start();
    steps.run("fmt", fmt)?;
    steps.run("clippy", clippy)?;
    steps.run("layers", layers::run)?;
    steps.run("tidy", tidy::run)?;
    test::add_to(&mut steps)?;
    steps.run("doc", doc)?;
    steps.run("deny", deny::run)?;
    steps.finish("cargo xtask ci");
    Ok(())
}

fn fmt() -> Result<(), Failure> {
    execute(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), Failure> {
    let all = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    execute(&mut cargo(&all))?;
    let bare =
        ["clippy", "-p", "arcp", "--no-default-features", "--locked", "--", "-D", "warnings"];
    execute(&mut cargo(&bare))
}

fn doc() -> Result<(), Failure> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    execute(command.env("RUSTDOCFLAGS", "-D warnings"))
}
