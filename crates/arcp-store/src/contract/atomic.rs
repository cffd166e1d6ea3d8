//! Clause 1: a commit is kept whole or not at all.

use super::batch::{Batch, key, record};
use super::bench::same;
use super::{Bench, Clause, Outcome, ensure};
use crate::{Commit, StoreErrorKind};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c01_commit_keeps_everything_in_it", keeps_everything),
    Clause::new("c01_empty_commit_is_kept", empty),
    Clause::new("c01_refused_commit_leaves_nothing", refused_leaves_nothing),
    Clause::new("c01_refused_commit_leaves_nothing_of_a_new_stream", refused_new_stream),
    Clause::new("c01_dropped_commit_is_kept_or_not", dropped),
];

fn keeps_everything(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().put("gone", "1").put("stays", "1"))?;
    let batch = Batch::new().append("a", 1, 2, "x").append("b", 1, 1, "y").append("a", 3, 1, "z");
    bench.commit(batch.put("new", "2").put("stays", "2").delete("gone").delete("never was"))?;
    bench.holds(|bench| {
        bench.stream_is("a", &[record(1, 2, "x"), record(3, 1, "z")])?;
        bench.stream_is("b", &[record(1, 1, "y")])?;
        let facts = [(key("new"), "2".into()), (key("stays"), "2".into())];
        same("facts", bench.scan("", None, 9)?, facts.to_vec())
    })
}

fn empty(bench: &mut Bench) -> Outcome {
    bench.commit(Commit::default())?;
    bench.holds(|bench| same("facts", bench.scan("", None, 9)?, Vec::new()))
}

fn refused_leaves_nothing(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("a", 1, 1, "x").put("f", "1").put("g", "1"))?;
    let batch = Batch::new().append("b", 1, 1, "y").append("a", 2, 1, "z").append("c", 2, 1, "w");
    bench.conflicts("third append", batch.put("f", "2").put("h", "2").delete("g"))?;
    bench.holds(|bench| {
        bench.stream_is("a", &[record(1, 1, "x")])?;
        bench.stream_is("b", &[])?;
        bench.stream_is("c", &[])?;
        let facts = [(key("f"), "1".into()), (key("g"), "1".into())];
        same("facts", bench.scan("", None, 9)?, facts.to_vec())
    })?;
    // The refused numbers are still free: nothing remembers the attempt.
    bench.commit(
        Batch::new().append("b", 1, 1, "y").append("a", 2, 1, "z").append("c", 1, 1, "w"),
    )?;
    bench.holds(|bench| bench.stream_is("a", &[record(1, 1, "x"), record(2, 1, "z")]))
}

fn refused_new_stream(bench: &mut Bench) -> Outcome {
    bench
        .conflicts("gap in one commit", Batch::new().append("n", 1, 3, "").append("n", 5, 1, ""))?;
    bench.holds(|bench| bench.stream_is("n", &[]))?;
    bench.commit(Batch::new().append("n", 1, 1, "x"))?;
    bench.holds(|bench| bench.stream_is("n", &[record(1, 1, "x")]))
}

fn dropped(bench: &mut Bench) -> Outcome {
    for round in 0..16_u32 {
        let stream = format!("s{round}");
        let batch = Batch::new().append(&stream, 1, 1, "dropped").put(&stream, "dropped");
        let store = bench.handle()?;
        bench.block_on(async {
            // The commit is asked once and then dropped; which of the two wins does not matter.
            let asked = tokio::time::timeout(std::time::Duration::ZERO, store.commit(batch.into()));
            asked.await.is_ok()
        })?;
        drop(store);
        // The next commit finds out which it was: it is refused if the dropped one was kept, and
        // if not, the dropped one can no longer be kept.
        let next = Batch::new().append(&stream, 1, 1, "next").put(&stream, "next");
        let kept = match bench.try_commit(next)? {
            Ok(()) => "next",
            Err(error) => {
                same("refusal", error.kind(), StoreErrorKind::Conflict)?;
                "dropped"
            }
        };
        bench.stream_is(&stream, &[record(1, 1, kept)])?;
        let fact = bench.fact(&stream)?;
        ensure(fact.as_deref() == Some(kept.as_bytes()), || format!("{kept}, but {fact:?}"))?;
    }
    Ok(())
}
