//! Clauses 3, 4, 6 and 7: what was put is there, unchanged, until it is replaced or deleted.

use super::{Bench, Clause, Outcome};
use crate::Blobs;

pub(super) const CLAUSES: &[Clause<dyn Blobs>] = &[
    Clause::new("c03_get_and_list_see_what_was_done_before", sees_what_was_done),
    Clause::new("c04_any_bytes_come_back", any_bytes),
    Clause::new("c04_empty_blob_comes_back", empty),
    Clause::new("c04_large_blob_comes_back", large),
    Clause::new("c06_put_replaces_what_was_there", replaces),
    Clause::new("c07_delete_of_nothing_is_no_error", delete_nothing),
    Clause::new("c07_what_was_deleted_is_gone", deleted_is_gone),
];

fn sees_what_was_done(bench: &mut Bench) -> Outcome {
    bench.has_not("a")?;
    bench.names_are([""; 0])?;
    for n in 0..50_u32 {
        let text = n.to_string();
        bench.put("a", text.clone())?;
        bench.put(format!("b{n:02}"), text.clone())?;
        bench.has("a", text.as_bytes())?;
        bench.has(format!("b{n:02}"), text.as_bytes())?;
        bench.names_are(["a", &format!("b{n:02}")])?;
        bench.delete(format!("b{n:02}"))?;
        bench.has_not(format!("b{n:02}"))?;
        bench.names_are(["a"])?;
    }
    bench.holds(|bench| bench.has("a", b"49").and(bench.names_are(["a"])))
}

fn any_bytes(bench: &mut Bench) -> Outcome {
    let all: Vec<u8> = (0..=255).collect();
    // Texts that a system or an encoding would turn into others.
    let odd: [&[u8]; 5] = [b"a\r\nb\n", b"\xEF\xBB\xBFa", b"\xff\xfe", b"\0", b"\x1a"];
    bench.put("all", all.clone())?;
    for (n, bytes) in odd.iter().enumerate() {
        bench.put(format!("odd{n}"), bytes.to_vec())?;
    }
    bench.holds(|bench| {
        bench.has("all", &all)?;
        odd.iter().enumerate().try_for_each(|(n, bytes)| bench.has(format!("odd{n}"), bytes))
    })
}

fn empty(bench: &mut Bench) -> Outcome {
    bench.put("empty", "")?;
    bench.put("emptied", "full")?;
    bench.put("emptied", "")?;
    bench.holds(|bench| {
        bench.has("empty", b"")?;
        bench.has("emptied", b"")?;
        bench.names_are(["emptied", "empty"])
    })
}

fn large(bench: &mut Bench) -> Outcome {
    // Its blocks differ, as 251 is prime to their size, and the last one is cut.
    let block: Vec<u8> = (0..=250_u8).collect();
    let mut bytes = block.repeat((64 << 20) / block.len() + 1);
    bytes.extend(b"end");
    bench.put("large", bytes.clone())?;
    bench.put("small", "s")?;
    bench.holds(|bench| bench.has("large", &bytes).and(bench.has("small", b"s")))
}

fn replaces(bench: &mut Bench) -> Outcome {
    for bytes in ["first", "a longer second", "3", ""] {
        bench.put("a", bytes)?;
        bench.put("b", "other")?;
        bench.holds(|bench| {
            bench.has("a", bytes.as_bytes())?;
            bench.has("b", b"other")?;
            bench.names_are(["a", "b"])
        })?;
    }
    Ok(())
}

fn delete_nothing(bench: &mut Bench) -> Outcome {
    bench.delete("never")?;
    bench.put("a", "1")?;
    bench.delete("never")?;
    bench.delete("")?;
    bench.holds(|bench| bench.has("a", b"1").and(bench.names_are(["a"])))?;
    bench.delete("a")?;
    bench.delete("a")
}

fn deleted_is_gone(bench: &mut Bench) -> Outcome {
    for name in ["a", "b", "c"] {
        bench.put(name, name)?;
    }
    bench.delete("b")?;
    bench.holds(|bench| {
        bench.has_not("b")?;
        bench.has("a", b"a")?;
        bench.names_are(["a", "c"])
    })?;
    bench.put("b", "again")?;
    bench.holds(|bench| bench.has("b", b"again").and(bench.names_are(["a", "b", "c"])))
}
