//! `arcp conformance`: this runtime against its own scenarios, and how the command ends.

use serde_json::Value;

use super::program::{Ended, Serve, program, run, text, within};

/// How the program serves for a test, without how it is reached.
const SERVE: [&str; 7] =
    ["serve", "--data", "{data}", "--token", "conf-alice=alice", "--token", "conf-bob=bob"];

/// How it serves the fixture and keeps nothing.
const IN_MEMORY: [&str; 6] =
    ["serve", "--memory", "--agents", "conformance", "--profile", "{profile}"];

/// Plays the suite against the fixture, served and reached in the way that is said.
async fn play_suite(options: &[&str], serve: &[&str], how: &[&str]) -> Ended {
    let mut arguments = vec!["conformance"];
    arguments.extend(options);
    arguments.extend(["--", text(program())]);
    arguments.extend(serve);
    arguments.extend(how);
    run(&arguments).await
}

/// Plays scenarios against `arcp serve`, reached in the way that `how` says.
async fn play(options: &[&str], how: &[&str]) -> Ended {
    let mut arguments = vec!["conformance"];
    arguments.extend(options);
    arguments.extend(["--", text(program())]);
    arguments.extend(SERVE);
    arguments.extend(how);
    run(&arguments).await
}

async fn play_serving(options: &[&str]) -> Ended {
    play(&[options, &["--serve"]].concat(), &["--listen", "127.0.0.1:0"]).await
}

/// Plays all of a dialect's scenarios over standard streams, with nothing kept.
/// `cargo xtask interop` plays them over WebSockets with a database, and `cargo xtask suites` in every way.
async fn this_runtime_passes_over_standard_streams(dialect: &str) {
    let options = ["--dialect", dialect, "--jobs", "8"];
    let played = within(play_suite(&options, &IN_MEMORY, &["--stdio"])).await;
    not_run_is(&played, &[ABOUT_WS, ONE_CONNECTION, NO_RESTART]);
}

#[tokio::test]
async fn this_runtime_passes_over_standard_streams_in_the_open_dialect() {
    this_runtime_passes_over_standard_streams("open").await;
}

#[tokio::test]
async fn this_runtime_passes_over_standard_streams_in_the_hello_dialect() {
    this_runtime_passes_over_standard_streams("hello").await;
}

/// A folder with one scenario, `open/x`.
fn folder(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("open")).unwrap();
    std::fs::write(folder.path().join("open/x.scn"), script).unwrap();
    folder
}

/// What the fixture lacks while others use it too.
#[tokio::test]
async fn what_a_fixture_of_all_is_not_there_for_is_not_run() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let server = Serve::start(data.path(), &["--agents", "conformance"]).await;
        // Some of each reason; the rest is played in other ways.
        let some = ["--include", "06-", "--include", "10-jobs", "--include", "12-"];
        let url = ["conformance", "--url", server.url(), "--jobs", "8"];
        let played = run(&[&url[..], &some].concat()).await;
        not_run_is(&played, &[NO_PROFILE, NO_RESTART, NOT_ALONE]);
        server.stop().await;
    })
    .await;
}

/// Anybody's server, as the README has it.
#[tokio::test]
async fn what_a_server_is_not_there_for_is_not_run() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let server = Serve::start(data.path(), &["--token", "secret=me"]).await;
        let url = ["conformance", "--url", server.url(), "--token", "secret", "--jobs", "8"];
        let played = run(&url).await;
        let lacks = ["the target has no agent", "the target does not let"];
        not_run_is(&played, &[NO_PROFILE, NO_RESTART, NOT_ALONE, lacks[0], lacks[1]]);
        let played = run(&[&url[..], &["--dialect", "hello"]].concat()).await;
        not_run_is(&played, &[NO_PROFILE, NO_RESTART, NOT_ALONE, lacks[0], lacks[1], ABOUT_STDIO]);
        server.stop().await;
    })
    .await;
}

/// Takes care that nothing failed, and that nothing was left out but for these reasons.
fn not_run_is(played: &Ended, reasons: &[&str]) {
    let told =
        played.out.lines().filter(|line| !line.starts_with("ok ") && !line.starts_with("not run"));
    let told: Vec<&str> = told.collect();
    assert!(played.out.contains(" 0 failed, 0 known failures"), "{}", told.join("\n"));
    assert_eq!(played.code, Some(0), "{}", played.err);
    for line in played.out.lines().filter(|line| line.starts_with("not run")) {
        assert!(reasons.iter().any(|why| line.contains(why)), "{line}");
    }
    for why in reasons {
        assert!(played.out.contains(why), "nothing is left out because {why}");
    }
}

const ABOUT_STDIO: &str = "it is about stdio, and the target is reached by ws";
const ABOUT_WS: &str = "it is about ws, and the target is reached by stdio";
const ONE_CONNECTION: &str = "the target takes one connection";
const NO_PROFILE: &str = "the target has no profile";
const NOT_ALONE: &str = "it needs a server of its own";
const NO_RESTART: &str = "the target can not be restarted";

#[tokio::test]
async fn a_runtime_that_runs_is_reached_by_its_address() {
    within(async {
        let data = tempfile::tempdir().unwrap();
        let server = Serve::start(data.path(), &["--token", "mine=me"]).await;
        let url = server.url();
        let ping = ["conformance", "--url", url, "--include", "08-control/ping", "--token", "mine"];
        let played = run(&ping).await.with(0);
        assert!(played.out.contains("1 passed, 0 failed"), "{}", played.out);
        let wrong = ["conformance", "--url", url, "--include", "08-control/ping"];
        run(&wrong).await.with(1);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_killed_server_is_started_again_over_its_data() {
    within(async {
        // A job that ran when its server was killed is one that failed.
        let script = "title: t\ncovers: M5.16-1\n\
             A open\nA skip log\nA start $j = slow {ms: 60000}\nrestart\nA open\n\
             A> session.list_jobs\nA< session.jobs {jobs: @has({job_id: $j, status: failed})}\n";
        let folder = folder(script);
        play_serving(&["--scenarios", text(folder.path())]).await.with(0);
        play(&["--scenarios", text(folder.path())], &["--stdio"]).await.with(0);
    })
    .await;
}

#[tokio::test]
async fn a_failure_says_why_and_is_code_1() {
    within(async {
        let script = "title: It sings\ncovers: M2-1\nA open\nA> ping {nonce: la}\nA< song\n";
        let folder = folder(script);
        let reports = tempfile::tempdir().unwrap();
        let path = |name: &str| text(&reports.path().join(name)).to_owned();
        let (json, junit, table) = (path("r.json"), path("r.xml"), path("r.md"));
        let scenarios = ["--scenarios", text(folder.path()), "--name", "ours"];
        let files = ["--json", &json, "--junit", &junit, "--report-md", &table];
        let played = play_serving(&[&scenarios[..], &files[..]].concat()).await.with(1);
        for wanted in ["It sings", "open/x.scn:5: A< song", "M2-1", "A< pong", "nonce\":\"la\""] {
            assert!(played.out.contains(wanted), "{wanted}: {}", played.out);
        }
        let read = |path: &str| std::fs::read_to_string(path).unwrap();
        let report: Value = serde_json::from_str(&read(&json)).unwrap();
        assert_eq!(report["target"], "ours");
        assert_eq!(report["scenarios"][0]["failure"]["line"], 5);
        assert!(read(&junit).contains("<failure message=\"open/x.scn:5: "), "{}", read(&junit));
        assert!(read(&table).contains("| **no** |"), "{}", read(&table));

        // Beside another run, and known.
        let known = path("known");
        std::fs::write(&known, "open/x # it does not sing yet\n").unwrap();
        let again = ["--report-md", &table, "--against", &json, "--expected-failures", &known];
        let played = play_serving(&[&scenarios[..], &again[..]].concat()).await.with(0);
        assert!(played.out.contains("1 known failures"), "{}", played.out);
        assert!(read(&table).contains("| **no** | **no** |"), "{}", read(&table));
    })
    .await;
}

#[tokio::test]
async fn a_pass_that_was_to_fail_is_code_1() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known");
        std::fs::write(&known, "open/08-control/ping\n").unwrap();
        let options = ["--include", "08-control/ping", "--expected-failures", text(&known)];
        let played = play_serving(&options).await.with(1);
        assert!(played.out.contains("expected to fail"), "{}", played.out);
        std::fs::write(&known, "M3-2\n").unwrap();
        let played = play_serving(&options).await.with(1);
        assert!(played.out.contains("M3-2 is expected to fail"), "{}", played.out);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_run_is_no_failure_unless_all_is_wanted() {
    within(async {
        let folder = folder("title: t\ncovers: M2-1\nA open\nA> invoke conf.no-such-agent\n");
        let scenarios = ["--scenarios", text(folder.path())];
        let played = play_serving(&scenarios).await.with(0);
        assert!(played.out.contains("no agent `conf.no-such-agent`"), "{}", played.out);
        play_serving(&[&scenarios[..], &["--complete"]].concat()).await.with(1);
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_a_server_has_not_is_not_run() {
    within(async {
        let folder = folder("title: t\ncovers: M2-1\nprofile: window\nA open\n");
        let scenarios = ["--scenarios", text(folder.path())];
        let played = play_serving(&[&scenarios[..], &["--profile", "standard"]].concat()).await;
        let about = "the target has no profile `window`";
        assert!(played.with(0).out.contains(about), "{scenarios:?}");
        play_serving(&[&scenarios[..], &["--profile", "window"]].concat()).await.with(0);
    })
    .await;
}

#[tokio::test]
async fn json_alone_goes_to_standard_output() {
    within(async {
        let played = play_serving(&["--include", "08-control/ping", "--json", "-"]).await.with(0);
        let report: Value = serde_json::from_str(&played.out).expect("JSON and nothing else");
        assert_eq!(report["summary"]["passed"], 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_there_is_code_3() {
    within(async {
        run(&["conformance", "--url", "ws://127.0.0.1:1/"]).await.with(3);
        run(&["conformance", "--serve", "--", "false"]).await.with(3);
        run(&["conformance", "--serve", "--", "no-such-program-of-anybody"]).await.with(3);
        run(&["conformance", "--", "no-such-program-of-anybody"]).await.with(3);
        run(&["conformance", "--", "false"]).await.with(3);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_command_line_is_code_2() {
    within(async {
        let folder = folder("title: t\ncovers: M2-1\nA hum\n");
        let scenarios = text(folder.path());
        for arguments in [
            &["conformance"][..],
            &["conformance", "--url", "ws://127.0.0.1:1/", "--", "true"],
            &["conformance", "--serve"],
            &["conformance", "--profile", "tight", "--", "true"],
            &["conformance", "--dialect", "esperanto", "--list"],
            &["conformance", "--list", "--scenarios", scenarios],
            &["conformance", "--list", "--scenarios", "no/such/folder"],
            &["conformance", "--url", "ws://127.0.0.1:1/", "--expected-failures", "no/such/file"],
            &["conformance", "--url", "ws://127.0.0.1:1/", "--token", ""],
        ] {
            let ended = run(arguments).await.with(2);
            assert!(!ended.err.is_empty(), "{arguments:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn scenarios_and_requirements_are_listed() {
    within(async {
        let listed = run(&["conformance", "--list", "--include", "ping"]).await.with(0);
        assert!(listed.out.starts_with("open/08-control/ping  [standard]  M2-1\n"), "{listed:?}");
        for dialect in ["open", "hello"] {
            let arguments = ["conformance", "--requirements", "--dialect", dialect];
            let listed = run(&arguments).await.with(0);
            assert!(listed.out.contains("\n0 MUST without a scenario: \n"), "{listed:?}");
            assert!(listed.out.contains("\n0 SHOULD without a scenario: \n"), "{listed:?}");
        }
    })
    .await;
}
