//! JSON objects read key by key, so that a fault can name the key. No value that may be secret
//! gets into a message.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use arcp_core::{Fault, Json, Timestamp};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object and where it stands in the payload.
pub(crate) struct Object<'a> {
    at: &'static str,
    fields: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

impl<'a> Object<'a> {
    /// Reads the object `raw` that stands at `at`; the payload itself stands at `""`.
    pub(crate) fn read(raw: &'a RawValue, at: &'static str) -> Result<Self, Fault> {
        let named = if at.is_empty() { "payload" } else { at };
        let read: Fields<'a> = serde_json::from_str(raw.get())
            .map_err(|_| Fault::invalid(format!("`{named}` must be an object")))?;
        let fields = read.fields;
        match read.twice {
            Some(key) => {
                let key = excerpt(&key);
                Err(Fault::invalid(format!("`{named}` has `{key}` twice")))
            }
            None => Ok(Self { at, fields }),
        }
    }

    /// Whether the key is there, `null` or not.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// What the key holds, `null` included.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.fields.get(key).copied()
    }

    /// What the key holds; `null` is nothing.
    pub(crate) fn value(&self, key: &str) -> Option<&'a RawValue> {
        self.raw(key).filter(|raw| raw.get() != "null")
    }

    /// All keys with what they hold.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.fields.iter().map(|(key, raw)| (key.as_ref(), *raw))
    }

    /// A JSON value of any kind, kept as its text.
    pub(crate) fn json(&self, key: &str) -> Option<Json> {
        self.value(key).map(Json::from)
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        self.optional(key, "text", string)
    }

    /// A text, owned.
    pub(crate) fn owned(&self, key: &str) -> Result<Option<String>, Fault> {
        Ok(self.text(key)?.map(Cow::into_owned))
    }

    /// A text that has to be there.
    pub(crate) fn need_text(&self, key: &str) -> Result<Cow<'a, str>, Fault> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A whole number from 0.
    pub(crate) fn whole(&self, key: &str) -> Result<Option<u64>, Fault> {
        self.optional(key, "a whole number, at least 0", scalar)
    }

    /// A whole number from 0 that has to be there.
    pub(crate) fn need_whole(&self, key: &str) -> Result<u64, Fault> {
        self.whole(key)?.ok_or_else(|| self.missing(key))
    }

    /// Yes or no.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Fault> {
        self.optional(key, "true or false", scalar)
    }

    /// An instant.
    pub(crate) fn time(&self, key: &str) -> Result<Option<Timestamp>, Fault> {
        self.optional(key, "an RFC 3339 timestamp", instant)
    }

    /// An instant that has to be there.
    pub(crate) fn need_time(&self, key: &str) -> Result<Timestamp, Fault> {
        self.time(key)?.ok_or_else(|| self.missing(key))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<Cow<'a, str>>>, Fault> {
        self.optional(key, "a list of texts", strings)
    }

    /// An object within this one, which stands at `at`.
    pub(crate) fn object(&self, key: &str, at: &'static str) -> Result<Option<Self>, Fault> {
        self.value(key).map(|raw| Self::read(raw, at)).transpose()
    }

    /// An object within this one that has to be there.
    pub(crate) fn need_object(&self, key: &str, at: &'static str) -> Result<Self, Fault> {
        self.object(key, at)?.ok_or_else(|| self.missing(key))
    }

    /// The key's full name.
    pub(crate) fn name(&self, key: &str) -> String {
        let key = excerpt(key);
        if self.at.is_empty() { key } else { format!("{}.{key}", self.at) }
    }

    /// The fault of a key that has to be there and is not.
    pub(crate) fn missing(&self, key: &str) -> Fault {
        Fault::invalid(format!("`{}` is missing", self.name(key)))
    }

    /// The fault of a key that holds something else than `want`.
    pub(crate) fn wrong(&self, key: &str, want: &str) -> Fault {
        Fault::invalid(format!("`{}` must be {want}", self.name(key)))
    }

    fn optional<T>(
        &self,
        key: &str,
        want: &str,
        read: impl FnOnce(&'a RawValue) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        match self.value(key) {
            None => Ok(None),
            Some(raw) => read(raw).map(Some).ok_or_else(|| self.wrong(key, want)),
        }
    }
}

/// The text that a JSON string says; borrowed when it holds no escape.
pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The texts of a JSON array of strings.
pub(crate) fn strings(raw: &RawValue) -> Option<Vec<Cow<'_, str>>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    items.into_iter().map(string).collect()
}

/// The instant that a JSON string says.
pub(crate) fn instant(raw: &RawValue) -> Option<Timestamp> {
    Timestamp::parse(&string(raw)?).ok()
}

/// A number or boolean.
pub(crate) fn scalar<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// An id that has to be there.
pub(crate) fn id<T, E: ToString>(
    object: &Object<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Fault> {
    maybe_id(object, key, parse)?.ok_or_else(|| object.missing(key))
}

/// An id, if it is there.
pub(crate) fn maybe_id<T, E: ToString>(
    object: &Object<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Fault> {
    let refuse =
        |error: E| Fault::invalid(format!("`{}`: {}", object.name(key), error.to_string()));
    let text = object.text(key)?;
    text.map(|text| parse(&text).map_err(refuse)).transpose()
}

/// The beginning of a text of the peer's, to be named in a message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Whether arrays and objects lie within one another more than `limit` deep. The text need not
/// be JSON.
pub(crate) fn is_deeper_than(text: &str, limit: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

struct Fields<'a> {
    fields: BTreeMap<Cow<'a, str>, &'a RawValue>,
    twice: Option<Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = BTreeMap::new();
        let mut twice = None;
        while let Some((Text(key), raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            if fields.insert(key.clone(), raw).is_some() {
                twice = Some(key);
            }
        }
        Ok(Fields { fields, twice })
    }
}

/// A key, borrowed where it can be.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str, read: impl FnOnce(&Object<'_>) -> Option<Fault>) -> String {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        match Object::read(raw, "auth") {
            Ok(object) => read(&object).unwrap().message,
            Err(fault) => fault.message,
        }
    }

    #[test]
    fn faults_name_the_key_and_no_value() {
        let wrong = fault(r#"{"token":{"s3cret":1}}"#, |o| o.text("token").err());
        assert_eq!(wrong, "`auth.token` must be text");
        let missing = fault(r#"{"scheme":null}"#, |o| o.need_text("scheme").err());
        assert_eq!(missing, "`auth.scheme` is missing");
        assert_eq!(fault(r#""tok""#, |_| None), "`auth` must be an object");
        assert_eq!(fault(r#"{"a":1,"a":2}"#, |_| None), "`auth` has `a` twice");
    }

    #[test]
    fn escapes_are_read() {
        let raw: &RawValue = serde_json::from_str(r#""a\n\u00e9""#).unwrap();
        assert_eq!(string(raw).unwrap(), "a\n\u{e9}");
        let lone: &RawValue = serde_json::from_str(r#""\ud800""#).unwrap();
        assert_eq!(string(lone), None);
    }

    #[test]
    fn depth_is_counted_outside_texts() {
        assert!(is_deeper_than("[[[", 2));
        assert!(!is_deeper_than(r#"["[[[\"[[["]"#, 2));
        assert!(!is_deeper_than("[][][]{}", 1));
    }
}
