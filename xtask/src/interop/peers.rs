//! The two programs made of the published crates, built and tested.

use std::path::PathBuf;

use super::client::{Client, in_words};
use crate::failure::Failure;
use crate::process::{cargo, output_of, run};
use crate::program::executable;

/// Where they are.
#[derive(Debug)]
pub(crate) struct Peers {
    client: PathBuf,
    pub(super) server: PathBuf,
}

impl Peers {
    pub(super) fn build() -> Result<Self, Failure> {
        let messages = "--message-format=json-render-diagnostics";
        let built = output_of(cargo(&["build"]).args(PACKAGE).arg(messages))?;
        let named = |name| {
            executable(&built, name)
                .ok_or_else(|| Failure::new(format!("cargo built no program called `{name}`")))
        };
        let peers = Self { client: named("peer-client")?, server: named("peer-server")? };
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
}

const PACKAGE: [&str; 5] =
    ["--manifest-path", "tests/peers/Cargo.toml", "--target-dir", "target/peers", "--locked"];
