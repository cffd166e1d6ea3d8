//! The contract suite against the memory store.

use std::process::ExitCode;

use arcp_store::MemoryStore;
use arcp_store::contract::{self, Subject};

fn main() -> ExitCode {
    contract::main(Subject::volatile("memory", |_| async { Ok(MemoryStore::new()) }))
}
