//! Characters that a reader does not see, and paths that only one machine has.

use super::Finding;
use super::tree::Tree;

/// Tabs, trailing blanks, control characters and those that reorder or hide text.
pub(crate) fn invisible(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, text) in tree.texts(&[".rs", ".toml", ".md"]) {
        for (number, line) in (1..).zip(text.split('\n')) {
            let hidden = line.chars().find(|next| next.is_control() || HIDDEN.contains(next));
            if let Some(hidden) = hidden {
                let what = format!("the character {} is not to be seen", hidden.escape_unicode());
                findings.push(Finding::new(name, number, what));
            } else if line.trim_end() != line {
                findings.push(Finding::new(name, number, "blanks at the end of the line"));
            }
        }
    }
    findings
}

/// Absolute paths below somebody's home, in any file that is text.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, text) in tree.texts(&[]) {
        for (number, line) in (1..).zip(text.lines()) {
            let homes = HOMES.iter().filter(|home| names_home(line, home));
            let found = homes.map(|home| {
                Finding::new(name, number, format!("`{home}` is a path of one machine"))
            });
            findings.extend(found);
        }
    }
    findings
}

/// Whether a path in `line` starts with `home`, rather than having it further down.
fn names_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|before| before.is_alphanumeric() || "_-.*})]".contains(before))
    })
}

/// Zero width, marks of direction, and the mark of byte order.
const HIDDEN: [char; 13] = [
    '\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{feff}',
];

// In two parts: this file is checked too.
const HOMES: [&str; 2] = [concat!("/", "root/"), concat!("/", "home/")];
