//! One Rust file as the rules see it: its layers, its attributes, and which lines are tests.

use std::ops::RangeInclusive;

use super::layer::Layers;

pub(crate) struct RustFile {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) comments: String,
    pub(crate) attributes: Vec<Attribute>,
    tests: Vec<RangeInclusive<usize>>,
    modules_of_tests: Vec<String>,
}

/// What stands in `#[...]` or `#![...]`.
pub(crate) struct Attribute {
    pub(crate) line: usize,
    pub(crate) text: String,
    /// Where the item after it starts.
    end: usize,
}

impl RustFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let Layers { code, comments } = Layers::of(text);
        let attributes = attributes(&code);
        let mut file = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            comments,
            attributes,
            tests: Vec::new(),
            modules_of_tests: Vec::new(),
        };
        file.find_tests();
        file
    }

    /// Lines of code from 1, without literals and comments.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines())
    }

    pub(crate) fn comment_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.comments.lines())
    }

    /// The line as it was written.
    pub(crate) fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number - 1).unwrap_or_default()
    }

    pub(crate) fn is_below(&self, directory: &str) -> bool {
        self.path.starts_with(directory)
    }

    /// Whether the line only runs in tests.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.is_all_tests() || self.tests.iter().any(|tests| tests.contains(&line))
    }

    /// Whether this is no part of what a user runs.
    pub(crate) fn is_example_or_bench(&self) -> bool {
        self.has_part("examples") || self.has_part("benches")
    }

    /// Takes the whole file for tests: another one declared it under `cfg(test)`.
    pub(crate) fn declare_test(&mut self) {
        self.tests.push(1..=usize::MAX);
    }

    /// Where the modules may be that this file declares under `cfg(test)`: files, or directories.
    pub(crate) fn modules_of_tests(&self) -> impl Iterator<Item = String> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let (parent, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let own = if matches!(name, "mod" | "lib" | "main") { parent } else { stem };
        self.modules_of_tests.iter().map(move |module| format!("{own}/{module}"))
    }

    /// Test packages, test files, and the suites that are a library's feature.
    fn is_all_tests(&self) -> bool {
        ["tests", "contract"].iter().any(|part| self.has_part(part))
    }

    fn has_part(&self, part: &str) -> bool {
        self.path.split('/').any(|have| have.strip_suffix(".rs").unwrap_or(have) == part)
    }

    fn find_tests(&mut self) {
        for attribute in self.attributes.iter().filter(|attribute| attribute.is_for_tests()) {
            let item = self.code.get(attribute.end..).unwrap_or_default();
            let len = item_len(item);
            let item = item.get(..len).unwrap_or_default();
            let last = attribute.line + lines_in(&attribute.text) + lines_in(item);
            self.tests.push(attribute.line..=last);
            self.modules_of_tests.extend(declared_module(item));
        }
    }
}

impl Attribute {
    /// Whether it is `word(...)` or has that in it, as `cfg_attr` may.
    pub(crate) fn calls(&self, word: &str) -> bool {
        words(&self.text).any(|(have, after)| have == word && after.starts_with('('))
    }

    pub(crate) fn has_word(&self, word: &str) -> bool {
        words(&self.text).any(|(have, _)| have == word)
    }

    fn is_for_tests(&self) -> bool {
        self.text.starts_with("cfg(") && self.has_word("test") && !self.text.contains("not(test")
    }
}

/// The words of a text, each with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |next: char| next.is_alphanumeric() || next == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|next| !is_word(next));
        let end = rest.find(|next| !is_word(next)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some((word, after))
    })
}

fn attributes(code: &str) -> Vec<Attribute> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = code.get(at..).and_then(|rest| rest.find('#')) {
        at += offset + 1;
        let after = code.get(at..).unwrap_or_default();
        let Some(inside) = after.strip_prefix('!').unwrap_or(after).strip_prefix('[') else {
            continue;
        };
        let start = code.len() - inside.len();
        let len = balanced(inside);
        let line = 1 + lines_in(code.get(..at).unwrap_or_default());
        let text = inside.get(..len).unwrap_or_default().to_owned();
        at = start + len;
        found.push(Attribute { line, text, end: (at + 1).min(code.len()) });
    }
    found
}

/// How far `text` goes before it closes a bracket that it did not open.
fn balanced(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, next) in text.char_indices() {
        match next {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return at,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// How long the item is that `text` starts with: to its semicolon or its closing brace.
fn item_len(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, next) in text.char_indices() {
        match next {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(next, ';' | '}') {
            return at + 1;
        }
    }
    text.len()
}

/// The name in `mod name;`.
fn declared_module(item: &str) -> Option<String> {
    let (_, after) = words(item).find(|(word, _)| *word == "mod")?;
    let name = after.trim().strip_suffix(';')?.trim();
    Some(name.to_owned())
}

fn lines_in(text: &str) -> usize {
    text.matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `source` that are tests.
    fn tests_in(path: &str, source: &str) -> Vec<usize> {
        let file = RustFile::new(path, source);
        (1..=source.lines().count()).filter(|line| file.is_test(*line)).collect()
    }

    #[test]
    fn a_module_under_cfg_test_is_tests_to_its_brace() {
        let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { \"}\"; }\n}\nfn c() {}\n";
        assert_eq!(tests_in("src/a.rs", source), [2, 3, 4, 5]);
        let source = "#[cfg(all(test, unix))]\nuse a::{b, c};\nfn d(e: [u8; 3]) {}\n";
        assert_eq!(tests_in("src/a.rs", source), [1, 2]);
        let source = "#[cfg(not(test))]\nfn a() {}\n#[cfg(feature = \"test\")]\nfn b() {}\n";
        assert_eq!(tests_in("src/a.rs", source), [0; 0]);
    }

    #[test]
    fn whole_files_are_tests_by_their_path() {
        for path in ["tests/a.rs", "src/b/tests.rs", "src/contract.rs", "src/tests/c.rs"] {
            assert_eq!(tests_in(path, "fn a() {}"), [1], "{path}");
        }
        assert_eq!(tests_in("src/test.rs", "fn a() {}"), [0; 0]);
    }

    #[test]
    fn modules_declared_for_tests_are_known_by_name() {
        for (path, module) in [("src/lib.rs", "src/world"), ("src/a.rs", "src/a/world")] {
            let file = RustFile::new(path, "#[cfg(test)]\nmod world;\n#[cfg(test)]\nmod t {}");
            assert_eq!(file.modules_of_tests().collect::<Vec<_>>(), [module]);
        }
    }
}
