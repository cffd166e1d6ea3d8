//! Clause 8: which names a list holds.

use super::{Bench, Clause, Key, Outcome, key, same};
use crate::Blobs;

pub(super) const CLAUSES: &[Clause<dyn Blobs>] = &[
    Clause::new("c08_list_is_in_byte_order", in_order),
    Clause::new("c08_list_goes_on_after_a_name", after_a_name),
    Clause::new("c08_list_stops_at_the_limit", stops_at_limit),
    Clause::new("c08_pages_lead_through_all_names", pages_lead_through),
    Clause::new("c08_pages_lead_on_while_names_go", names_go),
];

type Case<'a> = (Option<&'a [u8]>, usize, &'a [&'a [u8]]);

fn check(bench: &mut Bench, names: &[&[u8]], cases: &[Case<'_>]) -> Outcome {
    for name in names {
        bench.put(name, "")?;
    }
    bench.holds(|bench| {
        for (after, limit, want) in cases {
            let what = format!("{limit} names after {:?}", after.map(key));
            let want: Vec<Key> = want.iter().map(key).collect();
            same(&what, bench.list(*after, *limit)?, want)?;
        }
        Ok(())
    })
}

fn in_order(bench: &mut Bench) -> Outcome {
    check(
        bench,
        &[b"b", b"ab", b"\xff", b"a", b"a\xff", b"abc", b"a\0", b"", b"\xff\0", b"ac", b"B"],
        &[(
            None,
            99,
            &[b"", b"B", b"a", b"a\0", b"ab", b"abc", b"ac", b"a\xff", b"b", b"\xff", b"\xff\0"],
        )],
    )
}

fn after_a_name(bench: &mut Bench) -> Outcome {
    check(
        bench,
        &[b"", b"a", b"b", b"b\0", b"ba", b"c"],
        &[
            (Some(b""), 99, &[b"a", b"b", b"b\0", b"ba", b"c"]),
            (Some(b"a"), 99, &[b"b", b"b\0", b"ba", b"c"]),
            (Some(b"b"), 99, &[b"b\0", b"ba", b"c"]),
            // After names that are not there.
            (Some(b"A"), 99, &[b"a", b"b", b"b\0", b"ba", b"c"]),
            (Some(b"b\0\0"), 99, &[b"ba", b"c"]),
            (Some(b"bz"), 99, &[b"c"]),
            (Some(b"c"), 99, &[]),
            (Some(b"\xff"), 99, &[]),
        ],
    )
}

fn stops_at_limit(bench: &mut Bench) -> Outcome {
    check(
        bench,
        &[b"c", b"b", b"a"],
        &[
            (None, 0, &[]),
            (None, 1, &[b"a"]),
            (Some(b"a"), 1, &[b"b"]),
            (Some(b"a"), 2, &[b"b", b"c"]),
            (Some(b"a"), 3, &[b"b", b"c"]),
            (None, 3, &[b"a", b"b", b"c"]),
            (None, usize::MAX, &[b"a", b"b", b"c"]),
        ],
    )
}

/// Names of different lengths, in order.
fn many() -> Vec<Key> {
    (0..150_usize).map(|n| key(format!("{n:03}{}", "x".repeat(n % 5)))).collect()
}

fn put_many(bench: &Bench) -> Outcome {
    // Not in the order in which they are to be told.
    let (mut names, mut n) = (many(), 0);
    while !names.is_empty() {
        n = (n + 89) % names.len();
        bench.put(names.swap_remove(n).as_bytes(), "")?;
    }
    Ok(())
}

/// All names, page by page; `between` is called with each page.
fn walk(bench: &Bench, between: impl Fn(&[Key]) -> Outcome) -> Result<Vec<Key>, super::Failed> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = bench.list(after.as_ref().map(Key::as_bytes), 7)?;
        let Some(last) = page.last() else { return Ok(names) };
        after = Some(last.clone());
        between(&page)?;
        names.extend(page);
    }
}

fn pages_lead_through(bench: &mut Bench) -> Outcome {
    put_many(bench)?;
    bench.holds(|bench| same("names", walk(bench, |_| Ok(()))?, many()))
}

fn names_go(bench: &mut Bench) -> Outcome {
    put_many(bench)?;
    // What was told goes, and the walk goes on behind it.
    let told = walk(bench, |page| page.iter().try_for_each(|name| bench.delete(name.as_bytes())))?;
    same("names", told, many())?;
    bench.holds(|bench| bench.names_are([""; 0]))
}
