//! What a job may do, spend and last: grants, budget, expiry (§9).
//!
//! Pure rules. Who asks, and when, is the engine's affair.

mod budget;
mod pattern;

use std::collections::BTreeMap;
use std::fmt;

pub use budget::{Budget, ParseAmountError};
pub use pattern::{ParsePatternError, Pattern};

use crate::{Code, Fault, Json, Timestamp};

/// The authority of one job.
///
/// An operation that no grant covers is denied; a lease without grants covers nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lease {
    /// Patterns by namespace (`fs.read`, `tool.call`, ...).
    pub grants: BTreeMap<String, Vec<Pattern>>,
    /// Cost ceilings by currency; none means that cost is not limited.
    pub budget: Budget,
    /// The instant from which on the lease is void.
    pub expires_at: Option<Timestamp>,
    /// What else the submitter put into it: kept and told, not acted upon.
    pub other: BTreeMap<String, Json>,
}

/// One thing that an agent is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    namespace: String,
    target: String,
}

impl Lease {
    /// Adds a grant.
    #[must_use]
    pub fn grant(mut self, namespace: &str, pattern: Pattern) -> Self {
        self.grants.entry(namespace.to_owned()).or_default().push(pattern);
        self
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `operation` may be done at `now` with `spent` so far.
    ///
    /// Checked in this order: `LeaseExpired` (§9.5), `PermissionDenied` (§9.3),
    /// `BudgetExhausted` (§9.6).
    pub fn authorize(
        &self,
        operation: &Operation,
        remaining: &Budget,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.check_time(now)?;
        self.check_cover(operation)?;
        remaining.check()
    }

    /// Whether the lease is not void yet: `LeaseExpired`.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Fault> {
        if self.expires_at.is_some_and(|end| now >= end) { Err(self.expired()) } else { Ok(()) }
    }

    /// Whether a grant covers `operation`: `PermissionDenied`.
    pub fn check_cover(&self, operation: &Operation) -> Result<(), Fault> {
        if self.covers(operation) {
            return Ok(());
        }
        let message = format!("the lease does not cover {operation}");
        Err(Fault::new(Code::PermissionDenied, message))
    }

    /// Whether a grant covers `operation`; expiry and budget apart.
    pub fn covers(&self, operation: &Operation) -> bool {
        let patterns = self.grants.get(&operation.namespace);
        patterns.is_some_and(|patterns| patterns.iter().any(|p| operation.is_within(p)))
    }

    /// Whether it is small enough to be judged often and told to everybody: at most [`MAX_PATTERNS`]
    /// patterns, [`MAX_CURRENCIES`] currencies, and [`MAX_LEASE_BYTES`] in all.
    pub fn check_size(&self) -> Result<(), Fault> {
        let patterns: usize = self.grants.values().map(Vec::len).sum();
        if patterns > MAX_PATTERNS {
            let message =
                format!("a lease has at most {MAX_PATTERNS} patterns, this one {patterns}");
            return Err(Fault::invalid(message));
        }
        if self.budget.counters().count() > MAX_CURRENCIES {
            let message = format!("a budget has at most {MAX_CURRENCIES} currencies");
            return Err(Fault::invalid(message));
        }
        let other: usize = self.other.iter().map(|(k, json)| k.len() + json.as_str().len()).sum();
        let names: usize = self.grants.keys().map(String::len).sum();
        let patterns = self.grants.values().flatten().map(|pattern| pattern.as_str().len());
        let bytes = other + names + patterns.sum::<usize>();
        if bytes > MAX_LEASE_BYTES {
            let message = format!("a lease has at most {MAX_LEASE_BYTES} bytes, this one {bytes}");
            return Err(Fault::invalid(message));
        }
        Ok(())
    }

    /// How many bytes it takes as JSON, at most.
    pub fn json_size(&self) -> usize {
        // Every byte may have to be escaped.
        let patterns = self.grants.values().flatten();
        let patterns: usize = patterns.map(|pattern| pattern.as_str().len() * 6 + 8).sum();
        let names: usize = self.grants.keys().map(|name| name.len() * 6 + 8).sum();
        let budget = self.budget.counters().count() * AMOUNT_BYTES;
        let other = self.other.iter().map(|(key, json)| key.len() * 6 + json.as_str().len() + 8);
        patterns + names + budget + other.sum::<usize>() + AMOUNT_BYTES
    }

    /// The fault of a job whose lease has run out.
    pub fn expired(&self) -> Fault {
        let at = self.expires_at.map(|at| format!(" at {at}")).unwrap_or_default();
        Fault::new(Code::LeaseExpired, format!("lease expired{at}"))
    }
}

impl Operation {
    /// `namespace` on `target`.
    ///
    /// The target of a file operation (`fs.*`) is an absolute path without `.`, `..`, empty parts
    /// and unresolved symbolic links. Such a path has one spelling, so that a pattern decides.
    pub fn new(namespace: &str, target: &str) -> Result<Self, Fault> {
        if target.len() > MAX_TARGET_BYTES {
            let message = format!("a target has at most {MAX_TARGET_BYTES} bytes");
            return Err(Fault::invalid(message));
        }
        if namespace.starts_with("fs.") && !is_canonical_path(target) {
            return Err(Fault::invalid(format!("`{target}` is not an absolute, normal path")));
        }
        Ok(Self { namespace: namespace.to_owned(), target: target.to_owned() })
    }

    /// Whether its target is of the form of a pattern. The name of a model is one word, also where it
    /// has slashes.
    pub fn is_within(&self, pattern: &Pattern) -> bool {
        if self.namespace == MODEL_USE {
            pattern.matches_word(&self.target)
        } else {
            pattern.matches(&self.target)
        }
    }

    /// What kind of thing it is: `fs.read`, `tool.call`, ...
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What it is done to.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`", self.namespace, self.target)
    }
}

fn is_canonical_path(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| {
        rest.is_empty() || rest.split('/').all(|part| !matches!(part, "" | "." | ".."))
    })
}

/// The most patterns of one lease.
pub const MAX_PATTERNS: usize = 256;
/// The most currencies of one lease's budget.
pub const MAX_CURRENCIES: usize = 64;
/// The most bytes of one lease: namespaces, patterns, and what is kept in it only.
pub const MAX_LEASE_BYTES: usize = 16 << 10;
/// The namespace of models.
const MODEL_USE: &str = "model.use";
const MAX_TARGET_BYTES: usize = 8 << 10;
/// What a counter of a budget, or an expiry, takes as JSON at most.
const AMOUNT_BYTES: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn lease() -> Lease {
        let mut lease = Lease::default().grant("fs.read", Pattern::parse("/work/**").unwrap());
        lease.budget = Budget::parse(["USD:1.00"]).unwrap();
        lease.expires_at = Some(at(100));
        lease
    }

    fn read(path: &str) -> Operation {
        Operation::new("fs.read", path).unwrap()
    }

    #[test]
    fn what_is_granted_is_allowed_until_the_end() {
        let lease = lease();
        assert_eq!(lease.authorize(&read("/work/a/b"), &lease.budget, at(99)), Ok(()));
        let late = lease.authorize(&read("/work/a/b"), &lease.budget, at(100)).unwrap_err();
        assert_eq!(late.code, Code::LeaseExpired);
    }

    #[test]
    fn what_is_not_granted_is_denied() {
        let lease = lease();
        for operation in [read("/etc/passwd"), Operation::new("fs.write", "/work/a").unwrap()] {
            let fault = lease.authorize(&operation, &lease.budget, at(0)).unwrap_err();
            assert_eq!(fault.code, Code::PermissionDenied, "{operation}");
        }
        let empty = Lease::default();
        assert!(empty.authorize(&read("/work"), &empty.budget, at(0)).is_err());
    }

    #[test]
    fn a_lease_has_a_size() {
        assert_eq!(lease().check_size(), Ok(()));
        let mut patterns = lease();
        for n in 0..MAX_PATTERNS {
            patterns = patterns.grant("fs.read", Pattern::parse(&format!("/{n}")).unwrap());
        }
        let amounts: Vec<_> = (0..=MAX_CURRENCIES).map(|n| format!("c{n}:1")).collect();
        let mut budget = lease();
        budget.budget = Budget::parse(amounts.iter().map(String::as_str)).unwrap();
        let mut other = lease();
        other.other.insert("x".to_owned(), Json::of(&"y".repeat(MAX_LEASE_BYTES)).unwrap());
        let names = lease().grant(&"n".repeat(MAX_LEASE_BYTES + 1), Pattern::parse("*").unwrap());
        let mut long = lease();
        for n in 0..=16 {
            long = long.grant("fs.read", Pattern::parse(&format!("{n:01024}")).unwrap());
        }
        for large in [patterns, budget, other, names, long] {
            assert_eq!(large.check_size().unwrap_err().code, Code::InvalidArgument);
        }
    }

    #[test]
    fn an_empty_counter_refuses() {
        let lease = lease();
        let mut left = lease.budget.clone();
        left.charge("USD", "1.00".parse().unwrap()).unwrap();
        let fault = lease.authorize(&read("/work/a"), &left, at(0)).unwrap_err();
        assert_eq!(fault.code, Code::BudgetExhausted);
    }

    #[test]
    fn a_path_has_one_spelling() {
        for bad in ["", "a", "/a/../b", "/a//b", "/a/./b", "/a/"] {
            assert!(Operation::new("fs.read", bad).is_err(), "{bad:?}");
        }
        assert!(Operation::new("fs.read", "/").is_ok());
        assert!(Operation::new("tool.call", "a/../b").is_ok());
    }
}
