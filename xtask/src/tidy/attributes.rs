//! Attributes that hide something: a lint that was switched off, a test that is not run.

use super::Finding;
use super::rust::Attribute;
use super::tree::Tree;

pub(crate) fn allowances(tree: &Tree) -> Vec<Finding> {
    find(
        tree,
        |attribute| attribute.calls("allow"),
        "write `#[expect(lint, reason = \"...\")]`, not `allow`",
    )
}

pub(crate) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    let is_ignore = |attribute: &Attribute| {
        let text = attribute.text.trim();
        text == "ignore"
            || text.starts_with("ignore ")
            || (text.starts_with("cfg_attr") && attribute.has_word("ignore"))
    };
    find(tree, is_ignore, "a test that is not run proves nothing: make it pass or delete it")
}

/// How many exceptions to lints there are. Not a finding: a figure to keep low.
pub(crate) fn expectations(tree: &Tree) -> usize {
    let attributes = tree.rust().iter().flat_map(|file| &file.attributes);
    attributes.filter(|attribute| attribute.calls("expect")).count()
}

fn find(tree: &Tree, is_wrong: impl Fn(&Attribute) -> bool, what: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let wrong = file.attributes.iter().filter(|attribute| is_wrong(attribute));
        findings.extend(wrong.map(|attribute| Finding::new(&file.path, attribute.line, what)));
    }
    findings
}
