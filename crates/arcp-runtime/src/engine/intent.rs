//! What a submit wants, as a digest: two that want the same have the same one (§7.2).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use arcp_core::{Lease, Submit};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// What a submit wants: agent, input, lease and longest runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent(pub [u8; 32]);

impl Intent {
    /// What `submit` wants. Values are compared as JSON: the order of keys and the white space do
    /// not matter, nor how a number is written; a lease that grants nothing is no lease.
    pub fn of(submit: &Submit) -> Self {
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

/// A value in its canonical form.
fn value(hash: &mut Sha256, raw: &RawValue) {
    node(hash, &Reading { json: raw.get(), at: 0 }.node());
}

/// A value, read in one go.
enum Node<'a> {
    Text(Cow<'a, str>),
    /// As it is written.
    Scalar(&'a str),
    List(Vec<Self>),
    /// The last value counts of a key that comes twice.
    Object(BTreeMap<Cow<'a, str>, Self>),
}

fn node(hash: &mut Sha256, value: &Node<'_>) {
    match value {
        Node::Text(read) => text(hash, read),
        Node::Scalar(json) => scalar(hash, json),
        Node::List(items) => {
            hash.update([LIST]);
            for item in items {
                node(hash, item);
            }
            hash.update([END]);
        }
        Node::Object(fields) => {
            hash.update([OBJECT]);
            for (key, field) in fields {
                text(hash, key);
                node(hash, field);
            }
            hash.update([END]);
        }
    }
}

/// Reads what is known to be JSON, and not deep, as all is that the codecs take in.
struct Reading<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Reading<'a> {
    /// What comes next that is no white space, nor stands between values.
    fn next(&mut self) -> Option<u8> {
        let rest = self.json.as_bytes().get(self.at..)?;
        let between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
        self.at += rest.iter().take_while(|byte| between(byte)).count();
        self.json.as_bytes().get(self.at).copied()
    }

    fn node(&mut self) -> Node<'a> {
        match self.next() {
            Some(b'{') => {
                self.at += 1;
                let mut fields = BTreeMap::new();
                while self.next().is_some_and(|byte| byte != b'}') {
                    let key = self.text();
                    fields.insert(key, self.node());
                }
                self.at += 1;
                Node::Object(fields)
            }
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                while self.next().is_some_and(|byte| byte != b']') {
                    items.push(self.node());
                }
                self.at += 1;
                Node::List(items)
            }
            Some(b'"') => Node::Text(self.text()),
            _ => {
                Node::Scalar(self.token(|byte| {
                    matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')
                }))
            }
        }
    }

    /// A text. One with half a surrogate pair stands for itself, as it is written.
    fn text(&mut self) -> Cow<'a, str> {
        let start = self.at;
        // The mark at its beginning does not end it.
        let mut escaped = true;
        let read = self.token(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        self.at += 1;
        if !read.contains('\\') {
            return Cow::Borrowed(read.strip_prefix('"').unwrap_or(read));
        }
        let quoted = self.json.get(start..self.at).unwrap_or_default();
        serde_json::from_str(quoted).unwrap_or(Cow::Borrowed(quoted))
    }

    /// All up to the byte that ends it.
    fn token(&mut self, mut ends: impl FnMut(u8) -> bool) -> &'a str {
        let start = self.at;
        let rest = self.json.as_bytes().get(start..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| !ends(**byte)).count();
        self.json.get(start..self.at).unwrap_or_default()
    }
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
        assert!(same(r#"{"a":1,"a":2}"#, r#"{ "a":2 }"#));
        assert!(same(
            r#"["\\","\"",{"\u0022":""}]"#,
            "[ \"\\u005c\" ,\"\\\"\",\n{\"\\\"\":\"\"}\t]"
        ));
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
            (r#"{"\ud800":1,"a":1}"#, r#"{"\ud800":1,"a":2}"#),
            (r#""\ud800""#, r#""\ud801""#),
            (r#"["","\"]"]"#, r#"["","\"","]"]"#),
            (r#"{"a":"}"}"#, r#"{"a":{}}"#),
        ];
        for (one, other) in pairs {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    /// What JSON writers make of any value is read as that value.
    #[test]
    fn a_value_is_read_as_others_read_it() {
        let texts = [
            r#"{"a":[{"b":{"c":[[[]],{},"",0,-1.5e-7,true,false,null]}},"x\\\"y\/\n\u00e9😀"]}"#,
            r#"[[],[[]],{"":{"":[]}},"]","}","{","[",",",":"]"#,
        ];
        for text in texts {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            assert!(same(text, &pretty), "{text}");
            assert!(same(text, &value.to_string()), "{text}");
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
