//! The suite that every store passes: one function a clause, each on a store of its own.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use arcp_store::contract::{self, Subject};
//!
//! fn main() -> ExitCode {
//!     contract::main(Subject::volatile("memory", |_| async { Ok(arcp_store::MemoryStore::new()) }))
//! }
//! ```
//!
//! The test that calls it has `harness = false` in its `Cargo.toml`. The suite of [`blobs`] is run
//! in the same way.

mod atomic;
mod batch;
mod bench;
pub mod blobs;
mod child;
mod crash;
mod ends;
mod facts;
mod forget;
mod kill;
mod lock;
mod overlap;
mod pages;
mod read;
mod subject;
mod trim;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::Store;
use bench::Bench;
use child::Role;
pub use subject::{Shared, Subject};

/// Runs the clauses on `subject`, each as a test of its own, as the arguments of the process say.
///
/// The crash clauses start this program again, with a variable in its environment that makes this
/// function write to a store until it is killed. So nothing of weight should happen before it.
pub fn main(subject: Subject) -> ExitCode {
    if let Some(role) = Role::of_this_process() {
        return child::exit(crash::play(role, &subject));
    }
    let volatile = [
        atomic::CLAUSES,
        ends::CLAUSES,
        read::CLAUSES,
        facts::CLAUSES,
        pages::CLAUSES,
        trim::CLAUSES,
        forget::CLAUSES,
        overlap::CLAUSES,
    ];
    run(subject, &volatile, &[crash::CLAUSES, lock::CLAUSES])
}

/// Runs the clauses of all tables; those for `durable` subjects only on such.
fn run<S: ?Sized + 'static>(
    subject: Subject<S>,
    tables: &[&'static [Clause<S>]],
    durable: &[&'static [Clause<S>]],
) -> ExitCode {
    let durable = if subject.is_durable() { durable } else { &[] };
    let subject = Arc::new(subject);
    let clauses = tables.iter().chain(durable).copied().flatten();
    let trials = clauses.map(|clause| clause.trial(&subject)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What a clause finds: nothing, or what is wrong.
type Outcome = Result<(), Failed>;

/// A test: the name starts with the number of the clause in the doc of the trait.
struct Clause<S: ?Sized = dyn Store> {
    name: &'static str,
    run: fn(&mut Bench<S>) -> Outcome,
}

impl<S: ?Sized + 'static> Clause<S> {
    const fn new(name: &'static str, run: fn(&mut Bench<S>) -> Outcome) -> Self {
        Self { name, run }
    }

    fn trial(&self, subject: &Arc<Subject<S>>) -> Trial {
        let (run, subject) = (self.run, Arc::clone(subject));
        let name = format!("{}::{}", subject.name(), self.name);
        Trial::test(name, move || run(&mut Bench::new(subject)?))
    }
}

/// Fails with `what` unless `holds`.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Failed::from(what())) }
}
