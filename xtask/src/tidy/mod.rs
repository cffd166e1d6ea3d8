//! `cargo xtask tidy`: the house rules that no compiler knows, also a test of this package.

mod attributes;
mod bans;
mod characters;
mod comments;
mod layer;
mod links;
mod manifests;
mod rust;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::failure::Failure;
use crate::process::root;
use tree::Tree;

pub(crate) fn run() -> Result<(), Failure> {
    let tree = Tree::read(&root())?;
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} exceptions to lints (`#[expect(...)]`)", attributes::expectations(&tree));
    if findings.is_empty() {
        println!("tidy: {} files keep the house rules", tree.names().len());
        Ok(())
    } else {
        Err(Failure::new(format!("{} lines break the house rules", findings.len())))
    }
}

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Everything that any rule finds, in the order of files and lines.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    attributes::allowances,
    attributes::ignored_tests,
    bans::banned_words,
    bans::sleeping_tests,
    characters::invisible,
    characters::machine_paths,
    comments::file_headings,
    comments::unfinished,
    links::broken,
    manifests::not_inheriting,
];
