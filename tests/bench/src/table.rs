//! Tables of a comparison, which can be read as they are and are Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::aim::{Aim, Bound, aims};
use crate::compare::{Cell, Row};
use crate::failure::Result;
use crate::program::Whose;
use crate::report::{Run, Sorted};

/// All of them.
pub(crate) fn all(rows: &[Row]) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "{}\n", ours(rows)?)?;
    writeln!(text, "{}\n", ratios(rows)?)?;
    write!(text, "{}", costs(rows)?)?;
    let further = further(rows)?;
    if !further.is_empty() {
        write!(text, "\n\n{further}")?;
    }
    for note in notes(rows) {
        write!(text, "\n\n{note}")?;
    }
    Ok(text)
}

/// Our runtime beside what it is to come to.
fn ours(rows: &[Row]) -> Result<String> {
    let mut table = Table::new(&["scenario", "unit", "aim", "median (least to most)", "met"]);
    for (row, aim) in with_aims(rows) {
        let figures = aim.of.of_all(row.cells.first().map_or(&[], Cell::runs))?;
        let (wanted, met) = match aim.bound {
            None => ("-".to_owned(), "-"),
            Some(bound) if bound.is_kept_by(figures.at(50)) => (bound_text(bound), "yes"),
            Some(bound) => (bound_text(bound), "no"),
        };
        table.line(&[
            row.scenario.name(),
            aim.of.unit(row.scenario),
            &wanted,
            &spread(&figures),
            met,
        ]);
    }
    Ok(table.text)
}

/// Our runtime beside others.
fn ratios(rows: &[Row]) -> Result<String> {
    let [first, second] = OTHERS.map(Whose::name);
    let head = ["scenario", "unit", "arcp", first, "ours / theirs", second, "ours / theirs"];
    let mut table = Table::new(&head);
    for (row, aim) in with_aims(rows) {
        let (unit, mut cells) = (aim.of.unit(row.scenario), Vec::new());
        let mut own = None;
        for cell in &row.cells {
            let Cell::Ran(runs) = cell else {
                let why = if matches!(cell, Cell::Not) { "-" } else { "fails" };
                cells.extend([why.to_owned(), "-".to_owned()]);
                continue;
            };
            let figures = aim.of.of_all(runs)?;
            cells.push(spread(&figures));
            match own {
                None => own = Some(figures.at(50)),
                Some(own) => cells.push(format!("{:.2}", own / figures.at(50))),
            }
        }
        let cells = [row.scenario.name(), unit].into_iter().chain(cells.iter().map(String::as_str));
        table.line(&cells.collect::<Vec<_>>());
    }
    Ok(table.text)
}

/// What it has cost both sides, and how much was on the wire.
fn costs(rows: &[Row]) -> Result<String> {
    let head = [
        "scenario",
        "runtime",
        "CPU s: server",
        "CPU s: client",
        "peak RSS, MiB",
        "MB received",
        "MB sent",
        "p50, ms",
        "p99, ms",
    ];
    let mut table = Table::new(&head);
    for row in rows {
        for (cell, whose) in row.cells.iter().zip([Whose::Ours].into_iter().chain(OTHERS)) {
            if let Cell::Ran(runs) = cell {
                let cells = cost(runs)?;
                let cells = cells.iter().map(String::as_str);
                let cells = [row.scenario.name(), whose.name()].into_iter().chain(cells);
                table.line(&cells.collect::<Vec<_>>());
            }
        }
    }
    Ok(table.text)
}

fn cost(runs: &[Run]) -> Result<[String; 7]> {
    let median = |of: &dyn Fn(&Run) -> f64| Sorted::of_floats(runs.iter().map(of));
    let seconds = |time: Duration| time.as_secs_f64();
    let megabytes = |bytes: u64| Duration::from_micros(bytes).as_secs_f64();
    let server = median(&|run| run.server_cpu.map_or(0.0, seconds))?;
    let client = median(&|run| seconds(run.client_cpu))?;
    let rss = runs.iter().filter_map(|run| run.server_rss_kib).max().unwrap_or_default();
    let received = median(&|run| megabytes(run.load.bytes.received))?;
    let sent = median(&|run| megabytes(run.load.bytes.sent))?;
    let latencies = Sorted::of(runs.iter().flat_map(|run| run.load.latencies.iter().copied()))?;
    let millis = |percent| number(seconds(latencies.at(percent)) * 1e3);
    Ok([
        number(server.at(50)),
        number(client.at(50)),
        (rss >> 10).to_string(),
        number(received.at(50)),
        number(sent.at(50)),
        millis(50),
        millis(99),
    ])
}

/// What else scenarios tell of our runtime.
fn further(rows: &[Row]) -> Result<String> {
    let mut table = Table::new(&["scenario", "further figure of arcp", "median (least to most)"]);
    let mut is_any = false;
    for row in rows {
        let runs = row.cells.first().map_or(&[][..], Cell::runs);
        for (name, _) in runs.first().map_or(&[][..], |run| &run.load.figures) {
            let all = runs.iter().flat_map(|run| &run.load.figures);
            let same = all.filter(|(other, _)| other == name).map(|(_, figure)| *figure);
            let figures = spread(&Sorted::of_floats(same)?);
            table.line(&[row.scenario.name(), &format!("`{name}`"), &figures]);
            is_any = true;
        }
    }
    Ok(if is_any { table.text } else { String::new() })
}

/// Why there is no figure where one is due.
fn notes(rows: &[Row]) -> Vec<String> {
    let mut notes = Vec::new();
    for row in rows {
        for (cell, whose) in row.cells.iter().skip(1).zip(OTHERS) {
            if let Cell::Failed(why) = cell {
                let why: String = why.chars().take(SHOWN).collect();
                notes.push(format!("With {} it fails: {why}", whose.name()));
            }
        }
    }
    notes
}

fn with_aims(rows: &[Row]) -> impl Iterator<Item = (&Row, Aim)> {
    rows.iter().flat_map(|row| aims(row.scenario).into_iter().map(move |aim| (row, aim)))
}

fn bound_text(bound: Bound) -> String {
    match bound {
        Bound::AtLeast(least) => format!("at least {}", number(least)),
        Bound::AtMost(most) => format!("at most {}", number(most)),
    }
}

fn spread(figures: &Sorted<f64>) -> String {
    let median = number(figures.at(50));
    if figures.len() == 1 {
        return median;
    }
    format!("{median} ({} to {})", number(figures.at(0)), number(figures.at(100)))
}

/// Three digits of it, or all in front of its point.
fn number(figure: f64) -> String {
    let places = match figure {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => return grouped(&format!("{figure:.0}")),
    };
    format!("{figure:.places$}")
}

/// Digits in threes.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Lines of cells.
struct Table {
    text: String,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        let mut table = Self { text: String::new() };
        table.line(head);
        table.line(&vec!["---"; head.len()]);
        table
    }

    fn line(&mut self, cells: &[&str]) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str("| ");
        self.text.push_str(&cells.join(" | "));
        self.text.push_str(" |");
    }
}

const OTHERS: [Whose; 2] = [Whose::Rust, Whose::Python];
/// How much of a reason is shown.
const SHOWN: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Bytes;
    use crate::scenario::{Load, Scenario};

    fn run(figure: f64) -> Run {
        Run {
            load: Load {
                figure,
                latencies: vec![Duration::from_micros(700)],
                bytes: Bytes { received: 2_500_000, sent: 1_000 },
                figures: vec![("odd".to_owned(), figure / 4.0)],
            },
            client_cpu: Duration::from_millis(20),
            server_cpu: Some(Duration::from_millis(150)),
            server_rss_kib: Some(3 << 10),
            breach: None,
        }
    }

    fn rows() -> Vec<Row> {
        let ran = |figures: &[f64]| Cell::Ran(figures.iter().copied().map(run).collect());
        vec![
            Row {
                scenario: Scenario::Pool,
                cells: vec![ran(&[21e3, 19e3, 20e3]), ran(&[10e3]), Cell::Failed("odd".into())],
            },
            Row { scenario: Scenario::Recover, cells: vec![ran(&[250.0]), Cell::Not, Cell::Not] },
        ]
    }

    #[test]
    fn aims_are_met_by_medians() {
        let text = ours(&rows()).unwrap();
        let wanted = "\
| scenario | unit | aim | median (least to most) | met |
| --- | --- | --- | --- | --- |
| pool | jobs/s | at least 20,000 | 20,000 (19,000 to 21,000) | yes |
| recover | ms to listening | - | 250 | - |";
        assert_eq!(text, wanted);
    }

    #[test]
    fn ratios_are_ours_by_theirs() {
        let text = ratios(&rows()).unwrap();
        let pool = "| pool | jobs/s | 20,000 (19,000 to 21,000) | 10,000 | 2.00 | fails | - |";
        assert!(text.contains(pool), "{text}");
        assert!(text.contains("| recover | ms to listening | 250 | - | - | - | - |"), "{text}");
        assert_eq!(notes(&rows()), ["With Python SDK 1.1.3 it fails: odd"]);
    }

    #[test]
    fn costs_are_those_of_whoever_ran() {
        let text = costs(&rows()).unwrap();
        let pool = "| pool | arcp | 0.15 | 0.02 | 3 | 2.50 | 0.00 | 0.70 | 0.70 |";
        assert!(text.contains(pool), "{text}");
        assert_eq!(text.lines().count(), 2 + 3);
    }

    #[test]
    fn further_figures_are_ours() {
        let text = further(&rows()).unwrap();
        assert!(text.contains("| pool | `odd` | 5,000 (4,750 to 5,250) |"), "{text}");
        assert!(further(&[]).unwrap().is_empty());
    }

    #[test]
    fn numbers_have_three_digits_or_more() {
        let texts = [0.0, 0.349, 9.994, 12.34, 123.4, 1234.5, 1_234_567.0].map(number);
        assert_eq!(texts, ["0.00", "0.35", "9.99", "12.3", "123", "1,234", "1,234,567"]);
    }
}
