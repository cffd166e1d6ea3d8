//! The player against a peer in this process, which does right or wrong as it is told: each kind of
//! expectation can be met, can fail, and says why.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod expectations;
mod peer;
mod plays;
mod rules;

use std::fmt::Write;

use arcp_conformance::{Plan, Report, Requirements, Suite, dialect};

use peer::PeerTarget;

/// Plays scripts, `name` and body, and gives the report.
async fn play(target: &PeerTarget, plan: &Plan, scripts: &[(&str, &str)]) -> Report {
    let texts: Vec<(String, String)> =
        scripts.iter().map(|(name, text)| (format!("open/{name}"), (*text).to_owned())).collect();
    let texts = texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let suite = Suite::of("open", texts, Requirements::built_in(dialect("open").unwrap()).unwrap())
        .unwrap();
    suite.play(target, plan, |_| {}).await.unwrap()
}

/// Plays one body and says what came of it, in lines; the first line of the body is line 1.
async fn outcome(body: &str) -> String {
    let script = format!("title: t\ncovers: R8.1-1\n{body}\n");
    let report = play(&PeerTarget::default(), &Plan::default(), &[("x", &script)]).await;
    let outcome = &report.scenarios[0];
    let mut out = format!("{:?}\n", outcome.status);
    if let Some(failure) = &outcome.failure {
        writeln!(out, "line {}: {}", failure.line - 2, failure.step).unwrap();
        writeln!(out, "    {}", failure.message).unwrap();
    }
    for broken in &outcome.broken {
        let (id, times) = (&broken.requirement, broken.times);
        writeln!(out, "{id} broken, {times} times: {}", broken.message).unwrap();
    }
    without_ids(&out)
}

/// Ids are others in every run.
fn without_ids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("msg_01") {
        let end = rest[at + 4..].find(|c: char| !c.is_ascii_alphanumeric());
        out.push_str(&rest[..at]);
        out.push_str("msg_*");
        rest = end.map_or("", |end| &rest[at + 4 + end..]);
    }
    out + rest
}
