//! `arcp serve --stdio`: a whole session over standard input and output.

use std::path::Path;
use std::process::Stdio;

use arcp_core::JobState;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::program::{arcp, signal, text, within};
use super::raw::{anonymous, envelope, invoke, is_terminal, open};
use super::stored::Stored;

struct StdioPeer {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl StdioPeer {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = arcp(&["serve", "--stdio", "--data", text(data)]);
        let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    async fn send(&mut self, frame: &Value) {
        self.input.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
    }

    /// The next line, which is a frame.
    async fn frame(&mut self) -> Value {
        let line = self.output.next_line().await.unwrap().expect("a frame");
        let frame: Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(frame["arcp"], "1.1", "{frame}");
        frame
    }

    async fn open(&mut self, open: &Value) -> String {
        self.send(open).await;
        let accepted = self.frame().await;
        assert_eq!(accepted["type"], "session.accepted", "{accepted}");
        accepted["session_id"].as_str().unwrap().to_owned()
    }

    /// Ends its input and waits for its end: frames that still came, and standard error.
    async fn end(mut self) -> (Vec<Value>, String) {
        drop(self.input);
        let mut frames = Vec::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            frames.push(serde_json::from_str(&line).expect(&line));
        }
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).await.unwrap();
        assert_eq!(self.child.wait().await.unwrap().code(), Some(0), "{err}");
        (frames, err)
    }
}

#[tokio::test]
async fn a_whole_session() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut peer = StdioPeer::start(folder.path(), &[]);
        let session = peer.open(&anonymous()).await;
        for (tool, input) in [("echo", json!("a\nb")), ("emit", json!({ "n": 100 }))] {
            peer.send(&invoke(tool, &input)).await;
        }
        let mut frames = Vec::new();
        while frames.iter().filter(|frame| is_terminal(frame)).count() < 2 {
            frames.push(peer.frame().await);
        }
        let events: Vec<_> = frames.iter().filter(|f| f.get("event_seq").is_some()).collect();
        assert_eq!(events.len(), 104);
        for (seq, event) in (1..).zip(&events) {
            assert_eq!(event["event_seq"], seq);
        }
        peer.input.write_all(b"{nope\n").await.unwrap();
        assert_eq!(peer.frame().await["type"], "nack");
        peer.send(&envelope("ping", json!({}))).await;
        assert_eq!(peer.frame().await["type"], "pong");
        let (rest, err) = peer.end().await;
        assert_eq!((rest.len(), err.as_str()), (0, ""));

        let kept = Stored::open(folder.path()).await.frames(&session).await;
        assert_eq!(kept.len(), 104);
    })
    .await;
}

#[tokio::test]
async fn the_end_of_its_input_leaves_a_running_job_its_grace() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut peer = StdioPeer::start(folder.path(), &["--token", "tok=me"]);
        let session = peer.open(&open("tok")).await;
        peer.send(&invoke("slow", &json!({ "ms": 300 }))).await;
        let job = peer.frame().await["job_id"].as_str().unwrap().to_owned();
        assert_eq!(peer.frame().await["type"], "job.started");
        peer.end().await;
        let stored = Stored::open(folder.path()).await;
        let outcome = stored.ended("me", &job).await.outcome.unwrap();
        assert_eq!(outcome.state, JobState::Completed);
        assert_eq!(stored.frames(&session).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_token_is_asked_for_when_one_was_given() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut peer = StdioPeer::start(folder.path(), &["--token", "tok=me"]);
        for bad in [anonymous(), open("other")] {
            peer.send(&bad).await;
            assert_eq!(peer.frame().await["type"], "session.rejected");
        }
        peer.open(&open("tok")).await;
        peer.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_signal_ends_it_although_its_input_is_open() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut peer = StdioPeer::start(folder.path(), &["--grace", "0"]);
        let session = peer.open(&anonymous()).await;
        peer.send(&invoke("slow", &json!({ "ms": 600_000 }))).await;
        for kind in ["job.accepted", "job.started"] {
            assert_eq!(peer.frame().await["type"], kind);
        }
        signal(&peer.child, "TERM");
        assert_eq!(peer.frame().await["type"], "job.failed");
        while peer.output.next_line().await.unwrap().is_some() {}
        assert_eq!(peer.child.wait().await.unwrap().code(), Some(0));
        assert_eq!(Stored::open(folder.path()).await.frames(&session).await.len(), 2);
    })
    .await;
}
