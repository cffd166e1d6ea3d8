//! The fixture agents of the conformance suite, as `docs/conformance/AGENTS.md` specifies them.
//!
//! They know no runtime: whatever hosts agents can host these. What they share, such as the gates,
//! lives in one [`Fixture`].

mod again;
mod artifact;
mod delegate;
mod ends;
mod gates;
mod lease;
mod permission;
mod provisioner;
mod says;
mod streams;
mod tools;

use std::future::ready;
use std::sync::Arc;

use arcp_agent::{Agent, Fault, Json, Outcome, Restart, agent_fn, read_input, restartable};
use serde::de::DeserializeOwned;

pub use provisioner::Provisioner;

use gates::Gates;
use provisioner::Vault;

/// The agents of one runtime, and the provisioner that goes with them.
#[derive(Debug, Default)]
pub struct Fixture {
    gates: Gates,
    vault: Vault,
}

impl Fixture {
    /// The provisioner of the profile `credentials`.
    pub fn provisioner(&self) -> Provisioner {
        Provisioner { vault: self.vault.clone(), gates: self.gates.clone() }
    }

    /// Every agent.
    pub fn agents(&self) -> Vec<FixtureAgent> {
        agents(&self.gates, &self.vault)
    }
}

/// The extension that the fixture's runtimes declare, by which an agent says something of its own.
pub const EXTENSION: &str = "arcpx.conformance.note.v1";

/// An agent's name, its version and itself. Where a name has several versions, the last one is the
/// default.
pub type FixtureAgent = (&'static str, &'static str, Arc<dyn Agent>);

fn agents(gates: &Gates, vault: &Vault) -> Vec<FixtureAgent> {
    let vault = vault.clone();
    let [gate, open, stubborn, charge, authorize, stream, permission, rerun, goes_on] =
        std::array::from_fn(|_| gates.clone());
    let [delegating, rotating] = std::array::from_fn(|_| gates.clone());
    vec![
        ("conf.echo", "1.0.0", Arc::new(agent_fn(|_, input| ready(Ok(Outcome::Value(input)))))),
        ("conf.version", "1.0.0", Arc::new(agent_fn(|_, _| ready(ends::version("1.0.0"))))),
        ("conf.version", "2.0.0", Arc::new(agent_fn(|_, _| ready(ends::version("2.0.0"))))),
        ("conf.log", "1.0.0", Arc::new(agent_fn(says::log))),
        ("conf.flood", "1.0.0", Arc::new(agent_fn(says::flood))),
        ("conf.events", "1.0.0", Arc::new(agent_fn(says::events))),
        ("conf.extension", "1.0.0", Arc::new(agent_fn(says::note))),
        ("conf.emit", "1.0.0", Arc::new(agent_fn(says::emit))),
        ("conf.progress", "1.0.0", Arc::new(agent_fn(says::progress))),
        ("conf.tools", "1.0.0", Arc::new(agent_fn(tools::tools))),
        ("conf.chunks", "1.0.0", Arc::new(agent_fn(says::chunks))),
        ("conf.gate", "1.0.0", Arc::new(agent_fn(move |job, input| gate.clone().gate(job, input)))),
        ("conf.open", "1.0.0", Arc::new(agent_fn(move |_, input| ready(open.open(&input))))),
        (
            "conf.stubborn",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| stubborn.clone().stubborn(job, input))),
        ),
        ("conf.fail", "1.0.0", Arc::new(agent_fn(|_, input| ready(ends::fail(&input))))),
        ("conf.panic", "1.0.0", Arc::new(agent_fn(|_, _| async { ends::panic() }))),
        (
            "conf.charge",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| lease::charge(charge.clone(), job, input))),
        ),
        (
            "conf.authorize",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| lease::authorize(authorize.clone(), job, input))),
        ),
        (
            "conf.stream",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| streams::stream(stream.clone(), job, input))),
        ),
        (
            "conf.permission",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| {
                permission::permission(permission.clone(), job, input)
            })),
        ),
        ("conf.artifact", "1.0.0", Arc::new(agent_fn(artifact::artifact))),
        (
            "conf.credentials",
            "1.0.0",
            Arc::new(agent_fn(move |_, input| vault.clone().revoked(input))),
        ),
        (
            "conf.rerun",
            "1.0.0",
            Arc::new(restartable(
                agent_fn(move |job, input| again::again(rerun.clone(), job, input)),
                Restart::FromInput,
            )),
        ),
        (
            "conf.checkpoint",
            "1.0.0",
            Arc::new(restartable(
                agent_fn(move |job, input| again::again(goes_on.clone(), job, input)),
                Restart::FromCheckpoint,
            )),
        ),
        (
            "conf.delegate",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| {
                delegate::delegate(delegating.clone(), job, input)
            })),
        ),
        (
            "conf.rotate",
            "1.0.0",
            Arc::new(agent_fn(move |job, input| delegate::rotate(rotating.clone(), job, input))),
        ),
        ("conf.trace", "1.0.0", Arc::new(agent_fn(|job, _| ready(ends::trace(&job))))),
    ]
}

/// Reads an input that has to be an object of this form.
fn input<T: DeserializeOwned>(input: &Json) -> Result<T, Fault> {
    read_input(input)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_version_is_there_once() {
        let agents = Fixture::default().agents();
        let names: BTreeSet<_> = agents.iter().map(|(name, version, _)| (name, version)).collect();
        assert_eq!(names.len(), agents.len());
        assert!(agents.iter().all(|(name, _, _)| name.starts_with("conf.")));
    }
}
