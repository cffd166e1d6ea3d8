//! The table of the README: what clients do, and which of them can do it with our program.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use super::flows::Outcomes;
use super::known::Outcome;
use crate::failure::Failure;
use crate::process::root;

/// A client's column: its head, and what came of its flows.
pub(super) type Column = (&'static str, Outcomes);

/// Writes the table.
pub(super) fn write(columns: &[Column]) -> Result<(), Failure> {
    let (committed, text) = both(columns)?;
    if committed != text {
        fs::write(root().join(README), text).map_err(Failure::at(README))?;
    }
    println!("the table of {README} is written");
    Ok(())
}

/// Fails if the table is not what the runs come to.
pub(super) fn check(columns: &[Column]) -> Result<(), Failure> {
    let (committed, text) = both(columns)?;
    if committed == text {
        println!("the table of {README} is what the runs come to");
        return Ok(());
    }
    Err(Failure::new(format!(
        "the table of {README} is not what the runs come to; `cargo xtask interop --report` writes it"
    )))
}

/// The README as it is, and as it should be.
fn both(columns: &[Column]) -> Result<(String, String), Failure> {
    let read = |name| fs::read_to_string(root().join(name)).map_err(Failure::at(name));
    let (rows, committed) = (read(ROWS)?, read(README)?);
    let table = table(&rows, columns)?;
    let text = within(&committed, &table)?;
    Ok((committed, text))
}

/// A text with a table between its marks.
fn within(text: &str, table: &str) -> Result<String, Failure> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
    });
    parts.ok_or_else(|| Failure::new(format!("{README} has no `{BEGIN}` with `{END}` after it")))
}

/// A line for each subject: how many of each client's flows about it have passed.
fn table(rows: &str, columns: &[Column]) -> Result<String, Failure> {
    let rows: Vec<Row<'_>> = rows.lines().filter_map(Row::read).collect();
    complete(&rows, columns)?;
    let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (place, row) in rows.iter().enumerate() {
        let of = |outcomes: &Outcomes| {
            cell(outcomes.iter().filter(|(name, _)| place_of(&rows, name) == Some(place)))
        };
        let cells: Vec<String> = columns.iter().map(|(_, outcomes)| of(outcomes)).collect();
        // Writing to a text does not fail.
        writeln!(text, "| {} | {} |", row.subject, cells.join(" | ")).ok();
    }
    Ok(text)
}

/// Fails unless every flow is in a row, and every pattern stands for some flow.
fn complete(rows: &[Row<'_>], columns: &[Column]) -> Result<(), Failure> {
    let names = || columns.iter().flat_map(|(_, outcomes)| outcomes).map(|(name, _)| name.as_str());
    if let Some(name) = names().find(|name| place_of(rows, name).is_none()) {
        return Err(Failure::new(format!("{ROWS} has no row for the flow {name}")));
    }
    let patterns = rows.iter().flat_map(|row| &row.patterns);
    let used: BTreeSet<&str> = names()
        .flat_map(|name| patterns.clone().copied().filter(move |pattern| matches(pattern, name)))
        .collect();
    match patterns.clone().find(|pattern| !used.contains(*pattern)) {
        Some(pattern) => Err(Failure::new(format!("{ROWS}: `{pattern}` stands for no flow"))),
        None => Ok(()),
    }
}

/// The first row that a flow belongs to.
fn place_of(rows: &[Row<'_>], name: &str) -> Option<usize> {
    rows.iter().position(|row| row.patterns.iter().any(|pattern| matches(pattern, name)))
}

/// Whether a pattern, a name that may end in a star, stands for a flow.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn cell<'a>(outcomes: impl Iterator<Item = &'a (String, Outcome)>) -> String {
    let (mut passed, mut all) = (0_usize, 0_usize);
    for (_, outcome) in outcomes {
        all += 1;
        passed += usize::from(*outcome == Outcome::Passed);
    }
    match all {
        0 => "-".to_owned(),
        _ if passed == all => format!("yes ({all})"),
        _ => format!("**{passed} of {all}**"),
    }
}

/// What some flows are about.
struct Row<'a> {
    subject: &'a str,
    patterns: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// Reads a line: a subject, a bar and the patterns. Nothing if it is empty or a comment.
    fn read(line: &'a str) -> Option<Self> {
        let (subject, patterns) = line.split('#').next()?.split_once('|')?;
        Some(Self { subject: subject.trim(), patterns: patterns.split_whitespace().collect() })
    }
}

const README: &str = "README.md";

/// Which flows are about the same.
const ROWS: &str = "tests/peers/table.txt";

const BEGIN: &str = "<!-- begin: cargo xtask interop --report -->";
const END: &str = "<!-- end -->";

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "# subjects\n\nhello | a/hello b/hello*\njobs | a/job* b/jobs\n";

    fn outcomes(passed: &[&str], failed: &[&str]) -> Outcomes {
        let outcome = |name: &&str, outcome| ((*name).to_owned(), outcome);
        let passed = passed.iter().map(|name| outcome(name, Outcome::Passed));
        let failed = failed.iter().map(|name| outcome(name, Outcome::Failed(String::new())));
        passed.chain(failed).collect()
    }

    #[test]
    fn a_row_counts_the_flows_of_each_client() {
        let columns = [
            ("A", outcomes(&["a/hello", "a/job-1"], &["a/job-2"])),
            ("B", outcomes(&["b/hello-1", "b/hello-2", "b/jobs"], &[])),
        ];
        assert_eq!(
            table(LINES, &columns).unwrap(),
            "| | A | B |\n|---|---|---|\n| hello | yes (1) | yes (2) |\n\
             | jobs | **1 of 2** | yes (1) |\n"
        );
    }

    #[test]
    fn every_flow_has_a_row_and_every_pattern_a_flow() {
        let wrong = |names| table(LINES, &[("A", outcomes(names, &[]))]).unwrap_err().to_string();
        assert!(wrong(&["a/song"]).contains("no row for the flow a/song"));
        assert!(wrong(&["a/hello", "a/job", "b/hello"]).contains("`b/jobs` stands for no flow"));
    }

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = format!("before\n\n{BEGIN}\nold\n{END}\nafter");
        let changed = within(&text, "new\n").unwrap();
        assert_eq!(changed, format!("before\n\n{BEGIN}\nnew\n{END}\nafter"));
        assert!(within("nothing", "new\n").is_err());
    }
}
