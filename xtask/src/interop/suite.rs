//! The conformance suite against a runtime by others and against ours, and the document of both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::known;
use super::leaving;
use super::record::Record;
use super::server::Launch;
use crate::failure::Failure;
use crate::process::root;

/// A runtime by others, and how the suite is played against it.
#[derive(Debug)]
pub(super) struct Theirs {
    /// The dialect that it speaks.
    pub(super) dialect: &'static str,
    /// What playing it is called.
    pub(super) step: &'static str,
    /// What the document calls it.
    pub(super) title: &'static str,
    /// The program, up to its profile.
    pub(super) launch: Launch,
    /// The profiles that it has settings for.
    pub(super) profiles: &'static [&'static str],
    /// How many scenarios are played at once.
    pub(super) jobs: &'static str,
    /// The list of what it fails.
    pub(super) expected: &'static str,
    /// The document of both.
    pub(super) document: &'static str,
    /// How the document begins.
    pub(super) head: &'static str,
}

impl Theirs {
    /// Plays the suite against it, which fails what is listed and nothing else. Gives the record of the
    /// run.
    pub(super) fn play(&self, program: &Path) -> Result<PathBuf, Failure> {
        let name = &self.launch.name;
        let record = leaving(&format!("{name}.json"))?;
        let mut command = self.suite(program, self.title, self.jobs, &record);
        command.args(self.profiles.iter().flat_map(|profile| ["--profile", profile]));
        command.args(["--expected-failures", self.expected, "--"]);
        command.arg(&self.launch.program).args(&self.launch.arguments);
        command.args(["--profile", "{profile}", "--data", "{data}", "--listen", "127.0.0.1:0"]);
        command.envs(self.launch.variables.iter().map(|(name, value)| (*name, value)));
        let good = play(&mut command, name)?;
        let played = Record::read(&record)?;
        println!("{}", played.sums());
        let expected = self.expected;
        let listed = fs::read_to_string(root().join(expected)).map_err(Failure::at(expected))?;
        let news = played.news(&known::names(&listed));
        for line in &news {
            println!("{line}");
        }
        if good && news.is_empty() {
            return Ok(record);
        }
        Err(Failure::new(format!(
            "{} fails otherwise than {expected} says: change it by the lines above, with a reason for \
             each; {} has the transcripts",
            self.title,
            leaving(&format!("{name}.txt"))?.display()
        )))
    }

    /// Writes the document.
    pub(super) fn write(&self, program: &Path, record: &Path) -> Result<(), Failure> {
        let text = self.text(program, record)?;
        fs::write(root().join(self.document), text).map_err(Failure::at(self.document))?;
        println!("{} is written", self.document);
        Ok(())
    }

    /// Fails if the document is not what the runs come to.
    pub(super) fn check(&self, program: &Path, record: &Path) -> Result<(), Failure> {
        let document = self.document;
        let text = self.text(program, record)?;
        let committed = fs::read_to_string(root().join(document)).unwrap_or_default();
        if committed == text {
            println!("{document} is what the runs come to");
            return Ok(());
        }
        for (is, should) in differences(&committed, &text) {
            println!("- {is}\n+ {should}");
        }
        Err(Failure::new(format!(
            "{document} is not what the runs come to; `cargo xtask interop --report` writes it"
        )))
    }

    /// Plays the suite against our program, which has to pass it, and puts both runs side by side.
    fn text(&self, program: &Path, record: &Path) -> Result<String, Failure> {
        let name = format!("ours-{}", self.dialect);
        let table = leaving(&format!("{name}.md"))?;
        let ours = leaving(&format!("{name}.json"))?;
        let mut command = self.suite(program, "arcp serve", BUSY, &ours);
        command.arg("--report-md").arg(&table).arg("--against").arg(record).arg("--");
        command.arg(program).args(["serve", "--agents", "conformance", "--profile", "{profile}"]);
        command.args(["--data", "{data}", "--listen", "127.0.0.1:0"]);
        if !play(&mut command, &name)? {
            let log = leaving(&format!("{name}.txt"))?;
            let why = format!("our own program does not pass the suite; see {}", log.display());
            return Err(Failure::new(why));
        }
        let table = fs::read_to_string(&table).map_err(Failure::at(table.display()))?;
        Ok(format!("{}\n{table}", self.head))
    }

    /// `arcp conformance` on servers of its own, up to where the rest is said.
    fn suite(&self, program: &Path, name: &str, jobs: &str, record: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["conformance", "--dialect", self.dialect, "--serve"]);
        command.args(["--jobs", jobs, "--name", name]);
        command.arg("--json").arg(record).current_dir(root());
        command
    }
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

/// How many scenarios are played at once against ours.
const BUSY: &str = "8";

/// How many lines that differ are shown.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_shown() {
        assert_eq!(differences("a\nb", "a\nc\nd"), [("b", "c"), ("", "d")]);
        assert_eq!(differences("a", "a"), []);
    }
}
