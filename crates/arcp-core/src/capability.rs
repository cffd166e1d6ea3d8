//! What the two ends of a session can do, and what both can.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::{AgentCard, ArtifactRetention};

/// A capability that both ends must have for it to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Streams of chunks beside a job's events (R§11).
    Streaming,
    /// Jobs that outlive the connection (R§10.1).
    DurableJobs,
    /// Checkpoints (R§19).
    Checkpoints,
    /// Streams of bytes (R§11.3).
    BinaryStreams,
    /// Handing a job to another agent (R§14).
    AgentHandoff,
    /// Leases that name models.
    ModelUse,
    /// Credentials bound to a job's lease.
    ProvisionedCredentials,
    /// Artifacts (R§16).
    Artifacts,
    /// Observers (R§13).
    Subscriptions,
    /// Jobs that start later (R§10.6).
    ScheduledJobs,
    /// Pausing a job for guidance (R§10.5).
    Interrupt,
    /// Questions to a person (R§12).
    HumanInput,
    /// Sessions in which nobody proves anything (R§8.2).
    Anonymous,
    /// Pings in both directions, and a connection that is silent for two intervals is given up (§6.4).
    Heartbeat,
    /// Acknowledged events, and a word to a client that is slow with them (§6.5).
    Ack,
    /// Listing jobs (§6.6).
    ListJobs,
    /// Watching the jobs of other sessions (§7.6).
    Subscribe,
    /// Leases that end (§9.5).
    LeaseExpiresAt,
    /// Leases that limit what is spent (§9.6).
    CostBudget,
    /// Events that say how far the work has come (§8.2.1).
    Progress,
    /// Results in pieces (§8.4).
    ResultChunk,
    /// Versions of agents (§7.5).
    AgentVersions,
}

macro_rules! names {
    ($($name:ident $text:literal;)*) => {
        impl Feature {
            /// Every feature.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The domain's own spelling, kept in stored records.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Reads the domain's spelling.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

names! {
    Streaming "streaming";
    DurableJobs "durable_jobs";
    Checkpoints "checkpoints";
    BinaryStreams "binary_streams";
    AgentHandoff "agent_handoff";
    ModelUse "model_use";
    ProvisionedCredentials "provisioned_credentials";
    Artifacts "artifacts";
    Subscriptions "subscriptions";
    ScheduledJobs "scheduled_jobs";
    Interrupt "interrupt";
    HumanInput "human_input";
    Anonymous "anonymous";
    Heartbeat "heartbeat";
    Ack "ack";
    ListJobs "list_jobs";
    Subscribe "subscribe";
    LeaseExpiresAt "lease_expires_at";
    CostBudget "cost_budget";
    Progress "progress";
    ResultChunk "result_chunk";
    AgentVersions "agent_versions";
}

/// What one end declares, or what both agreed on.
///
/// A feature that is not in the map was not mentioned, which counts as absent (R§7).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Features said to be there or not there.
    pub features: BTreeMap<Feature, bool>,
    /// Namespaced extensions (R§21.2).
    pub extensions: BTreeSet<String>,
    /// The agents on offer; only a runtime has any.
    pub agents: Vec<AgentCard>,
    /// What is done about heartbeats (R§10.3). A client that says nothing gets none.
    pub heartbeats: Option<HeartbeatPolicy>,
    /// How bytes of streams may be written: `base64`, `sidecar` (R§11.3).
    pub binary_encodings: BTreeSet<String>,
    /// How long artifacts are kept; only a runtime says so (R§16.3).
    pub artifact_retention: Option<ArtifactRetention>,
}

/// The extension by which a client says that it knows the types around resuming.
pub const RESUME_EXTENSION: &str = "resume";

/// What is done about heartbeats of jobs (R§10.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeartbeatPolicy {
    /// What becomes of a job whose heartbeats are missed.
    pub recovery: HeartbeatRecovery,
    /// The longest time between two; `None` when not said.
    pub interval: Option<Duration>,
}

/// What becomes of a job whose heartbeats are missed (R§10.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeartbeatRecovery {
    /// It fails.
    #[default]
    Fail,
    /// It blocks.
    Block,
}

impl Capabilities {
    /// The features that are declared to be there.
    pub fn present(&self) -> impl Iterator<Item = Feature> {
        self.features.iter().filter(|(_, there)| **there).map(|(feature, _)| *feature)
    }

    /// Whether `feature` is declared to be there.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.get(&feature).copied().unwrap_or(false)
    }

    /// The same capabilities with `feature` said to be there or not.
    #[must_use]
    pub fn with(mut self, feature: Feature, there: bool) -> Self {
        self.features.insert(feature, there);
        self
    }

    /// What holds between a runtime that has `self` and a client that has `client`: a feature that
    /// either mentions is there only when both have it; extensions are those of both; the agents
    /// are the runtime's (R§7).
    #[must_use]
    pub fn negotiate(&self, client: &Self) -> Self {
        let mentioned = self.features.keys().chain(client.features.keys());
        Self {
            features: mentioned.map(|f| (*f, self.has(*f) && client.has(*f))).collect(),
            extensions: self.extensions.intersection(&client.extensions).cloned().collect(),
            agents: self.agents.clone(),
            heartbeats: self.heartbeats,
            binary_encodings: self.binary_encodings.clone(),
            artifact_retention: self.artifact_retention,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_needs_both_and_silence_is_no() {
        let runtime = Capabilities::default()
            .with(Feature::DurableJobs, true)
            .with(Feature::Artifacts, false);
        let client = Capabilities::default()
            .with(Feature::DurableJobs, true)
            .with(Feature::Artifacts, true)
            .with(Feature::Interrupt, true);
        let both = runtime.negotiate(&client);
        assert!(both.has(Feature::DurableJobs));
        assert_eq!(both.features.get(&Feature::Artifacts), Some(&false));
        assert_eq!(both.features.get(&Feature::Interrupt), Some(&false));
        assert_eq!(both.features.get(&Feature::Streaming), None);
    }

    #[test]
    fn every_feature_reads_back() {
        for feature in Feature::ALL {
            assert_eq!(Feature::parse(feature.as_str()), Some(*feature));
        }
        assert_eq!(Feature::parse("nonsense"), None);
    }

    #[test]
    fn extensions_are_those_of_both() {
        let end = |names: &[&str]| Capabilities {
            extensions: names.iter().map(ToString::to_string).collect(),
            ..Capabilities::default()
        };
        let both = end(&["a.b.v1", "c.d.v1"]).negotiate(&end(&["c.d.v1", "e.f.v1"]));
        assert_eq!(both.extensions.into_iter().collect::<Vec<_>>(), ["c.d.v1"]);
    }
}
