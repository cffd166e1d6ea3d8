//! What a job may do, spend and last: grants, budget, expiry (§9).
//!
//! Pure rules. Who asks, and when, is the engine's affair.

mod budget;
mod form;
mod inclusion;
mod namespace;
mod path;
mod pattern;
mod subset;
mod target;
mod token;
mod url;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

pub use budget::{Budget, ParseAmountError};
pub use namespace::{Namespace, RESERVED};
pub use pattern::{ParsePatternError, Pattern};
pub use target::Operation;

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

impl Lease {
    /// Adds a grant.
    #[must_use]
    pub fn grant(mut self, namespace: &str, pattern: Pattern) -> Self {
        self.grants.entry(namespace.to_owned()).or_default().push(pattern);
        self
    }

    /// The lease with its patterns in normal form (see [`Pattern::normal`]): `InvalidArgument` for one
    /// that can cover nothing.
    pub fn normal(mut self) -> Result<Self, Fault> {
        for (namespace, patterns) in &mut self.grants {
            for pattern in patterns {
                let refuse = |error| {
                    let text: String = pattern.as_str().chars().take(MAX_TOLD).collect();
                    Fault::invalid(format!("`{namespace}` holds `{text}`: {error}"))
                };
                *pattern = pattern.clone().normal(namespace).map_err(refuse)?;
            }
        }
        Ok(self)
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
        let patterns = self.grants.get(operation.namespace());
        patterns.is_some_and(|patterns| patterns.iter().any(|p| operation.is_within(p)))
    }

    /// Whether it is small enough to be judged often and told to everybody: at most [`MAX_PATTERNS`]
    /// patterns, [`MAX_CURRENCIES`] currencies, [`MAX_AMOUNT`] of each, and [`MAX_LEASE_BYTES`] in all.
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
        let most = Decimal::from(MAX_AMOUNT);
        if let Some((currency, _)) = self.budget.counters().find(|(_, amount)| *amount > most) {
            return Err(Fault::invalid(format!(
                "a budget has at most {MAX_AMOUNT} of `{currency}`"
            )));
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

/// How many characters of a name or pattern a fault tells.
const MAX_TOLD: usize = 128;
/// The most patterns of one lease.
pub const MAX_PATTERNS: usize = 256;
/// The most currencies of one lease's budget.
pub const MAX_CURRENCIES: usize = 64;
/// The most of one currency in a lease's budget: with its twelve decimals, what a decimal reckons with
/// exactly.
pub const MAX_AMOUNT: u64 = 1_000_000_000_000_000;
/// The most bytes of one lease: namespaces, patterns, and what is kept in it only.
pub const MAX_LEASE_BYTES: usize = 16 << 10;
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
        let mut rich = lease();
        rich.budget = Budget::parse(["USD:1000000000000000"]).unwrap();
        assert_eq!(rich.check_size(), Ok(()));
        rich.budget = Budget::parse(["USD:1000000000000000", "USD:0.1"]).unwrap();
        let mut other = lease();
        other.other.insert("x".to_owned(), Json::of(&"y".repeat(MAX_LEASE_BYTES)).unwrap());
        let names = lease().grant(&"n".repeat(MAX_LEASE_BYTES + 1), Pattern::parse("*").unwrap());
        let mut long = lease();
        for n in 0..=16 {
            long = long.grant("fs.read", Pattern::parse(&format!("{n:01024}")).unwrap());
        }
        for large in [patterns, budget, rich, other, names, long] {
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
    fn patterns_are_brought_to_normal_form() {
        let grant = |namespace: &str, pattern: &str| {
            Lease::default().grant(namespace, Pattern::parse(pattern).unwrap())
        };
        let lease = grant("net.fetch", "HTTPS://A.Example:443").normal().unwrap();
        assert_eq!(lease, grant("net.fetch", "https://a.example/"));
        for same in [grant("tool.call", "a/../B"), grant("fs.read", "/a/**"), lease] {
            assert_eq!(same.clone().normal(), Ok(same));
        }
        let fault = grant("fs.write", "/a/../b/**").normal().unwrap_err();
        assert_eq!(fault.code, Code::InvalidArgument);
        assert!(fault.message.starts_with("`fs.write` holds `/a/../b/**`: "), "{}", fault.message);
    }

    #[test]
    fn two_spellings_get_one_answer() {
        let lease = lease().grant("net.fetch", Pattern::parse("https://a.example/pub/**").unwrap());
        let asked = |namespace: &str, target: &str| {
            Operation::new(namespace, target).map(|operation| lease.covers(&operation)).ok()
        };
        for (path, answer) in [
            ("/work/a", Some(true)),
            ("/work/./a", Some(true)),
            ("//work///a/", Some(true)),
            ("/etc/../work/a", Some(true)),
            ("/work/../etc/passwd", Some(false)),
            ("/work/a/../../etc/passwd", Some(false)),
            ("/workshop", Some(false)),
            ("work/a", None),
            ("/work/\0", None),
        ] {
            assert_eq!(asked("fs.read", path), answer, "{path:?}");
        }
        for (url, answer) in [
            ("https://a.example/pub/x", Some(true)),
            ("HTTPS://A.EXAMPLE.:443/pub/%78#top", Some(true)),
            ("https://a.example/%70ub/x", Some(true)),
            ("https://a.example/pub/../private", Some(false)),
            ("https://a.example/pub/%2e%2E/private", Some(false)),
            ("https://a.example:8443/pub/x", Some(false)),
            ("http://a.example/pub/x", Some(false)),
            ("https://a.example/pub/..%2fprivate", None),
            ("https://a.example/pub\\..\\private", None),
            ("https://a.example@b.example/pub/x", None),
        ] {
            assert_eq!(asked("net.fetch", url), answer, "{url:?}");
        }
        assert_eq!(Operation::new("tool.call", "a/../b").unwrap().target(), "a/../b");
    }
}
