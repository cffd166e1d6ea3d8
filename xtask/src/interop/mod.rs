//! `cargo xtask interop`: real peers, made of the published crates 2.0.0 (`tests/peers`).
//!
//! Their client drives our program, and our conformance suite is played against their runtime. Both
//! runs on request come to a document, requirement by requirement.

mod flows;
mod known;
mod peers;
mod record;
mod server;
mod suite;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::root;
use crate::program;
use crate::step::Steps;
use peers::Peers;

/// What becomes of the document that shows both runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// It is not made.
    Left,
    /// It is written.
    Written,
    /// It has to be what the runs come to.
    Checked,
}

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let document = match args {
        [] => Document::Left,
        [option] if option == "--report" => Document::Written,
        [option] if option == "--check" => Document::Checked,
        _ => return Err(Failure::new("interop takes `--report` or `--check`, or nothing")),
    };
    let mut steps = Steps::start();
    let program = steps.run("program", || program::build(&[]))?;
    add_to(&mut steps, &program, document)?;
    steps.finish("cargo xtask interop");
    Ok(())
}

pub(crate) fn add_to(steps: &mut Steps, program: &Path, document: Document) -> Result<(), Failure> {
    let peers = steps.run("peers", Peers::build)?;
    steps.run("flows of the peer's client", || flows::run(program, &peers))?;
    let theirs =
        steps.run("suite against the peer's runtime", || suite::theirs(program, &peers))?;
    match document {
        Document::Left => Ok(()),
        Document::Written => steps.run("report", || suite::write(program, &theirs)),
        Document::Checked => steps.run("report", || suite::check(program, &theirs)),
    }
}

/// A file for what a run leaves behind.
fn leaving(name: &str) -> Result<PathBuf, Failure> {
    let folder = root().join("target/interop");
    std::fs::create_dir_all(&folder).map_err(Failure::at(folder.display()))?;
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_option_is_refused() {
        let wrong = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            run(&args).unwrap_err().to_string()
        };
        assert!(wrong(&["--fast"]).contains("--check"));
        assert!(wrong(&["--report", "--check"]).contains("--report"));
    }
}
