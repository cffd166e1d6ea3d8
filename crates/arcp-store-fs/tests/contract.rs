//! The contract suite of blobs against those in a folder.

use std::process::ExitCode;

use arcp_store::contract::{Subject, blobs};
use arcp_store_fs::{FolderBlobs, Options};

fn main() -> ExitCode {
    blobs::main(Subject::durable("fs", |dir| FolderBlobs::open(dir, Options::default())))
}
