//! The fixture's agents, as tools of the published runtime.
//!
//! A tool there can charge, stream its result, ask for a model, end, and no more. So there is no
//! `conf.log`, `conf.flood`, `conf.events`, `conf.extension`, `conf.stream`, `conf.permission`,
//! `conf.artifact` or `conf.trace`, and those that wait at a gate say nothing of it.

mod ends;
mod lease;
mod results;
mod waits;

use std::sync::Arc;

use arcp::messages::{AgentInventory, AgentInventoryEntry};
use arcp::runtime::{ToolRegistry, ToolRegistryBuilder};
use arcp_peers::tool;
use serde_json::json;

use crate::credentials::Issuer;
use crate::gates::Gates;

/// All of them.
pub(crate) fn registry(gates: &Gates, issuer: &Arc<Issuer>) -> ToolRegistry {
    let [gate, open, stubborn, charge, authorize] = std::array::from_fn(|_| gates.clone());
    let issuer = Arc::clone(issuer);
    let tools = [
        tool("conf.echo", |input, _| async { Ok(input) }),
        // A tool is not told which version was asked for: it is always the default.
        tool("conf.version", |_, _| async { Ok(json!({"version": DEFAULT_VERSION})) }),
        tool("conf.fail", |input, _| async { ends::fail(input) }),
        tool("conf.panic", |_, _| async { ends::panic() }),
        tool("conf.gate", move |input, _| waits::gate(gate.clone(), input)),
        tool("conf.stubborn", move |input, _| waits::gate(stubborn.clone(), input)),
        tool("conf.open", move |input, _| {
            let gates = open.clone();
            async move { waits::open(&gates, input) }
        }),
        tool("conf.charge", move |input, job| {
            let gates = charge.clone();
            async move { lease::charge(&gates, input, &job).await }
        }),
        tool("conf.authorize", move |input, job| {
            let gates = authorize.clone();
            async move { lease::authorize(&gates, input, &job).await }
        }),
        tool("conf.chunks", |input, job| async move { results::chunks(input, &job).await }),
        tool("conf.credentials", move |input, _| {
            let issuer = Arc::clone(&issuer);
            async move { waits::revoked(&issuer, input).await }
        }),
    ];
    tools.into_iter().fold(ToolRegistryBuilder::new(), ToolRegistryBuilder::with).build()
}

/// What clients are told of them.
pub(crate) fn inventory() -> AgentInventory {
    let entry = |name: &&str| AgentInventoryEntry {
        name: (*name).to_owned(),
        versions: vec!["1.0.0".to_owned()],
        default: Some("1.0.0".to_owned()),
    };
    let mut entries: Vec<_> = NAMES.iter().map(entry).collect();
    entries.push(AgentInventoryEntry {
        name: "conf.version".to_owned(),
        versions: vec!["1.0.0".to_owned(), DEFAULT_VERSION.to_owned()],
        default: Some(DEFAULT_VERSION.to_owned()),
    });
    AgentInventory::Rich(entries)
}

/// Those with one version.
const NAMES: [&str; 10] = [
    "conf.echo",
    "conf.fail",
    "conf.panic",
    "conf.gate",
    "conf.stubborn",
    "conf.open",
    "conf.charge",
    "conf.authorize",
    "conf.chunks",
    "conf.credentials",
];

const DEFAULT_VERSION: &str = "2.0.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_advertised_is_there_and_the_reverse() {
        let gates = Gates::default();
        let registry = registry(&gates, &Arc::new(Issuer::new(gates.clone())));
        let entries = inventory().into_rich();
        assert_eq!(registry.len(), entries.len());
        assert!(entries.iter().all(|entry| registry.get(&entry.name).is_some()));
    }
}
