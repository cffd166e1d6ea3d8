//! The requirements that the scenarios of a dialect cover: the `requirements.toml` beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// What a runtime has to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// `R8.1-1` for a rule of a text, `M5.5-2` for a decision of ours about one.
    pub id: String,
    /// The section that says it, or that the decision interprets.
    pub section: String,
    /// How binding it is.
    pub level: Level,
    /// Whose rule it is.
    #[serde(default)]
    pub kind: Kind,
    /// The rule, in a sentence of ours.
    pub text: String,
}

/// How binding a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// There is no way around it.
    Must,
    /// There may be reasons not to.
    Should,
    /// As one likes.
    May,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

/// Whose rule a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The protocol's.
    #[default]
    Text,
    /// Ours, where the protocol's texts leave a choice.
    Decision,
}

/// A rule that no frame of a runtime can show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// Like that of a requirement.
    pub id: String,
    /// The section that says it.
    pub section: String,
    /// How binding it is.
    pub level: Level,
    /// The rule, in a sentence of ours.
    pub text: String,
    /// Why no scenario can cover it.
    pub why: String,
}

/// All of them, by id.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    by_id: BTreeMap<String, Requirement>,
    elsewhere: Vec<Elsewhere>,
}

/// Why a list of requirements is no good.
#[derive(Debug, thiserror::Error)]
pub enum RequirementError {
    /// It is no such list.
    #[error("requirements.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// Two have one id.
    #[error("requirements.toml: `{0}` is there twice")]
    Twice(String),
    /// An id has not the form `R8.1-1`.
    #[error("requirements.toml: `{0}` is no id: want R or M, a section, a dash and a number")]
    Id(String),
}

impl Requirements {
    /// Those of a dialect that the library carries.
    pub fn built_in(dialect: &dyn Dialect) -> Result<Self, RequirementError> {
        Self::parse(dialect.requirements())
    }

    /// Reads a list.
    pub fn parse(text: &str) -> Result<Self, RequirementError> {
        let file: File = toml::from_str(text)?;
        let mut ids = BTreeSet::new();
        let listed = file.requirement.iter().map(|one| &one.id);
        for id in listed.chain(file.elsewhere.iter().map(|one| &one.id)) {
            if !is_id(id) {
                return Err(RequirementError::Id(id.clone()));
            }
            if !ids.insert(id) {
                return Err(RequirementError::Twice(id.clone()));
            }
        }
        let by_id = file.requirement.into_iter().map(|one| (one.id.clone(), one)).collect();
        Ok(Self { by_id, elsewhere: file.elsewhere })
    }

    /// The one with that id.
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.by_id.get(id)
    }

    /// All, by section.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        let mut all: Vec<&Requirement> = self.by_id.values().collect();
        all.sort_by_key(|one| sort_key(&one.id));
        all.into_iter()
    }

    /// The rules that no frame can show.
    pub fn elsewhere(&self) -> &[Elsewhere] {
        &self.elsewhere
    }

    /// Those of `level` that none of the `covered` ids names.
    pub fn uncovered<'a>(
        &'a self,
        level: Level,
        covered: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&'a Requirement> {
        let covered: BTreeSet<&str> = covered.into_iter().collect();
        self.iter().filter(|one| one.level == level && !covered.contains(one.id.as_str())).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    requirement: Vec<Requirement>,
    #[serde(default)]
    elsewhere: Vec<Elsewhere>,
}

/// `R8.1-1`: a letter, numbers with dots between, a dash, a number.
pub(crate) fn is_id(id: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let rest = id.strip_prefix(['R', 'M']);
    let Some((section, number)) = rest.and_then(|rest| rest.rsplit_once('-')) else {
        return false;
    };
    is_number(number) && section.split('.').all(is_number)
}

/// Letters first, then the numbers as numbers.
fn sort_key(id: &str) -> (char, Vec<u32>) {
    let mut chars = id.chars();
    // The protocol's own rules come before ours.
    let letter = if chars.next() == Some('R') { 'A' } else { 'B' };
    let numbers = chars.as_str().split(['.', '-']).filter_map(|part| part.parse().ok()).collect();
    (letter, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: &str) -> String {
        format!("[[requirement]]\nid = \"{id}\"\nsection = \"1\"\nlevel = \"MUST\"\ntext = \"x\"\n")
    }

    #[test]
    fn ids_have_a_form_and_are_there_once() {
        for good in ["R8.1-1", "R6-12", "M5.18-3"] {
            assert!(Requirements::parse(&one(good)).is_ok(), "{good}");
        }
        for bad in ["8.1-1", "R8.1", "R-1", "R8.-1", "X8-1", "R8-x", ""] {
            let error = Requirements::parse(&one(bad)).unwrap_err();
            assert!(matches!(error, RequirementError::Id(_)), "{bad}: {error}");
        }
        let twice = format!("{}{}", one("R1-1"), one("R1-1"));
        assert!(matches!(Requirements::parse(&twice), Err(RequirementError::Twice(_))));
        let elsewhere = one("R1-1").replace("requirement", "elsewhere") + "why = \"y\"\n";
        let twice = format!("{}{elsewhere}", one("R1-1"));
        assert!(matches!(Requirements::parse(&twice), Err(RequirementError::Twice(_))));
        let list = Requirements::parse(&format!("{}{elsewhere}", one("R1-2"))).unwrap();
        assert_eq!(list.elsewhere().len(), 1);
        assert!(list.get("R1-1").is_none(), "no scenario covers it");
    }

    #[test]
    fn they_come_by_section_and_the_protocol_first() {
        let text = ["M2-1", "R10-1", "R6.4-2", "R6.4-10", "R6.3-1"].map(one).concat();
        let list = Requirements::parse(&text).unwrap();
        let ids: Vec<&str> = list.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["R6.3-1", "R6.4-2", "R6.4-10", "R10-1", "M2-1"]);
    }

    #[test]
    fn what_nothing_covers_is_listed() {
        let list = Requirements::parse(&["R1-1", "R1-2"].map(one).concat()).unwrap();
        let left = list.uncovered(Level::Must, ["R1-2"]);
        assert_eq!(left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["R1-1"]);
        assert!(list.uncovered(Level::Should, []).is_empty());
    }
}
