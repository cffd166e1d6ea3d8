//! A frame of ours beside the recorded one: the same fields, and the same values but for names
//! and times. Fields of ours that were not recorded are fine.

use std::fmt;

use arcp_core::Timestamp;
use serde_json::Value;

use super::names::Names;

/// A field that is not as recorded.
#[derive(Debug)]
pub(super) struct Divergence {
    /// Where: `payload.jobs[].agent`.
    pub(super) path: String,
    pub(super) recorded: Value,
    /// `None` when the field is not there.
    pub(super) ours: Option<Value>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, recorded, ours } = self;
        match ours {
            Some(ours) => write!(f, "`{path}` is {ours}, was {recorded}"),
            None => write!(f, "`{path}` is not there, was {recorded}"),
        }
    }
}

/// Every field in which `ours` is not as `recorded`.
pub(super) fn compare(recorded: &Value, ours: &Value, names: &mut Names) -> Vec<Divergence> {
    let mut comparison = Comparison { names, job: job_of(recorded), found: Vec::new() };
    comparison.values("", recorded, ours);
    comparison.found
}

struct Comparison<'a> {
    names: &'a mut Names,
    /// The recorded job that the frame is of.
    job: String,
    found: Vec<Divergence>,
}

impl Comparison<'_> {
    fn values(&mut self, path: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (key, then) in recorded {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    match ours.get(key) {
                        Some(now) => self.values(&path, then, now),
                        None => self.diverges(path, then, None),
                    }
                }
            }
            (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
                for (then, now) in then.iter().zip(now) {
                    self.values(&format!("{path}[]"), then, now);
                }
            }
            (Value::Array(then), Value::Array(now)) => {
                // Not as many, but each of the same form.
                self.diverges(path.to_owned(), recorded, Some(ours));
                if let (Some(Value::Object(then)), now) = (then.first(), now) {
                    let lacks = |one: &&Value| then.keys().any(|key| one.get(key).is_none());
                    if let Some(odd) = now.iter().find(lacks) {
                        self.diverges(format!("{path}[]"), &Value::Object(then.clone()), Some(odd));
                    }
                }
            }
            (Value::String(then), Value::String(now)) => self.texts(path, then, now),
            (then, now) if then.is_number() && now.is_number() => {
                if then.as_f64() != now.as_f64() {
                    self.diverges(path.to_owned(), then, Some(now));
                }
            }
            (then, now) if then == now => {}
            (then, now) => self.diverges(path.to_owned(), then, Some(now)),
        }
    }

    fn texts(&mut self, path: &str, then: &str, now: &str) {
        let key = path.rsplit('.').next().unwrap_or(path);
        let same = match key {
            "id" => now.starts_with("msg_"),
            // One runtime calls every result the same, ours never.
            "result_id" => {
                let then = format!("{then}_{}", self.job);
                self.names.same_id(&then, now)
            }
            "session_id" | "job_id" | "target_id" => self.names.same_id(then, now),
            "timestamp" | "expires_at" | "received_at" => Timestamp::parse(now).is_ok(),
            "created_at" => match (Timestamp::parse(then), Timestamp::parse(now)) {
                (Ok(then), Ok(now)) => {
                    self.names.created(then, now);
                    true
                }
                _ => false,
            },
            _ => then == now,
        };
        if !same {
            self.diverges(path.to_owned(), &then.into(), Some(&now.into()));
        }
    }

    fn diverges(&mut self, path: String, recorded: &Value, ours: Option<&Value>) {
        self.found.push(Divergence { path, recorded: recorded.clone(), ours: ours.cloned() });
    }
}

fn job_of(frame: &Value) -> String {
    frame["job_id"].as_str().unwrap_or_default().to_owned()
}
