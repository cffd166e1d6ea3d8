//! What an agent is about to do, to something that is written in one way only.

use std::fmt;

use super::namespace::Target;
use super::{Pattern, path, url};
use crate::Fault;

/// One thing that an agent is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    namespace: String,
    target: String,
}

impl Operation {
    /// `namespace` on `target`, which is brought to its normal form, so that two ways to write it get
    /// one answer (§14 of v1.0). `InvalidArgument` for what has none.
    ///
    /// In `fs.*` it is an absolute path, made of the text alone: `.`, `..`, `//` and a `/` at the end are
    /// resolved, links are not. Whoever opens a file that may lie behind a link asks for the path that
    /// the link leads to, and opens that one.
    ///
    /// In `net.fetch` it is a URL with a host and without a user. The names of tools, agents and models,
    /// and what is in other namespaces, have one spelling.
    pub fn new(namespace: &str, target: &str) -> Result<Self, Fault> {
        if target.len() > MAX_TARGET_BYTES {
            let message = format!("a target has at most {MAX_TARGET_BYTES} bytes");
            return Err(Fault::invalid(message));
        }
        let target = match Target::of(namespace) {
            Target::Path => path::normal(target).map_err(|why| {
                Fault::invalid(format!("`{target}` is not a path to ask for: {why}"))
            })?,
            Target::Url => url::normal(target).map_err(|why| {
                Fault::invalid(format!("`{target}` is not a URL to ask for: {why}"))
            })?,
            Target::Word | Target::Name => target.to_owned(),
        };
        Ok(Self { namespace: namespace.to_owned(), target })
    }

    /// Whether its target is of the form of a pattern. The name of a model is one word, also where it
    /// has slashes.
    pub fn is_within(&self, pattern: &Pattern) -> bool {
        match Target::of(&self.namespace) {
            Target::Word => pattern.matches_word(&self.target),
            Target::Path | Target::Url | Target::Name => pattern.matches(&self.target),
        }
    }

    /// What kind of thing it is: `fs.read`, `tool.call`, ...
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What it is done to, in normal form.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`", self.namespace, self.target)
    }
}

const MAX_TARGET_BYTES: usize = 8 << 10;
