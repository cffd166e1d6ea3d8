//! Clauses 1 and 2 under a kill: another process puts and deletes, is killed in the middle of it,
//! and what it leaves is looked at.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use tokio::time::timeout;

use super::sample::{sample, tag_of};
use super::{Bench, Clause, Key, Outcome, Role, Subject, ensure, key, same};
use crate::contract::kill::{kills, say, write_until_killed};
use crate::{Blobs, StoreError};

pub(super) const CLAUSES: &[Clause<dyn Blobs>] = &[
    Clause::new("c01_kill_leaves_whole_blobs", |bench| {
        kills(bench, 32, |round| round * 7 % 11, check_lane)
    }),
    Clause::new("c02_acknowledged_calls_survive_a_kill", |bench| {
        kills(bench, 4, |round| 30 + 20 * (round % 3), check_lane)
    }),
];

/// What this process was started for.
pub(super) fn play(role: Role, subject: &Subject<dyn Blobs>) -> Outcome {
    match role {
        Role::Write(folder) => write_until_killed(subject, folder, write_lane),
        Role::Open(_) => Err(Failed::from("blobs have no lock to be tried")),
    }
}

/// Where a writer that nobody kills stops.
const LAST_ROUND: u64 = 20_000;
/// How long a writer waits for one call before it gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// In round `n`, one after the other: puts blob `n`, replaces the last one and the one that all
/// lanes replace, and deletes blob `n - 2`.
async fn write_lane(blobs: Arc<dyn Blobs>, lane: usize) -> Outcome {
    let written = match blobs.get(&last(lane)).await? {
        Some(bytes) => number(&bytes)?,
        None => 0,
    };
    for n in written + 1..=LAST_ROUND {
        patient(blobs.put(&one(lane, n), sample(&n.to_string(), size(n)))).await?;
        patient(blobs.put(&last(lane), sample(&n.to_string(), size(n + 3)))).await?;
        patient(blobs.put(&shared(), sample(&format!("{lane}.{n}"), size(n + 1)))).await?;
        patient(blobs.delete(&one(lane, n.saturating_sub(2)))).await?;
        say(lane, n)?;
    }
    Ok(())
}

async fn patient(call: impl Future<Output = Result<(), StoreError>>) -> Outcome {
    Ok(timeout(PATIENCE, call).await??)
}

fn one(lane: usize, n: u64) -> Key {
    key(format!("one{lane}.{n:08}"))
}

fn last(lane: usize) -> Key {
    key(format!("last{lane}"))
}

fn shared() -> Key {
    key("shared")
}

/// Some fill many pages of a file.
fn size(n: u64) -> usize {
    let times = if n.is_multiple_of(5) { 30_000 } else { 50 };
    usize::try_from(n % 17).unwrap_or_default() * times
}

fn number(bytes: &[u8]) -> Result<u64, Failed> {
    Ok(tag_of(bytes)?.parse()?)
}

/// Checks what a lane left, and returns how many rounds of it are there.
fn check_lane(bench: &Bench, lane: usize, acknowledged: u64) -> Result<u64, Failed> {
    let found = match bench.get(last(lane).as_bytes())? {
        Some(bytes) => number(&bytes)?,
        None => 0,
    };
    let one_in_flight = acknowledged..=acknowledged + 1;
    ensure(one_in_flight.contains(&found), || {
        format!("{acknowledged} rounds were acknowledged, {found} are there")
    })?;
    match bench.get(shared().as_bytes())? {
        Some(bytes) => drop(tag_of(&bytes)?),
        None => same("rounds without the blob of all lanes", acknowledged, 0)?,
    }
    check_ones(bench, lane, acknowledged, found)?;
    // The round that was cut short may have left it, and the next writer will not come back to it.
    bench.delete(one(lane, found.saturating_sub(2)).as_bytes())?;
    Ok(found)
}

/// The blobs of the last two rounds are there and, beside them, at most those of the round that
/// was cut short.
fn check_ones(bench: &Bench, lane: usize, acknowledged: u64, found: u64) -> Outcome {
    let mut there = numbers_there(bench, lane)?;
    let cut = if found > acknowledged { found.saturating_sub(2) } else { found + 1 };
    there.retain(|n| *n != cut);
    let want: Vec<u64> = (found.saturating_sub(1)..=found).filter(|n| *n > 0).collect();
    same("the last ones", there, want)
}

/// The numbers of a lane's blobs, each of which has to be whole.
fn numbers_there(bench: &Bench, lane: usize) -> Result<Vec<u64>, Failed> {
    let (first, behind) = (one(lane, 0), key(format!("one{lane}/")));
    let names = bench.list(Some(first.as_bytes()), usize::MAX)?;
    let names = names.into_iter().take_while(|name| *name < behind);
    names.map(|name| number_of(bench, lane, &name)).collect()
}

fn number_of(bench: &Bench, lane: usize, name: &Key) -> Result<u64, Failed> {
    let bytes = bench.get(name.as_bytes())?.ok_or_else(|| format!("{name:?} is not there"))?;
    let n = number(&bytes)?;
    same("the name of a blob", name, &one(lane, n))?;
    same("the size of a blob", bytes.len(), sample(&n.to_string(), size(n)).len())?;
    Ok(n)
}
