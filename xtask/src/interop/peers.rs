//! The two programs made of the published crates, built and tested.

use std::path::PathBuf;

use super::client::{Client, in_words};
use super::server::Launch;
use super::suite::Theirs;
use crate::failure::Failure;
use crate::process::{cargo, output_of, run};
use crate::program::executable;

/// Where they are.
#[derive(Debug)]
pub(crate) struct Peers {
    client: PathBuf,
    server: PathBuf,
}

impl Peers {
    pub(super) fn build() -> Result<Self, Failure> {
        let built = output_of(cargo(&["build", MESSAGES]).args(PACKAGE))?;
        let peers =
            Self { client: named(&built, "peer-client")?, server: named(&built, "peer-server")? };
        run(cargo(&["test", "--quiet"]).args(PACKAGE))?;
        Ok(peers)
    }

    /// The client, to be driven.
    pub(super) fn flows(&self) -> Client {
        Client {
            name: "rust",
            title: "Rust crates 2.0.0, open",
            program: self.client.clone(),
            arguments: Vec::new(),
            variables: Vec::new(),
            serve: &[],
            not_built: "tests/peers/not-built.txt",
            outcome: in_words,
        }
    }

    /// The runtime, for the suite.
    pub(super) fn theirs(&self) -> Theirs {
        Theirs {
            dialect: "open",
            step: "suite against the Rust runtime",
            title: "arcp-runtime 2.0.0",
            launch: Launch {
                name: "suite-rust".to_owned(),
                program: self.server.clone(),
                arguments: Vec::new(),
                variables: Vec::new(),
            },
            profiles: &["standard", "anonymous", "window", "timed", "credentials"],
            // It lets many wait for nothing.
            jobs: "24",
            expected: "tests/peers/expected-failures.txt",
            document: "docs/conformance/open.md",
            head: HEAD,
        }
    }
}

/// What serves the agents of the load program, built for speed.
pub(super) fn load_server() -> Result<PathBuf, Failure> {
    let options = ["build", "--release", "--bin", LOAD_SERVER, MESSAGES];
    named(&output_of(cargo(&options).args(PACKAGE))?, LOAD_SERVER)
}

fn named(built: &str, name: &str) -> Result<PathBuf, Failure> {
    executable(built, name)
        .ok_or_else(|| Failure::new(format!("cargo built no program called `{name}`")))
}

const LOAD_SERVER: &str = "peer-bench";
const MESSAGES: &str = "--message-format=json-render-diagnostics";

const PACKAGE: [&str; 5] =
    ["--manifest-path", "tests/peers/Cargo.toml", "--target-dir", "target/peers", "--locked"];

const HEAD: &str = "\
# The open dialect, requirement by requirement

Made by `cargo xtask interop --report`, from two runs of the conformance suite over WebSockets. Not
edited by hand: `cargo xtask interop --check` fails if it is.

- `arcp serve` is our program, with its database in SQLite.
- `arcp-runtime 2.0.0` is the runtime published under that name, unchanged, with the agents of the
  fixture as far as it can host them (`tests/peers`). Its agents can not log, open streams, ask for
  permissions, keep artifacts or learn their trace, and it has no limits to set: what needs those is
  not run. What it is known to fail is listed in `tests/peers/expected-failures.txt`.

A requirement is met (yes) when every scenario about it that ran passed, and one ran. It is not run
where all of them need what the runtime lacks, or fail for something else that is known. A dash says
that no scenario is about it. Texts are ours: R is a rule of RFC 0001 revision 2, M a decision of ours
where the texts leave a choice, which nobody else has to share.
";
