//! `arcp serve`: where it listens, whom it lets in, what it is told by flags and files.

use std::path::Path;

use serde_json::{Value, json};

use super::program::{Serve, arcp, finish, run, text, within};
use super::raw::{Raw, anonymous, open};

#[tokio::test]
async fn one_line_says_where_it_listens() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(&folder.path().join("a/b"), &["--token", "tok=me"]).await;
        let rest = server.url().strip_prefix("ws://127.0.0.1:").unwrap();
        let port: u16 = rest.strip_suffix("/arcp").unwrap().parse().unwrap();
        assert_ne!(port, 0);
        Raw::open(server.url(), "tok").await.0.close().await;
        let ended = server.stop().await;
        assert_eq!(ended.out, "", "exactly one line");
        assert_eq!(ended.err, "arcp: stopping; running jobs get 10 s\n");
    })
    .await;
}

#[tokio::test]
async fn a_token_is_made_when_none_is_given() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Serve::start(folder.path(), &[]).await;
        let line = server.says().await;
        let token = line.strip_prefix("arcp: token ").unwrap_or_else(|| panic!("{line}"));
        assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
        Raw::open(server.url(), token).await;
        assert_eq!(refusal(server.url(), &open("other")).await, "UNAUTHENTICATED");
        assert_eq!(refusal(server.url(), &open("")).await, "UNAUTHENTICATED");
        assert_eq!(refusal(server.url(), &anonymous()).await, "UNAUTHENTICATED");
        server.stop().await;

        let mut again = Serve::start(folder.path(), &[]).await;
        assert_ne!(again.says().await, line, "another one each time");
        again.stop().await;
    })
    .await;
}

#[tokio::test]
async fn none_is_made_when_anybody_may_come() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(folder.path(), &["--anonymous"]).await;
        let mut raw = Raw::connect(server.url()).await;
        raw.send(&anonymous()).await;
        assert_eq!(raw.frame().await["type"], "session.accepted");
        assert_eq!(refusal(server.url(), &open("any")).await, "UNAUTHENTICATED");
        raw.close().await;
        assert!(!server.stop().await.err.contains("token"));
    })
    .await;
}

#[tokio::test]
async fn others_reach_it_only_when_that_is_said() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let everywhere = ["serve", "--listen", "0.0.0.0:0", "--token", "tok=me", "--data"];
        let mut arguments = everywhere.to_vec();
        arguments.push(text(folder.path()));
        let refused = run(&arguments).await.with(2);
        assert!(refused.err.contains("--insecure"), "{}", refused.err);
        assert_eq!(refused.out, "");

        arguments.push("--insecure");
        let server = Serve::launch(&mut arcp(&arguments)).await;
        let port = server.url().strip_prefix("ws://0.0.0.0:").unwrap();
        Raw::open(&format!("ws://127.0.0.1:{port}"), "tok").await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_without_a_principal_is_a_usage_error() {
    within(async {
        for bad in ["verysecret", "verysecret=", "=me", "="] {
            let folder = tempfile::tempdir().unwrap();
            let data = folder.path().join("data");
            let refused = finish(&mut Serve::command(&data, &["--token", bad])).await.with(2);
            assert!(refused.err.contains("TOKEN=PRINCIPAL"), "{}", refused.err);
            assert!(!refused.err.contains("verysecret"), "{}", refused.err);
            assert!(!data.exists());
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_may_hold_an_equals_sign() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Serve::start(folder.path(), &["--token", "a=b==me"]).await;
        Raw::open(server.url(), "a=b=").await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_setting_is_named() {
    within(async {
        for (file, named) in [
            ("listne = \"127.0.0.1:0\"\n", "listne"),
            ("[limits]\nframe_byte = 1\n", "frame_byte"),
            ("[[tokens]]\ntoken = \"verysecret\"\nprincipal = \"me\"\nrole = 1\n", "role"),
            ("grace_seconds = \"soon\"\n", "grace_seconds"),
            ("durability = \"none\"\n", "durability"),
            ("grace_seconds = ", "arcp.toml"),
            ("[[tokens]]\nprincipal = \"me\"\ntoken = \"verysecret\n", "line 3"),
            ("[[tokens]]\ntoken = [\"verysecret\"]\nprincipal = \"me\"\n", "tokens[0].token"),
            ("[[tokens]]\ntoken = \"\"\nprincipal = \"me\"\n", "`token`"),
            ("[[tokens]]\ntoken = \"verysecret\"\nprincipal = \"\"\n", "`principal`"),
            (
                "[[tokens]]\ntoken = \"verysecret\"\nprincipal = \"me\"\nchallenge_key = \"\"\n",
                "`challenge_key`",
            ),
            ("[limits]\nframe_bytes = 0\n", "frame_bytes"),
            ("heartbeat_interval_seconds = 0\n", "heartbeat_interval"),
            ("artifact_retention = { default_seconds = 1 }\n", "max_seconds"),
            (
                "artifact_retention = { default_seconds = 2, max_seconds = 1 }\n",
                "artifact_retention",
            ),
            ("[jwt]\naudience = \"a\"\n", "audience"),
            ("[jwt]\naudiences = []\nalgorithms = [\"HS256\"]\n", "audiences"),
            ("[jwt]\naudiences = [\"a\"]\nalgorithms = [\"none\"]\n", "jwt.algorithms[0]"),
            ("[jwt]\naudiences = [\"a\"]\nalgorithms = [\"HS256\"]\n", "no key"),
            (
                "[jwt]\naudiences = [\"a\"]\nalgorithms = [\"HS256\"]\nsecret_file = \"nowhere\"\n",
                "nowhere",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let config = config(folder.path(), file);
            let mut command = Serve::command(folder.path(), &["--config", &config]);
            let refused = finish(&mut command).await.with(2);
            assert!(refused.err.contains(named), "{named}: {}", refused.err);
            assert!(!refused.err.contains("verysecret"), "{}", refused.err);
        }
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.toml");
        let mut command = Serve::command(folder.path(), &["--config", text(&missing)]);
        let refused = finish(&mut command).await.with(2);
        assert!(refused.err.contains("none.toml"), "{}", refused.err);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_heeded_and_flags_beat_it() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("flag"), folder.path().join("file"));
        let settings = format!(
            "listen = \"127.0.0.1:0\"\ndata = {:?}\ngrace_seconds = 1\nworkspace = false\n\
             session_lease_seconds = 60\n[limits]\njobs_per_principal = 1\n\
             [[tokens]]\ntoken = \"tok-file\"\nprincipal = \"me\"\n",
            text(&theirs)
        );
        let config = config(folder.path(), &settings);

        let server = Serve::launch(&mut arcp(&["serve", "--config", &config])).await;
        let (mut raw, _) = Raw::open(server.url(), "tok-file").await;
        raw.start("slow", json!({ "ms": 60_000 })).await;
        raw.send(&super::raw::invoke("echo", &Value::Null)).await;
        let refused = raw.frame().await;
        assert_eq!(refused["payload"]["code"], "RESOURCE_EXHAUSTED", "{refused}");
        server.signal("TERM");
        assert_eq!(raw.frame().await["type"], "job.failed");
        assert!(server.ended().await.with(0).err.contains("get 1 s"));
        assert!(theirs.join("arcp.db").is_file());

        // The file's address is refused without `--insecure`; the flag's is another.
        std::fs::write(&config, settings.replace("127.0.0.1:0", "0.0.0.0:0")).unwrap();
        let arguments = ["--config", &config, "--token", "tok-flag=me", "--grace", "3"];
        let server = Serve::start(&ours, &arguments).await;
        Raw::open(server.url(), "tok-flag").await;
        Raw::open(server.url(), "tok-file").await;
        assert!(server.stop().await.err.contains("get 3 s"));
        assert!(ours.join("arcp.db").is_file());
    })
    .await;
}

#[tokio::test]
async fn what_is_advertised_is_set_in_the_file() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let settings = "heartbeat_interval_seconds = 7\nidempotency_horizon_seconds = 60\non_close = \"detach\"\n\
             artifact_retention = { default_seconds = 5, max_seconds = 6 }\n\
             [limits]\nrunning_per_principal = 1\nartifact_bytes = 3\n\
             artifact_bytes_per_principal = 4\n";
        let config = config(folder.path(), settings);
        let arguments = ["--config", &config, "--token", "tok=me"];
        let server = Serve::start(folder.path(), &arguments).await;
        let mut raw = Raw::connect(server.url()).await;
        raw.send(&open("tok")).await;
        let capabilities = raw.frame().await["payload"]["capabilities"].clone();
        assert_eq!(capabilities["heartbeat_interval_seconds"], 7);
        let retention = json!({ "default_seconds": 5, "max_seconds": 6 });
        assert_eq!(capabilities["artifact_retention"], retention);
        let put = |data: &str| {
            let payload = json!({ "media_type": "text/plain", "data": data });
            super::raw::envelope("artifact.put", payload)
        };
        // Four bytes are too many; three are not, but twice three are.
        for (data, answer) in [("YWJjZA==", "nack"), ("YWJj", "artifact.ref"), ("YWJj", "nack")] {
            raw.send(&put(data)).await;
            assert_eq!(raw.frame().await["type"], answer, "{data}");
        }
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn in_memory_nothing_is_left() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--memory", "--token", "tok=me"];
        for _ in 0..2 {
            let mut command = arcp(&arguments);
            let server = Serve::launch(command.current_dir(folder.path())).await;
            let (mut raw, _) = Raw::open(server.url(), "tok").await;
            raw.send(&super::raw::envelope("session.list_jobs", json!({}))).await;
            assert_eq!(raw.frame().await["payload"]["jobs"], json!([]));
            raw.start("echo", json!(1)).await;
            server.stop().await;
        }
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        let both = finish(&mut Serve::command(&data, &["--memory"])).await.with(2);
        assert!(both.err.contains("--memory"), "{}", both.err);
        let config = config(folder.path(), "memory = true\n");
        let mut command = arcp(&["serve", "--listen", "127.0.0.1:0", "--config", &config]);
        Serve::launch(command.current_dir(folder.path())).await.stop().await;
        assert!(!folder.path().join("arcp-data").exists());
    })
    .await;
}

#[tokio::test]
async fn jobs_read_what_the_workspace_holds_and_no_more() {
    within(async {
        let (inside, outside) = (super::files::folder(), super::files::folder());
        let data = tempfile::tempdir().unwrap();
        let survey = |folder: &Path| super::raw::invoke("survey", &json!({ "path": text(folder) }));
        let path = inside.path().canonicalize().unwrap();
        for (arguments, reads) in
            [(["--workspace", text(&path)].as_slice(), true), (&["--no-workspace"], false)]
        {
            let mut all = vec!["--token", "tok=me"];
            all.extend(arguments);
            let server = Serve::start(data.path(), &all).await;
            let (mut raw, _) = Raw::open(server.url(), "tok").await;
            for (folder, reads) in [(inside.path(), reads), (outside.path(), false)] {
                raw.send(&survey(folder)).await;
                let end = loop {
                    let frame = raw.frame().await;
                    if super::raw::is_terminal(&frame) {
                        break frame;
                    }
                };
                if reads {
                    assert_eq!(end["payload"]["value"]["totals"], super::files::totals());
                } else {
                    assert_eq!(end["payload"]["code"], "PERMISSION_DENIED", "{end}");
                }
            }
            raw.close().await;
            server.stop().await;
        }
    })
    .await;
}

/// The code with which a session is refused.
async fn refusal(url: &str, open: &Value) -> String {
    let mut raw = Raw::connect(url).await;
    raw.send(open).await;
    let refused = raw.frame().await;
    assert_eq!(refused["type"], "session.rejected", "{refused}");
    refused["payload"]["code"].as_str().unwrap().to_owned()
}

fn config(folder: &Path, settings: &str) -> String {
    let path = folder.join("arcp.toml");
    std::fs::write(&path, settings).unwrap();
    text(&path).to_owned()
}
