//! The features of this dialect by name (§6.2).

use arcp_core::{Capabilities, Feature};

/// What a list of names declares; those that nobody knows are nothing.
pub(super) fn declared<'a>(names: impl IntoIterator<Item = &'a str>) -> Capabilities {
    let find = |name: &str| FEATURES.iter().find(|(_, known)| *known == name);
    let known = names.into_iter().filter_map(find);
    Capabilities {
        features: known.map(|(feature, _)| (*feature, true)).collect(),
        ..Capabilities::default()
    }
}

/// The names of what is there, in the order of the text.
pub(super) fn names(capabilities: &Capabilities) -> Vec<&'static str> {
    let there = |(feature, _): &&(Feature, &str)| capabilities.has(*feature);
    FEATURES.iter().filter(there).map(|(_, name)| *name).collect()
}

/// The name of a feature.
pub(super) fn name(feature: Feature) -> &'static str {
    let known = FEATURES.iter().find(|(known, _)| *known == feature);
    known.map_or(feature.as_str(), |(_, name)| *name)
}

const FEATURES: &[(Feature, &str)] = &[
    (Feature::Heartbeat, "heartbeat"),
    (Feature::Ack, "ack"),
    (Feature::ListJobs, "list_jobs"),
    (Feature::Subscribe, "subscribe"),
    (Feature::LeaseExpiresAt, "lease_expires_at"),
    (Feature::CostBudget, "cost.budget"),
    (Feature::Progress, "progress"),
    (Feature::ResultChunk, "result_chunk"),
    (Feature::AgentVersions, "agent_versions"),
    (Feature::ModelUse, "model.use"),
    (Feature::ProvisionedCredentials, "provisioned_credentials"),
];
