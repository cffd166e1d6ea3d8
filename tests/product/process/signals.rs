//! How `arcp serve` stops: what running jobs get, and what is in the store then.

use std::path::Path;

use arcp_core::{Code, Event, JobState};
use serde_json::{Value, json};

use super::program::{Serve, within};
use super::raw::{Incoming, Raw, is_terminal};
use super::stored::Stored;

/// A server with one running job.
struct Busy {
    server: Serve,
    raw: Raw,
    session: String,
    job: String,
}

impl Busy {
    async fn start(data: &Path, arguments: &[&str], ms: u64) -> Self {
        let mut all = vec!["--token", "tok=me", "--no-workspace"];
        all.extend(arguments);
        let server = Serve::start(data, &all).await;
        let (mut raw, session) = Raw::open(server.url(), "tok").await;
        let job = raw.start("slow", json!({ "ms": ms })).await;
        Self { server, raw, session, job }
    }
}

/// Everything that still comes, and the close code.
async fn rest(raw: &mut Raw) -> (Vec<Value>, Option<u16>) {
    let mut frames = Vec::new();
    loop {
        match raw.next().await {
            Incoming::Frame(frame) => frames.push(frame),
            Incoming::Closed(code) => return (frames, code),
        }
    }
}

async fn a_job_that_ends_in_time_completes(signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut busy = Busy::start(folder.path(), &["--grace", "60"], 400).await;
    busy.server.signal(signal);
    let (frames, code) = rest(&mut busy.raw).await;
    assert_eq!(frames[0]["type"], "job.completed", "{frames:?}");
    assert_eq!(code, Some(1001), "going away");
    let ended = busy.server.ended().await.with(0);
    assert_eq!(ended.err, "arcp: stopping; running jobs get 60 s\n");

    let stored = Stored::open(folder.path()).await;
    let outcome = stored.ended("me", &busy.job).await.outcome.unwrap();
    assert_eq!(outcome.state, JobState::Completed);
    assert_eq!(stored.frames(&busy.session).await.len(), 2);
}

async fn a_job_that_does_not_is_ended(signal: &str, grace: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut busy = Busy::start(folder.path(), &["--grace", grace], 600_000).await;
    busy.server.signal(signal);
    let (frames, code) = rest(&mut busy.raw).await;
    assert_eq!(frames[0]["type"], "job.failed", "{frames:?}");
    assert_eq!(frames[0]["payload"]["code"], "UNAVAILABLE");
    assert_eq!(frames.iter().filter(|frame| is_terminal(frame)).count(), 1);
    assert_eq!(code, Some(1001), "going away");
    busy.server.ended().await.with(0);

    let stored = Stored::open(folder.path()).await;
    let outcome = stored.ended("me", &busy.job).await.outcome.unwrap();
    assert_eq!(outcome.state, JobState::Failed);
    let events = stored.events(&busy.job).await;
    let Some(Event::Failed(fault)) = events.last().map(|event| &event.event) else {
        panic!("{events:?}")
    };
    assert_eq!((fault.code, fault.retryable), (Code::Unavailable, true));
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn sigterm_lets_a_short_job_complete() {
    within(a_job_that_ends_in_time_completes("TERM")).await;
}

#[tokio::test]
async fn sigint_lets_a_short_job_complete() {
    within(a_job_that_ends_in_time_completes("INT")).await;
}

#[tokio::test]
async fn sigterm_ends_a_long_job() {
    within(a_job_that_does_not_is_ended("TERM", "0")).await;
}

#[tokio::test]
async fn sigint_ends_a_long_job() {
    within(a_job_that_does_not_is_ended("INT", "0")).await;
}

#[tokio::test]
async fn a_long_job_gets_its_second() {
    within(a_job_that_does_not_is_ended("TERM", "1")).await;
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut busy = Busy::start(folder.path(), &["--grace", "600"], 600_000).await;
        busy.server.signal("TERM");
        assert!(busy.server.says().await.contains("stopping"));
        busy.server.signal("INT");
        assert!(busy.server.ended().await.with(1).err.contains("at once"));
        Serve::start(folder.path(), &["--anonymous"]).await.stop().await;
        let stored = Stored::open(folder.path()).await;
        let outcome = stored.ended("me", &busy.job).await.outcome.unwrap();
        assert_eq!(outcome.state, JobState::Failed);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_let_in_any_more() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut busy = Busy::start(folder.path(), &["--grace", "600"], 600_000).await;
        let mut waiting = Raw::connect(busy.server.url()).await;
        busy.server.signal("TERM");
        assert!(busy.server.says().await.contains("stopping"));
        let cancel = json!({ "target": "job", "target_id": busy.job });
        // What was submitted before goes on, and can be cancelled; more is not taken.
        let (mut refused, mut tries) = (false, 0);
        while !refused {
            tries += 1;
            busy.raw.send(&super::raw::invoke("echo", &json!(tries))).await;
            loop {
                let frame = busy.raw.frame().await;
                refused |= frame["type"] == "job.failed";
                if is_terminal(&frame) {
                    break;
                }
            }
        }
        waiting.send(&super::raw::open("tok")).await;
        match waiting.next().await {
            Incoming::Frame(frame) => assert_eq!(frame["type"], "session.rejected", "{frame}"),
            Incoming::Closed(_) => {}
        }
        busy.raw.send(&super::raw::envelope("cancel", cancel)).await;
        let (frames, _) = rest(&mut busy.raw).await;
        assert_eq!(frames[0]["type"], "cancel.accepted", "{frames:?}");
        assert_eq!(frames[1]["type"], "job.cancelled", "{frames:?}");
        busy.server.ended().await.with(0);
    })
    .await;
}
