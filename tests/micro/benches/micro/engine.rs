//! Steps of the engine, each a batch of its own: what is to be kept and to be done is taken out too.

use std::time::{Duration, Instant};

use arcp_core::JobId;
use arcp_micro::{DIALECTS, House, Line, event, result};
use arcp_runtime::engine::{Input, JobReport};
use criterion::{BatchSize, Criterion};

pub(crate) fn bench(criterion: &mut Criterion) {
    submit(criterion);
    for watchers in [1, 50] {
        report(criterion, watchers);
    }
    end(criterion);
}

/// Each is ended where it is not timed, so that their number stays within bounds.
fn submit(criterion: &mut Criterion) {
    let (mut house, mut line) = house();
    let mut open: Vec<JobId> = Vec::new();
    criterion.bench_function("engine/submit", |bencher| {
        bencher.iter_custom(|times| {
            let mut taken = Duration::ZERO;
            for _ in 0..times {
                let frame = line.client.submit();
                let command = line.command(&frame);
                let started = Instant::now();
                let done = house.handle([command]);
                taken += started.elapsed();
                open.extend(done.accepted().cloned());
                open.drain(..).for_each(|job| drop(house.handle([ended(&job)])));
            }
            taken
        });
    });
}

fn report(criterion: &mut Criterion, watchers: usize) {
    let (mut house, mut line) = house();
    let job = house.submit(&mut line);
    for _ in 1..watchers {
        let mut other = house.open(DIALECTS[0], PRINCIPAL);
        let frame = other.client.watch(&job);
        house.handle([other.command(&frame)]);
    }
    let mut number = 0;
    criterion.bench_function(&format!("engine/event/{watchers}"), |bencher| {
        let said = || {
            number += 1;
            Input::Report { job: job.clone(), report: JobReport::Emit(event(number)) }
        };
        bencher.iter_batched(said, |said| house.handle([said]), BatchSize::SmallInput);
    });
}

/// Each is submitted where it is not timed.
fn end(criterion: &mut Criterion) {
    let (mut house, mut line) = house();
    criterion.bench_function("engine/end", |bencher| {
        bencher.iter_custom(|times| {
            let mut taken = Duration::ZERO;
            for _ in 0..times {
                let job = house.submit(&mut line);
                let ended = ended(&job);
                let started = Instant::now();
                let done = house.handle([ended]);
                taken += started.elapsed();
                drop(done);
            }
            taken
        });
    });
}

fn house() -> (House, Line) {
    let mut house = House::default();
    let line = house.open(DIALECTS[0], PRINCIPAL);
    (house, line)
}

fn ended(job: &JobId) -> Input {
    Input::Report { job: job.clone(), report: JobReport::Ended(Ok(result())) }
}

const PRINCIPAL: &str = "alice";
