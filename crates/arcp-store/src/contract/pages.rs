//! Clause 7: which records a page holds.

use super::batch::{Batch, record};
use super::bench::same;
use super::{Bench, Clause, Outcome};
use crate::Record;

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c07_read_starts_at_the_record_that_covers_the_next", covers_next),
    Clause::new("c07_read_stops_at_the_limit", stops_at_limit),
    Clause::new("c07_read_returns_at_least_one", at_least_one),
    Clause::new("c07_read_after_the_end_returns_none", after_the_end),
    Clause::new("c07_pages_lead_through_a_stream", pages_lead_through),
];

fn firsts(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.first).collect()
}

fn covers_next(bench: &mut Bench) -> Outcome {
    let batch = Batch::new().append("s", 1, 3, "a").append("s", 4, 1, "b").append("s", 5, 3, "c");
    bench.commit(batch)?;
    bench.holds(|bench| {
        for (after, want) in
            [(0, vec![1, 4, 5]), (2, vec![1, 4, 5]), (3, vec![4, 5]), (4, vec![5]), (6, vec![5])]
        {
            let page = bench.read("s", after, 100)?;
            same(&format!("records after {after}"), firsts(&page.records), want)?;
        }
        Ok(())
    })
}

fn stops_at_limit(bench: &mut Bench) -> Outcome {
    let batch =
        Batch::new().append("s", 1, 1, "12345").append("s", 2, 1, "").append("s", 3, 1, "1");
    bench.commit(batch.append("s", 4, 1, "1234").append("s", 5, 1, ""))?;
    bench.holds(|bench| {
        let cases = [
            (0, 5, vec![1, 2]),
            (0, 6, vec![1, 2, 3]),
            (0, 9, vec![1, 2, 3]),
            (0, 10, vec![1, 2, 3, 4, 5]),
            (1, 0, vec![2]),
            (1, 1, vec![2, 3]),
            (3, 4, vec![4, 5]),
        ];
        for (after, limit, want) in cases {
            let page = bench.read("s", after, limit)?;
            let what = format!("records after {after} in {limit} bytes");
            same(&what, firsts(&page.records), want)?;
        }
        Ok(())
    })
}

fn at_least_one(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("s", 1, 2, "12345").append("s", 3, 1, ""))?;
    bench.holds(|bench| {
        for (after, limit) in [(0, 0), (0, 4), (1, 1)] {
            let page = bench.read("s", after, limit)?;
            same("one record, and whole", page.records, vec![record(1, 2, "12345")])?;
        }
        Ok(())
    })
}

fn after_the_end(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("s", 1, 2, "a"))?;
    bench.holds(|bench| {
        for after in [2, 3, i64::MAX as u64 - 1, i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX] {
            let page = bench.read("s", after, usize::MAX)?;
            same(&format!("records after {after}"), firsts(&page.records), vec![])?;
        }
        Ok(())
    })
}

fn pages_lead_through(bench: &mut Bench) -> Outcome {
    let mut records = Vec::new();
    let mut first = 1;
    for n in 0..500_u32 {
        let record = record(first, n % 4 + 1, vec![b'x'; n as usize % 60]);
        first = record.last() + 1;
        records.push(record);
    }
    let all = records.iter().fold(Batch::new(), |batch, record| {
        batch.append("s", record.first, record.span, &record.body)
    });
    // Neighbours by name must not leak into the pages.
    bench.commit(all.append("r", 1, 9, "r").append("s\0", 1, 9, "s0").append("t", 1, 9, "t"))?;
    bench.holds(|bench| {
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let page = bench.read("s", after, 256)?;
            let Some(record) = page.records.last() else { break };
            after = record.last();
            found.extend(page.records);
        }
        same("records", found, records.clone())
    })
}
