//! The whole suite in this process, where all of it can be played behind each transport: the program's
//! standard streams take one connection, and in memory it cannot be killed. What the program is played
//! with over WebSockets is not played here again.

use arcp_conformance::{Outcome, Plan, Status, Suite};

use super::target::InProcess;
use crate::support::{Kept, On, Wire};

async fn passes(dialect: &str, wire: Wire, kept: Kept) {
    let suite = Suite::built_in(dialect).unwrap();
    let target = InProcess::new(On { wire, kept }, None);
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
async fn in_memory_alone() {
    passes("open", Wire::Memory, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_pipes_in_a_file() {
    passes("open", Wire::Stdio, Kept::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_over_pipes_in_memory() {
    passes("hello", Wire::Stdio, Kept::Memory).await;
}
