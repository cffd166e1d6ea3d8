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
//! The test that calls it has `harness = false` in its `Cargo.toml`.

mod atomic;
mod batch;
mod bench;
mod child;
mod crash;
mod ends;
mod facts;
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

use bench::Bench;
pub use subject::Subject;

/// Runs the clauses on `subject`, each as a test of its own, as the arguments of the process say.
///
/// The crash clauses start this program again, with a variable in its environment that makes this
/// function write to a store until it is killed. So nothing of weight should happen before it.
pub fn main(subject: Subject) -> ExitCode {
    let subject = Arc::new(subject);
    if let Some(role) = child::Role::of_this_process() {
        return role.play(&subject);
    }
    let tables = [atomic::CLAUSES, ends::CLAUSES, read::CLAUSES, facts::CLAUSES, pages::CLAUSES];
    let more = [trim::CLAUSES, overlap::CLAUSES];
    let durable: &[&[Clause]] =
        if subject.is_durable() { &[crash::CLAUSES, lock::CLAUSES] } else { &[] };
    let trials = tables.iter().chain(&more).chain(durable).copied().flatten();
    let trials = trials.map(|clause| clause.trial(&subject)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What a clause finds: nothing, or what is wrong.
type Outcome = Result<(), Failed>;

/// A test: the name starts with the number of the clause in the doc of [`Store`](crate::Store).
struct Clause {
    name: &'static str,
    run: fn(&mut Bench) -> Outcome,
}

impl Clause {
    const fn new(name: &'static str, run: fn(&mut Bench) -> Outcome) -> Self {
        Self { name, run }
    }

    fn trial(&self, subject: &Arc<Subject>) -> Trial {
        let (run, subject) = (self.run, Arc::clone(subject));
        let name = format!("{}::{}", subject.name(), self.name);
        Trial::test(name, move || run(&mut Bench::new(subject)?))
    }
}

/// Fails with `what` unless `holds`.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Failed::from(what())) }
}
