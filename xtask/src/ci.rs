//! `cargo xtask ci`: all that CI does; with `--long`, also what is too long for every push.

use crate::failure::Failure;
use crate::process::{cargo, run as execute};
use crate::step::Steps;
use crate::{deny, fuzz, icount, layers, suites, test, tidy};

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let long = is_long(args)?;
    let mut steps = Steps::start();
    steps.run("fmt", fmt)?;
    steps.run("clippy", clippy)?;
    steps.run("layers", layers::run)?;
    steps.run("tidy", tidy::run)?;
    let programs = test::add_to(&mut steps)?;
    steps.run("doc", doc)?;
    steps.run("deny", deny::run)?;
    if long {
        suites::add_to(&mut steps, &programs.program)?;
        steps.run("icount", || icount::run(&[]))?;
        steps.run("fuzz", || fuzz::run(&[]))?;
    }
    steps.finish("cargo xtask ci");
    Ok(())
}

fn is_long(args: &[String]) -> Result<bool, Failure> {
    match args {
        [] => Ok(false),
        [one] if one == "--long" => Ok(true),
        _ => Err(Failure::new("`ci` takes `--long` or nothing")),
    }
}

fn fmt() -> Result<(), Failure> {
    execute(&mut cargo(&["fmt", "--all", "--check"]))?;
    let outside = OUTSIDE.iter().map(|(manifest, _)| *manifest);
    outside.chain([FUZZ]).try_for_each(|manifest| {
        execute(&mut cargo(&["fmt", "--check", "--manifest-path", manifest]))
    })
}

fn clippy() -> Result<(), Failure> {
    let all = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    execute(&mut cargo(&all))?;
    let bare =
        ["clippy", "-p", "arcp", "--no-default-features", "--locked", "--", "-D", "warnings"];
    execute(&mut cargo(&bare))?;
    OUTSIDE.iter().try_for_each(|(manifest, target)| {
        let package = ["--manifest-path", manifest, "--target-dir", target];
        let all = ["--all-targets", "--locked", "--", "-D", "warnings"];
        execute(cargo(&["clippy"]).args(package).args(all))
    })
}

fn doc() -> Result<(), Failure> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    execute(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Built by `fuzz` alone, as it needs another compiler; its rules are built by a test of `arcp-wire`.
const FUZZ: &str = "tests/fuzz/Cargo.toml";
/// The other packages outside the workspace, and where each is built.
const OUTSIDE: [(&str, &str); 4] = [
    ("tests/micro/Cargo.toml", "target/micro"),
    ("tests/outside-store/Cargo.toml", "target/outside"),
    ("tests/peers/Cargo.toml", "target/peers"),
    ("tests/power-cut/Cargo.toml", "target/power-cut"),
];
