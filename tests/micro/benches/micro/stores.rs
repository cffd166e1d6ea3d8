//! Commits: what the engine says of a batch of events, as one call that is waited for.

use arcp_core::{Commit, JobId};
use arcp_micro::{DIALECTS, House, event};
use arcp_runtime::engine::{Input, JobReport};
use arcp_store::{MemoryStore, Store};
use arcp_store_sqlite::{Durability, Options, SqliteStore};
use criterion::{BatchSize, Criterion, Throughput};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().unwrap();
    commits(criterion, &runtime, "memory", || (None, MemoryStore::new()));
    for (name, durability) in [("full", Durability::Full), ("process", Durability::Process)] {
        commits(criterion, &runtime, name, || {
            let folder = TempDir::new().unwrap();
            let options = Options { durability, ..Options::default() };
            let store = runtime.block_on(SqliteStore::open(folder.path(), options)).unwrap();
            (Some(folder), store)
        });
    }
}

/// A store of its own for each size: what is in it is of one kind.
fn commits<S: Store>(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    store: impl Fn() -> (Option<TempDir>, S),
) {
    let mut group = criterion.benchmark_group(format!("commit/{name}"));
    for size in [1, 64, 512] {
        // The store is closed before its folder is removed.
        let (folder, store) = store();
        let (mut source, before) = Source::new(size);
        for commit in before {
            runtime.block_on(store.commit(commit)).unwrap();
        }
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter_batched(
                || source.next(),
                |commit| runtime.block_on(store.commit(commit)).unwrap(),
                BatchSize::PerIteration,
            );
        });
        drop(store);
        drop(folder);
    }
    group.finish();
}

/// Makes commits that follow each other: in each an event of as many jobs, told to one session.
struct Source {
    house: House,
    jobs: Vec<JobId>,
    number: u64,
}

impl Source {
    /// Also returns what is to be kept first.
    fn new(size: usize) -> (Self, Vec<Commit>) {
        let mut house = House::default();
        let mut line = house.open(DIALECTS[0], "alice");
        let (mut jobs, mut before) = (Vec::new(), Vec::new());
        for _ in 0..size {
            let frame = line.client.submit();
            let done = house.handle([line.command(&frame)]);
            jobs.extend(done.accepted().cloned());
            before.push(done.commit);
        }
        (Self { house, jobs, number: 0 }, before)
    }

    fn next(&mut self) -> Commit {
        self.number += 1;
        let number = self.number;
        let emit = |job: &JobId| Input::Report {
            job: job.clone(),
            report: JobReport::Emit(event(number)),
        };
        let said: Vec<_> = self.jobs.iter().map(emit).collect();
        self.house.handle(said).commit
    }
}
