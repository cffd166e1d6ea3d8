//! One JSON value kept as its text: cheap to clone, never re-ordered, never re-numbered.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Serialize, ser};
use serde_json::value::RawValue;

/// A JSON value as text. Two are equal when their texts are.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

/// Why a text is not a JSON value, or a value not of the wanted shape.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ParseJsonError(#[from] serde_json::Error);

impl Json {
    /// Checks that `text` is one JSON value and keeps it.
    pub fn parse(text: &str) -> Result<Self, ParseJsonError> {
        let raw: Box<RawValue> = serde_json::from_str(text)?;
        Ok(Self(raw.into()))
    }

    /// The JSON value `null`.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }

    /// A JSON string.
    pub fn text(text: &str) -> Self {
        Self::from(&serde_json::Value::from(text))
    }

    /// Writes `value` as JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, ParseJsonError> {
        Ok(Self(serde_json::value::to_raw_value(value)?.into()))
    }

    /// Reads the value as a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ParseJsonError> {
        Ok(serde_json::from_str(self.0.get())?)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text as a raw value of `serde_json`, to be written as it stands.
    pub fn as_raw(&self) -> &RawValue {
        &self.0
    }

    /// Whether the value is an object.
    pub fn is_object(&self) -> bool {
        self.as_str().trim_ascii_start().starts_with('{')
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.0.get().trim_ascii() == "null"
    }
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw.into())
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned().into())
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        // A `Value` always writes; `null` stands in for what cannot happen.
        Self::of(value).unwrap_or_else(|_| Self::null())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get())
    }
}

/// Written as it stands; only `serde_json` can.
impl Serialize for Json {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Makes what was written as JSON one line. Values of peers and agents are written as they stand; a line break
/// in one stands between two tokens, where a blank says the same.
pub fn one_line(written: &mut [u8]) {
    for byte in written {
        // Written also where it stays as it is, so that a processor does many at a time.
        *byte = if matches!(*byte, b'\n' | b'\r') { b' ' } else { *byte };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_and_reads_it() {
        let json = Json::parse(r#"{"b":1.0, "a":[2]}"#).unwrap();
        assert_eq!(json.as_str(), r#"{"b":1.0, "a":[2]}"#);
        let value: serde_json::Value = json.read().unwrap();
        assert_eq!(value["a"][0], 2);
        assert!(Json::null().is_null());
    }

    #[test]
    fn refuses_what_is_not_one_value() {
        for bad in ["", "{", "1 2", "nul", "{\"a\":}"] {
            assert!(Json::parse(bad).is_err(), "{bad:?}");
        }
    }
}
