//! `cargo xtask deny`: licences, bans and sources of the dependencies, by `deny.toml`.
//!
//! Installs cargo-deny under `target/tools` where there is none. Advisories are left out: their
//! database is a clone of another site.

use std::process::Command;

use crate::failure::Failure;
use crate::process::{cargo, root, run as execute, succeeds};

pub(crate) fn run() -> Result<(), Failure> {
    execute(program()?.args(["--locked", "check", "licenses", "bans", "sources"]))
}

/// The cargo-deny that is installed, or ours.
fn program() -> Result<Command, Failure> {
    if succeeds(&mut cargo(&["deny", "--version"])) {
        return Ok(cargo(&["deny"]));
    }
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    let ours = root().join(TOOLS).join("bin").join(name);
    if !ours.exists() {
        install()?;
    }
    let mut command = Command::new(ours);
    command.current_dir(root());
    Ok(command)
}

fn install() -> Result<(), Failure> {
    println!("installing cargo-deny {VERSION}, once: three to five minutes on two cores");
    let deny = ["install", "cargo-deny", "--locked", "--version", VERSION, "--root", TOOLS];
    execute(&mut cargo(&deny))
}

const VERSION: &str = "0.20.2";
const TOOLS: &str = "target/tools";
