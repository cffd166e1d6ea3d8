//! The whole suite in this process, where all of it can be played behind each transport: the program's
//! standard streams take one connection, and in memory it cannot be killed.

use arcp_conformance::{Plan, Status, Suite};

use super::target::InProcess;
use crate::support::{Kept, On, Wire};

async fn passes(wire: Wire, kept: Kept) {
    let suite = Suite::built_in("open").unwrap();
    let target = InProcess::new(On { wire, kept }, None);
    let report = suite.play(&target, &Plan { jobs: 8, ..Plan::default() }, |_| {}).await.unwrap();
    let not_passed = report.scenarios.iter().filter(|outcome| outcome.status != Status::Passed);
    // What is about another transport than this one.
    let missed = not_passed.filter(|outcome| {
        !outcome.reason.as_ref().is_some_and(|why| why.starts_with("it is about"))
    });
    let names: Vec<_> = missed.map(|outcome| outcome.name.as_str()).collect();
    assert!(names.is_empty(), "{names:?}\n{}", report.to_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_alone() {
    passes(Wire::Memory, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_websocket_in_memory() {
    passes(Wire::Ws, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_pipes_in_memory() {
    passes(Wire::Stdio, Kept::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_pipes_in_a_file() {
    passes(Wire::Stdio, Kept::Sqlite).await;
}
