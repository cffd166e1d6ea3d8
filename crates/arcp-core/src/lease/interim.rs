//! Whether one lease is within another: only what is written the same, until it is decided exactly.

use rust_decimal::Decimal;

use super::{Budget, Lease};
use crate::{Code, Fault};

impl Lease {
    /// Whether a job with this lease and `remaining` of its budget may hand `child` on.
    pub fn check_subset(&self, child: &Self, remaining: &Budget) -> Result<(), Fault> {
        for (namespace, patterns) in &child.grants {
            let held = self.grants.get(namespace).map_or(&[][..], Vec::as_slice);
            if let Some(pattern) = patterns.iter().find(|pattern| !held.contains(pattern)) {
                let pattern = pattern.as_str();
                return Err(violation(format!("does not cover `{namespace}` of `{pattern}`")));
            }
        }
        if child.other.iter().any(|(key, json)| self.other.get(key) != Some(json)) {
            return Err(violation("does not cover what is not understood".to_owned()));
        }
        remaining.check_child(&child.budget)?;
        match (child.expires_at, self.expires_at) {
            (Some(child), Some(end)) if child > end => Err(violation("ends before".to_owned())),
            _ => Ok(()),
        }
    }

    /// The lease of a child that asks for `child`.
    #[must_use]
    pub fn inherit(&self, child: Self) -> Self {
        let ends = [self.expires_at, child.expires_at];
        Self { expires_at: ends.into_iter().flatten().min(), ..child }
    }
}

impl Budget {
    /// Whether a job with so much left may hand `child` on.
    pub fn check_child(&self, child: &Self) -> Result<(), Fault> {
        for (currency, left) in self.counters() {
            match child.counters().find(|(other, _)| *other == currency) {
                Some((_, wanted)) if wanted <= left => {}
                _ => return Err(violation(format!("has not as much `{currency}` left"))),
            }
        }
        Ok(())
    }

    /// Sets the child's amounts aside.
    pub fn reserve(&mut self, child: &Self) -> Result<(), Fault> {
        self.check_child(child)?;
        for (currency, amount) in child.counters() {
            self.charge(currency, amount);
        }
        Ok(())
    }

    /// Takes back what a child has left of what was reserved for it.
    pub fn give_back(&mut self, reserved: &Self, left: &Self) {
        let of = |budget: &Self, currency: &str| {
            budget.counters().find(|(other, _)| *other == currency).map(|(_, amount)| amount)
        };
        let kept: Vec<_> = self.counters().map(|(c, left)| (c.to_owned(), left)).collect();
        let back = kept.into_iter().map(|(currency, counter)| {
            let back = of(reserved, &currency).map_or(Decimal::ZERO, |reserved| {
                of(left, &currency).unwrap_or_default().min(reserved)
            });
            (currency, counter + back)
        });
        *self = Self::of_counters(back);
    }
}

fn violation(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::LeaseSubsetViolation, format!("the parent's lease {what}"))
}
