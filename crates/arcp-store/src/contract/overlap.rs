//! Clause 10: calls at the same time, from any task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libtest_mimic::Failed;
use tokio::task::JoinSet;

use super::batch::{Batch, key, record};
use super::bench::same;
use super::{Bench, Clause, Outcome, ensure};
use crate::{Record, Store, StoreErrorKind};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c10_overlapping_commits_are_each_whole", each_whole),
    Clause::new("c10_one_of_many_wins_a_number", one_wins),
    Clause::new("c10_conflict_among_many_fails_alone", fails_alone),
    Clause::new("c10_reads_during_commits_see_whole_ones", reads_see_whole),
];

pub(super) const TASKS: u64 = 8;
const COMMITS: u64 = 25;
/// How many numbers all tasks try to win.
const CONTENDED: u64 = 300;

/// Runs the tasks to their end; the first that fails fails the clause.
pub(super) fn join<S: ?Sized>(bench: &Bench<S>, tasks: JoinSet<Outcome>) -> Outcome {
    bench.block_on(async {
        for outcome in tasks.join_all().await {
            outcome?;
        }
        Ok(())
    })?
}

/// Starts a task for each of `TASKS`.
pub(super) fn tasks<S, F>(
    bench: &Bench<S>,
    task: impl Fn(Arc<S>, u64) -> F,
) -> Result<JoinSet<Outcome>, Failed>
where
    S: ?Sized,
    F: Future<Output = Outcome> + Send + 'static,
{
    let store = bench.handle()?;
    bench.block_on(async { (0..TASKS).map(|n| task(Arc::clone(&store), n)).collect() })
}

fn each_whole(bench: &mut Bench) -> Outcome {
    let writers = tasks(bench, |store, task| async move {
        for n in 1..=COMMITS {
            let (own, text) = (format!("own {task}"), format!("{task}.{n}"));
            let batch = Batch::new().append(&own, 2 * n - 1, 1, &text).append(&own, 2 * n, 1, "");
            let batch = batch.append(format!("new {text}"), 1, 1, &text).put(&own, &text);
            store.commit(batch.put(format!("fact {text}"), &text).into()).await?;
        }
        Ok(())
    })?;
    join(bench, writers)?;
    bench.holds(|bench| {
        same("facts", bench.scan("fact ", None, usize::MAX)?.len() as u64, TASKS * COMMITS)?;
        for task in 0..TASKS {
            let own = format!("own {task}");
            same("last fact", bench.fact(&own)?, Some(format!("{task}.{COMMITS}").into()))?;
            let numbers = 1..=COMMITS;
            let records: Vec<Record> = numbers
                .flat_map(|n| [record(2 * n - 1, 1, format!("{task}.{n}")), record(2 * n, 1, "")])
                .collect();
            bench.stream_is(&own, &records)?;
        }
        Ok(())
    })
}

fn one_wins(bench: &mut Bench) -> Outcome {
    let arrived = Arc::new(AtomicU64::new(0));
    let writers = tasks(bench, |store, task| {
        let arrived = Arc::clone(&arrived);
        async move { win(store, task, &arrived).await }
    })?;
    join(bench, writers)?;
    bench.holds(|bench| {
        // Every number was won once, and only the winner's fact is there.
        let page = bench.read("s", 0, usize::MAX)?;
        same("last", page.last, CONTENDED)?;
        check_gap_free(&page.records, 1, CONTENDED)?;
        let mut winners: Vec<_> = page.records.into_iter().map(|record| record.body).collect();
        winners.sort();
        let facts = bench.scan("", None, usize::MAX)?;
        let mut facts: Vec<_> = facts.iter().map(|(key, _)| key.as_bytes().to_vec()).collect();
        facts.sort();
        ensure(facts == winners, || format!("facts {facts:?}, but records {winners:?}"))
    })
}

/// Tries to win each number, at the same time as the others.
async fn win(store: Arc<dyn Store>, task: u64, arrived: &AtomicU64) -> Outcome {
    for n in 1..=CONTENDED {
        let text = format!("{n} of {task}");
        let batch = Batch::new().append("s", n, 1, &text).put(&text, "");
        arrived.fetch_add(1, Ordering::AcqRel);
        while arrived.load(Ordering::Acquire) < n * TASKS {
            tokio::task::yield_now().await;
        }
        match store.commit(batch.into()).await {
            Ok(()) => {}
            Err(error) => same("refusal", error.kind(), StoreErrorKind::Conflict)?,
        }
    }
    Ok(())
}

fn fails_alone(bench: &mut Bench) -> Outcome {
    let writers = tasks(bench, |store, task| async move {
        for n in 1..=COMMITS {
            let stream = format!("s{task}");
            let gap = task == 3;
            let first = if gap { n + 1 } else { n };
            let kept = store.commit(Batch::new().append(&stream, first, 1, "").into()).await;
            same(
                "kept",
                kept.err().map(|error| error.kind()),
                gap.then_some(StoreErrorKind::Conflict),
            )?;
        }
        Ok(())
    })?;
    join(bench, writers)?;
    bench.holds(|bench| {
        for task in 0..TASKS {
            let last = if task == 3 { 0 } else { COMMITS };
            same("last", bench.read(format!("s{task}"), 0, 0)?.last, last)?;
        }
        Ok(())
    })
}

fn reads_see_whole(bench: &mut Bench) -> Outcome {
    // Even tasks write, odd ones read what the neighbour writes and trim behind it.
    let both = tasks(bench, |store, task| async move {
        let stream = key(format!("s{}", task / 2));
        for n in 1..=COMMITS {
            if task % 2 == 0 {
                let batch = Batch::new().append(stream.as_bytes(), 2 * n - 1, 1, "");
                store.commit(batch.append(stream.as_bytes(), 2 * n, 1, "").into()).await?;
            } else {
                let page = store.read(&stream, 0, usize::MAX).await?;
                ensure(page.last % 2 == 0, || "half a commit is seen".to_owned())?;
                check_gap_free(&page.records, page.kept_from, page.last)?;
                store.trim(&stream, page.last / 2).await?;
            }
        }
        Ok(())
    })?;
    join(bench, both)
}

/// The records lead from `kept_from` to `last` without a gap.
pub(super) fn check_gap_free(records: &[Record], kept_from: u64, last: u64) -> Outcome {
    let mut next = kept_from;
    for record in records {
        same("first of the next record", record.first, next)?;
        next = record.last() + 1;
    }
    same("the number after the last", next, last + 1)
}
