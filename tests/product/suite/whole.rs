//! The whole suite in this process, over pipes and with a database, where all of it can be played: the
//! program's standard streams take one connection. A test of the mutants plays all of it in memory.

use arcp_conformance::{Outcome, Plan, Status, Suite};

use super::target::InProcess;
use crate::support::{Kept, On, Wire};

async fn passes(dialect: &str) {
    let suite = Suite::built_in(dialect).unwrap();
    let target = InProcess::new(On { wire: Wire::Stdio, kept: Kept::Sqlite }, None);
    let plan = Plan { jobs: 8, ..Plan::default() };
    let report = suite.play(&target, &plan, |_| {}).await.unwrap();
    let is_good = |outcome: &&Outcome| match outcome.status {
        Status::Passed => true,
        // What is about another transport than this one.
        Status::NotRun => outcome.reason.as_ref().is_some_and(|why| why.starts_with("it is about")),
        Status::Failed | Status::KnownFailure | Status::UnexpectedPass => false,
    };
    let bad = report.scenarios.iter().filter(|outcome| !is_good(outcome));
    let names: Vec<_> = bad.map(|outcome| outcome.name.as_str()).collect();
    assert!(names.is_empty() && report.is_good(), "{names:?}\n{}", report.to_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open() {
    passes("open").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello() {
    passes("hello").await;
}
