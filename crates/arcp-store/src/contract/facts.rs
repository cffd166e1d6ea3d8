//! Clause 8: which facts a scan returns.

use super::batch::{Batch, key};
use super::bench::same;
use super::{Bench, Clause, Outcome};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c08_scan_returns_the_prefix_in_order", prefix_in_order),
    Clause::new("c08_scan_goes_on_after_a_key", after_a_key),
    Clause::new("c08_scan_stops_at_the_limit", stops_at_limit),
    Clause::new("c08_scan_of_highest_bytes", highest_bytes),
    Clause::new("c08_scan_sees_put_and_delete", put_and_delete),
];

type Case<'a> = (&'a [u8], Option<&'a [u8]>, usize, &'a [&'a [u8]]);

fn check(bench: &mut Bench, cases: &[Case<'_>]) -> Outcome {
    bench.holds(|bench| {
        for (prefix, after, limit, want) in cases {
            let found = bench.scan(prefix, *after, *limit)?.into_iter().map(|(key, _)| key);
            let (prefix, after) = (key(prefix), after.map(key));
            let what = format!("{limit} facts of {prefix:?} after {after:?}");
            same(&what, found.collect(), want.iter().map(key).collect::<Vec<_>>())?;
        }
        Ok(())
    })
}

fn put_all(bench: &Bench, keys: &[&[u8]]) -> Outcome {
    bench.commit(keys.iter().fold(Batch::new(), |batch, key| batch.put(key, "value")))
}

fn prefix_in_order(bench: &mut Bench) -> Outcome {
    put_all(bench, &[b"b", b"ab", b"a", b"a\xff", b"abc", b"a\0", b"", b"ac", b"B"])?;
    check(
        bench,
        &[
            (b"", None, 99, &[b"", b"B", b"a", b"a\0", b"ab", b"abc", b"ac", b"a\xff", b"b"]),
            (b"a", None, 99, &[b"a", b"a\0", b"ab", b"abc", b"ac", b"a\xff"]),
            (b"ab", None, 99, &[b"ab", b"abc"]),
            (b"a\0", None, 99, &[b"a\0"]),
            (b"abcd", None, 99, &[]),
            (b"c", None, 99, &[]),
        ],
    )
}

fn after_a_key(bench: &mut Bench) -> Outcome {
    put_all(bench, &[b"", b"a", b"b", b"b\0", b"ba", b"bb", b"c"])?;
    check(
        bench,
        &[
            (b"", Some(b""), 99, &[b"a", b"b", b"b\0", b"ba", b"bb", b"c"]),
            (b"b", Some(b"b"), 99, &[b"b\0", b"ba", b"bb"]),
            (b"b", Some(b"b0"), 99, &[b"ba", b"bb"]),
            (b"b", Some(b"bb"), 99, &[]),
            // After keys that lie before or behind all of the prefix.
            (b"b", Some(b"a"), 99, &[b"b", b"b\0", b"ba", b"bb"]),
            (b"b", Some(b""), 99, &[b"b", b"b\0", b"ba", b"bb"]),
            (b"b", Some(b"c"), 99, &[]),
            (b"b", Some(b"\xff"), 99, &[]),
            (b"ba", Some(b"b"), 99, &[b"ba"]),
        ],
    )
}

fn stops_at_limit(bench: &mut Bench) -> Outcome {
    put_all(bench, &[b"a1", b"a2", b"a3", b"b1"])?;
    check(
        bench,
        &[
            (b"a", None, 0, &[]),
            (b"a", None, 1, &[b"a1"]),
            (b"a", Some(b"a1"), 1, &[b"a2"]),
            (b"a", None, 3, &[b"a1", b"a2", b"a3"]),
            (b"a", None, 4, &[b"a1", b"a2", b"a3"]),
            (b"", None, usize::MAX, &[b"a1", b"a2", b"a3", b"b1"]),
        ],
    )
}

fn highest_bytes(bench: &mut Bench) -> Outcome {
    put_all(bench, &[b"\xfe", b"\xfe\xff", b"\xff", b"\xff\0", b"\xff\xff", b"\xff\xff\xff\x01"])?;
    check(
        bench,
        &[
            (b"\xfe\xff", None, 99, &[b"\xfe\xff"]),
            (b"\xff", None, 99, &[b"\xff", b"\xff\0", b"\xff\xff", b"\xff\xff\xff\x01"]),
            (b"\xff\xff", None, 99, &[b"\xff\xff", b"\xff\xff\xff\x01"]),
            (b"\xff\xff\xff", None, 99, &[b"\xff\xff\xff\x01"]),
            (b"\xff\xff\xff\xff", None, 99, &[]),
            (b"\xff", Some(b"\xff\xff"), 99, &[b"\xff\xff\xff\x01"]),
        ],
    )
}

fn put_and_delete(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().put("a", "1").put("b", "1").put("c", "1"))?;
    bench.commit(Batch::new().put("b", "2").delete("a"))?;
    bench.commit(Batch::new().delete("c"))?;
    bench.commit(Batch::new().put("c", "3").delete("a"))?;
    bench.holds(|bench| {
        let facts = vec![(key("b"), "2".into()), (key("c"), "3".into())];
        same("facts", bench.scan("", None, 9)?, facts)
    })
}
