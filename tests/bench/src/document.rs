//! `docs/benchmarks.md`: made anew by a report, but for a section that is written by hand.

use std::fs;
use std::path::Path;

use crate::failure::Result;
use crate::machine::{Place, date};

/// Writes it, and keeps what is written by hand.
pub(crate) fn write(tables: &str, place: &Place) -> Result<()> {
    let path = Path::new(PATH);
    let old = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    let text = text(tables, place, &command(), &date(), by_hand(&old));
    fs::write(path, text)?;
    println!("\nwritten: docs/benchmarks.md");
    Ok(())
}

fn text(tables: &str, place: &Place, command: &str, date: &str, by_hand: &str) -> String {
    let Place { commit, machine } = place;
    let head = format!(
        "- machine: {machine}\n- commit: {commit}\n- date: {date}\n- command: `{command}`\n"
    );
    format!("{HEAD}\n{head}\n{tables}\n\n{START}\n{by_hand}\n{END}\n")
}

/// How this was asked for.
fn command() -> String {
    let words = ["cargo", "xtask", "bench"].map(str::to_owned);
    words.into_iter().chain(std::env::args().skip(1)).collect::<Vec<_>>().join(" ")
}

/// What is between the marks.
fn by_hand(old: &str) -> &str {
    let kept = old.split_once(START).and_then(|(_, rest)| rest.split_once(END));
    kept.map_or(NOTHING_YET, |(kept, _)| kept.trim_matches('\n'))
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks.md");

const HEAD: &str = "\
# Benchmarks

Made by `cargo xtask bench --compare --report`, and not edited by hand but for its last section, which a new
report keeps.

The load program (`tests/bench`) talks the wire, in one thread, and shares the machine with the server that
it loads: a fresh process for each run. It checks every event and every chunk that it counts. The runtimes
take turns, run by run. Ours is `arcp serve` with its database in SQLite and full durability: an event that a
client has seen is on the disk. The others are the Rust runtime published as `arcp-runtime` 2.0.0, in the
same dialect, and that of the SDK published for Python, in the hello dialect. They host agents that do the
same (`tests/peers`); events of the former are charges, as its tools have no others. **Both keep what they know
in memory, and nothing durably**; `echo-process` is what a job costs ours when it syncs nothing either. A dash
stands for what a runtime can not do: where nothing is kept, nothing is recovered or replayed.

What a scenario does, `cargo xtask bench --help` tells. A ratio above one is to our credit where things a second
are counted, and to theirs where it is time or memory. Figures are medians of the runs, CPU too; the peak of
memory is the highest of all. Bytes are those of messages, without the headers of the transport.
";

const START: &str = "<!-- begin: by hand -->";
const END: &str = "<!-- end -->";
const NOTHING_YET: &str = "## What bounds the misses";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_by_hand_is_kept() {
        let place = Place { commit: "c0ffee".to_owned(), machine: "a machine".to_owned() };
        let first = text("| 1 |", &place, "cargo", "2026-01-01", by_hand(""));
        assert!(first.contains("| 1 |") && first.contains(NOTHING_YET), "{first}");
        let edited = first.replace(NOTHING_YET, "## Why\n\nThe disk.");
        let second = text("| 2 |", &place, "cargo", "2026-01-02", by_hand(&edited));
        assert_eq!(second, edited.replace("| 1 |", "| 2 |").replace("01-01", "01-02"));
        assert!(second.contains("- commit: c0ffee"), "{second}");
    }
}
