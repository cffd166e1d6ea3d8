//! Naming agents: references with or without a version, and the inventory's entries (§7.5).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A reference to an agent: `name`, or `name@version`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentRef {
    name: Arc<str>,
    version: Option<Arc<str>>,
}

/// Why a text is not an agent reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseAgentRefError {
    /// The name has to match `[a-z0-9][a-z0-9._-]*`, at most 128 bytes.
    #[error("invalid agent name `{0}`")]
    Name(String),
    /// The version has to match `[a-zA-Z0-9.+_-]+`, at most 128 bytes.
    #[error("invalid agent version `{0}`")]
    Version(String),
}

impl AgentRef {
    /// Reads `name` or `name@version`.
    pub fn parse(text: &str) -> Result<Self, ParseAgentRefError> {
        match text.split_once('@') {
            None => Self::new(text, None),
            Some((name, version)) => Self::new(name, Some(version)),
        }
    }

    /// The reference to `version` of `name`, or to its default version.
    pub fn new(name: &str, version: Option<&str>) -> Result<Self, ParseAgentRefError> {
        if !is_name(name) {
            return Err(ParseAgentRefError::Name(name.chars().take(128).collect()));
        }
        match version {
            Some(version) if !is_version(version) => {
                Err(ParseAgentRefError::Version(version.chars().take(128).collect()))
            }
            _ => Ok(Self { name: name.into(), version: version.map(Into::into) }),
        }
    }

    /// The agent's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version, when one is pinned.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl fmt::Display for AgentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(version) = &self.version {
            write!(f, "@{version}")?;
        }
        Ok(())
    }
}

impl FromStr for AgentRef {
    type Err = ParseAgentRefError;

    fn from_str(text: &str) -> Result<Self, ParseAgentRefError> {
        Self::parse(text)
    }
}

/// One agent of a runtime's inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCard {
    /// The agent's name.
    pub name: String,
    /// The versions that can be asked for, in the order they were registered.
    pub versions: Vec<String>,
    /// What a bare name resolves to.
    pub default: Option<String>,
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.len() <= MAX_PART_BYTES
        && bytes.first().is_some_and(word)
        && bytes.iter().all(|b| word(b) || matches!(b, b'.' | b'_' | b'-'))
}

fn is_version(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= MAX_PART_BYTES
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'_' | b'-'))
}

const MAX_PART_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_versions() {
        let pinned = AgentRef::parse("web-research@1.0.0+b2").unwrap();
        assert_eq!((pinned.name(), pinned.version()), ("web-research", Some("1.0.0+b2")));
        assert_eq!(pinned.to_string(), "web-research@1.0.0+b2");
        assert_eq!(AgentRef::parse("0x").unwrap().version(), None);
    }

    #[test]
    fn refuses_bad_grammar() {
        for bad in ["", "Echo", "-x", "@1", "echo@", "echo@1 0", "echo@1@2", "\u{e9}cho", ".a"] {
            assert!(AgentRef::parse(bad).is_err(), "{bad:?}");
        }
        assert!(AgentRef::parse(&"a".repeat(129)).is_err());
    }
}
