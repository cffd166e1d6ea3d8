//! Clauses 1 and 2 under a kill: another process writes, is killed in the middle of it, and what
//! it leaves is looked at.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use tokio::time::timeout;

use super::batch::{Batch, key, record};
use super::bench::{runtime, same, same_records};
use super::child::Role;
use super::kill::{kills, say, write_until_killed};
use super::overlap::check_gap_free;
use super::{Bench, Clause, Outcome, Subject, ensure};
use crate::{Record, Store};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c01_kill_leaves_whole_commits", |bench| {
        kills(bench, 32, |round| round * 7 % 11, check_lane)
    }),
    Clause::new("c02_acknowledged_commits_survive_a_kill", |bench| {
        kills(bench, 4, |round| 30 + 40 * (round % 3), check_lane)
    }),
];

/// What this process was started for.
pub(super) fn play(role: Role, subject: &Subject) -> Outcome {
    match role {
        Role::Write(folder) => write_until_killed(subject, folder, write_lane),
        Role::Open(folder) => say_how_it_opens(subject, folder),
    }
}

fn say_how_it_opens(subject: &Subject, folder: PathBuf) -> Outcome {
    let line = match runtime()?.block_on(subject.open(folder)) {
        Ok(_) => "open\n".to_owned(),
        Err(error) => format!("{:?}\n", error.kind()),
    };
    Ok(std::io::stdout().write_all(line.as_bytes())?)
}

/// Where a writer that nobody kills stops.
const LAST_BATCH: u64 = 20_000;
/// How long a writer waits for its store before it gives up.
const PATIENCE: Duration = Duration::from_mins(1);

async fn write_lane(store: Arc<dyn Store>, lane: usize) -> Outcome {
    let written = store.read(&key(format!("b{lane}")), u64::MAX, 0).await?.last / 2;
    for n in written + 1..=LAST_BATCH {
        timeout(PATIENCE, store.commit(batch(lane, n).into())).await??;
        say(lane, n)?;
        if n.is_multiple_of(8) {
            timeout(PATIENCE, store.trim(&key(format!("a{lane}")), trimmed(n))).await??;
        }
    }
    Ok(())
}

/// Batch `n` of a lane: 3 numbers of its stream a, 2 records of its stream b, and facts of which
/// those of the last two batches are there.
fn batch(lane: usize, n: u64) -> Batch {
    let [a, b, c] = records(lane, n);
    let batch = Batch::new()
        .append(format!("a{lane}"), a.first, a.span, a.body)
        .append(format!("b{lane}"), b.first, b.span, b.body)
        .append(format!("b{lane}"), c.first, c.span, c.body)
        .put(format!("last{lane}"), n.to_string())
        .put(fact(lane, n), text(lane, n));
    if n > 2 { batch.delete(fact(lane, n - 2)) } else { batch }
}

/// One record of stream a, two of stream b. Some fill many pages of a file.
fn records(lane: usize, n: u64) -> [Record; 3] {
    let times = if n.is_multiple_of(5) { 4_000 } else { (n % 17) as usize };
    let body = text(lane, n).repeat(times);
    [record(3 * n - 2, 3, body), record(2 * n - 1, 1, text(lane, n)), record(2 * n, 1, "")]
}

fn text(lane: usize, n: u64) -> String {
    format!("batch {n} of {lane};")
}

fn fact(lane: usize, n: u64) -> String {
    format!("fact{lane}.{n:08}")
}

/// Where a lane has its stream a trimmed after batch `n`: in the middle of a record.
fn trimmed(n: u64) -> u64 {
    (3 * n).saturating_sub(20)
}

/// Checks what a lane left, and returns how many batches of it are there.
fn check_lane(bench: &Bench, lane: usize, acknowledged: u64) -> Result<u64, Failed> {
    let found = match bench.fact(format!("last{lane}"))? {
        Some(text) => std::str::from_utf8(&text)?.parse()?,
        None => 0_u64,
    };
    let one_in_flight = acknowledged..=acknowledged + 1;
    ensure(one_in_flight.contains(&found), || {
        format!("{acknowledged} batches were acknowledged, {found} are there")
    })?;
    check_streams(bench, lane, found)?;
    check_facts(bench, lane, found)?;
    let (a, b) = (format!("a{lane}"), format!("b{lane}"));
    bench.conflicts("gap", Batch::new().append(&a, 3 * found + 2, 1, ""))?;
    bench.conflicts("behind a", Batch::new().append(&a, (3 * found).max(2), 1, ""))?;
    bench.conflicts(
        "behind b",
        Batch::new().append(&b, 2 * found + 1, 1, "").append(&a, 1, 0, ""),
    )?;
    Ok(found)
}

fn check_streams(bench: &Bench, lane: usize, found: u64) -> Outcome {
    let wanted: Vec<[Record; 3]> = (1..=found).map(|n| records(lane, n)).collect();
    let b: Vec<Record> = wanted.iter().flat_map(|[_, b, c]| [b, c]).cloned().collect();
    bench.stream_is(format!("b{lane}"), &b)?;
    let page = bench.read(format!("a{lane}"), 0, usize::MAX)?;
    same("last of a", page.last, 3 * found)?;
    check_gap_free(&page.records, page.kept_from, page.last)?;
    let most = trimmed(found) + 1;
    ensure(page.kept_from <= most, || format!("kept from {}, not {most}", page.kept_from))?;
    let a: Vec<Record> = wanted.into_iter().map(|[a, ..]| a).collect();
    same_records("a", &page.records, a.split_at(a.len() - page.records.len()).1)
}

fn check_facts(bench: &Bench, lane: usize, found: u64) -> Outcome {
    let facts = bench.scan(format!("fact{lane}."), None, usize::MAX)?;
    let names = (found.saturating_sub(1)..=found).filter(|n| *n > 0);
    let want: Vec<_> = names.map(|n| (key(fact(lane, n)), text(lane, n).into())).collect();
    same("facts", facts, want)
}
