//! The contract suite against the folder store.

use std::process::ExitCode;

use arcp_store::contract::{self, Subject};
use outside_store::FolderStore;

fn main() -> ExitCode {
    contract::main(Subject::durable("folder", |dir| async move { FolderStore::open(dir) }))
}
