//! What the recorded runtime called something, and what ours calls the same.

use std::collections::BTreeMap;

use arcp_core::Timestamp;
use serde_json::{Value, json};

/// Ids, and the instants at which jobs were made.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: BTreeMap<String, String>,
    created: BTreeMap<i64, i64>,
}

impl Names {
    /// Whether `ours` can be what was recorded as `recorded`: it is what it was before, or it is
    /// new and of the same kind.
    pub(super) fn same_id(&mut self, recorded: &str, ours: &str) -> bool {
        let kind = |id: &str| id.split_once('_').map(|(kind, _)| kind.to_owned());
        if kind(recorded).is_none() || kind(recorded) != kind(ours) {
            return recorded == ours;
        }
        self.ids.entry(recorded.to_owned()).or_insert_with(|| ours.to_owned()) == ours
    }

    /// Notes when a job was made, then and now.
    pub(super) fn created(&mut self, recorded: Timestamp, ours: Timestamp) {
        self.created.insert(recorded.as_micros(), ours.as_micros());
    }

    /// A recorded frame of the client with our names in it. Its own id stays.
    pub(super) fn translate(&self, frame: &Value) -> Value {
        let mut ours = self.in_ours(frame);
        if let (Some(id), Some(ours)) = (frame.get("id"), ours.as_object_mut()) {
            ours.insert("id".to_owned(), id.clone());
        }
        if let Some(Value::Object(filter)) = ours.pointer_mut("/payload/filter") {
            for key in ["created_after", "created_before"] {
                if let Some(at) = filter.get_mut(key) {
                    *at = json!(self.between(at.as_str().unwrap()).to_string());
                }
            }
        }
        ours
    }

    fn in_ours(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.ids.get(text).unwrap_or(text)),
            Value::Array(all) => all.iter().map(|one| self.in_ours(one)).collect(),
            Value::Object(all) => {
                all.iter().map(|(key, one)| (key.clone(), self.in_ours(one))).collect()
            }
            other => other.clone(),
        }
    }

    /// The middle between the jobs that were made around a recorded instant.
    fn between(&self, recorded: &str) -> Timestamp {
        let at = Timestamp::parse(recorded).unwrap().as_micros();
        let (_, before) = self.created.range(..at).next_back().expect("a job before");
        let (_, after) = self.created.range(at..).next().expect("a job after");
        assert!(after - before > 1, "two jobs made in one microsecond");
        Timestamp::from_micros(i64::midpoint(*before, *after))
    }
}
