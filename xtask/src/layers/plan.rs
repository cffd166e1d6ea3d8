//! `layers.toml`: what each crate of the workspace may depend on.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    #[serde(rename = "crate")]
    pub(crate) crates: BTreeMap<String, Floor>,
}

/// Where one crate stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Floor {
    /// The crates of the workspace that it may use, in build scripts and tests too.
    pub(crate) may_use: Vec<String>,
    /// The crates of the workspace that its tests may use besides; `*` is all of them.
    #[serde(default)]
    pub(crate) tests_may_use: Vec<String>,
    /// The crates of others that must be nowhere in its tree, whatever features are on.
    #[serde(default)]
    pub(crate) never: Vec<String>,
}

impl Plan {
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}
