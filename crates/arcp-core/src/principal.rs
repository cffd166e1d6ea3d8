//! Who is there.

use std::fmt;
use std::sync::Arc;

/// The authenticated owner of sessions and jobs.
///
/// An anonymous principal stands for one session only: nothing is shared between two of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    name: Arc<str>,
    anonymous: bool,
}

impl Principal {
    /// A named principal, shared by all sessions that prove the name.
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), anonymous: false }
    }

    /// A principal of its own, told apart from all others by `name`.
    pub fn anonymous(name: &str) -> Self {
        Self { name: name.into(), anonymous: true }
    }

    /// The name, unique among principals of its kind.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether nobody proved anything.
    pub fn is_anonymous(&self) -> bool {
        self.anonymous
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.anonymous { "anonymous " } else { "" };
        write!(f, "{kind}{}", self.name)
    }
}
