//! Whether a value is what a pattern wants, and if not, where it is not.

use std::cmp::Ordering;
use std::fmt;

use arcp_core::Timestamp;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use serde_json::{Map, Value};

use super::{Scope, text_of};
use crate::script::pattern::{Order, Pattern, ValueKind};
use crate::script::value::Expr;

/// Where a value is not what it had to be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    path: String,
    wanted: String,
    found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: wanted {}, found {}", self.path, self.wanted, self.found)
    }
}

type Outcome = Result<(), Mismatch>;

impl Scope {
    /// Compares, and gives variables that have no value the one found.
    ///
    /// What a failed comparison has bound is for the caller to forget.
    pub(crate) fn matches(&mut self, path: &str, value: &Value, pattern: &Pattern) -> Outcome {
        let wrong = |wanted: String| Err(mismatch(path, wanted, value));
        match pattern {
            Pattern::Any => Ok(()),
            Pattern::Equal(expr) => self.equals(path, value, expr),
            Pattern::Variable(name) => self.variable(path, value, name),
            Pattern::Regex(regex) => match value {
                Value::String(text) if finds(&regex.program, text) => Ok(()),
                _ => wrong(format!("/{}/", regex.text)),
            },
            Pattern::Compare(order, expr) => self.compares(path, value, *order, expr),
            Pattern::Not(inner) => match self.clone().matches(path, value, inner) {
                Ok(()) => wrong("something else".to_owned()),
                Err(_) => Ok(()),
            },
            Pattern::All(parts) => {
                parts.iter().try_for_each(|part| self.matches(path, value, part))
            }
            Pattern::Either(choices) => self.either(path, value, choices),
            Pattern::List { items, open } => self.list(path, value, items, *open),
            Pattern::Object { fields, exact } => self.object_matches(path, value, fields, *exact),
            Pattern::Kind(kind) if is_kind(*kind, value) => Ok(()),
            Pattern::Kind(kind) => wrong(format!("{kind:?}").to_lowercase()),
            Pattern::Has(inner) => self.has(path, value, inner),
            Pattern::Length(inner) => match length(value) {
                Some(length) => {
                    self.matches(&format!("{path} (size)"), &Value::from(length), inner)
                }
                None => wrong("something with a size".to_owned()),
            },
        }
    }

    fn equals(&self, path: &str, value: &Value, expr: &Expr) -> Outcome {
        match self.value(expr) {
            Ok(wanted) if same(&wanted, value) => Ok(()),
            Ok(wanted) => Err(mismatch(path, shown(&wanted), value)),
            Err(why) => Err(mismatch(path, format!("a value that there is not: {why}"), value)),
        }
    }

    fn variable(&mut self, path: &str, value: &Value, name: &[String]) -> Outcome {
        match self.get(name) {
            Some(wanted) if same(wanted, value) => Ok(()),
            Some(wanted) => {
                let wanted = format!("${} = {}", name.join("."), shown(wanted));
                Err(mismatch(path, wanted, value))
            }
            None => {
                self.set(name, value.clone());
                Ok(())
            }
        }
    }

    fn compares(&self, path: &str, value: &Value, order: Order, expr: &Expr) -> Outcome {
        let wanted = match self.value(expr) {
            Ok(wanted) => wanted,
            Err(why) => return Err(mismatch(path, why, value)),
        };
        let is = compare(value, &wanted);
        let (sign, holds) = match order {
            Order::Above => (">", is == Some(Ordering::Greater)),
            Order::AtLeast => (">=", matches!(is, Some(Ordering::Greater | Ordering::Equal))),
            Order::Below => ("<", is == Some(Ordering::Less)),
            Order::AtMost => ("<=", matches!(is, Some(Ordering::Less | Ordering::Equal))),
        };
        if holds {
            Ok(())
        } else {
            Err(mismatch(path, format!("{sign} {}", shown(&wanted)), value))
        }
    }

    fn either(&mut self, path: &str, value: &Value, choices: &[Pattern]) -> Outcome {
        let mut wanted = Vec::new();
        for choice in choices {
            let mut tried = self.clone();
            match tried.matches(path, value, choice) {
                Ok(()) => {
                    *self = tried;
                    return Ok(());
                }
                Err(mismatch) => wanted.push(mismatch.wanted),
            }
        }
        Err(mismatch(path, wanted.join(" or "), value))
    }

    fn list(&mut self, path: &str, value: &Value, items: &[Pattern], open: bool) -> Outcome {
        let Value::Array(found) = value else {
            return Err(mismatch(path, "a list".to_owned(), value));
        };
        if found.len() < items.len() || (!open && found.len() > items.len()) {
            let more = if open { " or more" } else { "" };
            return Err(mismatch(path, format!("{}{more} items", items.len()), value));
        }
        for (index, (item, pattern)) in found.iter().zip(items).enumerate() {
            self.matches(&format!("{path}.{index}"), item, pattern)?;
        }
        Ok(())
    }

    fn object_matches(
        &mut self,
        path: &str,
        value: &Value,
        fields: &[(Expr, Option<Pattern>)],
        exact: bool,
    ) -> Outcome {
        let Value::Object(found) = value else {
            return Err(mismatch(path, "an object".to_owned(), value));
        };
        let mut named = Vec::new();
        for (key, pattern) in fields {
            let key = text_of(&self.value(key).map_err(|why| mismatch(path, why, value))?);
            self.field(path, found, &key, pattern.as_ref())?;
            named.push(key);
        }
        match found.keys().find(|key| exact && !named.contains(key)) {
            Some(other) => Err(mismatch(path, format!("no key `{other}`"), value)),
            None => Ok(()),
        }
    }

    /// One key of an object, or of an envelope.
    pub(crate) fn field(
        &mut self,
        path: &str,
        object: &Map<String, Value>,
        key: &str,
        pattern: Option<&Pattern>,
    ) -> Outcome {
        let path = format!("{path}.{key}");
        match (object.get(key), pattern) {
            (Some(value), Some(pattern)) => self.matches(&path, value, pattern),
            (None, None) => Ok(()),
            (Some(value), None) => Err(mismatch(&path, "that it is absent".to_owned(), value)),
            (None, Some(_)) => {
                Err(Mismatch { path, wanted: "it".to_owned(), found: "nothing".to_owned() })
            }
        }
    }

    fn has(&mut self, path: &str, value: &Value, inner: &Pattern) -> Outcome {
        match value {
            Value::String(text) => match self.part(inner) {
                Ok(part) if text.contains(&part) => Ok(()),
                Ok(part) => Err(mismatch(path, format!("`{part}` in it"), value)),
                Err(why) => Err(mismatch(path, why, value)),
            },
            Value::Array(items) => {
                for item in items {
                    let mut tried = self.clone();
                    if tried.matches(path, item, inner).is_ok() {
                        *self = tried;
                        return Ok(());
                    }
                }
                Err(mismatch(path, "an item as described".to_owned(), value))
            }
            _ => Err(mismatch(path, "a list or a text".to_owned(), value)),
        }
    }

    /// The text that `@has` looks for in a text.
    fn part(&self, inner: &Pattern) -> Result<String, String> {
        match inner {
            Pattern::Equal(expr) => self.value(expr).map(|part| text_of(&part)),
            Pattern::Variable(path) => self.bound(path).map(text_of),
            _ => Err("a text to look for in a text".to_owned()),
        }
    }
}

fn mismatch(path: &str, wanted: String, found: &Value) -> Mismatch {
    Mismatch { path: path.to_owned(), wanted, found: shown(found) }
}

/// A value for a message, cut where it is long.
fn shown(value: &Value) -> String {
    crate::run::shorten(&value.to_string(), SHOWN)
}

fn finds(program: &PikeVM, text: &str) -> bool {
    program.is_match(&mut program.create_cache(), text)
}

/// Equal as JSON values; numbers by what they are worth.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => compare(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|is| same(value, is)))
        }
        _ => left == right,
    }
}

/// Numbers by size, times by time.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
        },
        (Value::String(one), Value::String(other)) => {
            Some(Timestamp::parse(one).ok()?.cmp(&Timestamp::parse(other).ok()?))
        }
        _ => None,
    }
}

fn is_kind(kind: ValueKind, value: &Value) -> bool {
    match kind {
        ValueKind::Text => value.is_string(),
        ValueKind::Int => value.is_i64() || value.is_u64(),
        ValueKind::Number => value.is_number(),
        ValueKind::Bool => value.is_boolean(),
        ValueKind::Object => value.is_object(),
        ValueKind::List => value.is_array(),
        ValueKind::Time => value.as_str().is_some_and(|text| Timestamp::parse(text).is_ok()),
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len()),
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    }
}

/// How much of a value a message shows.
const SHOWN: usize = 120;
