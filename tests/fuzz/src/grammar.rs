//! Texts of leases: patterns, targets and amounts.

use arcp_core::lease::{Budget, Operation, Pattern};
use arcp_core::{Lease, Timestamp};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let (Some(namespace), Some(target)) = (lines.next(), lines.next()) else { return };
    let (mut held, mut wanted) = (Lease::default(), Lease::default());
    let mut amounts = Vec::new();
    for line in lines {
        if let Some(pattern) = line.strip_prefix('+') {
            held = grant(held, namespace, pattern);
        } else if let Some(pattern) = line.strip_prefix('-') {
            wanted = grant(wanted, namespace, pattern);
        } else {
            amounts.push(line);
        }
    }
    let leases = (normal(&held), normal(&wanted));
    if let Some(operation) = operation(namespace, target) {
        covers(&operation, &held);
        if let (Some(held), Some(wanted)) = leases {
            handed_on(&operation, &held, &wanted);
        }
    }
    budgets(&amounts);
}

fn grant(lease: Lease, namespace: &str, pattern: &str) -> Lease {
    match Pattern::parse(pattern) {
        Ok(parsed) => {
            assert_eq!(parsed.as_str(), pattern);
            lease.grant(namespace, parsed)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            lease
        }
    }
}

/// A normal form is normal.
fn normal(lease: &Lease) -> Option<Lease> {
    let normal = lease.clone().normal().ok()?;
    assert_eq!(normal.clone().normal().as_ref(), Ok(&normal));
    Some(normal)
}

/// What is asked for by its normal form is the same.
fn operation(namespace: &str, target: &str) -> Option<Operation> {
    let operation = Operation::new(namespace, target).ok()?;
    assert_eq!(Operation::new(namespace, operation.target()).as_ref(), Ok(&operation));
    Some(operation)
}

/// A lease covers what one of its patterns matches; a pattern without wildcards matches itself alone.
fn covers(operation: &Operation, held: &Lease) {
    let mut patterns = held.grants.values().flatten();
    let any = held.grants.values().flatten().any(|pattern| operation.is_within(pattern));
    assert_eq!(held.covers(operation), any);
    if let Some(plain) = patterns.find(|pattern| !pattern.as_str().contains(['*', '?'])) {
        assert_eq!(operation.is_within(plain), plain.as_str() == operation.target());
    }
    let now = Timestamp::from_micros(0);
    let allowed = held.authorize(operation, &Budget::default(), now);
    assert_eq!(allowed.is_ok(), any);
}

/// What may be handed on covers nothing more.
fn handed_on(operation: &Operation, held: &Lease, wanted: &Lease) {
    let budget = Budget::default();
    if held.check_subset(wanted, &budget).is_ok() && wanted.covers(operation) {
        assert!(held.covers(operation), "{operation}");
    }
    if let Err(fault) = held.check_subset(held, &budget) {
        assert!(fault.message.contains("cannot be proven"), "{fault}");
    }
    // Small leases are never too much work.
    assert!(held.check_size().is_err() || held.check_subset(&Lease::default(), &budget).is_ok());
}

fn budgets(amounts: &[&str]) {
    let Ok(whole) = Budget::parse(amounts.iter().copied()) else { return };
    let told = whole.to_amounts();
    assert_eq!(Budget::parse(told.iter().map(String::as_str)).as_ref(), Ok(&whole));
    for (currency, amount) in whole.counters() {
        assert!(!amount.is_sign_negative());
        let mut left = whole.clone();
        assert_eq!(left.charge(currency, amount).map(|left| left.is_zero()), Some(true));
        assert!(left.check().is_err());
    }
    // What is set aside and comes back unspent was never away.
    let part = Budget::parse(amounts.iter().copied().take(amounts.len() / 2)).unwrap_or_default();
    let mut rest = whole.clone();
    if rest.reserve(&part).is_ok() {
        assert_eq!(whole.check_child(&part), Ok(()));
        rest.give_back(&part, &part);
        assert_eq!(rest, whole);
    } else {
        assert_eq!(rest, whole);
    }
}
