//! What a script's values are when a step runs: variables, and the functions.

mod functions;
mod matching;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use arcp_core::Timestamp;
use rand::Rng;
use serde_json::{Map, Value, json};
use ulid::Ulid;

pub(crate) use functions::{FUNCTIONS, is_function};
pub(crate) use matching::Mismatch;

use crate::script::value::{Expr, Part};

/// The variables of one run of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    variables: BTreeMap<String, Value>,
}

impl Scope {
    /// What every scenario starts with.
    pub(crate) fn new(tokens: &BTreeMap<String, String>) -> Self {
        let unique = fresh_ulid().to_lowercase();
        let variables = [("unique", Value::String(unique)), ("tokens", json!(tokens))];
        Self { variables: variables.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// What `path` leads to.
    pub(crate) fn get(&self, path: &[String]) -> Option<&Value> {
        let (name, keys) = path.split_first()?;
        keys.iter().try_fold(self.variables.get(name)?, |value, key| match value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            value => value.get(key),
        })
    }

    /// Gives a variable a value. Of a client's variable, `$A.name`, the name is set in it.
    pub(crate) fn set(&mut self, path: &[String], value: Value) {
        let Some((name, keys)) = path.split_first() else { return };
        let mut slot = self.variables.entry(name.clone()).or_insert(Value::Null);
        for key in keys {
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            // An object by now.
            let Value::Object(fields) = slot else { return };
            slot = fields.entry(key.clone()).or_insert(Value::Null);
        }
        *slot = value;
    }

    /// Takes the value of a variable away.
    pub(crate) fn unset(&mut self, path: &[String]) {
        if let [name] = path {
            self.variables.remove(name);
        }
    }

    /// Sets `$client.key`.
    pub(crate) fn set_of(&mut self, client: &str, key: &str, value: Value) {
        self.set(&[client.to_owned(), key.to_owned()], value);
    }

    /// The value of an expression, or why it has none.
    pub(crate) fn value(&self, expr: &Expr) -> Result<Value, String> {
        match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Variable(path) => self.bound(path).cloned(),
            Expr::Text(parts) => self.text(parts).map(Value::String),
            Expr::List(items) => self.values(items).map(Value::Array),
            Expr::Object(fields) => self.object(fields),
            Expr::Call(name, arguments) => functions::call(name, &self.values(arguments)?),
        }
    }

    fn values(&self, items: &[Expr]) -> Result<Vec<Value>, String> {
        items.iter().map(|item| self.value(item)).collect()
    }

    fn object(&self, fields: &[(Expr, Expr)]) -> Result<Value, String> {
        let mut object = Map::new();
        for (key, value) in fields {
            object.insert(text_of(&self.value(key)?), self.value(value)?);
        }
        Ok(Value::Object(object))
    }

    fn text(&self, parts: &[Part]) -> Result<String, String> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Variable(path) => text.push_str(&text_of(self.bound(path)?)),
            }
        }
        Ok(text)
    }

    fn bound(&self, path: &[String]) -> Result<&Value, String> {
        self.get(path).ok_or_else(|| format!("`${}` has no value", path.join(".")))
    }
}

/// A text as it is, anything else as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The time.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// An id that nobody had before.
pub(crate) fn fresh_ulid() -> String {
    Ulid::from_parts(now().as_millis(), rand::rng().random()).to_string()
}
