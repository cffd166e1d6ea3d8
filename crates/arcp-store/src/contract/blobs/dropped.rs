//! Clauses 1 and 10: a call that was dropped is done or not, and not after later ones.

use std::future::Future;
use std::time::Duration;

use libtest_mimic::Failed;
use tokio::time::timeout;

use super::sample::{sample, tag_of};
use super::{Bench, Clause, Outcome, key, same};
use crate::Blobs;

pub(super) const CLAUSES: &[Clause<dyn Blobs>] = &[
    Clause::new("c01_dropped_put_is_whole_or_not", whole_or_not),
    Clause::new("c10_dropped_put_does_not_come_after_a_later_call", dropped_put),
    Clause::new("c10_dropped_delete_does_not_come_after_a_put", dropped_delete),
];

const ROUNDS: usize = 16;
/// Large enough that what was dropped is still under way when the next call is made.
const LARGE: usize = 4 << 20;

/// Asks once for the outcome, and then drops the call.
fn ask_once(bench: &Bench, call: impl Future) -> Result<(), Failed> {
    bench.block_on(async { timeout(Duration::ZERO, call).await.is_ok() }).map(drop)
}

fn drop_a_put(bench: &Bench, name: &str) -> Outcome {
    let (blobs, name) = (bench.handle()?, key(name));
    ask_once(bench, blobs.put(&name, sample("dropped", LARGE)))
}

fn whole_or_not(bench: &mut Bench) -> Outcome {
    for round in 0..ROUNDS {
        let name = round.to_string();
        if round % 2 == 0 {
            bench.put(&name, sample("before", 1_000))?;
        }
        drop_a_put(bench, &name)?;
        is_one_of(bench, &name, if round % 2 == 0 { Some("before") } else { None })?;
    }
    bench.holds(|bench| {
        for round in 0..ROUNDS {
            let before = if round % 2 == 0 { Some("before") } else { None };
            is_one_of(bench, &round.to_string(), before)?;
        }
        Ok(())
    })
}

/// What is there is whole: what was dropped, or what was there before.
fn is_one_of(bench: &Bench, name: &str, before: Option<&str>) -> Outcome {
    let tag = bench.get(name)?.map(|bytes| tag_of(&bytes)).transpose()?;
    if tag.as_deref() == Some("dropped") { Ok(()) } else { same(name, tag.as_deref(), before) }
}

fn dropped_put(bench: &mut Bench) -> Outcome {
    for round in 0..ROUNDS {
        let (put, deleted) = (format!("put{round}"), format!("deleted{round}"));
        drop_a_put(bench, &put)?;
        bench.put(&put, "next")?;
        bench.has(&put, b"next")?;
        drop_a_put(bench, &deleted)?;
        bench.delete(&deleted)?;
        bench.has_not(&deleted)?;
    }
    // By now all that was dropped has ended.
    bench.holds(|bench| {
        for round in 0..ROUNDS {
            bench.has(format!("put{round}"), b"next")?;
            bench.has_not(format!("deleted{round}"))?;
        }
        Ok(())
    })
}

fn dropped_delete(bench: &mut Bench) -> Outcome {
    for round in 0..ROUNDS {
        let name = round.to_string();
        bench.put(&name, "before")?;
        let (blobs, key) = (bench.handle()?, key(&name));
        ask_once(bench, blobs.delete(&key))?;
        drop(blobs);
        bench.put(&name, "next")?;
        bench.has(&name, b"next")?;
    }
    bench.holds(|bench| (0..ROUNDS).try_for_each(|round| bench.has(round.to_string(), b"next")))
}
