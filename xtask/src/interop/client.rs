//! A client of somebody else's, as a program that runs flows: what starts it, and how it says what came
//! of them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::known::{self, Outcome};

/// A client and the flows that it can run.
#[derive(Debug)]
pub(super) struct Client {
    /// What it is called where we name files and folders after it.
    pub(super) name: &'static str,
    /// How the head of its column reads.
    pub(super) title: &'static str,
    pub(super) program: PathBuf,
    /// What its program is always given.
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: Vec<(&'static str, OsString)>,
    /// What `arcp serve` is told for it beside the profile.
    pub(super) serve: &'static [&'static str],
    /// The list of its flows that wait for something that is not built.
    pub(super) not_built: &'static str,
    pub(super) outcome: fn(&str) -> Option<(String, Outcome)>,
}

impl Client {
    /// Its program, up to the arguments of one run.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Reads a line of the Rust client: `ok NAME`, `FAILED NAME: why`, `not run NAME: why`.
pub(super) fn in_words(line: &str) -> Option<(String, Outcome)> {
    known::outcome(line).map(|(name, outcome)| (name.to_owned(), outcome))
}

/// Reads a line of a client that speaks JSON: `{"flow": NAME, "ok": true, false or null, "why": why}`.
pub(super) fn in_json(line: &str) -> Option<(String, Outcome)> {
    let Line { flow, ok, why } = serde_json::from_str(line).ok()?;
    let outcome = match ok {
        Some(true) => Outcome::Passed,
        Some(false) => Outcome::Failed(why),
        None => Outcome::NotRun(why),
    };
    Some((flow, outcome))
}

#[derive(Deserialize)]
struct Line {
    flow: String,
    ok: Option<bool>,
    #[serde(default)]
    why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_says_what_a_line_of_words_says() {
        for (json, words) in [
            (r#"{"flow": "a", "ok": true, "seconds": 0.1}"#, "ok a"),
            (r#"{"flow": "a", "ok": false, "why": "it: broke"}"#, "FAILED a: it: broke"),
            (r#"{"flow": "a", "ok": null, "why": "no agent"}"#, "not run a: no agent"),
        ] {
            assert_eq!(in_json(json), in_words(words));
        }
        assert_eq!(in_json("restart"), None);
        assert_eq!(in_json(r#"{"ok": true}"#), None);
    }
}
