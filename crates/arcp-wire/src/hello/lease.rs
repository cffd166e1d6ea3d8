//! Leases as this dialect writes them: namespaces with lists of patterns, and what limits their time
//! beside them (§9).

use arcp_core::lease::{Budget, Namespace, Pattern};
use arcp_core::{Fault, Lease, Timestamp};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::json::{Object, Stamp, excerpt, string, strings};

/// The lease that a `job.submit` asks for: the grants of `lease_request`, if it has some, and the end that
/// `lease_constraints` say.
pub(super) fn requested(
    payload: &Object<'_>,
    lenient: bool,
) -> Result<(Option<Lease>, Option<Timestamp>), Fault> {
    let request = payload.object(REQUEST, REQUEST)?;
    let constraints = payload.object(CONSTRAINTS, CONSTRAINTS)?;
    let end = constraints.as_ref().map_or(Ok(None), |object| expiry(object, lenient))?;
    Ok((request.as_ref().map(read).transpose()?, end))
}

/// The grants that an object holds.
pub(super) fn read(object: &Object<'_>) -> Result<Lease, Fault> {
    read_from(object, false)
}

/// The same of what a runtime says, which may know more namespaces and patterns, and other amounts: those
/// are passed over.
pub(super) fn read_told(object: &Object<'_>) -> Result<Lease, Fault> {
    read_from(object, true)
}

fn read_from(object: &Object<'_>, told: bool) -> Result<Lease, Fault> {
    let mut lease = Lease::default();
    for (namespace, raw) in object.entries() {
        if told && namespace != COST_BUDGET && !is_known(namespace) {
            continue;
        }
        let Some(mut texts) = strings(raw) else {
            if told {
                continue;
            }
            return Err(object.wrong(namespace, "a list of texts"));
        };
        if namespace == COST_BUDGET {
            if told {
                texts.retain(|text| Budget::parse([text.as_ref()]).is_ok());
            }
            lease.budget = Budget::parse(texts.iter().map(AsRef::as_ref)).map_err(|error| {
                Fault::invalid(format!("`{}`: {error}", object.name(namespace)))
            })?;
            continue;
        }
        if !is_known(namespace) {
            let name = object.name(namespace);
            return Err(Fault::invalid(format!("`{name}` is no namespace of the protocol's")));
        }
        if told {
            texts.retain(|text| Pattern::parse(text).is_ok());
        }
        let patterns = lease.grants.entry(namespace.to_owned()).or_default();
        for text in texts {
            let pattern = Pattern::parse(&text).map_err(|error| {
                let (name, text) = (object.name(namespace), excerpt(&text));
                Fault::invalid(format!("`{name}` holds `{text}`: {error}"))
            })?;
            patterns.push(pattern);
        }
    }
    Ok(lease)
}

/// Whether anybody can tell what a namespace is about: the protocol, or its vendor.
fn is_known(namespace: &str) -> bool {
    Namespace::of(namespace) != Namespace::Unknown
}

/// It has to be UTC, which the text wants written as `Z` (§9.5).
fn expiry(constraints: &Object<'_>, lenient: bool) -> Result<Option<Timestamp>, Fault> {
    let Some(raw) = constraints.value(EXPIRES_AT) else { return Ok(None) };
    let found = utc(raw, lenient);
    let want = "an RFC 3339 timestamp in UTC, such as 2026-01-01T00:00:00Z";
    found.map(Some).ok_or_else(|| constraints.wrong(EXPIRES_AT, want))
}

fn utc(raw: &RawValue, lenient: bool) -> Option<Timestamp> {
    let text = string(raw)?;
    let is_utc = text.ends_with('Z') || (lenient && text.ends_with("+00:00"));
    if is_utc { Timestamp::parse(&text).ok() } else { None }
}

/// The grants of a lease, to be written.
pub(super) struct Written<'a>(pub(super) &'a Lease);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(self.0, &mut map)?;
        map.end()
    }
}

fn write<M: SerializeMap>(lease: &Lease, map: &mut M) -> Result<(), M::Error> {
    for (namespace, patterns) in &lease.grants {
        let texts: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
        map.serialize_entry(namespace, &texts)?;
    }
    if !lease.budget.is_empty() {
        map.serialize_entry(COST_BUDGET, &lease.budget.to_amounts())?;
    }
    Ok(())
}

/// What a credential is good for: what its lease grants and when it ends.
pub(super) struct Constraints<'a>(pub(super) &'a Lease);

impl Serialize for Constraints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(self.0, &mut map)?;
        if let Some(end) = self.0.expires_at {
            map.serialize_entry(EXPIRES_AT, &Stamp(end))?;
        }
        map.end()
    }
}

/// What limits a lease in time.
#[derive(Serialize)]
pub(super) struct Limits {
    expires_at: Stamp,
}

impl Limits {
    pub(super) fn of(lease: &Lease) -> Option<Self> {
        lease.expires_at.map(|end| Self { expires_at: Stamp(end) })
    }
}

const REQUEST: &str = "lease_request";
const CONSTRAINTS: &str = "lease_constraints";
const EXPIRES_AT: &str = "expires_at";
const COST_BUDGET: &str = "cost.budget";
/// The namespace of models.
pub(super) const MODEL_USE: &str = "model.use";
