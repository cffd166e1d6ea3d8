//! `arcp run` when its connection drops or its server is killed: it goes on where it was.

use std::path::Path;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout};

use super::program::{Ended, Serve, arcp, signal, within};
use super::relay::Relay;

const TOKENS: [&str; 3] = ["--no-workspace", "--token", "tok=me"];
const SLOW: [&str; 2] = ["slow", r#"{"ms":600000}"#];
const LOST: &str = "arcp: the connection is lost";
const RESUMED: &str = "arcp: resumed; events go on where they were";

/// `arcp run` through a relay.
struct Run {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Run {
    fn start(relay: &Relay, arguments: &[&str]) -> Self {
        let mut command = arcp(&["run", "--url", relay.url(), "--token", "tok"]);
        let mut child = command.args(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let err = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, out, err }
    }

    /// The next line on standard error.
    async fn says(&mut self) -> String {
        self.err.next_line().await.unwrap().expect("a line on standard error")
    }

    async fn ended(self) -> Ended {
        self.child.wait_with_output().await.unwrap().into()
    }
}

/// A server, a relay to it, and `arcp run` through that.
async fn under_way(data: &Path, arguments: &[&str]) -> (Serve, Relay, Run) {
    let server = Serve::start(data, &TOKENS).await;
    let relay = Relay::to(server.url()).await;
    let run = Run::start(&relay, arguments);
    (server, relay, run)
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let (server, relay, mut run) = under_way(data.path(), &SLOW).await;
        assert_eq!(run.says().await, "     1  started    invoking slow@1.0.0");
        server.kill_9().await;
        let lost = run.says().await;
        assert!(lost.starts_with(LOST), "{lost}");

        let server = Serve::start(data.path(), &TOKENS).await;
        relay.turn_to(server.url());
        assert_eq!(run.says().await, RESUMED);
        assert_eq!(run.says().await, "     2  failed     UNAVAILABLE: runtime restarted");
        run.ended().await.with(1);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn connections_that_break_in_the_middle_of_the_events() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let mut cuts = 0;
        let input = json!({ "n": 3_000, "kind": "log", "delay_us": 200 }).to_string();
        let (server, relay, mut run) = under_way(data.path(), &["--json", "emit", &input]).await;
        let (mut lines, mut news) = (Vec::<serde_json::Value>::new(), Vec::new());
        loop {
            tokio::select! {
                line = run.out.next_line() => match line.unwrap() {
                    Some(line) => lines.push(serde_json::from_str(&line).unwrap()),
                    None => break,
                },
                Ok(Some(line)) = run.err.next_line() => news.push(line),
            }
            let wanted = [100, 500, 1_000].into_iter().take_while(|at| lines.len() >= *at).count();
            // One more as soon as the one before is got over.
            if cuts < wanted && news.len() >= 2 * cuts {
                cuts += 1;
                relay.cut();
            }
        }
        let numbers = lines.iter().map(|line| line["seq"].as_u64().unwrap());
        assert!(numbers.eq(1..=3_002), "each once, in order");
        assert_eq!(lines[3_001]["event"], "completed");
        while let Some(line) = run.err.next_line().await.unwrap() {
            news.push(line);
        }
        assert!(cuts >= 1 && news.len() <= 2 * cuts, "{cuts}: {news:?}");
        for pair in news.chunks(2) {
            assert!(pair[0].starts_with(LOST), "{news:?}");
            // All that is left may have come before the last cut was noticed.
            assert!(pair.get(1).is_none_or(|resumed| resumed == RESUMED), "{news:?}");
        }
        run.ended().await.with(0);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_session_that_its_server_does_not_know_any_more() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let (server, relay, mut run) = under_way(data.path(), &SLOW).await;
        run.says().await;
        server.kill_9().await;
        // Another one, which has nothing of it.
        let other = tempfile::tempdir().unwrap();
        let server = Serve::start(other.path(), &TOKENS).await;
        relay.turn_to(server.url());
        assert!(run.says().await.starts_with(LOST));
        let end = run.says().await;
        assert!(end.starts_with("arcp: the connection was lost and the session cannot go on: "));
        assert!(end.contains("RESUME_WINDOW_EXPIRED"), "{end}");
        run.ended().await.with(1);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_does_not_want_to_wait_for_it_interrupts_twice() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let (server, _relay, mut run) = under_way(data.path(), &SLOW).await;
        run.says().await;
        server.kill_9().await;
        assert!(run.says().await.starts_with(LOST));
        // Two that come at once may be one.
        loop {
            signal(&run.child, "INT");
            tokio::select! {
                biased;
                line = run.err.next_line() => {
                    let line = line.unwrap().unwrap();
                    assert!(line.contains("interrupted; job_"), "{line}");
                    break;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        run.ended().await.with(1);
    })
    .await;
}
