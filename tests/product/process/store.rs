//! `arcp store`, on what a real server has written and was killed over.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::{Ended, Serve, run, text, within};
use super::raw::{Raw, envelope};

mod damage;

/// A folder that a server was killed over: an echo, an emit with many events and a job that failed, a
/// job that is still open, and an artifact.
struct Left {
    folder: TempDir,
    /// The session of the last two.
    session: String,
    emit: String,
    open: String,
    /// What `arcp run --json` said of the echo.
    echo: Vec<Value>,
}

impl Left {
    async fn behind() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let server = Serve::start(&data, &["--token", "verysecret=me", "--no-workspace"]).await;
        // The frames and the counts below are those of this dialect.
        let target = ["--url", server.url(), "--token", "verysecret", "--dialect", "open"];
        let echo = with(&["run", "echo", r#"{"a":[1]}"#, "--json"], &target).await.with(0);
        with(&["run", "fail", r#"{"code":"ABORTED"}"#], &target).await.with(1);
        let (mut raw, session) = Raw::open(server.url(), "verysecret").await;
        let payload = json!({ "media_type": "text/plain", "data": "YWJj" });
        raw.send(&envelope("artifact.put", payload)).await;
        assert_eq!(raw.frame().await["type"], "artifact.ref");
        let emit = raw.invoke("emit", json!({ "n": 300, "delay_us": 100 })).await;
        while raw.frame().await["type"] != "job.completed" {}
        let open = raw.start("slow", json!({ "ms": 600_000 })).await;
        raw.send(&envelope("job.subscribe", json!({ "job_id": open }))).await;
        while raw.frame().await["type"] != "job.subscribed" {}
        server.kill_9().await;
        Self { folder, session, emit, open, echo: echo.json_lines() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `arcp store` on the folder.
    async fn store(&self, arguments: &[&str]) -> Ended {
        store(&self.data(), arguments).await
    }

    async fn stats(&self) -> Value {
        self.store(&["stats", "--json"]).await.with(0).json_lines().remove(0)
    }

    async fn sound(&self) {
        let checked = self.store(&["check"]).await.with(0);
        assert!(checked.out.starts_with("all is well: "), "{checked:?}");
        assert_eq!(checked.out.lines().count(), 1, "{checked:?}");
    }
}

async fn store(data: &Path, arguments: &[&str]) -> Ended {
    let ended = with(&["store"], &[arguments, &["--data", text(data)]].concat()).await;
    assert!(!ended.out.contains("verysecret") && !ended.err.contains("verysecret"), "{ended:?}");
    ended
}

async fn with(command: &[&str], arguments: &[&str]) -> Ended {
    run(&[command, arguments].concat()).await
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_a_killed_server_leaves_is_counted_and_sound() {
    within(async {
        let left = Left::behind().await;
        let stats = left.stats().await;
        assert!(stats["log_bytes"].as_u64().unwrap() > 0, "it was killed: {stats}");
        assert_eq!(stats["jobs"], json!({ "open": 1, "ended": 3 }), "{stats}");
        assert_eq!(stats["sessions"], json!({ "open": 1, "closed": 2 }), "{stats}");
        assert_eq!(stats["events"], 2 + 2 + 302 + 1, "{stats}");
        let (artifacts, blobs, bytes) =
            (&stats["artifacts"], &stats["blobs"], &stats["blob_bytes"]);
        assert_eq!((artifacts, blobs, bytes), (&json!(1), &json!(1), &json!(3)), "{stats}");
        assert_eq!(stats["oldest_ended"]["status"], "completed", "{stats}");
        assert_eq!(stats["newest_ended"]["job_id"], left.emit.as_str(), "{stats}");
        let shown = left.store(&["stats"]).await.with(0).out;
        assert!(shown.contains("1 open, 3 ended") && shown.contains(&left.emit), "{shown}");
        assert_eq!(stats["audited"], 1, "{stats}");
        left.sound().await;
        let counted = left.store(&["check", "--json"]).await.with(0).json_lines().remove(0);
        assert_eq!((&counted["findings"], &counted["events"]), (&json!(0), &json!(307)));
        assert_eq!(counted["audited"], 1);
        let audit = left.store(&["export", "--audit"]).await.with(0).json_lines();
        let me = json!({ "name": "me", "anonymous": false });
        let said = ["principal", "session_id", "job_id", "owner", "decision"];
        let wanted = json!([me, left.session, left.open, me, "allow"]);
        assert_eq!(json!(said.map(|key| audit[0][key].clone())), wanted, "{audit:?}");
        assert_eq!((audit.len(), &audit[0]["number"]), (1, &json!(1)));

        // A server ends the job that was open, and that fits too.
        Serve::start(&left.data(), &["--token", "verysecret=me"]).await.stop().await;
        assert_eq!(left.stats().await["jobs"], json!({ "open": 0, "ended": 4 }));
        left.sound().await;
    })
    .await;
}

#[tokio::test]
async fn events_are_exported_as_they_were_shown() {
    within(async {
        let left = Left::behind().await;
        let echo = left.echo[0]["job_id"].as_str().unwrap();
        let lines = left.store(&["export", "--job", echo, "--input"]).await.with(0).json_lines();
        assert_eq!(lines[0], json!({ "job_id": echo, "input": { "a": [1] } }));
        assert_eq!(lines.len() - 1, left.echo.len());
        for ((index, line), told) in (1..).zip(&lines[1..]).zip(&left.echo) {
            let of = |value: &Value, key: &str| value[key].clone();
            assert_eq!(line["timestamp"], told["at"]);
            for key in ["job_id", "event", "body"] {
                assert_eq!(of(line, key), of(told, key), "{line}");
            }
            assert_eq!((&line["index"], line.get("event_seq")), (&json!(index), None));
            assert!(line["message_id"].as_str().unwrap().starts_with("msg_"), "{line}");
        }

        let lines = left.store(&["export", "--session", &left.session]).await.with(0).json_lines();
        assert_eq!(lines.len(), 303);
        for (seq, line) in (1..).zip(&lines) {
            assert_eq!(line["event_seq"], seq, "{line}");
        }
        assert_eq!(lines[302]["job_id"], left.open.as_str());
        let all = left.store(&["export", "--all"]).await.with(0);
        assert_eq!((all.json_lines().len(), &*all.err), (307, ""));
        let all = left.store(&["export", "--all", "--input"]).await.with(0).json_lines();
        assert_eq!(all.len(), 311);
        // A sweep that finds nothing old changes nothing.
        let swept = left.store(&["sweep", "--json"]).await.with(0).json_lines().remove(0);
        let counted = ["jobs", "events", "sessions", "pointers", "audited", "blobs"];
        let none: Value = counted.into_iter().map(|what| (what, 0)).collect();
        assert_eq!(swept, none);
    })
    .await;
}

#[tokio::test]
async fn what_is_forgotten_is_given_back() {
    within(async {
        let left = Left::behind().await;
        // The name of a blob that no artifact has.
        fs::write(left.data().join("blobs/blob-CO"), "left over").unwrap();
        assert_eq!(left.stats().await["blobs"], 2);

        // Events first: the jobs are still there.
        let shorter = ["sweep", "--events", "0", "--json"];
        let swept = left.store(&shorter).await.with(0).json_lines().remove(0);
        assert_eq!((&swept["events"], &swept["jobs"]), (&json!(307), &json!(0)), "{swept}");
        assert_eq!(swept["audited"], 1, "{swept}");
        // Those of sessions that have just closed may be told for ten minutes more.
        assert_eq!((&swept["pointers"], &swept["blobs"]), (&json!(303), &json!(1)), "{swept}");
        let gone = left.store(&["export", "--job", &left.emit]).await.with(0);
        assert_eq!(gone.out, "");
        assert!(gone.err.contains("events 1 to 302 are forgotten"), "{gone:?}");
        let gone = left.store(&["export", "--session", &left.session]).await.with(0);
        assert!(gone.out.is_empty() && gone.err.contains("numbers 1 to 303"), "{gone:?}");
        left.sound().await;

        // How long is said in a file as well.
        let config = left.folder.path().join("arcp.toml");
        fs::write(&config, "event_retention_seconds = 0\njob_retention_seconds = 0\n").unwrap();
        let swept = left.store(&["sweep", "--config", text(&config)]).await.with(0);
        assert!(swept.out.starts_with("forgotten: 3 jobs, 0 events"), "{swept:?}");
        left.store(&["export", "--job", &left.emit]).await.with(1);
        left.sound().await;
        let stats = left.stats().await;
        assert_eq!((&stats["jobs"]["ended"], &stats["events"]), (&json!(0), &json!(0)), "{stats}");
        let (free, size) = (stats["free_bytes"].as_u64(), stats["database_bytes"].as_u64());
        assert!(free.unwrap() > 20_000, "{stats}");
        let vacuumed = left.store(&["vacuum"]).await.with(0);
        assert!(vacuumed.out.starts_with("gave back "), "{vacuumed:?}");
        let stats = left.stats().await;
        assert!(stats["database_bytes"].as_u64() < size, "{vacuumed:?} {stats}");
        assert_eq!(stats["free_bytes"], 0);
        left.sound().await;

        // And a server goes on with it: the job that was open has its end.
        let server = Serve::start(&left.data(), &["--token", "verysecret=me"]).await;
        let target = ["--url", server.url(), "--token", "verysecret", "--json"];
        let jobs = with(&["jobs"], &target).await.with(0).json_lines();
        assert_eq!((jobs.len(), &jobs[0]["job_id"]), (1, &json!(left.open)));
        server.stop().await;
        left.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_folder_in_use_or_missing_is_refused() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let (used, none) = (folder.path().join("used"), folder.path().join("none"));
        let server = Serve::start(&used, &["--anonymous"]).await;
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        for command in [
            &["stats"] as &[&str],
            &["sweep"],
            &["vacuum"],
            &["check", "--json"],
            &["export", "--all"],
        ] {
            let refused = store(&used, command).await.with(1);
            assert!(refused.err.contains("open already"), "{refused:?}");
            assert_eq!((&*refused.out, refused.err.lines().count()), ("", 1), "{refused:?}");
            for folder in [&none, &empty] {
                let refused = store(folder, command).await.with(2);
                let says = format!("arcp: there is no store in {}\n", folder.display());
                assert_eq!((&*refused.out, &*refused.err), ("", &*says));
            }
        }
        assert_eq!(files(folder.path()), ["empty", "used"], "nothing is made");
        assert_eq!(files(&empty), [] as [&str; 0], "not even a lock");
        server.stop().await;
        store(&used, &["check"]).await.with(0);
        assert_eq!(files(&used), ["arcp.db", "arcp.lock", "blobs"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_or_makes_no_sense_is_refused() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Serve::start(&data, &["--anonymous"]).await.stop().await;
        for (arguments, code, says) in [
            (&["export", "--job", "job_01UNKNOWN"] as &[&str], 1, "there is no job job_01UNKNOWN"),
            (&["export", "--session", "sess_none"], 1, "there is no session sess_none"),
            (&["export", "--job", "nonsense"], 2, "--job: "),
            (&["export", "--session", "\u{e9}"], 2, "--session: "),
            (&["export"], 2, "--all"),
            (&["export", "--all", "--job", "job_1"], 2, "cannot be used with"),
            (&["sweep", "--jobs", "5"], 2, "no shorter than its events"),
            (&["sweep", "--events", "soon"], 2, "--events"),
            (&["sweep", "--config", "none.toml"], 2, "none.toml"),
            (&["tidy"], 2, "tidy"),
        ] {
            let refused = store(&data, arguments).await.with(code);
            assert_eq!(refused.out, "", "{arguments:?}");
            assert!(refused.err.contains(says), "{arguments:?}: {}", refused.err);
        }
        let nothing = store(&data, &["export", "--all", "--input"]).await.with(0);
        assert_eq!((&*nothing.out, &*nothing.err), ("", ""));
    })
    .await;
}
