//! Micro-benchmarks: single steps of codecs, records, engine and stores. `cargo xtask micro` runs them.

mod codecs;
mod engine;
mod records;
mod stores;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50)
        .configure_from_args();
    codecs::bench(&mut criterion);
    records::bench(&mut criterion);
    engine::bench(&mut criterion);
    stores::bench(&mut criterion);
    criterion.final_summary();
}
