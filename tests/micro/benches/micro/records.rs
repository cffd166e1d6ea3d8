//! Pages of stored events, written and read.

use std::hint::black_box;

use arcp_core::{Event, JobHead, Record, Timestamp};
use arcp_micro::{event, head};
use arcp_runtime::record::{JobPage, read_job_page};
use criterion::{Criterion, Throughput};

pub(crate) fn bench(criterion: &mut Criterion) {
    let head = head();
    let mut group = criterion.benchmark_group("record");
    for size in [1, 64] {
        let events: Vec<_> = (0..size).map(event).collect();
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("write/{size}"), |bencher| {
            bencher.iter(|| write(&head, black_box(&events)));
        });
        let page = write(&head, &events);
        group.bench_function(format!("read/{size}"), |bencher| {
            bencher.iter(|| read_job_page(&head.job, black_box(&page), 0).unwrap());
        });
    }
    group.finish();
}

fn write(head: &JobHead, events: &[Event]) -> Record {
    let mut page = JobPage::new(head, 1).unwrap();
    for event in events {
        page.push(Timestamp::from_micros(1_700_000_000_000_000), event).unwrap();
    }
    page.into_record()
}
