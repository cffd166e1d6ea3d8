//! Which scenarios are played, against whom, and how many at once.

mod stage;
mod stall;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use crate::dialect::{self, Dialect};
use crate::expected::Expected;
use crate::report::{Outcome, Report};
use crate::requirement::{Level, Requirement, RequirementError, Requirements};
use crate::run::Tokens;
use crate::script::{Scenario, ScriptError};
use crate::subject::Target;
use stage::Stage;

/// The scenarios of a dialect and the requirements they cover.
#[derive(Debug)]
pub struct Suite {
    dialect: &'static dyn Dialect,
    scenarios: Vec<Scenario>,
    requirements: Requirements,
}

/// Why there is no suite, or no run of it.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Nobody speaks that.
    #[error("no dialect `{0}`; there are {names}", names = dialect::names())]
    Dialect(String),
    /// A scenario is no script.
    #[error("{0}")]
    Script(#[from] ScriptError),
    /// The requirements are no list.
    #[error("{0}")]
    Requirements(#[from] RequirementError),
    /// A scenario covers a requirement that there is not.
    #[error("{file}: no requirement `{id}`")]
    Covers {
        /// The scenario.
        file: String,
        /// What it says to cover.
        id: String,
    },
    /// A file can not be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The target is not there.
    #[error("cannot reach {target}: {why}")]
    Unreachable {
        /// Its name.
        target: String,
        /// Why not.
        why: String,
    },
}

/// Which scenarios.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Those whose name has one of these in it, or that cover one; all when there are none.
    pub include: Vec<String>,
    /// But not those.
    pub exclude: Vec<String>,
}

/// How to play them.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which.
    pub selection: Selection,
    /// How many at once.
    pub jobs: usize,
    /// Tokens by the names that scripts use.
    pub tokens: Tokens,
    /// What is known to fail.
    pub expected: Expected,
    /// What reports call the target, if not by what it is reached with.
    pub name: Option<String>,
    /// How often a scenario is played at most whose steps fail while this process stands still; at least once.
    pub plays: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            jobs: 4,
            tokens: fixture_tokens(),
            expected: Expected::default(),
            name: None,
            plays: 3,
        }
    }
}

/// The tokens of the fixture that every target hosts.
pub fn fixture_tokens() -> Tokens {
    ["alice", "bob", "carol"].map(|name| (name.to_owned(), format!("conf-{name}"))).into()
}

impl Suite {
    /// The scenarios and requirements that the library carries.
    pub fn built_in(dialect: &str) -> Result<Self, SuiteError> {
        let texts = SCENARIOS.iter().map(|(name, text)| (*name, *text));
        Self::of(dialect, texts, requirements(dialect)?)
    }

    /// The scenarios in `folder`, which has a folder for each dialect, with our requirements.
    pub fn read(dialect: &str, folder: &Path) -> Result<Self, SuiteError> {
        let mut texts = Vec::new();
        read_folder(folder, folder, &mut texts)?;
        texts.sort();
        let texts = texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Self::of(dialect, texts, requirements(dialect)?)
    }

    /// Scenarios from their names and texts; those of other dialects are left out.
    pub fn of<'a>(
        dialect: &str,
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
        requirements: Requirements,
    ) -> Result<Self, SuiteError> {
        let dialect = named(dialect)?;
        let mut scenarios = Vec::new();
        for (name, text) in texts {
            if name.split('/').next() == Some(dialect.name()) {
                scenarios.push(Scenario::parse(name, text)?);
            }
        }
        for scenario in &scenarios {
            if let Some(id) = scenario.covers.iter().find(|id| requirements.get(id).is_none()) {
                return Err(SuiteError::Covers { file: scenario.file(), id: id.clone() });
            }
        }
        Ok(Self { dialect, scenarios, requirements })
    }

    /// Its scenarios.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// Its requirements.
    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// How many scenarios cover a requirement.
    pub fn covering(&self, id: &str) -> usize {
        // Every scenario covers these.
        if self.dialect.rules().contains(&id) {
            return self.scenarios.len();
        }
        let covers = |scenario: &&Scenario| scenario.covers.iter().any(|covered| covered == id);
        self.scenarios.iter().filter(covers).count()
    }

    /// The requirements of `level` that no scenario covers.
    pub fn uncovered(&self, level: Level) -> Vec<&Requirement> {
        let covered = self.scenarios.iter().flat_map(|scenario| &scenario.covers);
        let covered = covered.map(String::as_str);
        // Every scenario covers these.
        self.requirements.uncovered(level, covered.chain(self.dialect.rules().iter().copied()))
    }

    /// What is expected to fail although there is no such scenario and no such requirement.
    pub fn unknown<'a>(&self, expected: &'a Expected) -> Option<&'a str> {
        let is_requirement = |name: &str| self.requirements.get(name).is_some();
        let is_scenario = |name| self.scenarios.iter().any(|scenario| scenario.name == name);
        let unknown = expected.iter().find(|name| !is_requirement(name) && !is_scenario(*name));
        unknown.or_else(|| expected.all_blamed().find(|id| !is_requirement(id)))
    }

    /// The same suite, which waits for no frame longer than `limit`, unless a step says how long: for
    /// targets of which that is known to be enough.
    #[must_use]
    pub fn with_patience(mut self, limit: Duration) -> Self {
        for scenario in &mut self.scenarios {
            scenario.deadline = scenario.deadline.min(limit);
        }
        self
    }

    /// The scenarios of a selection.
    pub fn select(&self, selection: &Selection) -> Vec<&Scenario> {
        self.scenarios.iter().filter(|scenario| selection.takes(scenario)).collect()
    }

    /// Plays scenarios against a target. `done` hears of each as it ends.
    pub async fn play(
        &self,
        target: &dyn Target,
        plan: &Plan,
        mut done: impl FnMut(&Outcome),
    ) -> Result<Report, SuiteError> {
        let started = Instant::now();
        let selected = self.select(&plan.selection);
        let stage = Stage::new(self, target, plan);
        stage.reach(&selected).await?;
        let mut outcomes = BTreeMap::new();
        let runs = selected.into_iter().enumerate().map(|(index, scenario)| {
            let stage = &stage;
            async move { (index, stage.play(index, scenario).await) }
        });
        let mut runs = stream::iter(runs).buffer_unordered(plan.jobs.max(1));
        while let Some((index, outcome)) = runs.next().await {
            done(&outcome);
            outcomes.insert(index, outcome);
        }
        let outcomes = outcomes.into_values().collect();
        let name = plan.name.clone().unwrap_or_else(|| target.name());
        Ok(Report::new(self.dialect, name, &self.requirements, outcomes, plan, started))
    }
}

impl Selection {
    fn takes(&self, scenario: &Scenario) -> bool {
        let is = |wanted: &String| {
            scenario.name.contains(wanted.as_str()) || scenario.covers.contains(wanted)
        };
        (self.include.is_empty() || self.include.iter().any(is)) && !self.exclude.iter().any(is)
    }
}

fn named(dialect: &str) -> Result<&'static dyn Dialect, SuiteError> {
    dialect::by_name(dialect).ok_or_else(|| SuiteError::Dialect(dialect.to_owned()))
}

fn requirements(dialect: &str) -> Result<Requirements, SuiteError> {
    Ok(Requirements::built_in(named(dialect)?)?)
}

fn read_folder(
    root: &Path,
    folder: &Path,
    texts: &mut Vec<(String, String)>,
) -> Result<(), SuiteError> {
    let failed = |source| SuiteError::Read { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            read_folder(root, &path, texts)?;
        } else if path.extension().is_some_and(|ending| ending == "scn") {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| SuiteError::Read { path: path.clone(), source })?;
            let name = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            texts.push((name.display().to_string(), text));
        }
    }
    Ok(())
}

/// Names and texts of the scenarios that are built in.
const SCENARIOS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
