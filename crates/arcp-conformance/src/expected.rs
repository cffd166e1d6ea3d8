//! Failures that are known: the file of `--expected-failures`.

use std::collections::BTreeSet;

/// The scenarios that fail, and the rules for every frame that are broken.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    names: BTreeSet<String>,
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
        let mut names = BTreeSet::new();
        for (line, text) in (1..).zip(text.lines()) {
            let name = text.split('#').next().unwrap_or_default().trim();
            if name.contains(char::is_whitespace) {
                return Err(ExpectedError { line });
            }
            if !name.is_empty() {
                names.insert(name.to_owned());
            }
        }
        Ok(Self { names })
    }

    /// Whether `name` is known to fail.
    pub fn lists(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// All that are known to fail.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}
