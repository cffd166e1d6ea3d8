//! That a durable store's folder is open once at a time.

use super::batch::{Batch, record};
use super::bench::same;
use super::child::Role;
use super::{Bench, Clause, Outcome};
use crate::StoreErrorKind;

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("locked_while_open_in_this_process", in_this_process),
    Clause::new("locked_while_open_in_another_process", in_another_process),
    Clause::new("locked_until_the_last_handle_is_dropped", last_handle),
];

fn is_locked(bench: &Bench) -> Outcome {
    let kind = bench.try_open()?.err().map(|error| error.kind());
    same("opening once more", kind, Some(StoreErrorKind::Locked))
}

fn in_this_process(bench: &mut Bench) -> Outcome {
    bench.commit(Batch::new().append("s", 1, 1, "a"))?;
    is_locked(bench)?;
    is_locked(bench)?;
    // The attempts have not disturbed the one who has it open.
    bench.commit(Batch::new().append("s", 2, 1, "b"))?;
    bench.holds(|bench| bench.stream_is("s", &[record(1, 1, "a"), record(2, 1, "b")]))?;
    is_locked(bench)
}

fn in_another_process(bench: &mut Bench) -> Outcome {
    let opens = |bench: &Bench| Role::Open(bench.folder().to_owned()).start()?.line();
    bench.commit(Batch::new().append("s", 1, 1, "a"))?;
    same("the other says", opens(bench)?, Some("Locked".to_owned()))?;
    bench.commit(Batch::new().append("s", 2, 1, "b"))?;
    bench.close();
    same("the other says, after closing", opens(bench)?, Some("open".to_owned()))?;
    bench.open()?;
    bench.stream_is("s", &[record(1, 1, "a"), record(2, 1, "b")])
}

fn last_handle(bench: &mut Bench) -> Outcome {
    let other = bench.handle()?;
    bench.close();
    is_locked(bench)?;
    drop(other);
    bench.open()
}
