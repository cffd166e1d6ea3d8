//! `arcp jobs`, `arcp cancel`, `arcp agents`.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::program::{Ended, Serve, arcp, finish, run, within};
use super::raw::Raw;

/// Runs a command as the user of a token.
async fn as_user(server: &Serve, token: &str, arguments: &[&str]) -> Ended {
    let mut all = arguments.to_vec();
    all.extend(["--url", server.url(), "--token", token]);
    run(&all).await
}

async fn listed(server: &Serve, token: &str, filter: &[&str]) -> Vec<(String, String)> {
    let mut arguments = vec!["jobs", "--json"];
    arguments.extend(filter);
    let jobs = as_user(server, token, &arguments).await.with(0).json_lines();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    jobs.iter().map(|job| (text(&job["agent"]), text(&job["status"]))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(agent, state)| ((*agent).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn jobs_are_listed_by_what_is_asked() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--token", "tok-a=alice", "--token", "tok-b=bob", "--no-workspace"];
        let server = Serve::start(folder.path(), &arguments).await;
        assert_eq!(as_user(&server, "tok-a", &["jobs"]).await.with(0).out, "");
        as_user(&server, "tok-a", &["run", "echo"]).await.with(0);
        as_user(&server, "tok-a", &["run", "fail"]).await.with(1);
        as_user(&server, "tok-a", &["run", "echo@1.0.0"]).await.with(0);
        let (mut raw, _) = Raw::open(server.url(), "tok-a").await;
        let job = raw.start("slow", json!({ "ms": 600_000 })).await;

        let (echo, fail) = (("echo@1.0.0", "completed"), ("fail@1.0.0", "failed"));
        let slow = ("slow@1.0.0", "running");
        for (filter, want) in [
            (&[] as &[&str], pairs(&[echo, fail, echo, slow])),
            (&["--status", "running"], pairs(&[slow])),
            (&["--status", "completed", "--status", "failed"], pairs(&[echo, fail, echo])),
            (&["--status", "cancelled"], pairs(&[])),
            (&["--agent", "echo"], pairs(&[echo, echo])),
            (&["--agent", "echo@1.0.0"], pairs(&[echo, echo])),
            (&["--agent", "echo", "--status", "failed"], pairs(&[])),
            (&["--agent", "nobody"], pairs(&[])),
            (&["--limit", "2"], pairs(&[echo, fail])),
        ] {
            assert_eq!(listed(&server, "tok-a", filter).await, want, "{filter:?}");
        }
        assert_eq!(listed(&server, "tok-b", &[]).await, []);

        let lines = as_user(&server, "tok-a", &["jobs", "--status", "running"]).await.with(0).out;
        let words: Vec<_> = lines.split_whitespace().collect();
        assert_eq!((words[0], words[1], words[3]), (job.as_str(), "running", "slow@1.0.0"));
        let one =
            as_user(&server, "tok-a", &["jobs", "--json", "--agent", "fail"]).await.json_lines();
        assert_eq!(one[0]["events"], 2);
        assert!(one[0]["trace_id"].is_string(), "{one:?}");

        let refused = as_user(&server, "tok-a", &["jobs", "--status", "sleepy"]).await.with(2);
        assert!(refused.err.contains("sleepy") && refused.err.contains("running"));
        raw.close().await;
        server.kill_9().await;
    })
    .await;
}

#[tokio::test]
async fn more_jobs_than_a_page_are_all_listed() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(folder.path(), &["--token", "tok=me"]).await;
        let (mut raw, _) = Raw::open(server.url(), "tok").await;
        for _ in 0..230 {
            raw.start("echo", Value::Null).await;
            assert_eq!(raw.frame().await["type"], "job.completed");
        }
        assert_eq!(listed(&server, "tok", &[]).await.len(), 100);
        assert_eq!(listed(&server, "tok", &["--limit", "1000"]).await.len(), 230);
        raw.close().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_running_job_is_cancelled_from_elsewhere() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--token", "tok-a=alice", "--token", "tok-b=bob"];
        let server = Serve::start(folder.path(), &arguments).await;
        let run = ["run", "slow", r#"{"ms":600000}"#, "--json", "--token", "tok-a", "--url"];
        let mut running = arcp(&run).arg(server.url()).spawn().unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let started: Value =
            serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let job = started["job_id"].as_str().unwrap();

        let forbidden = as_user(&server, "tok-b", &["cancel", job]).await.with(1);
        let cancel = ["cancel", job, "--reason", "no longer wanted"];
        let cancelled = as_user(&server, "tok-a", &cancel).await.with(0);
        assert_eq!(cancelled.out, format!("{job} is being cancelled\n"));
        let end: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(end["event"], "cancelled");
        assert_eq!(end["body"]["reason"], "no longer wanted");
        assert_eq!(running.wait().await.unwrap().code(), Some(1));

        let unknown = "job_01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let missing = as_user(&server, "tok-a", &["cancel", unknown]).await.with(1);
        assert_eq!(
            missing.err.replace(unknown, job),
            forbidden.err,
            "forbidden looks like unknown"
        );
        as_user(&server, "tok-a", &["cancel", job]).await.with(1);
        as_user(&server, "tok-a", &["cancel", "xyz"]).await.with(2);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_that_does_not_listen_is_ended_at_its_deadline() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(folder.path(), &["--token", "tok=me"]).await;
        let (mut raw, _) = Raw::open(server.url(), "tok").await;
        let job = raw.start("slow", json!({ "ms": 600_000, "ignore_cancel": true })).await;
        // One dialect has a word for it, which the program chooses itself.
        let cancel = ["cancel", &job, "--deadline-ms", "20", "--token", "tok", "--url"];
        let mut command = arcp(&cancel);
        finish(command.arg(server.url()).env_remove("ARCP_DIALECT")).await.with(0);
        let end = raw.frame().await;
        assert_eq!(
            (&end["type"], &end["payload"]["code"]),
            (&json!("job.failed"), &json!("ABORTED"))
        );
        raw.probe().await.expect("one end");
        server.stop().await;
    })
    .await;
}

/// As in `arcp jobs | head -1`.
#[tokio::test]
async fn a_reader_that_has_gone_is_an_error_and_no_panic() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(folder.path(), &["--token", "tok=me"]).await;
        for command in [
            &["run", "echo"] as &[&str],
            &["run", "echo", "--json"],
            &["run", "chunks"],
            &["jobs"],
            &["jobs", "--json"],
            &["agents"],
            &["agents", "--json"],
        ] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut all = arcp(command);
            all.args(["--url", server.url(), "--token", "tok"]).stdout(writer);
            let ended: Ended = all.spawn().unwrap().wait_with_output().await.unwrap().into();
            let ended = ended.with(1);
            assert!(ended.err.contains("arcp: Broken pipe"), "{command:?}: {}", ended.err);
        }
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_agents_on_offer() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(folder.path(), &["--token", "tok=me"]).await;
        let lines = as_user(&server, "tok", &["agents"]).await.with(0).out;
        let names: Vec<_> = lines.lines().collect();
        let all = ["chunks", "echo", "emit", "fail", "panic", "slow", "survey"];
        assert_eq!(names, all.map(|name| format!("{name}  1.0.0")));
        let json = as_user(&server, "tok", &["agents", "--json"]).await.with(0).json_lines();
        assert_eq!(json[1], json!({ "name": "echo", "versions": ["1.0.0"], "default": "1.0.0" }));
        assert_eq!(json.len(), 7);
        server.stop().await;
    })
    .await;
}
