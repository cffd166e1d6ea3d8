//! Which scenarios are played, where, and what the report says of the rest.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use arcp_conformance::{
    Connections, DIALECTS, Level, Plan, Requirements, Selection, Status, Suite, SuiteError, dialect,
};
use expect_test::expect;

use crate::peer::PeerTarget;
use crate::{play, without_ids};

fn script(head: &str, body: &str) -> String {
    format!("title: t\ncovers: R8.1-1\n{head}{body}")
}

async fn statuses(
    target: &PeerTarget,
    scripts: &[(&str, String)],
) -> Vec<(Status, Option<String>)> {
    let scripts: Vec<(&str, &str)> =
        scripts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let report = play(target, &Plan::default(), &scripts).await;
    report.scenarios.into_iter().map(|one| (one.status, one.reason)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_the_target_lacks_is_not_run() {
    let mut target = PeerTarget::default();
    target.offer.connections = Connections::One;
    target.offer.restart = false;
    target.offer.profiles = Some(vec!["standard".to_owned()]);
    let scripts = [
        ("agent", script("", "A open\nA> invoke conf.nobody\n")),
        ("clients", script("", "A open\nB open\n")),
        ("restart", script("", "A open\nrestart\n")),
        ("profile", script("profile: timed\n", "A open\n")),
        ("transport", script("transport: ws\n", "A open\n")),
        ("runs", script("", "A open\nA start $j = conf.echo 1\n")),
    ];
    let mut out = String::new();
    for (status, reason) in statuses(&target, &scripts).await {
        writeln!(out, "{status:?}: {}", reason.as_deref().unwrap_or("-")).unwrap();
    }
    expect![["
        NotRun: the target has no agent `conf.nobody`
        NotRun: the target takes one connection
        NotRun: the target can not be restarted
        NotRun: the target has no profile `timed`
        NotRun: it is about ws, and the target is reached by memory
        Passed: -
    "]]
    .assert_eq(&out);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_it_is_alone() {
    let target = PeerTarget::default();
    let scripts = [
        ("alone", script("needs: alone\n", "A open\n")),
        ("restart", script("", "A open\nrestart\nA open\n")),
        ("shared", script("", "A open\nB open\n")),
    ];
    let passed = statuses(&target, &scripts).await;
    assert!(passed.iter().all(|(status, _)| *status == Status::Passed), "{passed:?}");
    assert_eq!(target.restarted.load(Ordering::Relaxed), 1);
    let left = target.left.lock().unwrap().clone();
    let alone: BTreeSet<usize> = left.iter().filter_map(|place| place.alone).collect();
    assert!(alone.contains(&0) && alone.contains(&1) && !alone.contains(&2), "{left:?}");
}

/// What fails while the machine stands still says nothing of the target, up to a point.
#[tokio::test(start_paused = true)]
async fn what_fails_while_the_machine_stands_still_is_played_again() {
    let passes = script("", "A open\nA> test.stall\nA< pong\n");
    let fails = script("", "A open\nA> test.stall\nA< job.accepted\n");
    // What always fails is played once more where the machine does stand still.
    for (text, stalls, plays, status) in [
        (&passes, 0, 1..=1, Status::Passed),
        (&passes, 2, 3..=3, Status::Passed),
        (&passes, 3, 3..=3, Status::Failed),
        (&fails, 0, 1..=3, Status::Failed),
        (&fails, 1, 2..=3, Status::Failed),
    ] {
        let target = PeerTarget::default();
        target.stalls.store(stalls, Ordering::Relaxed);
        let report = play(&target, &Plan::default(), &[("x", text)]).await;
        let outcome = &report.scenarios[0];
        let played = outcome.earlier.len() + 1;
        assert_eq!(outcome.status, status, "{stalls}: {}", outcome.line());
        assert!(plays.contains(&played), "{stalls}: {}", outcome.line());
        assert_eq!(outcome.line().contains("as this machine stood still"), played > 1);
        assert_eq!(report.to_text().matches("  before, ").count(), played - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_there_is_no_failure() {
    let mut out = String::new();
    for profile in ["gone", "dead", "deaf"] {
        let text = script(&format!("profile: {profile}\n"), "A open\n");
        let requirements = Requirements::built_in(dialect("open").unwrap()).unwrap();
        let suite = Suite::of("open", [("open/x", text.as_str())], requirements).unwrap();
        let played = suite.play(&PeerTarget::default(), &Plan::default(), |_| {}).await;
        let error = played.unwrap_err();
        assert!(matches!(error, SuiteError::Unreachable { .. }), "{error}");
        writeln!(out, "{profile}: {error}").unwrap();
    }
    expect![["
        gone: cannot reach peer: nobody is there
        dead: cannot reach peer: the connection broke
        deaf: cannot reach peer: it does not answer
    "]]
    .assert_eq(&out);
}

#[tokio::test(start_paused = true)]
async fn scenarios_are_selected_by_name_and_requirement() {
    let target = PeerTarget::default();
    let scripts = [("a/one", script("", "A open\n")), ("a/two", script("", "A open\n"))];
    let other = "title: t\ncovers: M2-1\nA open\n".to_owned();
    let scripts = [scripts[0].clone(), scripts[1].clone(), ("b/one", other)];
    let texts: Vec<(&str, &str)> =
        scripts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for (include, exclude, wanted) in [
        (vec![], vec![], vec!["open/a/one", "open/a/two", "open/b/one"]),
        (vec!["one"], vec![], vec!["open/a/one", "open/b/one"]),
        (vec!["M2-1"], vec![], vec!["open/b/one"]),
        (vec![], vec!["R8.1-1"], vec!["open/b/one"]),
        (vec!["one"], vec!["/b/"], vec!["open/a/one"]),
        (vec!["three"], vec![], vec![]),
    ] {
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        let selection = Selection { include: owned(include), exclude: owned(exclude) };
        let plan = Plan { selection, ..Plan::default() };
        let report = play(&target, &plan, &texts).await;
        let names: Vec<&str> = report.scenarios.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_shows_what_went_over_the_wires() {
    let text = script(
        "",
        "A open\nB open as bob\nA> ping {nonce: 1}\nB> raw \"nonsense\"\nB close\nA< pong {nonce: 2}\n",
    );
    let report = play(&PeerTarget::default(), &Plan::default(), &[("x", &text)]).await;
    let lines = &report.scenarios[0].failure.as_ref().unwrap().transcript;
    let lines = lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n");
    expect![[r#"
        0 ms A! connected
        0 ms A> session.open id=msg_* {"auth":{"scheme":"bearer","token":"conf-alice"},"capabilities":{"artifacts":true,"binary_streams":true,"durable_jobs":true,"model_use":true,"provisioned_credentials":true,"streaming":true,"subscriptions":true},"client":{"kind":"arcp-conformance","version":"0.1.0"}}
        0 ms A< session.accepted correlation_id=msg_* id=msg_peer session_id=sess_1 {"capabilities":{"agents":["conf.echo"]},"session_id":"sess_1"}
        0 ms B! connected
        0 ms B> session.open id=msg_* {"auth":{"scheme":"bearer","token":"conf-bob"},"capabilities":{"artifacts":true,"binary_streams":true,"durable_jobs":true,"model_use":true,"provisioned_credentials":true,"streaming":true,"subscriptions":true},"client":{"kind":"arcp-conformance","version":"0.1.0"}}
        0 ms B< session.accepted correlation_id=msg_* id=msg_peer session_id=sess_1 {"capabilities":{"agents":["conf.echo"]},"session_id":"sess_1"}
        0 ms A> ping id=msg_* session_id=sess_1 {"nonce":1}
        0 ms B> nonsense
        0 ms B! closed by us
        0 ms A< pong correlation_id=msg_* id=msg_peer session_id=sess_1 {"nonce":1}"#]].assert_eq(&without_ids(&lines));
}

#[tokio::test(start_paused = true)]
async fn a_token_of_somebody_is_not_shown() {
    let mut plan = Plan::default();
    plan.tokens.insert("alice".to_owned(), "my-own-token".to_owned());
    let text = script("", "A open\nA> ping {nonce: my-own-token}\nA< nack\n");
    let report = play(&PeerTarget::default(), &plan, &[("x", &text)]).await;
    let json = report.to_json().unwrap();
    assert!(!json.contains("my-own-token") && json.contains("[token]"), "{json}");
}

#[test]
fn the_scenarios_that_are_built_in_cover_what_there_is() {
    for dialect in DIALECTS {
        let suite = Suite::built_in(dialect.name()).unwrap();
        assert!(!suite.scenarios().is_empty());
        for level in [Level::Must, Level::Should] {
            assert!(suite.uncovered(level).is_empty(), "{}", dialect.name());
        }
        for rule in dialect.rules().iter().chain([&dialect.secrecy()]) {
            assert!(suite.requirements().get(rule).is_some(), "{rule}");
        }
    }
    let unknown = Suite::built_in("nothing").unwrap_err();
    assert_eq!(unknown.to_string(), "no dialect `nothing`; there are `open`, `hello`");
}

#[test]
fn a_scenario_covers_what_there_is() {
    let text = "title: t\ncovers: R99-1\nA open\n";
    let requirements = Requirements::built_in(dialect("open").unwrap()).unwrap();
    let error = Suite::of("open", [("open/x", text)], requirements).unwrap_err();
    assert_eq!(error.to_string(), "open/x.scn: no requirement `R99-1`");
}
