//! Leases as this dialect writes them: `cost_budget`, `model_use`, `expires_at`, and a key for
//! each other grant.

use std::collections::BTreeMap;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{Fault, Json, Lease, Timestamp};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::json::{Object, excerpt, instant, strings};

/// The lease that a `tool.invoke` asks for: `lease_request` wins over a bare `cost_budget`.
pub(super) fn requested(payload: &Object<'_>) -> Result<Option<Lease>, Fault> {
    if let Some(request) = payload.object(REQUEST, REQUEST)? {
        return read(&request).map(Some);
    }
    let budget = match payload.value(COST_BUDGET) {
        Some(raw) => budget(payload, COST_BUDGET, raw)?,
        None => Budget::default(),
    };
    Ok((!budget.is_empty()).then(|| Lease { budget, ..Lease::default() }))
}

/// The lease that an object holds.
pub(super) fn read(object: &Object<'_>) -> Result<Lease, Fault> {
    let mut lease = Lease { expires_at: expiry(object)?, ..Lease::default() };
    for (key, raw) in object.entries() {
        match key {
            EXPIRES_AT => {}
            COST_BUDGET | DOTTED_BUDGET => add_budget(&mut lease, object, key, raw)?,
            MODEL_USE => grant(&mut lease, object, (key, DOTTED_MODEL_USE), raw)?,
            known if RESERVED.contains(&known) => grant(&mut lease, object, (key, known), raw)?,
            _ if strings(raw).is_some() => grant(&mut lease, object, (key, key), raw)?,
            _ => {
                lease.other.insert(key.to_owned(), Json::from(raw));
            }
        }
    }
    Ok(lease)
}

fn expiry(object: &Object<'_>) -> Result<Option<Timestamp>, Fault> {
    let refuse = |raw| bad(object, EXPIRES_AT, "an RFC 3339 timestamp", raw);
    object.value(EXPIRES_AT).map(|raw| instant(raw).ok_or_else(|| refuse(raw))).transpose()
}

fn add_budget(
    lease: &mut Lease,
    object: &Object<'_>,
    key: &str,
    raw: &RawValue,
) -> Result<(), Fault> {
    if raw.get() == "null" {
        return Ok(());
    }
    if !lease.budget.is_empty() {
        return Err(Fault::invalid(format!(
            "`{}` and `{}` are two budgets",
            object.name(DOTTED_BUDGET),
            object.name(COST_BUDGET)
        )));
    }
    lease.budget = budget(object, key, raw)?;
    Ok(())
}

fn budget(object: &Object<'_>, key: &str, raw: &RawValue) -> Result<Budget, Fault> {
    let amounts = strings(raw).ok_or_else(|| bad(object, key, "a list of amounts", raw))?;
    Budget::parse(amounts.iter().map(AsRef::as_ref))
        .map_err(|error| Fault::invalid(format!("`{}`: {error}", object.name(key))))
}

/// Adds the patterns at `key` to those of `namespace`.
fn grant(
    lease: &mut Lease,
    object: &Object<'_>,
    (key, namespace): (&str, &str),
    raw: &RawValue,
) -> Result<(), Fault> {
    if raw.get() == "null" {
        return Ok(());
    }
    let texts = strings(raw).ok_or_else(|| bad(object, key, "a list of patterns", raw))?;
    let patterns = lease.grants.entry(namespace.to_owned()).or_default();
    for text in texts {
        let pattern = Pattern::parse(&text).map_err(|error| {
            let (name, text) = (object.name(key), excerpt(&text));
            Fault::invalid(format!("`{name}` holds `{text}`: {error}"))
        })?;
        patterns.push(pattern);
    }
    Ok(())
}

fn bad(object: &Object<'_>, key: &str, want: &str, raw: &RawValue) -> Fault {
    let (name, value) = (object.name(key), excerpt(raw.get()));
    Fault::invalid(format!("`{name}` must be {want}, not `{value}`"))
}

/// A lease to be written.
pub(super) struct Written<'a>(pub(super) &'a Lease);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lease = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !lease.budget.is_empty() {
            map.serialize_entry(COST_BUDGET, &lease.budget.to_amounts())?;
        }
        if let Some(end) = lease.expires_at {
            map.serialize_entry(EXPIRES_AT, &end.to_string())?;
        }
        for (namespace, patterns) in named(&lease.grants) {
            let texts: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
            map.serialize_entry(namespace, &texts)?;
        }
        for (key, value) in &lease.other {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The grants by the keys that they go by on this wire.
fn named(grants: &BTreeMap<String, Vec<Pattern>>) -> impl Iterator<Item = (&str, &Vec<Pattern>)> {
    grants.iter().map(|(namespace, patterns)| {
        let key = match namespace.as_str() {
            DOTTED_MODEL_USE => MODEL_USE,
            other => other,
        };
        (key, patterns)
    })
}

const REQUEST: &str = "lease_request";
const COST_BUDGET: &str = "cost_budget";
const MODEL_USE: &str = "model_use";
const EXPIRES_AT: &str = "expires_at";

/// Namespaces that hold patterns and nothing else (§9.2).
const RESERVED: &[&str] =
    &["fs.read", "fs.write", "net.fetch", "tool.call", "agent.delegate", DOTTED_MODEL_USE];

// How the drafts spell the two; taken too, since a budget that is not understood limits nothing.
const DOTTED_BUDGET: &str = "cost.budget";
const DOTTED_MODEL_USE: &str = "model.use";

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(payload: &str, expected: &Expect) {
        let raw: &RawValue = serde_json::from_str(payload).unwrap();
        let read = requested(&Object::read(raw, "").unwrap());
        let said = match read {
            Ok(None) => "none".to_owned(),
            Ok(Some(lease)) => serde_json::to_string(&Written(&lease)).unwrap(),
            Err(fault) => fault.to_string(),
        };
        expected.assert_eq(&said);
    }

    #[test]
    fn what_is_asked_for_is_echoed() {
        check("{}", &expect!["none"]);
        check(r#"{"lease_request":null,"cost_budget":null}"#, &expect!["none"]);
        check(r#"{"lease_request":{}}"#, &expect!["{}"]);
        check(r#"{"cost_budget":["USD:1.00"]}"#, &expect![[r#"{"cost_budget":["USD:1"]}"#]]);
        check(
            r#"{"cost_budget":["USD:9"],"lease_request":{"cost_budget":["USD:1"],"model_use":["a/*"],"fs.read":["/tmp/**"],"tags":["x"],"note":{"a":[1]},"expires_at":"2020-01-01t00:00:00z"}}"#,
            &expect![[
                r#"{"cost_budget":["USD:1"],"expires_at":"2020-01-01T00:00:00.000000Z","fs.read":["/tmp/**"],"model_use":["a/*"],"tags":["x"],"note":{"a":[1]}}"#
            ]],
        );
        check(
            r#"{"lease_request":{"cost.budget":["USD:1"],"model.use":["m"]}}"#,
            &expect![[r#"{"cost_budget":["USD:1"],"model_use":["m"]}"#]],
        );
    }

    #[test]
    fn faults_name_key_and_value() {
        check(
            r#"{"cost_budget":["USD:-1"]}"#,
            &expect![
                "INVALID_ARGUMENT: `cost_budget`: `USD:-1` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most 12 decimals"
            ],
        );
        check(
            r#"{"lease_request":{"cost_budget":5}}"#,
            &expect![
                "INVALID_ARGUMENT: `lease_request.cost_budget` must be a list of amounts, not `5`"
            ],
        );
        check(
            r#"{"lease_request":{"fs.read":["/a",1]}}"#,
            &expect![[
                r#"INVALID_ARGUMENT: `lease_request.fs.read` must be a list of patterns, not `["/a",1]`"#
            ]],
        );
        check(
            r#"{"lease_request":{"fs.read":[""]}}"#,
            &expect![
                "INVALID_ARGUMENT: `lease_request.fs.read` holds ``: a pattern must not be empty"
            ],
        );
        check(
            r#"{"lease_request":{"expires_at":"soon"}}"#,
            &expect![
                "INVALID_ARGUMENT: `lease_request.expires_at` must be an RFC 3339 timestamp, not `\"soon\"`"
            ],
        );
        check(
            r#"{"lease_request":[]}"#,
            &expect!["INVALID_ARGUMENT: `lease_request` must be an object"],
        );
    }
}
