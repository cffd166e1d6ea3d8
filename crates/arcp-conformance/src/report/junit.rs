//! The report as `JUnit`'s XML, which CI systems show.

use std::fmt::Write;

use super::{Outcome, Report, Status};

pub(super) fn write(report: &Report) -> String {
    let sum = report.summary;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let total = report.scenarios.len();
    // Writing into a text does not fail.
    writeln!(
        out,
        "<testsuite name=\"arcp-conformance {}\" tests=\"{total}\" failures=\"{}\" \
         skipped=\"{}\" time=\"{:.3}\">",
        escaped(&report.dialect),
        sum.failed,
        sum.not_run + sum.known,
        report.seconds
    )
    .unwrap_or_default();
    for scenario in &report.scenarios {
        out.push_str(&case(scenario));
    }
    out.push_str("</testsuite>\n");
    out
}

fn case(scenario: &Outcome) -> String {
    let (class, name) = scenario.name.rsplit_once('/').unwrap_or(("", &scenario.name));
    let head = format!(
        "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(class),
        escaped(name),
        scenario.seconds
    );
    let body = match scenario.status {
        Status::Passed => return format!("{head}/>\n"),
        Status::NotRun => skipped(scenario.reason.as_deref().unwrap_or_default()),
        Status::KnownFailure => skipped("a known failure"),
        Status::UnexpectedPass => failed("passed, and is expected to fail", ""),
        Status::Failed => failed(&message(scenario), &transcript(scenario)),
    };
    format!("{head}>\n    {body}\n  </testcase>\n")
}

fn message(scenario: &Outcome) -> String {
    let step = scenario
        .failure
        .iter()
        .map(|failure| format!("{}:{}: {}", failure.file, failure.line, failure.message));
    let rules = scenario.broken.iter().map(|one| format!("{}: {}", one.requirement, one.message));
    step.chain(rules).collect::<Vec<_>>().join("; ")
}

fn transcript(scenario: &Outcome) -> String {
    let lines = match (&scenario.failure, scenario.broken.first()) {
        (Some(failure), _) => &failure.transcript,
        (None, Some(broken)) => &broken.transcript,
        (None, None) => return String::new(),
    };
    lines.join("\n")
}

fn skipped(why: &str) -> String {
    format!("<skipped message=\"{}\"/>", escaped(why))
}

fn failed(message: &str, body: &str) -> String {
    format!("<failure message=\"{}\">{}</failure>", escaped(message), escaped(body))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            // XML has no way to say them.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
