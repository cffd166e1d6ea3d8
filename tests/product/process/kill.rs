//! `kill -9` of the serving process: what a client was told is kept, and every job has one end.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::{Serve, run, within};
use super::raw::{Incoming, Raw, is_terminal};
use super::stored::Stored;

const TOKENS: [&str; 5] = ["--no-workspace", "--token", "tok-a=alice", "--token", "tok-b=bob"];

/// A session, and the events that its client saw.
struct Watcher {
    raw: Raw,
    session: String,
    jobs: Vec<String>,
    seen: Vec<Value>,
}

impl Watcher {
    async fn open(server: &Serve, token: &str) -> Self {
        let (raw, session) = Raw::open(server.url(), token).await;
        Self { raw, session, jobs: Vec::new(), seen: Vec::new() }
    }

    /// Submits a job; events of others may come first.
    async fn submit(&mut self, tool: &str, arguments: Value) {
        let invoke = super::raw::invoke(tool, &arguments);
        self.raw.send(&invoke).await;
        loop {
            let frame = self.raw.frame().await;
            if frame["type"] == "job.accepted" {
                assert_eq!(frame["correlation_id"], invoke["id"]);
                self.jobs.push(frame["job_id"].as_str().unwrap().to_owned());
                return;
            }
            self.take(frame);
        }
    }

    fn take(&mut self, frame: Value) {
        assert_eq!(frame["session_id"], self.session.as_str(), "{frame}");
        assert_eq!(frame["event_seq"], self.seen.len() + 1, "{frame}");
        self.seen.push(frame);
    }

    /// Sees events until there are `count`.
    async fn see(&mut self, count: usize) {
        while self.seen.len() < count {
            let frame = self.raw.frame().await;
            self.take(frame);
        }
    }

    /// Sees events until all jobs have ended.
    async fn see_all(&mut self) {
        while self.seen.iter().filter(|frame| is_terminal(frame)).count() < self.jobs.len() {
            let frame = self.raw.frame().await;
            self.take(frame);
        }
    }

    /// Sees what was on its way when the server died.
    async fn see_the_end(&mut self) {
        while let Incoming::Frame(frame) = self.raw.next().await {
            self.take(frame);
        }
    }

    /// Everything seen is kept, with the same number and content, and each job has one end.
    async fn check(&self, stored: &Stored, principal: &str) {
        let kept = stored.frames(&self.session).await;
        assert!(kept.len() >= self.seen.len(), "{} of {}", kept.len(), self.seen.len());
        for (kept, seen) in kept.iter().zip(&self.seen) {
            let mut seen = seen.clone();
            seen.as_object_mut().unwrap().remove("session_id");
            assert_eq!(*kept, seen);
        }
        for job in &self.jobs {
            let ends: Vec<_> = kept
                .iter()
                .filter(|frame| is_terminal(frame) && frame["job_id"] == job.as_str())
                .collect();
            let [end] = ends.as_slice() else { panic!("{job} ended {} times", ends.len()) };
            let last = stored.events(job).await.len();
            let mut of_job = kept.iter().filter(|frame| frame["job_id"] == job.as_str());
            assert_eq!(of_job.clone().count(), last, "the session has all events of {job}");
            assert_eq!(of_job.next_back(), Some(*end), "nothing follows the end of {job}");
            let fact = stored.ended(principal, job).await;
            assert_eq!(fact.outcome.unwrap().last_index, u64::try_from(last).unwrap());
        }
    }
}

/// The terminal frame that a job has in the store.
async fn end_of(stored: &Stored, watcher: &Watcher, job: &str) -> Value {
    let frames = stored.frames(&watcher.session).await;
    let mut ends = frames.into_iter().filter(|frame| is_terminal(frame) && frame["job_id"] == job);
    ends.next().unwrap()
}

fn assert_died(end: &Value) {
    assert_eq!(end["type"], "job.failed", "{end}");
    let want = json!({ "code": "UNAVAILABLE", "message": "runtime restarted", "retryable": true });
    assert_eq!(end["payload"], want);
}

/// `arcp jobs` of a token, as the states by job.
async fn jobs(url: &str, token: &str) -> Vec<(String, String)> {
    let ended = run(&["jobs", "--json", "--url", url, "--token", token]).await.with(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    ended.json_lines().iter().map(|job| (text(&job["job_id"]), text(&job["status"]))).collect()
}

fn data(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("data")
}

async fn serve(data: &Path) -> Serve {
    Serve::start(data, &TOKENS).await
}

/// More events than a job gets to say before its server is killed, however late that comes.
const ENDLESS: u64 = 10_000_000;

async fn killed_after(events: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);
    let server = serve(&data).await;
    let mut watcher = Watcher::open(&server, "tok-a").await;
    watcher.submit("emit", json!({ "n": ENDLESS, "delay_us": 2000 })).await;
    watcher.see(events).await;
    server.kill_9().await;
    watcher.see_the_end().await;
    assert!(!watcher.seen.iter().any(is_terminal), "it was to die in the middle of the job");

    let server = serve(&data).await;
    let job = watcher.jobs[0].clone();
    assert_eq!(jobs(server.url(), "tok-a").await, [(job.clone(), "failed".to_owned())]);
    assert_eq!(jobs(server.url(), "tok-b").await, []);
    server.stop().await;

    let stored = Stored::open(&data).await;
    watcher.check(&stored, "alice").await;
    assert_died(&end_of(&stored, &watcher, &job).await);
}

#[tokio::test]
async fn after_the_first_event() {
    within(killed_after(1)).await;
}

#[tokio::test]
async fn after_some_events() {
    within(killed_after(200)).await;
}

#[tokio::test]
async fn after_many_events() {
    within(killed_after(700)).await;
}

/// Hardly a pause between events, so that many share a commit.
#[tokio::test]
async fn in_the_middle_of_a_flood() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        let server = serve(&data).await;
        let mut watcher = Watcher::open(&server, "tok-a").await;
        watcher.submit("emit", json!({ "n": ENDLESS, "delay_us": 20 })).await;
        watcher.see(3000).await;
        server.kill_9().await;
        watcher.see_the_end().await;
        serve(&data).await.stop().await;
        let stored = Stored::open(&data).await;
        watcher.check(&stored, "alice").await;
        assert_died(&end_of(&stored, &watcher, &watcher.jobs[0]).await);
    })
    .await;
}

#[tokio::test]
async fn with_several_sessions_and_jobs() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        let server = serve(&data).await;
        let mut watchers = Vec::new();
        for token in ["tok-a", "tok-a", "tok-b"] {
            let mut watcher = Watcher::open(&server, token).await;
            watcher.submit("echo", json!({ "n": 1 })).await;
            for kind in ["metric", "log", "progress"] {
                let input = json!({ "n": ENDLESS, "delay_us": 2000, "kind": kind, "pad": 50 });
                watcher.submit("emit", input).await;
            }
            watchers.push(watcher);
        }
        for watcher in &mut watchers {
            watcher.see(300).await;
        }
        server.kill_9().await;
        for watcher in &mut watchers {
            watcher.see_the_end().await;
        }

        let server = serve(&data).await;
        let mut listed = jobs(server.url(), "tok-a").await;
        assert_eq!(listed.len(), 8);
        assert_eq!(jobs(server.url(), "tok-b").await.len(), 4);
        listed.retain(|(_, state)| state == "completed");
        let echoes: Vec<_> = watchers[..2].iter().map(|w| w.jobs[0].clone()).collect();
        assert_eq!(listed.into_iter().map(|(job, _)| job).collect::<Vec<_>>(), echoes);
        server.stop().await;

        let stored = Stored::open(&data).await;
        for (watcher, principal) in watchers.iter().zip(["alice", "alice", "bob"]) {
            watcher.check(&stored, principal).await;
            for job in &watcher.jobs[1..] {
                assert_died(&end_of(&stored, watcher, job).await);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn while_nothing_runs() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        let server = serve(&data).await;
        let mut watcher = Watcher::open(&server, "tok-a").await;
        watcher.submit("emit", json!({ "n": 50 })).await;
        watcher.submit("fail", json!({ "code": "ABORTED" })).await;
        watcher.see_all().await;
        server.kill_9().await;
        watcher.see_the_end().await;

        let server = serve(&data).await;
        let states: Vec<_> =
            jobs(server.url(), "tok-a").await.into_iter().map(|(_, s)| s).collect();
        assert_eq!(states, ["completed", "failed"]);
        server.stop().await;

        let stored = Stored::open(&data).await;
        watcher.check(&stored, "alice").await;
        let kept = stored.frames(&watcher.session).await;
        assert_eq!(kept.len(), watcher.seen.len(), "what had ended did not end again");
    })
    .await;
}

#[tokio::test]
async fn again_and_again() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        let mut watchers = Vec::new();
        for round in 1..=3 {
            let server = serve(&data).await;
            assert_eq!(jobs(server.url(), "tok-a").await.len(), round - 1);
            let mut watcher = Watcher::open(&server, "tok-a").await;
            watcher.submit("emit", json!({ "n": ENDLESS, "delay_us": 2000 })).await;
            watcher.see(20 * round).await;
            server.kill_9().await;
            watcher.see_the_end().await;
            watchers.push(watcher);
        }
        // Killed as soon as it listens, so perhaps in the middle of what it recovers.
        serve(&data).await.kill_9().await;
        serve(&data).await.stop().await;
        let stored = Stored::open(&data).await;
        for watcher in &watchers {
            watcher.check(&stored, "alice").await;
            assert_died(&end_of(&stored, watcher, &watcher.jobs[0]).await);
        }
    })
    .await;
}

/// A job that goes on without its client is kept as well as one that is watched.
#[tokio::test]
async fn after_the_client_has_gone() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        let server = serve(&data).await;
        let mut gone = Watcher::open(&server, "tok-a").await;
        gone.submit("emit", json!({ "n": ENDLESS, "delay_us": 2000 })).await;
        gone.see(5).await;
        let job = gone.jobs[0].clone();
        let Watcher { raw, session, jobs, seen } = gone;
        drop(raw);

        let mut other = Watcher::open(&server, "tok-a").await;
        other.submit("emit", json!({ "n": 200, "delay_us": 500 })).await;
        other.see_all().await;
        server.kill_9().await;
        other.see_the_end().await;
        serve(&data).await.stop().await;

        let stored = Stored::open(&data).await;
        assert!(stored.frames(&session).await.len() > seen.len(), "it went on");
        let kept = stored.frames(&session).await;
        let end = kept.iter().filter(|frame| is_terminal(frame)).collect::<Vec<_>>();
        assert_eq!(end.len(), jobs.len());
        assert_died(end[0]);
        assert_eq!(end[0]["job_id"], job.as_str());
        other.check(&stored, "alice").await;
    })
    .await;
}
