//! Failures that are known: the file of `--expected-failures`.

use std::collections::BTreeMap;

/// What is known to fail, and why.
///
/// The name of a scenario says that this scenario fails. The id of a requirement says that the rule
/// for every frame is broken, or that scenarios about it fail, some of them at least.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    reasons: BTreeMap<String, String>,
}

/// A line that names nothing.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: want the name of one scenario or the id of a requirement, then `# why`")]
pub struct ExpectedError {
    line: usize,
}

impl Expected {
    /// Reads lines: a scenario's name or a requirement's id, and what follows `#` is why.
    pub fn parse(text: &str) -> Result<Self, ExpectedError> {
        let mut reasons = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines()) {
            let (name, why) = text.split_once('#').unwrap_or((text, ""));
            let name = name.trim();
            if name.contains(char::is_whitespace) {
                return Err(ExpectedError { line });
            }
            if !name.is_empty() {
                reasons.insert(name.to_owned(), why.trim().to_owned());
            }
        }
        Ok(Self { reasons })
    }

    /// Whether `name` is known to fail.
    pub fn lists(&self, name: &str) -> bool {
        self.reasons.contains_key(name)
    }

    /// Why `name` fails, if the file says so.
    pub fn why(&self, name: &str) -> Option<&str> {
        self.reasons.get(name).map(String::as_str).filter(|why| !why.is_empty())
    }

    /// All that are known to fail.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.reasons.keys().map(String::as_str)
    }
}
