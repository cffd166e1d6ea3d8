//! Capabilities as this dialect writes them: a key for each feature, extensions, agents.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use arcp_core::{
    AgentCard, ArtifactRetention, Capabilities, Fault, Feature, HeartbeatPolicy, HeartbeatRecovery,
};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::json::{Object, string};

/// What a client declares. Agents are no client's to offer.
pub(super) fn declared(open: &Object<'_>) -> Result<Capabilities, Fault> {
    match open.raw(KEY) {
        None => Ok(Capabilities::default()),
        // Unlike other keys, this one must not be `null`.
        Some(raw) => features(&Object::read(raw, KEY)?),
    }
}

/// What a runtime says that both can do.
pub(super) fn agreed(accepted: &Object<'_>) -> Result<Capabilities, Fault> {
    let Some(object) = accepted.object(KEY, KEY)? else {
        return Ok(Capabilities::default());
    };
    Ok(Capabilities {
        agents: object.value(AGENTS).map_or(Ok(Vec::new()), agents)?,
        artifact_retention: retention(&object)?,
        ..features(&object)?
    })
}

fn features(object: &Object<'_>) -> Result<Capabilities, Fault> {
    let mut capabilities = Capabilities::default();
    for (feature, key) in FEATURES {
        if let Some(there) = object.flag(key)? {
            capabilities.features.insert(*feature, there);
        }
    }
    capabilities.extensions = names(object, EXTENSIONS)?;
    capabilities.binary_encodings = names(object, BINARY_ENCODING)?;
    capabilities.heartbeats = heartbeats(object)?;
    Ok(capabilities)
}

/// Names that are remembered for as long as the session lasts.
fn names(object: &Object<'_>, key: &str) -> Result<BTreeSet<String>, Fault> {
    let names = object.texts(key)?.unwrap_or_default();
    if names.len() > MAX_NAMES || names.iter().any(|name| name.len() > MAX_NAME_BYTES) {
        let what = format!("at most {MAX_NAMES} names of at most {MAX_NAME_BYTES} bytes");
        return Err(Fault::invalid(format!("`{key}` must have {what}")));
    }
    Ok(names.into_iter().map(Cow::into_owned).collect())
}

fn heartbeats(object: &Object<'_>) -> Result<Option<HeartbeatPolicy>, Fault> {
    let interval = object.whole(HEARTBEAT_INTERVAL)?.map(Duration::from_secs);
    let recovery = match object.text(HEARTBEAT_RECOVERY)?.as_deref() {
        None => return Ok(None),
        Some("block") => HeartbeatRecovery::Block,
        // One that nobody knows is the strictest.
        Some(_) => HeartbeatRecovery::Fail,
    };
    Ok(Some(HeartbeatPolicy { recovery, interval }))
}

fn retention(accepted: &Object<'_>) -> Result<Option<ArtifactRetention>, Fault> {
    let Some(object) = accepted.object(ARTIFACT_RETENTION, "capabilities.artifact_retention")?
    else {
        return Ok(None);
    };
    Ok(Some(ArtifactRetention {
        default: Duration::from_secs(object.need_whole("default_seconds")?),
        max: Duration::from_secs(object.need_whole("max_seconds")?),
    }))
}

/// An inventory: names, or objects with versions.
fn agents(raw: &RawValue) -> Result<Vec<AgentCard>, Fault> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get())
        .map_err(|_| Fault::invalid("`capabilities.agents` must be a list"))?;
    items.into_iter().map(agent).collect()
}

fn agent(raw: &RawValue) -> Result<AgentCard, Fault> {
    if let Some(name) = string(raw) {
        return Ok(AgentCard { name: name.into_owned(), versions: Vec::new(), default: None });
    }
    let object = Object::read(raw, "capabilities.agents")?;
    let versions = object.texts("versions")?.unwrap_or_default();
    Ok(AgentCard {
        name: object.need_text("name")?.into_owned(),
        versions: versions.into_iter().map(Cow::into_owned).collect(),
        default: object.owned("default")?,
    })
}

/// Capabilities to be written.
pub(super) struct Written<'a>(pub(super) &'a Capabilities);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (feature, key) in FEATURES {
            if let Some(there) = self.0.features.get(feature) {
                map.serialize_entry(key, there)?;
            }
        }
        if !self.0.extensions.is_empty() {
            map.serialize_entry(EXTENSIONS, &self.0.extensions)?;
        }
        if !self.0.binary_encodings.is_empty() {
            map.serialize_entry(BINARY_ENCODING, &self.0.binary_encodings)?;
        }
        if let Some(HeartbeatPolicy { recovery, interval }) = &self.0.heartbeats {
            let recovery = match recovery {
                HeartbeatRecovery::Fail => "fail",
                HeartbeatRecovery::Block => "block",
            };
            map.serialize_entry(HEARTBEAT_RECOVERY, recovery)?;
            if let Some(interval) = interval {
                map.serialize_entry(HEARTBEAT_INTERVAL, &whole_seconds(*interval))?;
            }
        }
        if let Some(ArtifactRetention { default, max }) = &self.0.artifact_retention {
            let (default_seconds, max_seconds) = (default.as_secs(), max.as_secs());
            let retention = Retention { default_seconds, max_seconds };
            map.serialize_entry(ARTIFACT_RETENTION, &retention)?;
        }
        let agents = &self.0.agents;
        if !agents.is_empty() && agents.iter().all(|card| card.versions.is_empty()) {
            let names: Vec<&str> = agents.iter().map(|card| card.name.as_str()).collect();
            map.serialize_entry(AGENTS, &names)?;
        } else if !agents.is_empty() {
            let cards: Vec<Card<'_>> = self.0.agents.iter().map(Card::of).collect();
            map.serialize_entry(AGENTS, &cards)?;
        }
        map.end()
    }
}

/// What comes at least so often; a part of a second is one.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)).max(1)
}

#[derive(Serialize)]
struct Retention {
    default_seconds: u64,
    max_seconds: u64,
}

#[derive(Serialize)]
struct Card<'a> {
    name: &'a str,
    versions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
}

impl<'a> Card<'a> {
    fn of(card: &'a AgentCard) -> Self {
        Self { name: &card.name, versions: &card.versions, default: card.default.as_deref() }
    }
}

const KEY: &str = "capabilities";
const EXTENSIONS: &str = "extensions";
const AGENTS: &str = "agents";
const BINARY_ENCODING: &str = "binary_encoding";
const MAX_NAMES: usize = 64;
const MAX_NAME_BYTES: usize = 256;
const HEARTBEAT_RECOVERY: &str = "heartbeat_recovery";
const HEARTBEAT_INTERVAL: &str = "heartbeat_interval_seconds";
const ARTIFACT_RETENTION: &str = "artifact_retention";

const FEATURES: &[(Feature, &str)] = &[
    (Feature::Streaming, "streaming"),
    (Feature::DurableJobs, "durable_jobs"),
    (Feature::Checkpoints, "checkpoints"),
    (Feature::BinaryStreams, "binary_streams"),
    (Feature::AgentHandoff, "agent_handoff"),
    (Feature::ModelUse, "model_use"),
    (Feature::ProvisionedCredentials, "provisioned_credentials"),
    (Feature::Artifacts, "artifacts"),
    (Feature::Subscriptions, "subscriptions"),
    (Feature::ScheduledJobs, "scheduled_jobs"),
    (Feature::Interrupt, "interrupt"),
    (Feature::HumanInput, "human_input"),
    (Feature::Anonymous, "anonymous"),
];
