//! The conformance suite against the peer's runtime and against ours, and the document of both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::known;
use super::leaving;
use super::peers::Peers;
use super::record::Record;
use crate::failure::Failure;
use crate::process::root;

/// Plays the suite against the peer's runtime, which fails what is listed and nothing else. Gives
/// the record of the run.
pub(super) fn theirs(program: &Path, peers: &Peers) -> Result<PathBuf, Failure> {
    let record = leaving("peer.json")?;
    let mut command = suite(program, "arcp-runtime 2.0.0", WAITING, &record);
    command.args(PROFILES.iter().flat_map(|profile| ["--profile", profile]));
    command.args(["--expected-failures", EXPECTED, "--"]);
    command.arg(&peers.server).args(["--profile", "{profile}", "--data", "{data}"]);
    command.args(["--listen", "127.0.0.1:0"]);
    let good = play(&mut command, "peer")?;
    let played = Record::read(&record)?;
    println!("{}", played.sums());
    let listed = fs::read_to_string(root().join(EXPECTED)).map_err(Failure::at(EXPECTED))?;
    let news = played.news(&known::names(&listed));
    for line in &news {
        println!("{line}");
    }
    if good && news.is_empty() {
        return Ok(record);
    }
    Err(Failure::new(format!(
        "the peer's runtime fails otherwise than {EXPECTED} says: change it by the lines above, \
         with a reason for each; {} has the transcripts",
        leaving("peer.txt")?.display()
    )))
}

/// Writes the document.
pub(super) fn write(program: &Path, theirs: &Path) -> Result<(), Failure> {
    let text = document(program, theirs)?;
    fs::write(root().join(DOCUMENT), text).map_err(Failure::at(DOCUMENT))?;
    println!("{DOCUMENT} is written");
    Ok(())
}

/// Fails if the document is not what the runs come to.
pub(super) fn check(program: &Path, theirs: &Path) -> Result<(), Failure> {
    let text = document(program, theirs)?;
    let committed = fs::read_to_string(root().join(DOCUMENT)).unwrap_or_default();
    if committed == text {
        println!("{DOCUMENT} is what the runs come to");
        return Ok(());
    }
    for (is, should) in differences(&committed, &text) {
        println!("- {is}\n+ {should}");
    }
    Err(Failure::new(format!(
        "{DOCUMENT} is not what the runs come to; `cargo xtask interop --report` writes it"
    )))
}

/// Plays the suite against our program, which has to pass it, and puts both runs side by side.
fn document(program: &Path, theirs: &Path) -> Result<String, Failure> {
    let table = leaving("table.md")?;
    let mut command = suite(program, "arcp serve", BUSY, &leaving("ours.json")?);
    command.arg("--report-md").arg(&table).arg("--against").arg(theirs).arg("--");
    command.arg(program).args(["serve", "--agents", "conformance", "--profile", "{profile}"]);
    command.args(["--data", "{data}", "--listen", "127.0.0.1:0"]);
    if !play(&mut command, "ours")? {
        let log = leaving("ours.txt")?;
        let why = format!("our own program does not pass the suite; see {}", log.display());
        return Err(Failure::new(why));
    }
    let table = fs::read_to_string(&table).map_err(Failure::at(table.display()))?;
    Ok(format!("{HEAD}\n{table}"))
}

/// `arcp conformance` on servers of its own, up to where the rest is said.
fn suite(program: &Path, name: &str, jobs: &str, record: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["conformance", "--dialect", "open", "--serve", "--jobs", jobs, "--name", name]);
    command.arg("--json").arg(record).current_dir(root());
    command
}

/// Plays a suite; what it says goes into a file. Whether all went as expected.
fn play(command: &mut Command, name: &str) -> Result<bool, Failure> {
    let log = leaving(&format!("{name}.txt"))?;
    let out = File::create(&log).map_err(Failure::at(log.display()))?;
    let errors = out.try_clone().map_err(Failure::at(log.display()))?;
    command.stdin(Stdio::null()).stdout(out).stderr(errors);
    let status = command.status().map_err(Failure::at("arcp conformance"))?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(Failure::new(format!(
            "`arcp conformance` ended with {status}; see {}",
            log.display()
        ))),
    }
}

/// The first lines that differ, as they are and as they should be.
fn differences<'a>(is: &'a str, should: &'a str) -> Vec<(&'a str, &'a str)> {
    let longest = is.lines().count().max(should.lines().count());
    let pad = |text: &'a str| text.lines().chain(std::iter::repeat("")).take(longest);
    pad(is).zip(pad(should)).filter(|(is, should)| is != should).take(SHOWN).collect()
}

/// The profiles that the peer's runtime has settings for.
const PROFILES: [&str; 5] = ["standard", "anonymous", "window", "timed", "credentials"];

const EXPECTED: &str = "tests/peers/expected-failures.txt";

const DOCUMENT: &str = "docs/conformance/open.md";

/// How many scenarios are played at once against a runtime that lets many wait for nothing.
const WAITING: &str = "24";
/// And against one that does not.
const BUSY: &str = "4";

/// How many lines that differ are shown.
const SHOWN: usize = 20;

const HEAD: &str = "\
# The open dialect, requirement by requirement

Made by `cargo xtask interop --report`, from two runs of the conformance suite over WebSockets. Not
edited by hand: `cargo xtask interop --check` fails if it is.

- `arcp serve` is our program, with its database in SQLite.
- `arcp-runtime 2.0.0` is the runtime published under that name, unchanged, with the agents of the
  fixture as far as it can host them (`tests/peers`). Its agents can not log, open streams, ask for
  permissions, keep artifacts or learn their trace, and it has no limits to set: what needs those is
  not run. What it is known to fail is listed in `tests/peers/expected-failures.txt`.

A requirement is met (yes) when every scenario about it that ran passed, and one ran. It is not run
where all of them need what the runtime lacks, or fail for something else that is known. A dash says
that no scenario is about it. Texts are ours: R is a rule of RFC 0001 revision 2, M a decision of ours
where the texts leave a choice, which nobody else has to share.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_shown() {
        assert_eq!(differences("a\nb", "a\nc\nd"), [("b", "c"), ("", "d")]);
        assert_eq!(differences("a", "a"), []);
    }
}
