//! The report as a table of requirements, for a document.

use std::fmt::Write;

use super::{Report, RequirementOutcome, RequirementState, Summary};

pub(super) fn write(report: &Report, against: Option<&Report>) -> String {
    let mut out = String::new();
    // Writing into a text does not fail.
    table(&mut out, report, against).unwrap_or_default();
    out
}

fn table(out: &mut String, report: &Report, against: Option<&Report>) -> std::fmt::Result {
    let runs: Vec<&Report> = std::iter::once(report).chain(against).collect();
    let names: Vec<String> = runs.iter().map(|run| cell(&run.target)).collect();
    writeln!(out, "| scenarios | passed | failed | known failures | not run |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for (run, name) in runs.iter().zip(&names) {
        let Summary { passed, failed, known, not_run } = run.summary;
        writeln!(out, "| {name} | {passed} | {failed} | {known} | {not_run} |")?;
    }
    writeln!(out, "\n| requirement | section | level | what | {} |", names.join(" | "))?;
    writeln!(out, "|---|---|---|---|{}", "---|".repeat(runs.len()))?;
    for one in &report.requirements {
        let RequirementOutcome { id, section, level, text, .. } = one;
        write!(out, "| {id} | {} | {level} | {} |", cell(section), cell(text))?;
        for run in &runs {
            let state = run.requirement(id).map(|found| found.state);
            write!(out, " {} |", word(state.unwrap_or(RequirementState::Untested)))?;
        }
        writeln!(out)?;
    }
    runs.iter().try_for_each(|run| reasons(out, run))
}

/// What is known to fail, and why.
fn reasons(out: &mut String, report: &Report) -> std::fmt::Result {
    let known: Vec<_> = report.requirements.iter().filter(|one| !one.reasons.is_empty()).collect();
    if known.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWhat is known to fail of {}, and why:\n", cell(&report.target))?;
    known.iter().try_for_each(|one| writeln!(out, "- {}: {}", one.id, one.reasons.join("; ")))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn word(state: RequirementState) -> &'static str {
    match state {
        RequirementState::Passed => "yes",
        RequirementState::Failed => "**no**",
        RequirementState::NotRun => "not run",
        RequirementState::Untested => "-",
    }
}
