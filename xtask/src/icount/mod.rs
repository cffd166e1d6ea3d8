//! `cargo xtask icount`: how many instructions a fixed script of codecs, engine and records takes, under
//! callgrind, compared with what is checked in.
//!
//! A count does not depend on what else the machine does. It does depend on the compiler, which
//! `rust-toolchain.toml` names, and a little on the C library and on valgrind.

mod counts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::micro::PACKAGE;
use crate::process::{cargo, output_of, root, succeeds};
use crate::program::executable;

use counts::{Count, Verdict};

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let write = match args {
        [] => false,
        [one] if one == "--write" => true,
        _ => return Err(Failure::new("`icount` takes `--write` or nothing")),
    };
    if !succeeds(Command::new("valgrind").arg("--version")) {
        let message = "valgrind is not there, and counts the instructions: install the package \
                       `valgrind` of the system's (Debian: `apt-get install valgrind`)";
        return Err(Failure::new(message));
    }
    let counts = count(&build()?)?;
    if write {
        fs::write(root().join(FILE), counts::text(&counts)).map_err(Failure::at(FILE))?;
        for count in &counts {
            println!("{}", counts::line(count, None));
        }
        println!("written to {FILE}");
        return Ok(());
    }
    let known = fs::read_to_string(root().join(FILE)).map_err(Failure::at(FILE))?;
    compare(&counts, &counts::read(&known).map_err(Failure::at(FILE))?)
}

/// Prints every section beside what is known of it.
fn compare(counts: &[Count], known: &[(String, u64)]) -> Result<(), Failure> {
    for count in counts {
        println!("{}", counts::line(count, counts::known(known, &count.section)));
    }
    match counts::judge(counts, known) {
        Verdict::Same => {
            println!("all {} sections are within {} % of {FILE}", counts.len(), counts::TOLERANCE);
            Ok(())
        }
        Verdict::Differs(complaints) => Err(Failure::new(complaints.join("\nerror: "))),
    }
}

/// The script, built as the program is.
fn build() -> Result<PathBuf, Failure> {
    let mut command = cargo(&["build", "--release", "--bin", SCRIPT]);
    command.args(PACKAGE).arg("--message-format=json-render-diagnostics");
    let messages = output_of(&mut command)?;
    executable(&messages, SCRIPT).ok_or_else(|| Failure::new("cargo built no script"))
}

/// Runs the script, which says the names of its sections, while callgrind writes a file for each.
fn count(script: &Path) -> Result<Vec<Count>, Failure> {
    let folder = root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(FOLDER))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::at(FOLDER))?;
    let mut command = Command::new("valgrind");
    // Not even the size of the environment is different from one run to the next.
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.args(["--tool=callgrind", "--callgrind-out-file=counted"]).args(OPTIONS);
    command.arg(script).current_dir(&folder).stdin(Stdio::null());
    let told = output_of(&mut command)?;
    let sections = told.lines().enumerate().map(|(at, said)| {
        // The files are numbered from 1.
        let file = folder.join(format!("counted.{}", at + 1));
        let dump = fs::read_to_string(&file).map_err(Failure::at(file.display()))?;
        let instructions = counts::total(&dump).map_err(Failure::at(file.display()))?;
        Count::new(said, instructions)
    });
    sections.collect()
}

const SCRIPT: &str = "script";
/// The counts that are checked in.
const FILE: &str = "tests/micro/icount.txt";
const FOLDER: &str = "target/icount";
/// What is counted stands in one function of the script; each call of it is a section.
const OPTIONS: [&str; 3] =
    ["--quiet", "--zero-before=script::counted", "--dump-after=script::counted"];
