//! Clause 11: a stream that is forgotten may begin anew.

use super::batch::{Batch, record};
use super::bench::same;
use super::{Bench, Clause, Outcome};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c11_forgotten_is_as_never_written", begins_anew),
    Clause::new("c11_forget_after_a_trim", trimmed),
    Clause::new("c11_forget_twice_and_what_never_was", twice),
    Clause::new("c11_forget_leaves_other_streams_and_facts", others),
];

fn write(bench: &Bench, stream: &str) -> Outcome {
    bench.commit(Batch::new().append(stream, 1, 3, "a").append(stream, 4, 3, "b"))
}

fn begins_anew(bench: &mut Bench) -> Outcome {
    write(bench, "s")?;
    bench.forget("s")?;
    bench.holds(|bench| bench.stream_is("s", &[]))?;
    bench.conflicts("from where it was", Batch::new().append("s", 7, 1, ""))?;
    bench.commit(Batch::new().append("s", 1, 1, "c"))?;
    bench.holds(|bench| bench.stream_is("s", &[record(1, 1, "c")]))
}

fn trimmed(bench: &mut Bench) -> Outcome {
    for upto in [3, 6] {
        write(bench, "s")?;
        bench.trim("s", upto)?;
        bench.forget("s")?;
        bench.holds(|bench| bench.stream_is("s", &[]))?;
    }
    Ok(())
}

fn twice(bench: &mut Bench) -> Outcome {
    bench.forget("s")?;
    write(bench, "s")?;
    bench.forget("s")?;
    bench.forget("s")?;
    bench.holds(|bench| bench.stream_is("s", &[]))
}

fn others(bench: &mut Bench) -> Outcome {
    for stream in ["r", "s", "s\0", "sa"] {
        write(bench, stream)?;
    }
    bench.commit(Batch::new().put("s", "fact"))?;
    bench.forget("s")?;
    bench.holds(|bench| {
        bench.stream_is("s", &[])?;
        for stream in ["r", "s\0", "sa"] {
            bench.stream_is(stream, &[record(1, 3, "a"), record(4, 3, "b")])?;
        }
        same("fact", bench.fact("s")?, Some("fact".into()))
    })
}
