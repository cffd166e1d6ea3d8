//! What a submit wants, as a digest: two that want the same have the same one (§7.2).

use std::borrow::Cow;

use arcp_core::{Lease, Submit};
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
        if let Some(parent) = &submit.parent {
            text(&mut hash, parent.job.as_str());
        }
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
    Reading { json: raw.get(), at: 0 }.value(hash);
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

    /// Adds the value that comes next.
    fn value(&mut self, hash: &mut Sha256) {
        match self.next() {
            Some(b'{') => self.object(hash),
            Some(b'[') => {
                self.at += 1;
                hash.update([LIST]);
                while self.next().is_some_and(|byte| byte != b']') {
                    self.value(hash);
                }
                self.at += 1;
                hash.update([END]);
            }
            Some(b'"') => self.text().add(hash),
            _ => scalar(
                hash,
                self.token(|byte| {
                    matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')
                }),
            ),
        }
    }

    /// Adds an object: of each field the digest of its value, by key. The last value counts of a key
    /// that comes twice.
    fn object(&mut self, hash: &mut Sha256) {
        self.at += 1;
        let mut fields = Vec::new();
        while self.next().is_some_and(|byte| byte != b'}') {
            let key = self.text();
            let mut digest = Sha256::new();
            self.value(&mut digest);
            fields.push((key, digest.finalize()));
        }
        self.at += 1;
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        hash.update([OBJECT]);
        for (n, (key, digest)) in fields.iter().enumerate() {
            if fields.get(n + 1).is_none_or(|(next, _)| next != key) {
                key.add(hash);
                hash.update(digest);
            }
        }
        hash.update([END]);
    }

    fn text(&mut self) -> Text<'a> {
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
            return Text::Read(Cow::Borrowed(read.strip_prefix('"').unwrap_or(read)));
        }
        let quoted = self.json.get(start..self.at).unwrap_or_default();
        match serde_json::from_str(quoted) {
            Ok(text) => Text::Read(Cow::Owned(text)),
            Err(_) => Text::Unreadable(quoted),
        }
    }

    /// All up to the byte that ends it.
    fn token(&mut self, mut ends: impl FnMut(u8) -> bool) -> &'a str {
        let start = self.at;
        let rest = self.json.as_bytes().get(start..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| !ends(**byte)).count();
        self.json.get(start..self.at).unwrap_or_default()
    }
}

/// A text in JSON.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Text<'a> {
    Read(Cow<'a, str>),
    /// One with half a surrogate pair stands for itself, as it is written.
    Unreadable(&'a str),
}

impl Text<'_> {
    fn add(&self, hash: &mut Sha256) {
        match self {
            Self::Read(read) => text(hash, read),
            Self::Unreadable(quoted) => {
                hash.update([UNREADABLE]);
                text(hash, quoted);
            }
        }
    }
}

/// A number, `true`, `false` or `null`.
fn scalar(hash: &mut Sha256, json: &str) {
    hash.update([SCALAR]);
    match Number::read(json) {
        Some(number) => {
            text(hash, number.sign);
            text(hash, &number.digits);
            hash.update(number.exponent.to_be_bytes());
        }
        None => text(hash, json),
    }
}

/// A number as it is, whatever its spelling: digits that neither begin nor end with a zero, times a
/// power of ten. Zero has no digits, no sign and no exponent.
struct Number<'a> {
    sign: &'a str,
    digits: String,
    exponent: i64,
}

impl<'a> Number<'a> {
    /// `None` for what is no number, or whose exponent is beyond all reason.
    fn read(json: &'a str) -> Option<Self> {
        let (mantissa, exponent) = json.split_once(['e', 'E']).unwrap_or((json, "0"));
        let (sign, size) = match mantissa.strip_prefix('-') {
            Some(size) => ("-", size),
            None => ("", mantissa),
        };
        let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let moved = i64::try_from(all.len() - digits.len()).ok()?;
        let behind = i64::try_from(fraction.len()).ok()?;
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return (!whole.is_empty()).then_some(Self { sign: "", digits, exponent: 0 });
        }
        let exponent = exponent.parse::<i64>().ok()?.checked_add(moved)?.checked_sub(behind)?;
        Some(Self { sign, digits, exponent })
    }
}

const TEXT: u8 = 1;
const OBJECT: u8 = 2;
const LIST: u8 = 3;
const SCALAR: u8 = 4;
const UNREADABLE: u8 = 5;
const END: u8 = 0;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arcp_core::lease::Pattern;
    use arcp_core::{JobId, Json, Parent, Priority};

    use super::*;

    fn parent() -> Parent {
        Parent { job: JobId::parse("job_1").unwrap(), delegation: None }
    }

    fn submit(input: &str) -> Submit {
        Submit {
            agent: "a".to_owned(),
            input: Json::parse(input).unwrap(),
            lease: None,
            key: None,
            max_runtime: None,
            priority: Priority::Normal,
            parent: None,
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
        assert!(same("100", "0.1e3"));
        assert!(same("0", "0.00e-9"));
        assert!(same(
            "1234567890123456789012345678901234567890",
            "123456789012345678901234567890123456789e1"
        ));
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
            (
                "1234567890123456789012345678901234567890",
                "1234567890123456789012345678901234567891",
            ),
            (
                "0.1234567890123456789012345678901234567890",
                "0.1234567890123456789012345678901234567891",
            ),
            ("1e400", "1e401"),
            ("1", "-1"),
            ("1", "10"),
            ("1e99999999999999999999", "2e99999999999999999999"),
            ("true", r#""true""#),
            (r#""\ud800""#, r#""\"\\ud800\"""#),
            (r#"{"\ud800":1}"#, r#"{"\"\\ud800\"":1}"#),
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
        let child = Submit { parent: Some(parent()), ..submit("1") };
        let span = Submit { max_runtime: Some(Duration::from_secs(1)), ..submit("1") };
        for other in [agent, lease, child, span] {
            assert_ne!(Intent::of(&other), plain);
        }
    }
}
