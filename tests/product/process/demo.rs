//! `arcp demo`: the whole way of a job in one command.

use arcp_core::JobState;
use serde_json::Value;

use super::files;
use super::program::{Ended, run, text, within};
use super::stored::Stored;

#[tokio::test]
async fn it_surveys_a_folder_and_keeps_what_happened() {
    within(async {
        let (folder, data) = (files::folder(), tempfile::tempdir().unwrap());
        let data = data.path().join("data");
        let demo =
            run(&["demo", "--path", text(folder.path()), "--data", text(&data)]).await.with(0);

        let survey: Value = serde_json::from_str(&demo.out).expect("a result and nothing else");
        assert_eq!(survey["totals"], files::totals());
        assert_eq!(survey["binary"]["named"][0], "x.bin");
        assert_eq!(said(&demo, "data"), text(&data));
        assert!(said(&demo, "runtime").starts_with("ws://127.0.0.1:"));
        assert!(demo.err.lines().any(|line| line.ends_with("  completed")), "{}", demo.err);
        let news = demo.err.lines().filter(|line| line.starts_with("arcp: "));
        let news: Vec<_> = news.collect();
        assert_eq!(news.len(), 2, "{}", demo.err);
        assert!(news[0].starts_with("arcp: the connection is lost"), "{news:?}");
        assert_eq!(news[1], "arcp: resumed; events go on where they were");
        let last = demo.err.lines().last().unwrap();
        assert_eq!(last, format!("All events are kept in {}", data.join("arcp.db").display()));

        let stored = Stored::open(&data).await;
        let fact = stored.ended("demo", said(&demo, "job")).await;
        assert_eq!(fact.outcome.unwrap().state, JobState::Completed);
        assert_eq!(fact.agent.to_string(), "survey@1.0.0");
        let kept = stored.frames(said(&demo, "session")).await;
        assert_eq!(kept.last().unwrap()["payload"]["value"], survey);
        assert!(kept.iter().any(|frame| frame["type"] == "job.progress"));
        let count = stored.events(said(&demo, "job")).await.len();
        assert_eq!(
            said(&demo, "checked"),
            format!("events 1 to {count}, as many as the job has: none missed, none twice")
        );
        // Each was shown, and once.
        let shown =
            demo.err.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok());
        assert_eq!(shown.collect::<Vec<usize>>(), (1..=count).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_usage_error() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let (missing, data) = (folder.path().join("missing"), folder.path().join("data"));
        let demo = run(&["demo", "--path", text(&missing), "--data", text(&data)]).await.with(2);
        assert_eq!(demo.out, "");
        assert!(demo.err.contains(text(&missing)), "{}", demo.err);
        assert!(!data.exists(), "nothing was begun");
    })
    .await;
}

/// What it said under a name.
#[track_caller]
fn said<'a>(demo: &'a Ended, name: &str) -> &'a str {
    let mut lines = demo.err.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(first, _)| *first == name).expect(name);
    value.trim()
}
