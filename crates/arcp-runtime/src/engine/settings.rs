//! What the engine is told once, at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::{
    AgentCard, AgentRef, Capabilities, Code, Fault, Lease, Limits, OnClose, Restart,
    RuntimeIdentity,
};

use super::{Policy, Retention};

/// How a runtime behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it says of itself.
    pub identity: RuntimeIdentity,
    /// What it can do, but for the agents.
    pub capabilities: Capabilities,
    /// The schemes it has authenticators for.
    pub schemes: BTreeSet<String>,
    /// The agents it hosts.
    pub catalog: Catalog,
    /// Its bounds.
    pub limits: Limits,
    /// How long a session waits for its client after its connection dropped.
    pub resume_window: Duration,
    /// How long a session lasts unless its client authenticates again; `None` for ever.
    pub session_lease: Option<Duration>,
    /// What a job may do that was submitted without a lease.
    pub default_lease: Lease,
    /// What no job may go beyond, whatever its lease says; `None` when leases alone decide.
    pub ceiling: Option<Lease>,
    /// How many events a client may have that it has not acknowledged; 0 for no bound.
    pub ack_window: u64,
    /// Whether there is a provisioner of credentials.
    pub provisions: bool,
    /// How long events and jobs that have ended are kept.
    pub retention: Retention,
    /// The time between two rounds of forgetting what is older.
    pub sweep_interval: Duration,
    /// How long an idempotency key is remembered after its job was accepted.
    pub idempotency_horizon: Duration,
    /// After how long a silence a client is asked whether it is there; `None` for never. As long again,
    /// and it is given up.
    pub ping_interval: Option<Duration>,
    /// What becomes of a session's jobs when it is closed; `None` for what the client's dialect says.
    pub on_close: Option<OnClose>,
    /// Who may watch whose jobs.
    pub watch_policy: Policy,
    /// How long a cancelled job may take to end when the canceller did not say.
    pub cancel_grace: Duration,
}

/// The agents on offer: names, versions in the order of registration, the last one the default. One
/// that has no versions is asked for by its name only.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    agents: BTreeMap<String, Vec<String>>,
    restarts: BTreeMap<AgentRef, Restart>,
}

impl Catalog {
    /// Adds a version of an agent, which becomes its default, or an agent without versions; `false`
    /// when it is there already.
    pub fn add(&mut self, name: &str, version: Option<&str>) -> bool {
        let known = self.agents.get(name);
        let fresh = match version {
            None => known.is_none(),
            Some(version) => known.is_none_or(|versions| {
                !versions.is_empty() && !versions.iter().any(|known| known == version)
            }),
        };
        if fresh {
            self.agents.entry(name.to_owned()).or_default().extend(version.map(str::to_owned));
        }
        fresh
    }

    /// The inventory, as clients are told it.
    pub fn cards(&self) -> Vec<AgentCard> {
        let card = |(name, versions): (&String, &Vec<String>)| AgentCard {
            name: name.clone(),
            versions: versions.clone(),
            default: versions.last().cloned(),
        };
        self.agents.iter().map(card).collect()
    }

    /// Says what an agent can do for jobs whose runtime has died.
    pub fn set_restart(&mut self, agent: AgentRef, restart: Restart) {
        self.restarts.insert(agent, restart);
    }

    /// What an agent can do for jobs whose runtime has died.
    pub fn restart(&self, agent: &AgentRef) -> Restart {
        self.restarts.get(agent).copied().unwrap_or_default()
    }

    /// The version that a reference stands for (§7.5).
    pub fn resolve(&self, agent: &AgentRef) -> Result<AgentRef, Fault> {
        let missing = |code, what| Fault::new(code, format!("{what} not available: {agent}"));
        let versions = self
            .agents
            .get(agent.name())
            .ok_or_else(|| missing(Code::AgentNotAvailable, "agent"))?;
        let version = match agent.version() {
            None if versions.is_empty() => return Ok(agent.clone()),
            None => versions.last(),
            Some(wanted) => versions.iter().find(|known| *known == wanted),
        };
        let version =
            version.ok_or_else(|| missing(Code::AgentVersionNotAvailable, "agent version"))?;
        AgentRef::new(agent.name(), Some(version))
            .map_err(|error| Fault::invalid(error.to_string()))
    }
}
