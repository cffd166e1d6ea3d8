//! Capabilities as this dialect writes them: a key for each feature, extensions, agents.

use std::borrow::Cow;

use arcp_core::{AgentCard, Capabilities, Fault, Feature};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::object::{Object, string};

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
    let extensions = object.texts(EXTENSIONS)?.unwrap_or_default();
    capabilities.extensions = extensions.into_iter().map(Cow::into_owned).collect();
    Ok(capabilities)
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
        if !self.0.agents.is_empty() {
            let cards: Vec<Card<'_>> = self.0.agents.iter().map(Card::of).collect();
            map.serialize_entry(AGENTS, &cards)?;
        }
        map.end()
    }
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
