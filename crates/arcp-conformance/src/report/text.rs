//! The report for people.

use std::fmt::Write;

use super::{Outcome, Report, Status};
use crate::run::{Broken, Failure};

/// What failed, then the sums.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    for scenario in &report.scenarios {
        let is_bad = matches!(scenario.status, Status::Failed | Status::UnexpectedPass);
        if is_bad || !scenario.earlier.is_empty() {
            // Writing into a text does not fail.
            failure(&mut out, report, scenario).unwrap_or_default();
        }
    }
    sums(&mut out, report).unwrap_or_default();
    out
}

impl Outcome {
    /// One line: how it ended, and which it is.
    pub fn line(&self) -> String {
        let word = match self.status {
            Status::Passed => "ok",
            Status::Failed => "FAILED",
            Status::KnownFailure => "known failure",
            Status::UnexpectedPass => "PASSED, expected to fail",
            Status::NotRun => "not run",
        };
        let why = self.reason.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let again = match self.earlier.len() {
            0 => String::new(),
            before => format!(" (play {}, as this machine stood still)", before + 1),
        };
        format!("{word:<8} {:>6.2} s  {}{why}{again}", self.seconds, self.name)
    }
}

fn failure(out: &mut String, report: &Report, scenario: &Outcome) -> std::fmt::Result {
    writeln!(out, "\n{}\n  {}", scenario.line(), scenario.title)?;
    for earlier in &scenario.earlier {
        let Failure { file, line, step, message, .. } = earlier;
        writeln!(out, "  before, {file}:{line}: {step}\n    {message}")?;
    }
    if let Some(failure) = &scenario.failure {
        writeln!(out, "  {}:{}: {}", failure.file, failure.line, failure.step)?;
        writeln!(out, "    {}", failure.message)?;
        for id in &scenario.covers {
            requirement(out, report, id)?;
        }
        transcript(out, &failure.transcript)?;
    }
    for broken in &scenario.broken {
        rule(out, report, broken)?;
    }
    Ok(())
}

fn rule(out: &mut String, report: &Report, broken: &Broken) -> std::fmt::Result {
    let times = if broken.times > 1 { format!(" ({} times)", broken.times) } else { String::new() };
    writeln!(out, "  broken{times}: {}", broken.message)?;
    requirement(out, report, &broken.requirement)?;
    transcript(out, &broken.transcript)
}

fn requirement(out: &mut String, report: &Report, id: &str) -> std::fmt::Result {
    match report.requirement(id) {
        Some(one) => writeln!(out, "    {id} (§{}, {}): {}", one.section, one.level, one.text),
        None => writeln!(out, "    {id}"),
    }
}

fn transcript(out: &mut String, lines: &[String]) -> std::fmt::Result {
    lines.iter().try_for_each(|line| writeln!(out, "    | {line}"))
}

fn sums(out: &mut String, report: &Report) -> std::fmt::Result {
    for stale in &report.stale {
        writeln!(out, "\n{stale} is expected to fail, and did not")?;
    }
    let sum = report.summary;
    writeln!(
        out,
        "\n{} passed, {} failed, {} known failures, {} not run, in {:.1} s",
        sum.passed, sum.failed, sum.known, sum.not_run, report.seconds
    )
}
