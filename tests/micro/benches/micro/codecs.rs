//! Frames of clients, decoded, and events, encoded.

use std::hint::black_box;
use std::sync::Arc;

use arcp_core::{Delivery, Encoded, Event, JobEvent, MessageId, Output, Timestamp};
use arcp_micro::{DIALECTS, House, event, head};
use criterion::{BatchSize, Criterion, Throughput};

pub(crate) fn bench(criterion: &mut Criterion) {
    for dialect in DIALECTS {
        decode(criterion, dialect);
        encode(criterion, dialect);
    }
}

fn decode(criterion: &mut Criterion, dialect: &'static str) {
    let mut line = House::default().open(dialect, "alice");
    let (submit, ack, ping) = (line.client.submit(), line.client.ack(8), line.client.ping());
    let mut group = criterion.benchmark_group(format!("decode/{dialect}"));
    for (name, frame) in [("submit", submit), ("ack", ack), ("ping", ping)] {
        group.throughput(Throughput::Bytes(frame.bytes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| line.decode(black_box(&frame)));
        });
    }
    group.finish();
}

/// The first watcher's connection writes the body, and those of further ones share it.
fn encode(criterion: &mut Criterion, dialect: &'static str) {
    let mut line = House::default().open(dialect, "alice");
    let mut frames = Vec::new();
    let mut group = criterion.benchmark_group(format!("encode/{dialect}"));
    for (kind, number) in [("log", 0), ("tool_call", 1), ("tool_result", 2), ("progress", 3)] {
        let said = event(number);
        group.bench_function(format!("{kind}/first"), |bencher| {
            let fresh = || delivery(&said);
            bencher.iter_batched_ref(
                fresh,
                |output| {
                    frames.clear();
                    line.encode(output, &mut frames);
                },
                BatchSize::SmallInput,
            );
        });
        let shared = delivery(&said);
        line.encode(&shared, &mut frames);
        group.bench_function(format!("{kind}/further"), |bencher| {
            bencher.iter(|| {
                frames.clear();
                line.encode(black_box(&shared), &mut frames);
            });
        });
    }
    group.finish();
}

fn delivery(event: &Event) -> Output {
    let event = JobEvent {
        head: Arc::new(head()),
        id: MessageId::parse("msg_01M81EJCY1FMAQMFM0WNAJZ8VC").unwrap(),
        at: Timestamp::from_micros(1_700_000_000_000_000),
        event: event.clone(),
        encoded: Encoded::default(),
    };
    Output::Event(Delivery { seq: 1_234, event: Arc::new(event) })
}
