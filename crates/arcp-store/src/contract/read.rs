//! Clauses 4, 5 and 6: what was kept is seen, comes back unchanged, and a page says how far the
//! stream reaches.

use super::batch::{Batch, key, record};
use super::bench::same;
use super::{Bench, Clause, Outcome, ensure};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c04_read_and_scan_see_the_commit_before", sees_own_commits),
    Clause::new("c05_any_bytes_come_back", any_bytes),
    Clause::new("c05_empty_bytes_come_back", empty_bytes),
    Clause::new("c05_large_bytes_come_back", large_bytes),
    Clause::new("c05_streams_and_facts_do_not_mix", no_mixing),
    Clause::new("c06_page_of_a_stream_never_written", never_written),
    Clause::new("c06_page_says_where_the_stream_ends", says_the_end),
];

fn sees_own_commits(bench: &mut Bench) -> Outcome {
    for n in 1..=200_u64 {
        let text = n.to_string();
        bench.commit(Batch::new().append("s", n, 1, &text).put("f", &text))?;
        let page = bench.read("s", n - 1, 9)?;
        same("what was just committed", page.records, vec![record(n, 1, &text)])?;
        same("fact", bench.fact("f")?, Some(text.into()))?;
    }
    Ok(())
}

/// Keys that a separator, a terminator or a text encoding would get wrong.
fn odd_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    keys.extend([vec![], vec![0, 0], vec![0, 255], vec![255, 0], vec![255; 9], vec![0xC3, 0x28]]);
    keys.extend([b"a\0b".to_vec(), b"a/b".to_vec(), b"a".repeat(2_000), b"%_'\"".to_vec()]);
    keys.sort();
    keys
}

fn any_bytes(bench: &mut Bench) -> Outcome {
    let keys = odd_keys();
    let all = keys.iter().fold(Batch::new(), |batch, key| {
        let body: Vec<u8> = key.iter().rev().chain(&[0, 255, 10, 13]).copied().collect();
        batch.append(key, 1, 1, &body).put(key, &body)
    });
    bench.commit(all)?;
    bench.holds(|bench| {
        let facts = bench.scan("", None, usize::MAX)?;
        let found: Vec<&[u8]> = facts.iter().map(|(key, _)| key.as_bytes()).collect();
        ensure(found == keys, || "the keys, in order, have changed".to_owned())?;
        for (key, value) in &facts {
            let body: Vec<u8> =
                key.as_bytes().iter().rev().chain(&[0, 255, 10, 13]).copied().collect();
            ensure(**value == *body, || format!("the value of {key:?} has changed"))?;
            bench.stream_is(key.as_bytes(), &[record(1, 1, &body)])?;
        }
        Ok(())
    })
}

fn empty_bytes(bench: &mut Bench) -> Outcome {
    bench
        .commit(Batch::new().append("", 1, 1, "").append("s", 1, 1, "").put("", "").put("f", ""))?;
    bench.holds(|bench| {
        bench.stream_is("", &[record(1, 1, "")])?;
        bench.stream_is("s", &[record(1, 1, "")])?;
        let facts = vec![(key(""), "".into()), (key("f"), "".into())];
        same("facts", bench.scan("", None, 9)?, facts)
    })?;
    bench.commit(Batch::new().append("", 2, 1, "").delete(""))?;
    bench.holds(|bench| {
        bench.stream_is("", &[record(1, 1, ""), record(2, 1, "")])?;
        same("facts", bench.scan("", None, 9)?, vec![(key("f"), "".into())])
    })
}

fn large_bytes(bench: &mut Bench) -> Outcome {
    const LARGE: usize = 4 << 20;
    let body: Vec<u8> = (0..=255_u8).cycle().take(LARGE + 3).collect();
    let batch =
        Batch::new().append("s", 1, 1, &body).append("s", 2, 1, "").append("s", 3, 1, &body);
    bench.commit(batch.put("large", &body).put("small", "x"))?;
    bench.holds(|bench| {
        bench.stream_is("s", &[record(1, 1, &body), record(2, 1, ""), record(3, 1, &body)])?;
        let value = bench.fact("large")?;
        ensure(value.as_deref() == Some(&body), || "the value has changed".to_owned())
    })
}

fn no_mixing(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("k", 1, 1, "record").put("k", "fact"))?;
    bench.commit(Batch::new().append("kk", 1, 1, "other").delete("k"))?;
    bench.holds(|bench| {
        bench.stream_is("k", &[record(1, 1, "record")])?;
        bench.stream_is("kk", &[record(1, 1, "other")])?;
        same("facts", bench.scan("k", None, 9)?, Vec::new())
    })
}

fn never_written(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("other", 1, 4, "x"))?;
    bench.holds(|bench| {
        for after in [0, 1, u64::MAX] {
            let page = bench.read("never", after, 100)?;
            same("page", (page.kept_from, page.last, page.records.len()), (1, 0, 0))?;
        }
        Ok(())
    })
}

fn says_the_end(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("s", 1, 10, "a").append("s", 11, 5, "b"))?;
    bench.holds(|bench| {
        for after in [0, 3, 10, 12, 15, 16, i64::MAX as u64, 1 << 63, u64::MAX] {
            let page = bench.read("s", after, 1)?;
            same(&format!("page after {after}"), (page.kept_from, page.last), (1, 15))?;
        }
        Ok(())
    })
}
