//! Comments: the heading that every file has, and the notes that none may keep.

use super::Finding;
use super::tree::Tree;

/// A file opens by saying what it owns. Only a shebang may stand before that.
pub(crate) fn file_headings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let mut lines = file.text.lines().skip_while(|line| is_shebang(line));
        let first = lines.next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        if first.trim().is_empty() {
            findings.push(Finding::new(
                &file.path,
                1,
                "the file does not open with `//!` and what it owns",
            ));
        }
    }
    findings
}

/// Work that is left to do belongs in an issue; a known wrong behaviour is asserted with a FIXME.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for (number, comment) in file.comment_lines() {
            let mut words = comment.split(|next: char| !next.is_alphanumeric());
            if let Some(note) = words.find(|word| NOTES.contains(word)) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("a {note} comment: do it, or leave it out"),
                ));
            }
        }
    }
    findings
}

fn is_shebang(line: &str) -> bool {
    line.starts_with("#!") && !line.starts_with("#![")
}

const NOTES: [&str; 2] = ["TODO", "XXX"];
