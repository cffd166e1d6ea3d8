//! The report as a table of requirements, for a document.

use std::fmt::Write;

use super::{Report, RequirementState, Summary};

pub(super) fn write(report: &Report, against: Option<&Report>) -> String {
    let mut out = String::new();
    // Writing into a text does not fail.
    table(&mut out, report, against).unwrap_or_default();
    out
}

fn table(out: &mut String, report: &Report, against: Option<&Report>) -> std::fmt::Result {
    writeln!(out, "| run | target | passed | failed | known failures | not run |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    run(out, "ours", report)?;
    if let Some(other) = against {
        run(out, "other", other)?;
    }
    let other = if against.is_some() { " other |" } else { "" };
    writeln!(out, "\n| requirement | section | level | what | ours |{other}")?;
    writeln!(out, "|---|---|---|---|---|{}", if against.is_some() { "---|" } else { "" })?;
    for one in &report.requirements {
        write!(
            out,
            "| {} | {} | {} | {} | {} |",
            one.id,
            cell(&one.section),
            one.level,
            cell(&one.text),
            word(one.state)
        )?;
        if let Some(against) = against {
            let state = against.requirement(&one.id).map(|other| other.state);
            write!(out, " {} |", word(state.unwrap_or(RequirementState::Untested)))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn run(out: &mut String, name: &str, report: &Report) -> std::fmt::Result {
    let Summary { passed, failed, known, not_run } = report.summary;
    let target = cell(&report.target);
    writeln!(out, "| {name} | `{target}` | {passed} | {failed} | {known} | {not_run} |")
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
