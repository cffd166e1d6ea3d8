//! What is looked at of the record that `arcp conformance` leaves of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;

/// The record of a run.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    seconds: f64,
    scenarios: Vec<Scenario>,
    stale: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Scenario {
    name: String,
    covers: Vec<String>,
    status: String,
    failure: Option<Message>,
    #[serde(default)]
    broken: Vec<Broken>,
}

#[derive(Debug, Deserialize)]
struct Message {
    message: String,
}

#[derive(Debug, Deserialize)]
struct Broken {
    requirement: String,
    message: String,
}

impl Record {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(Failure::at(path.display()))?;
        serde_json::from_str(&text).map_err(Failure::at(path.display()))
    }

    /// How many scenarios ended how.
    pub(super) fn sums(&self) -> String {
        let count = |status: &str| self.scenarios.iter().filter(|one| one.status == status).count();
        format!(
            "{} passed, {} known failures, {} not run, in {:.1} s",
            count("passed"),
            count("known-failure"),
            count("not-run"),
            self.seconds
        )
    }

    /// What the list of known failures lacks and has too much, as lines of it.
    pub(super) fn news(&self, listed: &BTreeSet<&str>) -> Vec<String> {
        let failed = self.scenarios.iter().filter(|one| one.status == "failed");
        // A rule is broken by many scenarios, and listed once.
        let lines = failed.flat_map(Scenario::lines).filter(|(name, _)| !listed.contains(name));
        let lines: BTreeMap<&str, String> = lines.collect();
        let mut lines: Vec<String> = lines.into_values().collect();
        let passed = self.scenarios.iter().filter(|one| one.status == "unexpected-pass");
        let passed = passed.map(|one| &one.name).chain(&self.stale);
        lines.extend(passed.map(|name| format!("(delete) {name}")));
        lines
    }
}

impl Scenario {
    /// A line for what failed in it, and one for each rule that was broken.
    fn lines(&self) -> Vec<(&str, String)> {
        let short = |text: &str| text.chars().take(100).collect::<String>().replace('\n', " ");
        let covers = self.covers.join(" ");
        let failure = self.failure.iter();
        let failure = failure
            .map(|one| (&*self.name, format!("{} # {covers}: {}", self.name, short(&one.message))));
        let broken = self.broken.iter();
        let broken = broken.map(|one| {
            (&*one.requirement, format!("{} # {}", one.requirement, short(&one.message)))
        });
        failure.chain(broken).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{
        "seconds": 1.25, "stale": ["M3-1"],
        "scenarios": [
            {"name": "a", "covers": ["R1-1"], "status": "passed"},
            {"name": "b", "covers": ["R1-2", "R1-3"], "status": "failed",
             "failure": {"message": "nothing came"},
             "broken": [{"requirement": "M3-2", "message": "numbered"}]},
            {"name": "c", "covers": ["R1-1"], "status": "failed",
             "broken": [{"requirement": "M3-2", "message": "numbered"}]},
            {"name": "d", "covers": ["R1-1"], "status": "unexpected-pass"},
            {"name": "e", "covers": ["R1-1"], "status": "known-failure"},
            {"name": "f", "covers": ["R1-1"], "status": "not-run"}
        ]
    }"#;

    #[test]
    fn news_are_lines_for_the_list() {
        let record: Record = serde_json::from_str(RECORD).unwrap();
        assert_eq!(record.sums(), "1 passed, 1 known failures, 1 not run, in 1.2 s");
        assert_eq!(
            record.news(&BTreeSet::new()),
            ["M3-2 # numbered", "b # R1-2 R1-3: nothing came", "(delete) d", "(delete) M3-1"]
        );
        let news = record.news(&BTreeSet::from(["M3-2", "M3-1"]));
        assert_eq!(news, ["b # R1-2 R1-3: nothing came", "(delete) d", "(delete) M3-1"]);
    }
}
