//! Putting a runtime together: what it is told once, checked before it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arcp_agent::Agent;
use arcp_auth::Authenticator;
use arcp_core::{
    AgentRef, ArtifactRetention, Capabilities, Feature, Lease, Limits, RuntimeIdentity, TrustLevel,
};
use arcp_store::{Blobs, Store};

use crate::clock::{Clock, SystemClock};
use crate::engine::{Catalog, Settings};
use crate::error::{BuildError, RuntimeError};
use crate::host::Registry;
use crate::runtime::Runtime;

/// Collects the parts and settings of a runtime.
pub struct RuntimeBuilder {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Option<Arc<dyn Blobs>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) authenticators: Vec<Arc<dyn Authenticator>>,
    pub(crate) agents: Vec<(String, String, Arc<dyn Agent>)>,
    pub(crate) agent_threads: usize,
    identity: RuntimeIdentity,
    limits: Limits,
    resume_window: Duration,
    session_lease: Option<Duration>,
    default_lease: Lease,
    ceiling: Option<Lease>,
    cancel_grace: Duration,
    ack_window: u64,
    idempotency_horizon: Duration,
    artifact_retention: ArtifactRetention,
}

/// The parts of a runtime, found to fit together.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) authenticators: BTreeMap<String, Arc<dyn Authenticator>>,
    pub(crate) agent_threads: usize,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Option<Arc<dyn Blobs>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl RuntimeBuilder {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            blobs: None,
            clock: Arc::new(SystemClock::new()),
            authenticators: Vec::new(),
            agents: Vec::new(),
            agent_threads: std::thread::available_parallelism().map_or(2, usize::from),
            identity: RuntimeIdentity {
                kind: "arcp".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                fingerprint: None,
                trust_level: TrustLevel::default(),
            },
            limits: Limits::default(),
            resume_window: Duration::from_mins(10),
            session_lease: None,
            default_lease: Lease::default(),
            ceiling: None,
            cancel_grace: Duration::from_secs(5),
            ack_window: 0,
            idempotency_horizon: Duration::from_hours(24),
            artifact_retention: ArtifactRetention {
                default: Duration::from_hours(24),
                max: Duration::from_hours(7 * 24),
            },
        }
    }

    /// Where the bytes of artifacts are kept; they should last as long as the store. Default: nowhere,
    /// and the runtime declares that it has no artifacts.
    #[must_use]
    pub fn blobs(mut self, blobs: Arc<dyn Blobs>) -> Self {
        self.blobs = Some(blobs);
        self
    }

    /// How long artifacts are kept when a put does not say, and at most. Default: a day, and seven.
    #[must_use]
    pub fn artifact_retention(mut self, retention: ArtifactRetention) -> Self {
        self.artifact_retention = retention;
        self
    }

    /// Adds an authenticator for its scheme. One at least is needed. One for the scheme `none`
    /// makes the runtime declare that it takes anonymous sessions.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticators.push(Arc::new(authenticator));
        self
    }

    /// Adds a version of an agent. The version added last is the one a bare name stands for.
    #[must_use]
    pub fn agent(self, name: &str, version: &str, agent: impl Agent) -> Self {
        self.shared_agent(name, version, Arc::new(agent))
    }

    /// Adds a version of an agent that is shared already.
    #[must_use]
    pub fn shared_agent(mut self, name: &str, version: &str, agent: Arc<dyn Agent>) -> Self {
        self.agents.push((name.to_owned(), version.to_owned(), agent));
        self
    }

    /// What the runtime says of itself. Default: kind `arcp`, this crate's version, trusted.
    #[must_use]
    pub fn identity(mut self, identity: RuntimeIdentity) -> Self {
        self.identity = identity;
        self
    }

    /// The bounds. Default: [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long a session waits for its client after its connection dropped. Default 600 s.
    #[must_use]
    pub fn resume_window(mut self, window: Duration) -> Self {
        self.resume_window = window;
        self
    }

    /// How long a session lasts unless its client authenticates again. Default `None`: for ever.
    #[must_use]
    pub fn session_lease(mut self, lease: Option<Duration>) -> Self {
        self.session_lease = lease;
        self
    }

    /// What a job may do that is submitted without a lease. Default: nothing that needs a grant.
    #[must_use]
    pub fn default_lease(mut self, lease: Lease) -> Self {
        self.default_lease = lease;
        self
    }

    /// What no job may go beyond, whatever lease it was submitted with: an operation has to be
    /// covered by both. Default `None`: the submitter decides.
    #[must_use]
    pub fn ceiling(mut self, ceiling: Option<Lease>) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Largest frame, from the limits: a transport has to carry as much.
    pub fn frame_bytes(&self) -> usize {
        self.limits.frame_bytes
    }

    /// Most connections at a time, from the limits.
    pub fn connections(&self) -> usize {
        self.limits.connections
    }

    /// How long a cancelled job may take to end when its canceller did not say. Default 5 s.
    #[must_use]
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.cancel_grace = grace;
        self
    }

    /// How many events of a session a client may have that it has not acknowledged (`session.ack`).
    /// The rest wait in the store; replies, pings and other control messages do not wait, nor does
    /// what an observer is told. Default 0: no window, and a client need not acknowledge anything.
    #[must_use]
    pub fn ack_window(mut self, events: u64) -> Self {
        self.ack_window = events;
        self
    }

    /// How long an idempotency key is remembered after its job was accepted, and longer while the
    /// job has not ended. Default 24 h.
    #[must_use]
    pub fn idempotency_horizon(mut self, horizon: Duration) -> Self {
        self.idempotency_horizon = horizon;
        self
    }

    /// How many threads run agents. Default: as many as the machine has processors.
    #[must_use]
    pub fn agent_threads(mut self, threads: usize) -> Self {
        self.agent_threads = threads;
        self
    }

    /// Where the time comes from. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks that all fits together, recovers from the store and starts.
    ///
    /// Jobs that were running when the store was last used end as failed, retryable.
    pub async fn start(self) -> Result<Runtime, RuntimeError> {
        Runtime::start(self.build()?).await
    }

    fn build(self) -> Result<Parts, BuildError> {
        check_limits(&self.limits, self.agent_threads)?;
        let mut authenticators: BTreeMap<String, Arc<dyn Authenticator>> = BTreeMap::new();
        for authenticator in self.authenticators {
            let scheme = authenticator.scheme().to_owned();
            if authenticators.insert(scheme.clone(), authenticator).is_some() {
                return Err(BuildError::SchemeTwice(scheme));
            }
        }
        if authenticators.is_empty() {
            return Err(BuildError::NoAuthenticator);
        }
        let mut catalog = Catalog::default();
        let mut registry = Registry::new();
        for (name, version, agent) in self.agents {
            let reference = AgentRef::new(&name, Some(&version))?;
            if !catalog.add(&name, &version) {
                return Err(BuildError::AgentTwice(reference.to_string()));
            }
            registry.insert(reference, agent);
        }
        let schemes: BTreeSet<String> = authenticators.keys().cloned().collect();
        let mut capabilities = capabilities(schemes.contains("none"));
        if self.blobs.is_some() {
            let ArtifactRetention { default, max } = self.artifact_retention;
            if default > max {
                let (default, max) = ("artifact_retention.max", "artifact_retention.default");
                return Err(BuildError::TooSmall(default, max));
            }
            capabilities = capabilities.with(Feature::Artifacts, true);
            capabilities.artifact_retention = Some(self.artifact_retention);
        }
        let settings = Settings {
            identity: self.identity,
            capabilities,
            schemes,
            catalog,
            limits: self.limits,
            resume_window: self.resume_window,
            session_lease: self.session_lease,
            default_lease: self.default_lease,
            ceiling: self.ceiling,
            cancel_grace: self.cancel_grace,
            ack_window: self.ack_window,
            idempotency_horizon: self.idempotency_horizon,
        };
        Ok(Parts {
            settings,
            registry,
            authenticators,
            agent_threads: self.agent_threads,
            store: self.store,
            blobs: self.blobs,
            clock: self.clock,
        })
    }
}

impl std::fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuntimeBuilder")
            .field("identity", &self.identity)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What is built, and nothing else.
fn capabilities(anonymous: bool) -> Capabilities {
    let mut capabilities = Capabilities::default()
        .with(Feature::Streaming, true)
        .with(Feature::BinaryStreams, true)
        .with(Feature::DurableJobs, true)
        .with(Feature::Artifacts, false)
        .with(Feature::Subscriptions, true)
        .with(Feature::ScheduledJobs, false)
        .with(Feature::Interrupt, false);
    if anonymous {
        capabilities = capabilities.with(Feature::Anonymous, true);
    }
    capabilities.binary_encodings.insert("base64".to_owned());
    capabilities
}

fn check_limits(limits: &Limits, agent_threads: usize) -> Result<(), BuildError> {
    let bounds = [
        ("frame_bytes", limits.frame_bytes),
        ("connections", limits.connections),
        ("connections_per_address", limits.connections_per_address),
        ("sessions", limits.sessions),
        ("jobs", limits.jobs),
        ("input_bytes", limits.input_bytes),
        ("batch_bytes", limits.batch_bytes),
        ("sessions_per_principal", limits.sessions_per_principal),
        ("jobs_per_principal", limits.jobs_per_principal),
        ("running_per_principal", limits.running_per_principal),
        ("commands_in_flight", limits.commands_in_flight),
        ("input_queue", limits.input_queue),
        ("batch", limits.batch),
        ("queued_bytes", limits.queued_bytes),
        ("queued_events", limits.queued_events),
        ("list_page", limits.list_page),
        ("agent_threads", agent_threads),
    ];
    if limits.input_bytes < limits.frame_bytes {
        return Err(BuildError::TooSmall("input_bytes", "frame_bytes"));
    }
    match bounds.into_iter().find(|(_, bound)| *bound == 0) {
        Some((name, _)) => Err(BuildError::ZeroLimit(name)),
        None => Ok(()),
    }
}
