//! The whole suite in this process, where all of it can be played behind each transport: the program's
//! standard streams take one connection, and in memory it cannot be killed.

use arcp_conformance::{Expected, Outcome, Plan, Status, Suite};

use super::target::InProcess;
use crate::support::{Kept, On, Wire};

async fn passes(dialect: &str, wire: Wire, kept: Kept) {
    let suite = Suite::built_in(dialect).unwrap();
    let target = InProcess::new(On { wire, kept }, None);
    let mut plan = Plan { jobs: 8, ..Plan::default() };
    if dialect == "hello" {
        plan.expected = Expected::parse(KNOWN).unwrap();
    }
    let report = suite.play(&target, &plan, |_| {}).await.unwrap();
    let is_good = |outcome: &&Outcome| match outcome.status {
        Status::Passed | Status::KnownFailure => true,
        // What is about another transport than this one, and what is not there to be tested yet.
        Status::NotRun => outcome.reason.as_ref().is_some_and(|why| {
            why.starts_with("it is about") || NOT_HOSTED.iter().any(|agent| why.contains(agent))
        }),
        Status::Failed | Status::UnexpectedPass => false,
    };
    let bad = report.scenarios.iter().filter(|outcome| !is_good(outcome));
    let names: Vec<_> = bad.map(|outcome| outcome.name.as_str()).collect();
    assert!(names.is_empty() && report.is_good(), "{names:?}\n{}", report.to_text());
}

/// What is known to fail.
const KNOWN: &str = include_str!("hello.known");

/// Agents of the fixture that want what runtimes do not give agents yet.
const NOT_HOSTED: [&str; 2] = ["conf.delegate", "conf.rotate"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_alone() {
    passes("open", Wire::Memory, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_websocket_in_memory() {
    passes("open", Wire::Ws, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_pipes_in_memory() {
    passes("open", Wire::Stdio, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_pipes_in_a_file() {
    passes("open", Wire::Stdio, Kept::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_in_memory_alone() {
    passes("hello", Wire::Memory, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_over_a_websocket_in_a_file() {
    passes("hello", Wire::Ws, Kept::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_over_pipes_in_memory() {
    passes("hello", Wire::Stdio, Kept::Memory).await;
}
