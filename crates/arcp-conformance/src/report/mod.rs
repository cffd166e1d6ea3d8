//! What a run showed: scenario by scenario, requirement by requirement.

mod junit;
mod markdown;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::expected::Expected;
use crate::requirement::{Level, Requirement, Requirements};
use crate::run::{Broken, Failure, RunEnd};
use crate::script::Scenario;
use crate::suite::Plan;

/// A run of a suite.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Whom it was played against.
    pub target: String,
    /// The dialect.
    pub dialect: String,
    /// How long it took.
    pub seconds: f64,
    /// How many scenarios ended how.
    pub summary: Summary,
    /// The scenarios, in their order.
    pub scenarios: Vec<Outcome>,
    /// The requirements, by section.
    pub requirements: Vec<RequirementOutcome>,
    /// Failures that were expected and did not happen.
    pub stale: Vec<String>,
}

/// How many scenarios ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// As they should.
    pub passed: usize,
    /// Not as they should, or against expectation.
    pub failed: usize,
    /// Not as they should, which was known.
    pub known: usize,
    /// Not at all.
    pub not_run: usize,
}

/// How a scenario ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should.
    Passed,
    /// Not as it should.
    Failed,
    /// Not as it should, which was known.
    KnownFailure,
    /// As it should, although it was expected to fail.
    UnexpectedPass,
    /// It needs what the target has not.
    NotRun,
}

/// What became of a scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// What it covers.
    pub covers: Vec<String>,
    /// The settings of the target.
    pub profile: String,
    /// How it ended.
    pub status: Status,
    /// Why it was not run, or why it is known to fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What its known failure is about: itself, which is all that it covers, or some requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The step that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The rules for every frame that were broken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Broken>,
    /// How long it took.
    pub seconds: f64,
    /// The steps that failed before it was played again, as the machine that plays it stood still then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Failure>,
}

/// What a run says of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequirementState {
    /// Every scenario about it that ran passed, and one ran.
    Passed,
    /// One failed, or the rule was broken.
    Failed,
    /// The target lacks what the scenarios about it need, or fails them for something else.
    NotRun,
    /// No scenario is about it.
    Untested,
}

/// A requirement, and what a run says of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequirementOutcome {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub section: String,
    /// How binding it is.
    pub level: Level,
    /// The rule.
    pub text: String,
    /// What the run says.
    pub state: RequirementState,
    /// Why it is known to fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Outcome {
    pub(crate) fn of(
        scenario: &Scenario,
        status: Status,
        reason: Option<String>,
        end: RunEnd,
        started: Instant,
    ) -> Self {
        Self {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            covers: scenario.covers.clone(),
            profile: scenario.profile.clone(),
            status,
            reason,
            about: Vec::new(),
            failure: end.failure,
            broken: end.broken,
            seconds: started.elapsed().as_secs_f64(),
            earlier: Vec::new(),
        }
    }

    pub(crate) fn of_run(
        scenario: &Scenario,
        end: RunEnd,
        expected: &Expected,
        started: Instant,
    ) -> Self {
        let unlisted = end.broken.iter().any(|broken| !expected.lists(&broken.requirement));
        let failed = end.failure.is_some() || unlisted;
        let by_name = expected.lists(&scenario.name);
        let about: Vec<String> = match (&end.failure, expected.blamed(&scenario.name)) {
            (None, _) => Vec::new(),
            (Some(_), []) if by_name => vec![scenario.name.clone()],
            (Some(_), blamed) if by_name => blamed.to_vec(),
            // What requirements excuse is a step, and no rule for every frame.
            (Some(_), _) if unlisted => Vec::new(),
            (Some(_), _) => {
                scenario.covers.iter().filter(|id| expected.lists(id)).cloned().collect()
            }
        };
        let status = match (failed, by_name) {
            (false, false) => Status::Passed,
            (false, true) => Status::UnexpectedPass,
            (true, false) if about.is_empty() => Status::Failed,
            (true, _) => Status::KnownFailure,
        };
        let listed = if by_name { std::slice::from_ref(&scenario.name) } else { &about[..] };
        let reasons: Vec<&str> = listed.iter().filter_map(|name| expected.why(name)).collect();
        let reason = (failed && !reasons.is_empty()).then(|| reasons.join("; "));
        Self { about, ..Self::of(scenario, status, reason, end, started) }
    }

    /// Whether its known failure is about a requirement.
    fn blames(&self, id: &str) -> bool {
        let covers = self.covers.iter().any(|covered| covered == id);
        self.about.iter().any(|about| about == id || (covers && *about == self.name))
    }

    /// What this outcome says of a requirement; nothing if it is not about it. Where it is known to
    /// have failed for another one, nobody knows what would have come.
    fn says_of(&self, id: &str, rules: &[&str]) -> Option<RequirementState> {
        let ran = self.status != Status::NotRun;
        let is_broken = self.broken.iter().any(|broken| broken.requirement == id);
        if is_broken || self.blames(id) {
            return Some(RequirementState::Failed);
        }
        let is_covered = self.covers.iter().any(|covered| covered == id);
        let failed_for_others = !self.about.is_empty();
        if is_covered && ran && !failed_for_others {
            let failed = self.failure.is_some();
            return Some(if failed { RequirementState::Failed } else { RequirementState::Passed });
        }
        if ran && rules.contains(&id) {
            return Some(RequirementState::Passed);
        }
        is_covered.then_some(RequirementState::NotRun)
    }
}

impl Report {
    pub(crate) fn new(
        dialect: &dyn Dialect,
        target: String,
        requirements: &Requirements,
        scenarios: Vec<Outcome>,
        plan: &Plan,
        started: Instant,
    ) -> Self {
        let stale = stale(&scenarios, &plan.expected, dialect.rules());
        let judge = |one: &Requirement| judged(one, &scenarios, &plan.expected, dialect.rules());
        let requirements = requirements.iter().map(judge).collect();
        Self {
            target,
            dialect: dialect.name().to_owned(),
            seconds: started.elapsed().as_secs_f64(),
            summary: Summary::of(&scenarios),
            stale,
            scenarios,
            requirements,
        }
    }

    /// Whether nothing failed that was not known, and nothing passed that was to fail.
    pub fn is_good(&self) -> bool {
        self.summary.failed == 0 && self.stale.is_empty()
    }

    /// Whether every scenario was run.
    pub fn is_complete(&self) -> bool {
        self.summary.not_run == 0
    }

    /// As JSON, which [`Report::from_json`] reads.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Reads what [`Report::to_json`] has written.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// As `JUnit`'s XML.
    pub fn to_junit(&self) -> String {
        junit::write(self)
    }

    /// A table of the requirements, beside those of another run.
    pub fn to_markdown(&self, against: Option<&Self>) -> String {
        markdown::write(self, against)
    }

    /// For people: what failed and why, and the sums.
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    fn requirement(&self, id: &str) -> Option<&RequirementOutcome> {
        self.requirements.iter().find(|one| one.id == id)
    }
}

impl Summary {
    fn of(scenarios: &[Outcome]) -> Self {
        let mut summary = Self::default();
        for scenario in scenarios {
            *match scenario.status {
                Status::Passed => &mut summary.passed,
                Status::Failed | Status::UnexpectedPass => &mut summary.failed,
                Status::KnownFailure => &mut summary.known,
                Status::NotRun => &mut summary.not_run,
            } += 1;
        }
        summary
    }
}

/// What a run says of a requirement, and why it is known to fail if it does.
fn judged(
    one: &Requirement,
    scenarios: &[Outcome],
    expected: &Expected,
    rules: &[&str],
) -> RequirementOutcome {
    let state = state_of(&one.id, scenarios, rules);
    let blaming = scenarios.iter().filter(|outcome| outcome.blames(&one.id));
    let mut reasons: BTreeSet<&str> =
        blaming.filter_map(|outcome| expected.why(&outcome.name)).collect();
    // Its own reason says more than those of single scenarios.
    if let Some(why) = expected.why(&one.id) {
        reasons = BTreeSet::from([why]);
    }
    let is_failed = state == RequirementState::Failed;
    RequirementOutcome {
        id: one.id.clone(),
        section: one.section.clone(),
        level: one.level,
        text: one.text.clone(),
        state,
        reasons: reasons.into_iter().filter(|_| is_failed).map(str::to_owned).collect(),
    }
}

/// One failure outweighs all, one pass those that were not run.
fn state_of(id: &str, scenarios: &[Outcome], rules: &[&str]) -> RequirementState {
    let said: Vec<_> = scenarios.iter().filter_map(|one| one.says_of(id, rules)).collect();
    let order = [RequirementState::Failed, RequirementState::Passed, RequirementState::NotRun];
    let found = order.into_iter().find(|state| said.contains(state));
    found.unwrap_or(RequirementState::Untested)
}

/// Requirements that were expected to fail and did not. Only a run can tell.
fn stale(scenarios: &[Outcome], expected: &Expected, rules: &[&str]) -> Vec<String> {
    let ran: Vec<&Outcome> = scenarios.iter().filter(|one| one.status != Status::NotRun).collect();
    let broken = ran.iter().flat_map(|one| &one.broken).map(|broken| &broken.requirement);
    let known: BTreeSet<&String> = broken.chain(ran.iter().flat_map(|one| &one.about)).collect();
    let was_tested = |id: &str| {
        let covers = |one: &&Outcome| one.covers.iter().any(|covered| covered == id);
        ran.iter().any(covers) || (rules.contains(&id) && !ran.is_empty())
    };
    let listed = expected.iter().filter(|name| !known.iter().any(|known| known == name));
    listed.filter(|id| was_tested(id)).map(str::to_owned).collect()
}
