//! Counts of instructions: what callgrind and the script write, what is checked in, and how the two compare.

use std::fmt::Write as _;

use crate::failure::Failure;

/// What a section took.
#[derive(Debug, PartialEq)]
pub(super) struct Count {
    pub(super) section: String,
    pub(super) instructions: u64,
    /// How much it did.
    units: u64,
    /// Of what.
    unit: String,
}

impl Count {
    /// Of a line that the script says: the section, how much it did, and of what.
    pub(super) fn new(said: &str, instructions: u64) -> Result<Self, Failure> {
        let bad =
            || Failure::new(format!("the script says `{said}`: not a section, a number, a unit"));
        let [section, units, unit] = said.split(' ').collect::<Vec<_>>()[..] else {
            return Err(bad());
        };
        let units = units.parse().map_err(|_| bad())?;
        Ok(Self { section: section.to_owned(), instructions, units, unit: unit.to_owned() })
    }
}

/// Whether all is as it was.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Same,
    /// What is not, each in a line.
    Differs(Vec<String>),
}

/// The instructions in a file of callgrind's.
pub(super) fn total(dump: &str) -> Result<u64, Failure> {
    let total = dump.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.ok_or_else(|| Failure::new("no line with the total"))?;
    total.trim().parse().map_err(Failure::at(format!("`totals: {total}`")))
}

/// Reads what is checked in: a section and its instructions a line, and comments.
pub(super) fn read(text: &str) -> Result<Vec<(String, u64)>, Failure> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [section, number] = words[..] else {
            return Err(Failure::new(format!("`{line}`: not a section and a number")));
        };
        Ok((section.to_owned(), number.parse().map_err(Failure::at(format!("`{line}`")))?))
    });
    read.collect()
}

/// What is checked in, written anew.
pub(super) fn text(counts: &[Count]) -> String {
    let mut text = HEAD.to_owned();
    for Count { section, instructions, .. } in counts {
        // Writing to a `String` cannot fail.
        writeln!(text, "{section:<28} {instructions:>12}").ok();
    }
    text
}

/// What was counted in a section, for somebody to read.
pub(super) fn line(count: &Count, known: Option<u64>) -> String {
    let Count { section, instructions, units, unit } = count;
    let each = instructions / (*units).max(1);
    let change =
        known.map_or_else(String::new, |known| format!("{:+.2} %", percent(*instructions, known)));
    format!("{section:<28} {instructions:>12}  {each:>8} for each of {units} {unit:<9} {change:>9}")
        .trim_end()
        .to_owned()
}

pub(super) fn known(known: &[(String, u64)], section: &str) -> Option<u64> {
    known.iter().find(|(name, _)| name == section).map(|(_, number)| *number)
}

/// Compares what was counted with what is known: both ways, for what is better and not written down would
/// be lost by and by.
pub(super) fn judge(counts: &[Count], all: &[(String, u64)]) -> Verdict {
    let mut complaints = Vec::new();
    for Count { section, instructions, .. } in counts {
        let Some(known) = known(all, section) else {
            complaints.push(format!("{section} is new: write it down with --write"));
            continue;
        };
        let (now, before) = (u128::from(*instructions) * 100, u128::from(known));
        let percent = percent(*instructions, known);
        if now > before * (100 + TOLERANCE) {
            complaints
                .push(format!("{section} takes {percent:.1} % more: {instructions}, not {known}"));
        } else if now < before * (100 - TOLERANCE) {
            complaints
                .push(format!("{section} is {:.1} % better: write it down with --write", -percent));
        }
    }
    let is_gone =
        |(section, _): &&(String, u64)| counts.iter().all(|count| count.section != *section);
    let gone = all.iter().filter(is_gone);
    complaints.extend(
        gone.map(|(section, _)| format!("{section} is gone: write that down with --write")),
    );
    if complaints.is_empty() { Verdict::Same } else { Verdict::Differs(complaints) }
}

/// How much more it is than it was, in hundredths.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn percent(now: u64, before: u64) -> f64 {
    (now as f64 / before as f64 - 1.0) * 100.0
}

/// How far a count may be from the one that is checked in, in hundredths.
pub(super) const TOLERANCE: u128 = 5;

const HEAD: &str = "\
# Instructions that each section of the script in tests/micro takes: `cargo xtask icount` compares, and
# `cargo xtask icount --write` writes this file. Counts depend on the compiler, which rust-toolchain.toml
# names (write them anew when it changes), and a little on the C library, the processor and valgrind.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(all: &[(&str, u64)]) -> Vec<Count> {
        let count =
            |(section, n): &(&str, u64)| Count::new(&format!("{section} 10 frames"), *n).unwrap();
        all.iter().map(count).collect()
    }

    fn complaints(now: &[(&str, u64)], before: &[(&str, u64)]) -> Vec<String> {
        let before: Vec<_> = before.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        match judge(&counts(now), &before) {
            Verdict::Same => Vec::new(),
            Verdict::Differs(complaints) => complaints,
        }
    }

    #[test]
    fn what_callgrind_writes_has_a_total() {
        let dump = "version: 1\nevents: Ir\nsummary: 41\n\nfn=(1) main\n3 7\n\ntotals: 42\n";
        assert_eq!(total(dump).unwrap(), 42);
        assert!(total("events: Ir\n").unwrap_err().to_string().contains("no line with the total"));
        assert!(total("totals: many\n").unwrap_err().to_string().contains("many"));
    }

    #[test]
    fn what_is_written_is_read() {
        let text = text(&counts(&[("decode", 1_000), ("encode", 2_000)]));
        assert!(text.starts_with("# Instructions"));
        let read = read(&text).unwrap();
        assert_eq!(read, [("decode".to_owned(), 1_000), ("encode".to_owned(), 2_000)]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for text in ["decode", "decode 1 2", "decode many"] {
            assert!(read(text).unwrap_err().to_string().contains(text), "{text}");
        }
        for said in ["", "decode", "decode many frames", "decode 1 frames more"] {
            assert!(Count::new(said, 1).unwrap_err().to_string().contains(said), "{said}");
        }
    }

    #[test]
    fn up_to_the_tolerance_it_is_the_same() {
        for now in [950, 1_000, 1_050] {
            assert_eq!(complaints(&[("decode", now)], &[("decode", 1_000)]), [""; 0], "{now}");
        }
    }

    #[test]
    fn beyond_it_is_said_which_section_and_what_to_do() {
        let before = [("decode", 1_000), ("encode", 1_000)];
        let worse = complaints(&[("decode", 1_000), ("encode", 1_061)], &before);
        assert_eq!(worse, ["encode takes 6.1 % more: 1061, not 1000"]);
        let better = complaints(&[("decode", 900), ("encode", 1_000)], &before);
        assert_eq!(better, ["decode is 10.0 % better: write it down with --write"]);
    }

    #[test]
    fn sections_that_come_and_go_are_to_be_written_down() {
        let said = complaints(&[("new", 1)], &[("old", 1)]);
        assert_eq!(
            said,
            ["new is new: write it down with --write", "old is gone: write that down with --write",]
        );
    }

    #[test]
    fn a_line_says_what_each_unit_takes() {
        let [count] = &counts(&[("decode", 1_234)])[..] else { panic!() };
        let line = line(count, Some(1_200));
        assert!(line.contains(" 123 for each of 10 frames") && line.ends_with("+2.83 %"), "{line}");
    }
}
