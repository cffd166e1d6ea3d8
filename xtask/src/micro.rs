//! `cargo xtask micro`: the micro-benchmarks, which time single steps of codecs, engine and stores.

use crate::failure::Failure;
use crate::process::{cargo, run as execute};

/// With these as filters, or whatever else criterion takes.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    execute(cargo(&["bench"]).args(PACKAGE).args(["--bench", "micro", "--"]).args(args))
}

/// The package with the benchmarks and with the script whose instructions are counted.
pub(crate) const PACKAGE: [&str; 5] =
    ["--manifest-path", "tests/micro/Cargo.toml", "--target-dir", "target/micro", "--locked"];

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::process::root;

    /// What is timed and counted, and what is loaded beside the program, is built as the program is.
    #[test]
    fn packages_are_built_as_the_workspace_is() {
        let profile = |name: &str| {
            let manifest = fs::read_to_string(root().join(name)).unwrap();
            toml::from_str::<toml::Table>(&manifest).unwrap()["profile"]["release"].clone()
        };
        for package in ["tests/micro/Cargo.toml", "tests/peers/Cargo.toml"] {
            assert_eq!(profile(package), profile("Cargo.toml"), "{package}");
        }
    }
}
