//! The shell around the engine, over a memory transport: a connection that lags gets every event,
//! each after what was said before it, whatever the timing.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arcp_agent::{JobContext, Json, Outcome, agent_fn};
use arcp_auth::Anonymous;
use arcp_core::{Frame, Limits};
use arcp_runtime::{Runtime, RuntimeError};
use arcp_store::{
    Bytes, Commit, Key, MemoryStore, Page, Store, StoreError, StoreErrorKind, async_trait,
};
use arcp_transport::{FrameSink, FrameSource, Transport, memory_pair};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A store whose reads take their time, so that whatever can happen meanwhile does.
struct Slow(MemoryStore);

#[async_trait]
impl Store for Slow {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.0.commit(commit).await
    }

    async fn read(&self, stream: &Key, after: u64, limit: usize) -> Result<Page, StoreError> {
        let pause = Duration::from_millis(1);
        tokio::time::sleep(pause).await; // tidy: sleep because a slow store is what is tested
        self.0.read(stream, after, limit).await
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        self.0.scan(prefix, after, limit).await
    }

    async fn trim(&self, stream: &Key, upto: u64) -> Result<(), StoreError> {
        self.0.trim(stream, upto).await
    }

    async fn forget(&self, stream: &Key) -> Result<(), StoreError> {
        self.0.forget(stream).await
    }
}

/// A client at the level of frames, and the runtime it speaks to.
struct Bench {
    source: Box<dyn FrameSource>,
    sink: Box<dyn FrameSink>,
    /// Says when a burst has said all.
    burst_over: mpsc::Receiver<()>,
    /// The runtime's end of the connection.
    served: JoinSet<()>,
    runtime: Runtime,
    next: u64,
    /// How often it was told that it is slow.
    told_slow: u64,
}

impl Bench {
    async fn start() -> Self {
        let mut limits = Limits::default();
        limits.queued_events = 4;
        limits.queued_bytes = 4 << 10;
        limits.burst_bytes = 0;
        let (over, burst_over) = mpsc::channel(1);
        let burst = agent_fn(move |job: JobContext, input: Json| {
            let over = over.clone();
            async move {
                let count: u64 = arcp_agent::read_input(&input)?;
                for i in 0..count {
                    job.metric("m", i, "x").await?;
                }
                // Answered when all of that is handled, as it comes after it.
                drop(job.authorize("tool.call", "x").await);
                over.send(()).await.unwrap();
                Err(arcp_agent::Fault::new(arcp_agent::Code::Cancelled, job.cancelled().await))
            }
        });
        let echo = agent_fn(|_, input| async move { Ok(Outcome::Value(input)) });
        let runtime = Runtime::builder(Arc::new(Slow(MemoryStore::new())))
            .authenticator(Anonymous)
            .agent("burst", "1", burst)
            .agent("echo", "1", echo)
            .limits(limits)
            .start()
            .await
            .unwrap();
        let (ours, theirs) = memory_pair(2);
        let handle = runtime.handle();
        let mut served = JoinSet::new();
        served.spawn(async move { handle.serve(Box::new(theirs)).await });
        let (source, sink) = Box::new(ours).split();
        let mut bench = Self { source, sink, burst_over, served, runtime, next: 0, told_slow: 0 };
        bench.send("session.open", open()).await;
        assert_eq!(bench.recv().await.unwrap()["type"], "session.accepted");
        bench
    }

    async fn send(&mut self, kind: &str, payload: Value) {
        let frame = frame(&mut self.next, kind, &payload);
        self.sink.send(&mut vec![frame]).await.unwrap();
    }

    /// The next frame, but for those that say that we are slow.
    async fn recv(&mut self) -> Option<Value> {
        loop {
            let frame = self.recv_any().await?;
            if frame["type"] != "backpressure" {
                return Some(frame);
            }
            self.told_slow += 1;
        }
    }

    async fn recv_any(&mut self) -> Option<Value> {
        let frame = self.source.recv().await.unwrap()?;
        Some(serde_json::from_slice(&frame.bytes).unwrap())
    }

    async fn end(mut self) {
        drop((self.source, self.sink));
        self.runtime.shutdown(Duration::ZERO).await.unwrap();
        while self.served.join_next().await.is_some() {}
    }
}

fn open() -> Value {
    json!({
        "auth": { "scheme": "none" },
        "client": { "kind": "test", "version": "1" },
        "capabilities": { "anonymous": true, "extensions": ["resume"] },
    })
}

fn frame(next: &mut u64, kind: &str, payload: &Value) -> Frame {
    *next += 1;
    let frame = json!({
        "arcp": "1.1",
        "id": format!("msg_{next}"),
        "timestamp": "2026-01-01T00:00:00Z",
        "type": kind,
        "payload": payload,
    });
    Frame::text(frame.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_comes_before_the_acceptance_of_its_job() {
    let mut bench = Bench::start().await;
    bench.send("tool.invoke", json!({ "tool": "burst", "arguments": 300 })).await;
    bench.burst_over.recv().await.unwrap();
    // The connection is behind, and again and again at the end of its log while jobs come and go.
    for i in 0..IN_FLIGHT {
        bench.send("tool.invoke", json!({ "tool": "echo", "arguments": i })).await;
    }
    let mut accepted = BTreeSet::new();
    let (mut ended, mut seq) = (0, 0);
    while ended < 500 {
        let frame = bench.recv().await.expect("the connection lives");
        let job = frame["job_id"].as_str().unwrap().to_owned();
        if frame["type"] == "job.accepted" {
            assert!(accepted.insert(job));
            continue;
        }
        assert!(accepted.contains(&job), "{} before acceptance", frame["type"]);
        seq += 1;
        assert_eq!(frame["event_seq"], seq);
        if frame["type"] == "job.completed" {
            ended += 1;
            bench.send("tool.invoke", json!({ "tool": "echo", "arguments": ended })).await;
        }
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_falls_behind_is_told_so_once_each_time() {
    let mut bench = Bench::start().await;
    for time in 1..=3 {
        let count = 500;
        bench.send("tool.invoke", json!({ "tool": "burst", "arguments": count })).await;
        bench.burst_over.recv().await.unwrap();
        let mut left = count;
        while left > 0 {
            let frame = bench.recv().await.unwrap();
            left -= u64::from(frame["type"] == "metric");
        }
        // It has caught up, or does so before it is told what it asks next.
        let mut echoed = false;
        while !echoed {
            bench.send("tool.invoke", json!({ "tool": "echo", "arguments": 1 })).await;
            while !matches!(bench.recv().await.unwrap()["type"].as_str(), Some("job.completed")) {}
            echoed = bench.told_slow >= time;
        }
        assert_eq!(bench.told_slow, time);
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_closes_while_behind_gets_the_rest_first() {
    let mut bench = Bench::start().await;
    bench.send("tool.invoke", json!({ "tool": "burst", "arguments": 4_000 })).await;
    bench.burst_over.recv().await.unwrap();
    bench.send("session.close", json!({})).await;
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let (mut seq, mut last) = (0, String::new());
    while let Some(frame) = bench.recv().await {
        last = frame["type"].as_str().unwrap().to_owned();
        *kinds.entry(last.clone()).or_default() += 1;
        if let Some(number) = frame["event_seq"].as_u64() {
            seq += 1;
            assert_eq!(number, seq);
        }
    }
    assert_eq!(last, "session.closed");
    assert_eq!((seq, kinds["metric"], kinds["job.cancelled"]), (4_002, 4_000, 1));
    bench.end().await;
}

#[tokio::test]
async fn the_end_of_time_as_a_limit_kills_nobody() {
    let mut bench = Bench::start().await;
    let invoke = json!({ "tool": "echo", "arguments": 1, "max_runtime_sec": u64::MAX });
    bench.send("tool.invoke", invoke).await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != "job.completed") {
        kinds.push(bench.recv().await.unwrap()["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["job.accepted", "job.started", "job.completed"]);
    bench.end().await;
}

/// A store that takes nothing, and may take something later.
struct Full;

#[async_trait]
impl Store for Full {
    async fn commit(&self, _: Commit) -> Result<(), StoreError> {
        Err(StoreError::new(StoreErrorKind::Full, "no room"))
    }

    async fn read(&self, _: &Key, _: u64, _: usize) -> Result<Page, StoreError> {
        Ok(Page { records: Vec::new(), kept_from: 1, last: 0 })
    }

    async fn scan(
        &self,
        _: &[u8],
        _: Option<&Key>,
        _: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        Ok(Vec::new())
    }

    async fn trim(&self, _: &Key, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn forget(&self, _: &Key) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_ever_for_a_store_that_takes_nothing() {
    let mut limits = Limits::default();
    limits.batch = 1;
    let builder = Runtime::builder(Arc::new(Full)).authenticator(Anonymous).limits(limits);
    let runtime = builder.start().await.unwrap();
    let (ours, theirs) = memory_pair(2);
    let handle = runtime.handle();
    let mut served = JoinSet::new();
    served.spawn(async move { handle.serve(Box::new(theirs)).await });
    let (source, mut sink) = Box::new(ours).split();
    let (mut next, open) = (0, open());
    // One is being committed, one is pending: the writer takes in nothing more.
    for _ in 0..4 {
        sink.send(&mut vec![frame(&mut next, "session.open", &open)]).await.unwrap();
    }
    let before = tokio::time::Instant::now();
    let stopped = runtime.shutdown(Duration::from_secs(1)).await;
    assert!(matches!(stopped, Err(RuntimeError::Unkept)), "{stopped:?}");
    assert!(before.elapsed() < Duration::from_mins(1));
    drop((source, sink));
    while served.join_next().await.is_some() {}
}

/// Jobs at a time.
const IN_FLIGHT: usize = 8;
