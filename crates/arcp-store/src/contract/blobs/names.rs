//! Clause 5: any bytes are a name, and none reaches anything else.

use std::collections::BTreeSet;

use super::{Bench, Clause, Outcome, key, same};
use crate::{Blobs, MAX_BLOB_NAME, StoreErrorKind};

pub(super) const CLAUSES: &[Clause<dyn Blobs>] = &[
    Clause::new("c05_any_bytes_are_a_name", any_bytes),
    Clause::new("c05_names_in_one_byte_apart_are_two", one_byte_apart),
    Clause::new("c05_no_name_reaches_outside", reaches_outside),
    Clause::new("c05_names_have_a_bound", bound),
];

/// Names that a file system, a separator or a text encoding would get wrong.
fn odd_names() -> BTreeSet<Vec<u8>> {
    let bytes = (0..=255).map(|byte| vec![byte]);
    let long = [0, b'a', b'.', b'/', 255].map(|byte| vec![byte; MAX_BLOB_NAME]);
    let texts: [&[u8]; 22] = [
        b"",
        b"..",
        b"../x",
        b"./x",
        b"/etc/passwd",
        b"a/b",
        b"a/../b",
        b"a/",
        b"a\\b",
        b"C:\\x",
        b"a\0b",
        b"a\0",
        b"con",
        b"nul.txt",
        b"*",
        b"%2e%2e",
        b"a ",
        b"a.",
        b"\xC3\x28",
        b"\xC3\xA9",
        b"e\xCC\x81",
        b"\xff\xff",
    ];
    bytes.chain(long).chain(texts.map(<[u8]>::to_vec)).collect()
}

fn any_bytes(bench: &mut Bench) -> Outcome {
    let names = odd_names();
    for name in &names {
        bench.put(name, [b"of ", name.as_slice()].concat())?;
    }
    bench.holds(|bench| {
        bench.names_are(&names)?;
        names.iter().try_for_each(|name| bench.has(name, &[b"of ", name.as_slice()].concat()))
    })?;
    for name in &names {
        bench.delete(name)?;
        bench.has_not(name)?;
    }
    bench.holds(|bench| bench.names_are([""; 0]))
}

fn one_byte_apart(bench: &mut Bench) -> Outcome {
    let names = ["A", "AB", "Ab", "a", "aB", "ab", "ab ", "ab.", "ab\0", "ab\u{1}"];
    let names = BTreeSet::from(names);
    for name in &names {
        bench.put(name, *name)?;
    }
    bench.delete("Ab")?;
    bench.put("aB", "replaced")?;
    bench.holds(|bench| {
        let left = names.iter().filter(|name| **name != "Ab");
        bench.names_are(left.clone())?;
        for name in left {
            bench.has(name, if *name == "aB" { b"replaced" } else { name.as_bytes() })?;
        }
        bench.has_not("Ab")
    })
}

/// Names that lead into a folder beside the blobs, if they are taken for paths.
fn reaches_outside(bench: &mut Bench) -> Outcome {
    let outside = tempfile::tempdir()?;
    let kept = outside.path().join("kept");
    std::fs::write(&kept, "outside")?;
    let folder = outside.path().file_name().unwrap_or_default().to_string_lossy();
    let ways = [outside.path().to_string_lossy().into_owned(), format!("../{folder}")];
    for way in ways.iter().filter(|way| way.len() + "/kept".len() <= MAX_BLOB_NAME) {
        for file in ["kept", "new"] {
            let name = format!("{way}/{file}");
            bench.has_not(&name)?;
            bench.delete(&name)?;
            bench.put(&name, "inside")?;
            bench.holds(|bench| bench.has(&name, b"inside"))?;
            same("what is outside", std::fs::read_to_string(&kept)?, "outside".to_owned())?;
            bench.delete(&name)?;
            bench.has_not(&name)?;
        }
    }
    let left = std::fs::read_dir(outside.path())?.map(|entry| Ok(entry?.file_name()));
    same("files outside", left.collect::<std::io::Result<Vec<_>>>()?, vec!["kept".into()])
}

fn bound(bench: &mut Bench) -> Outcome {
    let longest = "n".repeat(MAX_BLOB_NAME);
    bench.put(&longest, "longest")?;
    for more in [1, 2, 100, 5_000] {
        let longer = "n".repeat(MAX_BLOB_NAME + more);
        let refused = bench.try_put(&longer, "longer")?.err().map(|error| error.kind());
        same("putting under a longer name", refused, Some(StoreErrorKind::Invalid))?;
        bench.has_not(&longer)?;
        bench.delete(&longer)?;
        same("names after a longer one", bench.list(Some(longer.as_bytes()), 9)?, vec![])?;
        let before = "m".repeat(MAX_BLOB_NAME + more);
        let names = bench.list(Some(before.as_bytes()), 9)?;
        same("names after a longer one that is less", names, vec![key(&longest)])?;
    }
    bench.holds(|bench| bench.has(&longest, b"longest").and(bench.names_are([&longest])))
}
