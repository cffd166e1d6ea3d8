//! `arcp run`: what goes to which stream, and the exit codes.

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::files;
use super::program::{Ended, Serve, arcp, finish, run, signal, text, within};

/// A server for one user.
struct Hosted {
    server: Serve,
    /// Its data.
    _data: TempDir,
}

impl Hosted {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut all = vec!["--token", "tok=me", "--no-workspace"];
        all.extend(arguments);
        let server = Serve::start(data.path(), &all).await;
        Self { server, _data: data }
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["run"];
        all.extend(arguments);
        all.extend(["--url", self.server.url(), "--token", "tok"]);
        run(&all).await
    }
}

#[tokio::test]
async fn a_job_that_completes() {
    within(async {
        let host = Hosted::start().await;
        let echo = host.run(&["echo", r#"{"a":[1,null]}"#]).await.with(0);
        let result: Value = serde_json::from_str(&echo.out).expect("the result and nothing else");
        assert_eq!(result, json!({ "a": [1, null] }));
        let events: Vec<_> = echo.err.lines().collect();
        assert_eq!(events, ["     1  started    invoking echo@1.0.0", "     2  completed"]);

        let none = host.run(&["echo"]).await.with(0);
        assert_eq!(none.out, "null\n");
        let pinned = host.run(&["emit@1.0.0", r#"{"n":2}"#]).await.with(0);
        assert_eq!(serde_json::from_str::<Value>(&pinned.out).unwrap(), json!({ "emitted": 2 }));
        assert_eq!(pinned.err.matches("metric     emit.tick").count(), 2, "{}", pinned.err);
    })
    .await;
}

#[tokio::test]
async fn jobs_that_do_not_complete() {
    within(async {
        let host = Hosted::start().await;
        for (arguments, says) in [
            (vec!["fail", r#"{"code":"ABORTED","message":"so it is"}"#], "ABORTED: so it is"),
            (vec!["fail", r#"{"code":"CANCELLED","message":"so it is"}"#], "cancelled  so it is"),
            (vec!["panic"], "INTERNAL"),
            (vec!["emit", r#"{"n":"many"}"#], "`n`"),
            (vec!["nobody"], "nobody"),
            (vec!["echo@7"], "echo@7"),
            (vec!["No Name"], "No Name"),
        ] {
            let failed = host.run(&arguments).await.with(1);
            assert_eq!(failed.out, "", "{arguments:?}");
            assert!(failed.err.contains(says), "{arguments:?}: {}", failed.err);
        }
    })
    .await;
}

#[tokio::test]
async fn usage_errors() {
    within(async {
        let url = "ws://127.0.0.1:1/arcp";
        for arguments in [
            &["run"] as &[&str],
            &["run", "echo", "{nope", "--url", url],
            &["run", "echo", "1 2", "--url", url],
            &["run", "echo", "--lease", "fs.read", "--url", url],
            &["run", "echo", "--lease", "cost.budget=free", "--url", url],
            &["run", "echo", "--lease", r#"{"a":1}"#, "--url", url],
            &["run", "echo", "--nonsense"],
            &["nonsense"],
        ] {
            let refused = run(arguments).await.with(2);
            assert_eq!(refused.out, "", "{arguments:?}");
            assert_ne!(refused.err, "", "{arguments:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_runtime_or_no_session() {
    within(async {
        let url = "ws://127.0.0.1:1/arcp";
        for command in [&["run", "echo"] as &[&str], &["jobs"], &["agents"], &["cancel", "job_x"]] {
            let mut arguments = command.to_vec();
            arguments.extend(["--url", url]);
            // In the dialect that it chooses itself.
            let unreachable = finish(arcp(&arguments).env_remove("ARCP_DIALECT")).await.with(3);
            assert!(unreachable.err.contains(url), "{}", unreachable.err);
        }

        let host = Hosted::start().await;
        let url = host.server.url();
        let wrong = run(&["run", "echo", "--url", url, "--token", "verysecret"]).await.with(3);
        assert!(wrong.err.contains("UNAUTHENTICATED"), "{}", wrong.err);
        assert!(!wrong.err.contains("verysecret"), "{}", wrong.err);
        let nobody = ["run", "echo", "--url", url];
        finish(arcp(&nobody).env_remove("ARCP_DIALECT")).await.with(3);
        assert_eq!(wrong.out, "");
    })
    .await;
}

#[tokio::test]
async fn json_is_one_event_a_line() {
    within(async {
        let host = Hosted::start().await;
        let emit = host.run(&["--json", "emit", r#"{"n":5,"kind":"progress"}"#]).await.with(0);
        let lines = emit.json_lines();
        let kinds: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!((kinds[0], kinds[1], kinds[6]), ("started", "progress", "completed"));
        for (seq, line) in (1..).zip(&lines) {
            assert_eq!(line["seq"], seq);
            assert_eq!(line["job_id"], lines[0]["job_id"]);
        }
        assert_eq!(lines[6]["body"], json!({ "value": { "emitted": 5 } }));
        assert_eq!(emit.err, "");

        let failed = host.run(&["--json", "fail", r#"{"code":"UNAVAILABLE"}"#]).await.with(1);
        let body = json!({ "code": "UNAVAILABLE", "message": "asked to fail", "retryable": true });
        let lines = failed.json_lines();
        assert_eq!((lines.len(), &lines[1]["event"]), (2, &json!("failed")));
        assert_eq!(lines[1]["body"], body);
    })
    .await;
}

#[tokio::test]
async fn a_streamed_result_is_written_as_it_is() {
    within(async {
        let host = Hosted::start().await;
        let text = host.run(&["chunks", r#"{"n":3,"size":10}"#]).await.with(0);
        assert_eq!(text.out, "abcdefghijklmnopqrstuvwxyzabcd");
        let input = r#"{"n":2,"size":200,"encoding":"base64"}"#;
        let bytes = host.run(&["chunks", input]).await.with(0);
        let want: Vec<u8> = (0..=u8::MAX).cycle().take(400).collect();
        assert_eq!(bytes.bytes, want);
        let large = host.run(&["chunks", r#"{"n":64,"size":100000}"#]).await.with(0);
        assert_eq!(large.bytes.len(), 6_400_000);
    })
    .await;
}

#[tokio::test]
async fn a_lease_bounds_what_a_job_may_read() {
    within(async {
        let (folder, other) = (files::folder(), files::folder());
        let path = folder.path().canonicalize().unwrap();
        let input = json!({ "path": path }).to_string();
        let grant = |path: &std::path::Path| {
            [format!("fs.read={}", text(path)), format!("fs.read={}/**", text(path))]
        };
        let right = grant(&path);
        let host = Hosted::with(&["--allow", &right[0], "--allow", &right[1]]).await;

        let wrong = grant(other.path());
        let arguments = ["survey", &input, "--lease", &wrong[0], "--lease", &wrong[1]];
        let denied = host.run(&arguments).await.with(1);
        assert!(denied.err.contains("PERMISSION_DENIED"), "{}", denied.err);
        assert_eq!(denied.out, "");
        host.run(&["survey", &input]).await.with(1);

        // The server lets nobody have more than it was told to.
        let input_there = json!({ "path": other.path().canonicalize().unwrap() }).to_string();
        let arguments = ["survey", &input_there, "--lease", "fs.read=/**"];
        let denied = host.run(&arguments).await.with(1);
        assert!(denied.err.contains("PERMISSION_DENIED"), "{}", denied.err);

        let read = host.run(&["survey", &input, "--lease", &right[0], "--lease", &right[1]]).await;
        let survey: Value = serde_json::from_str(&read.with(0).out).unwrap();
        assert_eq!(survey["totals"], files::totals());
        let object =
            json!({ "fs.read": right.each_ref().map(|r| &r["fs.read=".len()..]) }).to_string();
        host.run(&["survey", &input, "--lease", &object]).await.with(0);

        let expired = host.run(&["slow", "--lease", "expires_at=2020-01-01T00:00:00Z"]).await;
        assert!(expired.with(1).err.contains("INVALID_ARGUMENT"));
    })
    .await;
}

#[tokio::test]
async fn without_a_url_it_is_its_own_runtime() {
    within(async {
        let folder = files::folder();
        let survey = |input: &'static str| {
            let mut command = arcp(&["run", "survey", input]);
            command.current_dir(folder.path());
            async move { finish(&mut command).await }
        };
        let found: Value =
            serde_json::from_str(&survey(r#"{"path":"."}"#).await.with(0).out).unwrap();
        assert_eq!(found["totals"], files::totals());
        let below: Value =
            serde_json::from_str(&survey(r#"{"path":"sub"}"#).await.with(0).out).unwrap();
        assert_eq!(below["totals"]["files"], 1);
        let above = survey(r#"{"path":".."}"#).await.with(1);
        assert!(above.err.contains("PERMISSION_DENIED"), "{}", above.err);
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 4, "it leaves nothing behind");
    })
    .await;
}

#[tokio::test]
async fn an_interrupt_cancels_the_job() {
    within(async {
        let host = Hosted::start().await;
        let url = host.server.url();
        for target in [&["--url", url, "--token", "tok"] as &[&str], &[]] {
            let mut command = arcp(&["run", "slow", r#"{"ms":600000}"#]);
            let mut child = command.args(target).spawn().unwrap();
            let mut err = BufReader::new(child.stderr.take().unwrap()).lines();
            let started = err.next_line().await.unwrap().unwrap();
            assert!(started.contains("started"), "{started}");
            signal(&child, "INT");
            let cancelled = err.next_line().await.unwrap().unwrap();
            assert_eq!(cancelled, "     2  cancelled  interrupted");
            let ended: Ended = child.wait_with_output().await.unwrap().into();
            assert_eq!(ended.with(1).out, "");
        }
    })
    .await;
}

/// The answer to the cancellation waits behind events, which come faster than they are shown.
#[tokio::test]
async fn an_interrupt_cancels_a_job_that_floods() {
    within(async {
        let host = Hosted::start().await;
        let url = host.server.url();
        let input = r#"{"n":5000000,"kind":"log","delay_us":20}"#;
        let mut command = arcp(&["run", "emit", input, "--url", url, "--token", "tok"]);
        let mut child = command.spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap()).lines();
        for _ in 0..2_000 {
            err.next_line().await.unwrap().unwrap();
        }
        signal(&child, "INT");
        let mut last = String::new();
        while let Some(line) = err.next_line().await.unwrap() {
            last = line;
        }
        assert!(last.contains("cancelled  interrupted"), "{last}");
        let ended: Ended = child.wait_with_output().await.unwrap().into();
        ended.with(1);
    })
    .await;
}

#[tokio::test]
async fn the_environment_names_the_runtime() {
    within(async {
        let host = Hosted::start().await;
        let in_environment = |arguments: &[&str], token: &str| {
            let mut command = arcp(arguments);
            command.env("ARCP_URL", host.server.url()).env("ARCP_TOKEN", token);
            // As it speaks of itself.
            command.env_remove("ARCP_DIALECT");
            async move { finish(&mut command).await }
        };
        in_environment(&["run", "echo", "1"], "tok").await.with(0);
        let jobs = in_environment(&["jobs", "--json"], "tok").await.with(0);
        assert_eq!(jobs.json_lines().len(), 1, "it ran there");
        in_environment(&["agents"], "tok").await.with(0);
        in_environment(&["run", "echo"], "wrong").await.with(3);
        in_environment(&["run", "echo", "--token", "tok"], "wrong").await.with(0);
        let help = in_environment(&["run", "--help"], "verysecret").await.with(0);
        assert!(!help.out.contains("verysecret"));
        for command in [&["jobs"] as &[&str], &["agents"], &["cancel", "job_x"]] {
            assert!(run(command).await.with(2).err.contains("ARCP_URL"));
        }
    })
    .await;
}
