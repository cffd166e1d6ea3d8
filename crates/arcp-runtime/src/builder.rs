//! Putting a runtime together: what it is told once, checked before it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arcp_agent::Agent;
use arcp_auth::{Authenticator, CredentialProvisioner};
use arcp_core::{
    ANY_TOKEN, AgentRef, ArtifactRetention, Capabilities, Feature, HeartbeatPolicy,
    HeartbeatRecovery, Lease, Limits, OnClose, RuntimeIdentity, TrustLevel,
};
use arcp_store::{Blobs, Store};
use arcp_wire::Compatibility;

use crate::any_token::{self, AnyToken};
use crate::clock::{Clock, SystemClock};
use crate::engine::{Catalog, Retention, Settings};
use crate::error::{BuildError, RuntimeError};
use crate::host::Registry;
use crate::runtime::Runtime;

/// Collects the parts and settings of a runtime.
pub struct RuntimeBuilder {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Option<Arc<dyn Blobs>>,
    pub(crate) provisioner: Option<Arc<dyn CredentialProvisioner>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) authenticators: Vec<Arc<dyn Authenticator>>,
    pub(crate) agents: Vec<(String, Option<String>, Arc<dyn Agent>)>,
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
    retention: Retention,
    sweep_interval: Duration,
    ping_interval: Option<Duration>,
    on_close: Option<OnClose>,
    artifact_retention: ArtifactRetention,
    heartbeat_interval: Duration,
    features: BTreeMap<Feature, bool>,
    extensions: BTreeSet<String>,
    compatibility: Compatibility,
}

/// The parts of a runtime, found to fit together.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) authenticators: Doors,
    pub(crate) agent_threads: usize,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Option<Arc<dyn Blobs>>,
    pub(crate) provisioner: Option<Arc<dyn CredentialProvisioner>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) compatibility: Compatibility,
}

impl RuntimeBuilder {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            blobs: None,
            provisioner: None,
            features: BTreeMap::new(),
            extensions: BTreeSet::new(),
            compatibility: Compatibility::default(),
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
            retention: Retention::default(),
            sweep_interval: Duration::from_mins(1),
            ping_interval: Some(Duration::from_secs(30)),
            on_close: None,
            artifact_retention: ArtifactRetention {
                default: Duration::from_hours(24),
                max: Duration::from_hours(7 * 24),
            },
            heartbeat_interval: Duration::from_secs(30),
        }
    }

    /// Who issues credentials for jobs whose lease names models or has a budget. Default: nobody.
    #[must_use]
    pub fn provisioner(mut self, provisioner: impl CredentialProvisioner) -> Self {
        self.provisioner = Some(Arc::new(provisioner));
        self
    }

    /// Declares that a feature is there or not there. Default: what is built and has what it needs is
    /// there. One that is not built, or lacks what it needs, cannot be declared to be there; one that
    /// is declared not to be there is refused, but for durable jobs, which always are.
    #[must_use]
    pub fn feature(mut self, feature: Feature, there: bool) -> Self {
        self.features.insert(feature, there);
        self
    }

    /// Declares a namespaced extension (R§21.2). The events that agents emit under its name go out
    /// under a type of that name to clients that declare it too.
    #[must_use]
    pub fn extension(mut self, name: &str) -> Self {
        self.extensions.insert(name.to_owned());
        self
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

    /// How often a client that declares `heartbeat_recovery` is told of each of its running jobs that
    /// it is alive (R§10.3); it is advertised in whole seconds, rounded up. Default 30 s.
    #[must_use]
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = interval;
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
        self.agents.push((name.to_owned(), Some(version.to_owned()), agent));
        self
    }

    /// Adds an agent that has no versions: it can be asked for by its name only.
    #[must_use]
    pub fn unversioned_agent(mut self, name: &str, agent: impl Agent) -> Self {
        self.agents.push((name.to_owned(), None, Arc::new(agent)));
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

    /// What becomes of a session's jobs when its client closes it. Default: what the dialect says; in
    /// `open` they are cancelled.
    #[must_use]
    pub fn on_close(mut self, jobs: OnClose) -> Self {
        self.on_close = Some(jobs);
        self
    }

    /// How long an idempotency key is remembered after its job was accepted, and longer while the
    /// job has not ended. Default 24 h.
    #[must_use]
    pub fn idempotency_horizon(mut self, horizon: Duration) -> Self {
        self.idempotency_horizon = horizon;
        self
    }

    /// How long events are kept after they were said, and those of a job that has ended after its end.
    /// No shorter than the resume window and the idempotency horizon: what they promise is told from
    /// the log. Default 7 days.
    #[must_use]
    pub fn event_retention(mut self, span: Duration) -> Self {
        self.retention.events = span;
        self
    }

    /// How long a job that has ended is listed after its end; no shorter than its events are kept.
    /// Default 7 days.
    #[must_use]
    pub fn job_retention(mut self, span: Duration) -> Self {
        self.retention.jobs = span;
        self
    }

    /// The time between two rounds of forgetting what is old enough. Default a minute.
    #[must_use]
    pub fn sweep_interval(mut self, interval: Duration) -> Self {
        self.sweep_interval = interval;
        self
    }

    /// After how long a silence a client is asked whether it is there, if it has declared that its
    /// sessions can go on; as long again, and its connection is ended. Default 30 s; `None` for never.
    #[must_use]
    pub fn ping_interval(mut self, interval: Option<Duration>) -> Self {
        self.ping_interval = interval;
        self
    }

    /// Whether clients that are known to read something else than the text of the protocol says are told
    /// that. Default: they are.
    #[must_use]
    pub fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
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

    fn build(mut self) -> Result<Parts, BuildError> {
        check_limits(&self.limits, self.agent_threads)?;
        if self.session_lease.is_some_and(|lease| lease.is_zero()) {
            return Err(BuildError::ZeroLimit("session_lease"));
        }
        self.check_retention()?;
        let authenticators = self.doors()?;
        let (catalog, registry) = self.hired()?;
        let schemes: BTreeSet<String> = authenticators.keys().cloned().collect();
        let capabilities = self.capabilities(schemes.contains("none"))?;
        let provisions = capabilities.has(Feature::ProvisionedCredentials);
        let default_lease = normal("default_lease", self.default_lease)?;
        let ceiling = self.ceiling.map(|ceiling| normal("ceiling", ceiling)).transpose()?;
        let settings = Settings {
            identity: self.identity,
            capabilities,
            schemes,
            catalog,
            limits: self.limits,
            resume_window: self.resume_window,
            session_lease: self.session_lease,
            default_lease,
            ceiling,
            cancel_grace: self.cancel_grace,
            ack_window: self.ack_window,
            provisions,
            idempotency_horizon: self.idempotency_horizon,
            retention: self.retention,
            sweep_interval: self.sweep_interval,
            ping_interval: self.ping_interval,
            on_close: self.on_close,
        };
        Ok(Parts {
            settings,
            registry,
            authenticators,
            agent_threads: self.agent_threads,
            store: self.store,
            blobs: self.blobs,
            provisioner: self.provisioner,
            clock: self.clock,
            compatibility: self.compatibility,
        })
    }

    /// What is promised for some time is kept as long.
    fn check_retention(&self) -> Result<(), BuildError> {
        let Retention { events, jobs } = self.retention;
        let pairs = [
            ("event_retention", events, "resume_window", self.resume_window),
            ("event_retention", events, "idempotency_horizon", self.idempotency_horizon),
            ("job_retention", jobs, "event_retention", events),
        ];
        if let Some((what, _, least, _)) =
            pairs.into_iter().find(|(_, span, _, least)| span < least)
        {
            return Err(BuildError::TooSmall(what, least));
        }
        Ok(())
    }

    /// The authenticators by scheme.
    fn doors(&mut self) -> Result<Doors, BuildError> {
        let mut doors = Doors::new();
        for authenticator in std::mem::take(&mut self.authenticators) {
            let scheme = authenticator.scheme().to_owned();
            if doors.insert(scheme.clone(), authenticator).is_some() {
                return Err(BuildError::SchemeTwice(scheme));
            }
        }
        let (known, signed) = (doors.get(any_token::BEARER), doors.get(any_token::SIGNED));
        if known.is_some() || signed.is_some() {
            let any = AnyToken { known: known.cloned(), signed: signed.cloned() };
            doors.insert(ANY_TOKEN.to_owned(), Arc::new(any));
        }
        if doors.is_empty() { Err(BuildError::NoAuthenticator) } else { Ok(doors) }
    }

    /// The agents, as clients are told of them and as they are run.
    fn hired(&mut self) -> Result<(Catalog, Registry), BuildError> {
        let (mut catalog, mut registry) = (Catalog::default(), Registry::new());
        for (name, version, agent) in std::mem::take(&mut self.agents) {
            let reference = AgentRef::new(&name, version.as_deref())?;
            if !catalog.add(&name, version.as_deref()) {
                return Err(BuildError::AgentTwice(reference.to_string()));
            }
            catalog.set_restart(reference.clone(), agent.restart());
            registry.insert(reference, agent);
        }
        Ok((catalog, registry))
    }
}

/// The authenticators by scheme.
type Doors = BTreeMap<String, Arc<dyn Authenticator>>;

impl RuntimeBuilder {
    /// What is built and has what it needs, and what is declared otherwise.
    fn capabilities(&self, anonymous: bool) -> Result<Capabilities, BuildError> {
        let provisions = self.provisioner.is_some();
        let built = [
            (Feature::Streaming, true),
            (Feature::Checkpoints, true),
            (Feature::BinaryStreams, true),
            (Feature::DurableJobs, true),
            (Feature::Subscriptions, true),
            (Feature::ModelUse, true),
            (Feature::ProvisionedCredentials, provisions),
            (Feature::Artifacts, self.blobs.is_some()),
            (Feature::Anonymous, anonymous),
            (Feature::Heartbeat, self.ping_interval.is_some()),
            (Feature::Ack, true),
            (Feature::ListJobs, true),
            (Feature::Subscribe, true),
            (Feature::LeaseExpiresAt, true),
            (Feature::CostBudget, true),
            (Feature::Progress, true),
            (Feature::ResultChunk, true),
            (Feature::AgentVersions, true),
            (Feature::ScheduledJobs, false),
            (Feature::Interrupt, false),
        ];
        let mut capabilities = Capabilities::default();
        for (feature, there) in built {
            // Nobody asks for these: silence is no.
            let quiet = matches!(feature, Feature::Anonymous | Feature::ProvisionedCredentials);
            if there || !quiet {
                capabilities.features.insert(feature, there);
            }
        }
        if self.features.get(&Feature::DurableJobs) == Some(&false) {
            return Err(BuildError::Always(Feature::DurableJobs));
        }
        for (feature, there) in &self.features {
            if *there && !capabilities.has(*feature) {
                return Err(missing(*feature));
            }
            capabilities.features.insert(*feature, *there);
        }
        if self.ping_interval.is_some_and(|interval| interval.is_zero()) {
            return Err(BuildError::ZeroLimit("ping_interval"));
        }
        if self.sweep_interval.is_zero() {
            return Err(BuildError::ZeroLimit("sweep_interval"));
        }
        if self.heartbeat_interval.is_zero() {
            return Err(BuildError::ZeroLimit("heartbeat_interval"));
        }
        capabilities.heartbeats = Some(HeartbeatPolicy {
            // An agent runs within the runtime: when it is gone its job has failed.
            recovery: HeartbeatRecovery::Fail,
            interval: Some(self.heartbeat_interval),
        });
        if let Some(name) = self.extensions.iter().find(|name| !arcp_wire::is_extension(name)) {
            return Err(BuildError::ExtensionName(name.clone()));
        }
        capabilities.extensions.clone_from(&self.extensions);
        if capabilities.has(Feature::BinaryStreams) {
            capabilities.binary_encodings.insert("base64".to_owned());
        }
        if capabilities.has(Feature::Artifacts) {
            let ArtifactRetention { default, max } = self.artifact_retention;
            if default > max {
                let (default, max) = ("artifact_retention.max", "artifact_retention.default");
                return Err(BuildError::TooSmall(default, max));
            }
            capabilities.artifact_retention = Some(self.artifact_retention);
        }
        Ok(capabilities)
    }
}

/// Why a feature cannot be declared to be there.
fn missing(feature: Feature) -> BuildError {
    match feature {
        Feature::ProvisionedCredentials => BuildError::NoProvisioner,
        Feature::Artifacts => BuildError::NoBlobs,
        Feature::Anonymous => BuildError::NoAnonymous,
        other => BuildError::NotBuilt(other),
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

/// A lease of the settings, with its patterns as they are compared with what is asked for.
fn normal(setting: &'static str, lease: Lease) -> Result<Lease, BuildError> {
    lease.normal().map_err(|fault| BuildError::Lease(setting, fault.message))
}

fn check_limits(limits: &Limits, agent_threads: usize) -> Result<(), BuildError> {
    // Those of things that a runtime can do without may be zero: none of them then.
    let bounds = [
        ("chunk_bytes", limits.chunk_bytes),
        ("result_bytes", usize::try_from(limits.result_bytes).unwrap_or(usize::MAX)),
        ("text_bytes", limits.text_bytes),
        ("bad_frames", limits.bad_frames as usize),
        ("handshake_attempts", limits.handshake_attempts as usize),
        ("connections", limits.connections),
        ("connections_per_address", limits.connections_per_address),
        ("sessions", limits.sessions),
        ("sessions_per_principal", limits.sessions_per_principal),
        ("jobs", limits.jobs),
        ("jobs_per_principal", limits.jobs_per_principal),
        ("running_per_principal", limits.running_per_principal),
        ("provisioning_per_principal", limits.provisioning_per_principal),
        ("repeats_per_job", limits.repeats_per_job),
        ("revocations", limits.revocations),
        ("unrevoked", limits.unrevoked),
        ("keys_per_principal", limits.keys_per_principal),
        ("keys_in_all", limits.keys_in_all),
        ("watched_per_session", limits.watched_per_session),
        ("keeping_bytes", limits.keeping_bytes),
        ("commands_in_flight", limits.commands_in_flight),
        ("remembered_messages", limits.remembered_messages),
        ("input_queue", limits.input_queue),
        ("input_bytes", limits.input_bytes),
        ("batch", limits.batch),
        ("batch_bytes", limits.batch_bytes),
        ("queued_bytes", limits.queued_bytes),
        ("queued_events", limits.queued_events),
        ("list_page", limits.list_page),
        ("agent_threads", agent_threads),
    ];
    let times = [
        ("handshake_time", limits.handshake_time),
        ("authenticate_time", limits.authenticate_time),
        ("provision_time", limits.provision_time),
        ("blob_time", limits.blob_time),
        ("commit_time", limits.commit_time),
    ];
    let zero = bounds.into_iter().find(|(_, bound)| *bound == 0).map(|(name, _)| name);
    let never = times.into_iter().find(|(_, time)| time.is_zero()).map(|(name, _)| name);
    if let Some(name) = zero.or(never) {
        return Err(BuildError::ZeroLimit(name));
    }
    // An event has to fit into a frame, with its envelope.
    if limits.frame_bytes < LEAST_FRAME {
        return Err(BuildError::TooSmall("frame_bytes", "8192"));
    }
    if limits.input_bytes < limits.frame_bytes {
        return Err(BuildError::TooSmall("input_bytes", "frame_bytes"));
    }
    Ok(())
}

/// The smallest bound of frames, in bytes.
const LEAST_FRAME: usize = 8_192;

#[cfg(test)]
mod tests;
