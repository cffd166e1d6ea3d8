//! Clause 3: a stream's records follow each other, and whoever writes elsewhere is refused.

use super::batch::{Batch, record};
use super::{Bench, Clause, Outcome};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c03_records_follow_each_other", follow),
    Clause::new("c03_append_elsewhere_is_a_conflict", elsewhere),
    Clause::new("c03_several_appends_to_one_stream", several),
    Clause::new("c03_malformed_record_is_a_conflict", malformed),
    Clause::new("c03_second_writer_is_fenced", second_writer),
    Clause::new("c03_many_streams_keep_their_ends", many_streams),
];

fn follow(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("s", 1, 1, "a"))?;
    bench.commit(Batch::new().append("s", 2, u32::MAX, "b"))?;
    let next = 2 + u64::from(u32::MAX);
    bench.commit(Batch::new().append("s", next, 7, "c"))?;
    let records = [record(1, 1, "a"), record(2, u32::MAX, "b"), record(next, 7, "c")];
    bench.holds(|bench| bench.stream_is("s", &records))?;
    bench.commit(Batch::new().append("s", next + 7, 1, "d"))
}

fn elsewhere(bench: &mut Bench) -> Outcome {
    bench.conflicts("new stream from 2", Batch::new().append("s", 2, 1, ""))?;
    bench.commit(Batch::new().append("s", 1, 3, "a"))?;
    bench.holds(|bench| {
        for first in [1, 2, 3, 5, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX] {
            bench.conflicts(&format!("from {first}"), Batch::new().append("s", first, 1, ""))?;
        }
        bench.stream_is("s", &[record(1, 3, "a")])
    })?;
    bench.commit(Batch::new().append("s", 4, 1, "b"))
}

fn several(bench: &mut Bench) -> Outcome {
    let batch = Batch::new().append("s", 1, 2, "a").append("t", 1, 1, "t").append("s", 3, 1, "b");
    bench.commit(batch.append("s", 4, 5, "c"))?;
    let again = Batch::new().append("s", 9, 1, "d").append("s", 9, 1, "e");
    bench.conflicts("the same number twice", again)?;
    let gap = Batch::new().append("s", 9, 1, "d").append("s", 11, 1, "e");
    bench.conflicts("a gap", gap)?;
    let backwards = Batch::new().append("s", 10, 1, "e").append("s", 9, 1, "d");
    bench.conflicts("backwards", backwards)?;
    let records = [record(1, 2, "a"), record(3, 1, "b"), record(4, 5, "c")];
    bench.holds(|bench| bench.stream_is("s", &records))
}

fn malformed(bench: &mut Bench) -> Outcome {
    for stream in ["empty", "written"] {
        let next = if stream == "written" { 2 } else { 1 };
        if stream == "written" {
            bench.commit(Batch::new().append(stream, 1, 1, "a"))?;
        }
        bench.conflicts("first 0", Batch::new().append(stream, 0, 1, ""))?;
        bench.conflicts("first 0, span 0", Batch::new().append(stream, 0, 0, ""))?;
        bench.conflicts("first 0, reaching on", Batch::new().append(stream, 0, 9, ""))?;
        bench.conflicts("span 0", Batch::new().append(stream, next, 0, ""))?;
        bench.conflicts("past the last number", Batch::new().append(stream, u64::MAX, 2, ""))?;
    }
    bench.holds(|bench| {
        bench.stream_is("empty", &[])?;
        bench.stream_is("written", &[record(1, 1, "a")])
    })
}

fn second_writer(bench: &mut Bench) -> Outcome {
    // Both have read that the stream ends at 1.
    bench.commit(Batch::new().append("s", 1, 1, "both"))?;
    bench.commit(Batch::new().append("s", 2, 1, "first writer").put("owner", "first"))?;
    let late = Batch::new().append("s", 2, 1, "second writer").put("owner", "second");
    bench.conflicts("the slower writer", late)?;
    bench.holds(|bench| bench.stream_is("s", &[record(1, 1, "both"), record(2, 1, "first writer")]))
}

/// More streams than a store may want to remember, come back to in another order.
fn many_streams(bench: &mut Bench) -> Outcome {
    const STREAMS: u32 = 3_000;
    let name = |n: u32| format!("stream {n}");
    let all = (0..STREAMS).fold(Batch::new(), |batch, n| batch.append(name(n), 1, 1, "1"));
    bench.commit(all)?;
    let again = (0..STREAMS).rev().fold(Batch::new(), |batch, n| batch.append(name(n), 2, 1, "2"));
    bench.commit(again)?;
    bench.holds(|bench| {
        for n in (0..STREAMS).step_by(97) {
            bench.conflicts("an old number", Batch::new().append(name(n), 2, 1, ""))?;
            bench.stream_is(name(n), &[record(1, 1, "1"), record(2, 1, "2")])?;
        }
        Ok(())
    })
}
