//! The package of micro-benchmarks.

/// The package with the script whose instructions are counted.
pub(crate) const PACKAGE: [&str; 5] =
    ["--manifest-path", "tests/micro/Cargo.toml", "--target-dir", "target/micro", "--locked"];

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::process::root;

    /// What is timed and counted is built as the program is.
    #[test]
    fn the_package_is_built_as_the_workspace_is() {
        let profile = |name: &str| {
            let manifest = fs::read_to_string(root().join(name)).unwrap();
            toml::from_str::<toml::Table>(&manifest).unwrap()["profile"]["release"].clone()
        };
        assert_eq!(profile("tests/micro/Cargo.toml"), profile("Cargo.toml"));
    }
}
