//! The contract suite of blobs against those in memory.

use std::process::ExitCode;

use arcp_store::MemoryBlobs;
use arcp_store::contract::{Subject, blobs};

fn main() -> ExitCode {
    blobs::main(Subject::volatile("memory", |_| async { Ok(MemoryBlobs::new()) }))
}
