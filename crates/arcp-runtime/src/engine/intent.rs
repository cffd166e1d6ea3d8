//! What a submit wants, as a digest: two that want the same have the same one (§7.2).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use arcp_core::{Lease, Submit};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// What a submit wants: agent, input, lease and longest runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent(pub [u8; 32]);

impl Intent {
    /// What `submit` wants. Values are compared as JSON: the order of keys and the white space do
    /// not matter, nor how a number is written; a lease that grants nothing is no lease.
    pub(super) fn of(submit: &Submit) -> Self {
        let mut hash = Sha256::new();
        text(&mut hash, &submit.agent);
        value(&mut hash, submit.input.as_raw());
        let none = Lease::default();
        lease(&mut hash, submit.lease.as_ref().unwrap_or(&none));
        let span = submit.max_runtime.map_or(u128::MAX, |span| span.as_nanos());
        hash.update(span.to_be_bytes());
        Self(hash.finalize().into())
    }
}

fn lease(hash: &mut Sha256, lease: &Lease) {
    for (namespace, patterns) in &lease.grants {
        text(hash, namespace);
        for pattern in patterns {
            text(hash, pattern.as_str());
        }
        hash.update([END]);
    }
    hash.update([END]);
    for (currency, amount) in lease.budget.counters() {
        text(hash, currency);
        text(hash, &amount.normalize().to_string());
    }
    hash.update([END]);
    let end = lease.expires_at.map_or(i64::MIN, arcp_core::Timestamp::as_micros);
    hash.update(end.to_be_bytes());
    for (key, json) in &lease.other {
        text(hash, key);
        value(hash, json.as_raw());
    }
    hash.update([END]);
}

/// A text, so that no two lists of texts look alike.
fn text(hash: &mut Sha256, text: &str) {
    hash.update([TEXT]);
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

/// A value in its canonical form. What the codecs take in is not deep.
fn value(hash: &mut Sha256, raw: &RawValue) {
    let json = raw.get().trim_ascii();
    match json.as_bytes().first() {
        Some(b'{') => object(hash, json),
        Some(b'[') => list(hash, json),
        Some(b'"') => match serde_json::from_str::<Cow<'_, str>>(json) {
            Ok(read) => text(hash, &read),
            Err(_) => text(hash, json),
        },
        _ => scalar(hash, json),
    }
}

fn object(hash: &mut Sha256, json: &str) {
    #[derive(Deserialize)]
    struct Fields<'a>(#[serde(borrow)] BTreeMap<Key<'a>, &'a RawValue>);
    #[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

    hash.update([OBJECT]);
    if let Ok(Fields(fields)) = serde_json::from_str(json) {
        for (Key(key), raw) in fields {
            text(hash, &key);
            value(hash, raw);
        }
    }
    hash.update([END]);
}

fn list(hash: &mut Sha256, json: &str) {
    hash.update([LIST]);
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
        for raw in items {
            value(hash, raw);
        }
    }
    hash.update([END]);
}

/// A number, `true`, `false` or `null`. One number has many spellings.
fn scalar(hash: &mut Sha256, json: &str) {
    let exact = Decimal::from_str_exact(json).or_else(|_| Decimal::from_scientific(json));
    let float = || f64::from_str(json).ok().filter(|float| float.is_finite());
    hash.update([SCALAR]);
    match exact {
        Ok(decimal) => text(hash, &decimal.normalize().to_string()),
        Err(_) => text(hash, &float().map_or(json.to_owned(), |float| float.to_string())),
    }
}

const TEXT: u8 = 1;
const OBJECT: u8 = 2;
const LIST: u8 = 3;
const SCALAR: u8 = 4;
const END: u8 = 0;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arcp_core::lease::Pattern;
    use arcp_core::{Json, Priority};

    use super::*;

    fn submit(input: &str) -> Submit {
        Submit {
            agent: "a".to_owned(),
            input: Json::parse(input).unwrap(),
            lease: None,
            key: None,
            max_runtime: None,
            priority: Priority::Normal,
        }
    }

    fn same(one: &str, other: &str) -> bool {
        Intent::of(&submit(one)) == Intent::of(&submit(other))
    }

    #[test]
    fn what_json_takes_for_equal_is_equal() {
        assert!(same(r#"{"a":1,"b":[1,2]}"#, "{ \"b\" : [1, 2.0], \"a\": 1e0 }"));
        assert!(same(r#""\u0061""#, r#""a""#));
        assert!(same("0.10", "1e-1"));
        assert!(same("-0", "0"));
        assert!(same("1e300", "1E+300"));
    }

    #[test]
    fn what_differs_differs() {
        let pairs = [
            ("1", "2"),
            ("1", r#""1""#),
            ("null", "{}"),
            ("[]", "{}"),
            ("[1,[2]]", "[[1],2]"),
            ("[[],1]", "[[1]]"),
            (r#"{"a":{"b":1}}"#, r#"{"a":{},"b":1}"#),
            (r#"["ab","c"]"#, r#"["a","bc"]"#),
            ("12345678901234567890123", "12345678901234567890124"),
            ("true", r#""true""#),
        ];
        for (one, other) in pairs {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn agent_lease_and_runtime_count_and_priority_does_not() {
        let plain = Intent::of(&submit("1"));
        let empty = Submit { lease: Some(Lease::default()), ..submit("1") };
        assert_eq!(Intent::of(&empty), plain);
        let urgent = Submit { priority: Priority::High, ..submit("1") };
        assert_eq!(Intent::of(&urgent), plain);
        let agent = Submit { agent: "a@1".to_owned(), ..submit("1") };
        let lease = Lease::default().grant("fs.read", Pattern::parse("/a").unwrap());
        let lease = Submit { lease: Some(lease), ..submit("1") };
        let span = Submit { max_runtime: Some(Duration::from_secs(1)), ..submit("1") };
        for other in [agent, lease, span] {
            assert_ne!(Intent::of(&other), plain);
        }
    }
}
