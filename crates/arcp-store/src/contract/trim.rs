//! Clauses 9 and 6: what is forgotten, and that a stream's numbers outlive its records.

use super::batch::{Batch, record};
use super::bench::{same, same_records};
use super::{Bench, Clause, Outcome};
use crate::Record;

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c09_trim_keeps_a_record_that_reaches_further", keeps_straddling),
    Clause::new("c09_trim_of_everything_keeps_the_numbers", everything),
    Clause::new("c09_trim_beyond_the_end", beyond),
    Clause::new("c09_trim_twice", twice),
    Clause::new("c09_trim_of_a_stream_never_written", never_written),
    Clause::new("c09_trim_leaves_other_streams", other_streams),
];

fn three() -> [Record; 3] {
    [record(1, 3, "a"), record(4, 3, "b"), record(7, 3, "c")]
}

fn write(bench: &Bench, stream: &str) -> Outcome {
    bench.commit(three().iter().fold(Batch::new(), |batch, record| {
        batch.append(stream, record.first, record.span, &record.body)
    }))
}

/// The stream keeps the last `kept` of the three records and starts at `kept_from`.
fn keeps(bench: &mut Bench, stream: &str, kept: usize, kept_from: u64) -> Outcome {
    bench.holds(|bench| {
        for after in [0, kept_from - 1] {
            let page = bench.read(stream, after, 100)?;
            same("kept from and last", (page.kept_from, page.last), (kept_from, 9))?;
            let three = three();
            let (_, want) = three.split_at(three.len() - kept);
            same_records("records", &page.records, want)?;
        }
        Ok(())
    })
}

fn keeps_straddling(bench: &mut Bench) -> Outcome {
    write(bench, "s")?;
    for (upto, kept, kept_from) in
        [(0, 3, 1), (2, 3, 1), (3, 2, 4), (5, 2, 4), (6, 1, 7), (8, 1, 7)]
    {
        bench.trim("s", upto)?;
        keeps(bench, "s", kept, kept_from)?;
    }
    bench.commit(Batch::new().append("s", 10, 1, "d"))
}

fn everything(bench: &mut Bench) -> Outcome {
    write(bench, "s")?;
    bench.trim("s", 9)?;
    keeps(bench, "s", 0, 10)?;
    for first in [1, 9, 11] {
        bench.conflicts(&format!("from {first}"), Batch::new().append("s", first, 1, ""))?;
    }
    bench.commit(Batch::new().append("s", 10, 2, "d"))?;
    bench.holds(|bench| {
        let page = bench.read("s", 0, 100)?;
        same("kept from and last", (page.kept_from, page.last), (10, 11))?;
        same("records", page.records, vec![record(10, 2, "d")])
    })
}

fn beyond(bench: &mut Bench) -> Outcome {
    for upto in [10, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX] {
        let stream = format!("trimmed up to {upto}");
        write(bench, &stream)?;
        bench.trim(&stream, upto)?;
        keeps(bench, &stream, 0, 10)?;
        // It forgets what is there, and not what is to come.
        bench.commit(Batch::new().append(&stream, 10, 1, "d"))?;
        bench.holds(|bench| {
            let page = bench.read(&stream, 0, 100)?;
            same("kept from and last", (page.kept_from, page.last), (10, 10))?;
            same("records", page.records, vec![record(10, 1, "d")])
        })?;
    }
    Ok(())
}

fn twice(bench: &mut Bench) -> Outcome {
    write(bench, "s")?;
    for upto in [6, 6, 3, 0] {
        bench.trim("s", upto)?;
        keeps(bench, "s", 1, 7)?;
    }
    for upto in [9, 9, 4, 20] {
        bench.trim("s", upto)?;
        keeps(bench, "s", 0, 10)?;
    }
    Ok(())
}

fn never_written(bench: &mut Bench) -> Outcome {
    bench.trim("s", 0)?;
    bench.trim("s", 7)?;
    bench.trim("s", u64::MAX)?;
    bench.holds(|bench| bench.stream_is("s", &[]))?;
    bench.commit(Batch::new().append("s", 1, 1, "a"))?;
    bench.holds(|bench| bench.stream_is("s", &[record(1, 1, "a")]))
}

fn other_streams(bench: &mut Bench) -> Outcome {
    for stream in ["r", "s", "s\0", "sa", "t"] {
        write(bench, stream)?;
    }
    bench.commit(Batch::new().put("s", "fact"))?;
    bench.trim("s", 9)?;
    keeps(bench, "s", 0, 10)?;
    bench.holds(|bench| same("fact", bench.fact("s")?, Some("fact".into())))?;
    for stream in ["r", "s\0", "sa", "t"] {
        keeps(bench, stream, 3, 1)?;
    }
    Ok(())
}
