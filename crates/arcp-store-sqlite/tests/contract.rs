//! The contract suite against SQLite.

use std::process::ExitCode;

use arcp_store::contract::{self, Subject};
use arcp_store_sqlite::{Options, SqliteStore};

fn main() -> ExitCode {
    contract::main(Subject::durable("sqlite", |dir| SqliteStore::open(dir, Options::default())))
}
