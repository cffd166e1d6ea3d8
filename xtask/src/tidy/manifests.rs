//! Manifests of the workspace's members: they inherit what the workspace decides.

use toml::{Table, Value};

use super::Finding;
use super::tree::Tree;

/// Members that set their own version or lints.
pub(crate) fn not_inheriting(tree: &Tree) -> Vec<Finding> {
    let members = members(tree);
    let manifests = tree.texts(&["/Cargo.toml"]).filter(|(name, _)| {
        let directory = name.strip_suffix("/Cargo.toml").unwrap_or(name);
        members.iter().any(|pattern| matches(pattern, directory))
    });
    let wrong = |(name, text)| {
        let wrong = faults(text).into_iter();
        wrong.map(move |what| Finding::new(name, 1, what)).collect::<Vec<_>>()
    };
    manifests.flat_map(wrong).collect()
}

/// What is wrong with one member's manifest.
fn faults(text: &str) -> Vec<String> {
    let manifest = match text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => return vec![error.message().to_owned()],
    };
    let missing = INHERITED.iter().filter(|path| !is_true(&manifest, path));
    missing.map(|path| format!("`{} = true` is missing", path.join("."))).collect()
}

/// `workspace.members` of the root's manifest.
fn members(tree: &Tree) -> Vec<String> {
    let root = tree.text("Cargo.toml").and_then(|text| text.parse::<Table>().ok());
    let members = root.as_ref().and_then(|root| root.get("workspace")?.get("members")?.as_array());
    let names = members.into_iter().flatten().filter_map(Value::as_str);
    names.map(String::from).collect()
}

/// Whether a directory is meant by a member's pattern: a path, or `parent/*`.
fn matches(pattern: &str, directory: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some(parent) => directory.rsplit_once('/').is_some_and(|(above, _)| above == parent),
        None => pattern == directory,
    }
}

fn is_true(manifest: &Table, path: &[&str]) -> bool {
    let mut keys = path.iter();
    let first = keys.next().and_then(|key| manifest.get(*key));
    let value = keys.fold(first, |value, key| value?.get(key));
    value.and_then(Value::as_bool) == Some(true)
}

const INHERITED: [&[&str]; 2] = [&["package", "version", "workspace"], &["lints", "workspace"]];
