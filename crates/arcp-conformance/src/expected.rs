//! Failures that are known: the file of `--expected-failures`.

use std::collections::BTreeMap;

use crate::requirement::is_id;

/// What is known to fail, and why.
///
/// The name of a scenario says that this scenario fails. The id of a requirement says that the rule
/// for every frame is broken, or that scenarios about it fail, some of them at least.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    /// The requirements that are to blame, where a scenario does not fail for those it covers.
    blamed: Vec<String>,
    why: String,
}

/// A line that names nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line}: want the name of one scenario (and whom to blame, if not what it covers) or the id \
     of a requirement, then `# why`"
)]
pub struct ExpectedError {
    line: usize,
}

impl Expected {
    /// Reads lines: a scenario's name or a requirement's id, and what follows `#` is why. After a
    /// scenario's name there may be ids of requirements, which its failure is then about.
    pub fn parse(text: &str) -> Result<Self, ExpectedError> {
        let mut entries = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines()) {
            let (names, why) = text.split_once('#').unwrap_or((text, ""));
            let mut names = names.split_whitespace().map(str::to_owned);
            let Some(name) = names.next() else { continue };
            let entry = Entry { blamed: names.collect(), why: why.trim().to_owned() };
            if !entry.blamed.iter().all(|id| is_id(id))
                || (is_id(&name) && !entry.blamed.is_empty())
            {
                return Err(ExpectedError { line });
            }
            entries.insert(name, entry);
        }
        Ok(Self { entries })
    }

    /// Whether `name` is known to fail.
    pub fn lists(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Why `name` fails, if the file says so.
    pub fn why(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.why.as_str()).filter(|why| !why.is_empty())
    }

    /// The requirements that a scenario's failure is about, if it is not those that it covers.
    pub fn blamed(&self, name: &str) -> &[String] {
        self.entries.get(name).map(|entry| entry.blamed.as_slice()).unwrap_or_default()
    }

    /// All that are known to fail.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All that are blamed.
    pub fn all_blamed(&self) -> impl Iterator<Item = &str> {
        self.entries.values().flat_map(|entry| &entry.blamed).map(String::as_str)
    }
}
