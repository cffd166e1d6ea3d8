//! The settings of `arcp serve`: a file, and the command line before it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arcp::core::{ArtifactRetention, Limits, OnClose, Secret};
use arcp::runtime::Compatibility;
use arcp::store_sqlite::Durability;
use arcp_conformance_server::Profile;
use serde::Deserialize;

use crate::args::{AgentSet, CompatibilityName, Serve};
use crate::exit::Error;
use crate::jwt::Jwt;

/// How to serve.
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Where everything is kept; `None` for in memory.
    pub(crate) data: Option<PathBuf>,
    pub(crate) tokens: Vec<Token>,
    /// Which signed tokens are accepted.
    pub(crate) jwt: Option<Jwt>,
    pub(crate) anonymous: bool,
    pub(crate) stdio: bool,
    pub(crate) insecure: bool,
    pub(crate) grace: Duration,
    /// What jobs without a lease may read.
    pub(crate) workspace: Option<PathBuf>,
    /// What leases may grant besides.
    pub(crate) allowed: Vec<String>,
    pub(crate) durability: Durability,
    pub(crate) session_lease: Option<Duration>,
    pub(crate) heartbeat_interval: Option<Duration>,
    pub(crate) idempotency_horizon: Option<Duration>,
    pub(crate) event_retention: Option<Duration>,
    pub(crate) job_retention: Option<Duration>,
    pub(crate) sweep_interval: Option<Duration>,
    /// Zero for never.
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) on_close: Option<OnClose>,
    pub(crate) compatibility: Option<Compatibility>,
    pub(crate) artifact_retention: Option<ArtifactRetention>,
    pub(crate) resume_window: Option<Duration>,
    pub(crate) cancel_grace: Option<Duration>,
    pub(crate) ack_window: Option<u64>,
    pub(crate) limits: Limits,
    /// The profile of the conformance suite to serve, with its agents.
    pub(crate) fixture: Option<&'static Profile>,
}

/// The file. Every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    memory: bool,
    anonymous: bool,
    insecure: bool,
    grace_seconds: Option<u64>,
    /// `false` for none.
    workspace: Option<Workspace>,
    allow: Vec<String>,
    durability: Option<DurabilityName>,
    session_lease_seconds: Option<u64>,
    heartbeat_interval_seconds: Option<u64>,
    idempotency_horizon_seconds: Option<u64>,
    event_retention_seconds: Option<u64>,
    job_retention_seconds: Option<u64>,
    sweep_interval_ms: Option<u64>,
    /// 0 for never.
    ping_interval_seconds: Option<u64>,
    on_close: OnCloseName,
    compatibility: Option<CompatibilityName>,
    artifact_retention: Option<RetentionTable>,
    resume_window_seconds: Option<u64>,
    cancel_grace_ms: Option<u64>,
    ack_window: Option<u64>,
    tokens: Vec<TokenTable>,
    jwt: Option<Jwt>,
    limits: LimitsTable,
}

/// What becomes of a session's jobs when it is closed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnCloseName {
    #[default]
    Dialect,
    Cancel,
    Detach,
}

/// How long artifacts are kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionTable {
    default_seconds: u64,
    max_seconds: u64,
}

impl From<RetentionTable> for ArtifactRetention {
    fn from(RetentionTable { default_seconds, max_seconds }: RetentionTable) -> Self {
        let (default, max) =
            (Duration::from_secs(default_seconds), Duration::from_secs(max_seconds));
        Self { default, max }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Workspace {
    Folder(PathBuf),
    Switch(bool),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DurabilityName {
    Full,
    Process,
}

/// A token, and whose it is.
pub(crate) struct Token {
    pub(crate) text: Secret<String>,
    pub(crate) principal: String,
    /// What its owner has to prove to have, too.
    pub(crate) key: Option<Secret<Vec<u8>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenTable {
    token: String,
    principal: String,
    challenge_key: Option<String>,
}

impl TryFrom<TokenTable> for Token {
    type Error = Error;

    /// What is empty is most likely a variable that nobody has set.
    fn try_from(table: TokenTable) -> Result<Self, Error> {
        let TokenTable { token, principal, challenge_key } = table;
        let empty = [
            ("token", token.is_empty()),
            ("principal", principal.is_empty()),
            ("challenge_key", challenge_key.as_ref().is_some_and(String::is_empty)),
        ];
        if let Some((key, _)) = empty.into_iter().find(|(_, empty)| *empty) {
            return Err(Error::Usage(format!("tokens: `{key}` must not be empty")));
        }
        let key = challenge_key.map(|key| Secret::new(key.into_bytes()));
        Ok(Self { text: Secret::new(token), principal, key })
    }
}

/// The principal only.
impl std::fmt::Debug for TokenTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a token of {}", self.principal)
    }
}

/// The bounds that a deployment is likely to change.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsTable {
    frame_bytes: Option<usize>,
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    sessions_per_principal: Option<usize>,
    jobs_per_principal: Option<usize>,
    running_per_principal: Option<usize>,
    children_per_job: Option<usize>,
    delegation_depth: Option<usize>,
    artifact_bytes: Option<usize>,
    artifact_bytes_per_principal: Option<u64>,
    queued_bytes: Option<usize>,
    burst_bytes: Option<usize>,
    handshake_seconds: Option<u64>,
}

impl Settings {
    /// Puts the file and the command line together, the latter first.
    pub(crate) fn of(args: Serve) -> Result<Self, Error> {
        let file = match &args.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        let mut tokens = Vec::new();
        for text in &args.tokens {
            let (token, principal) = text
                .rsplit_once('=')
                .filter(|(token, principal)| !token.is_empty() && !principal.is_empty())
                .ok_or_else(|| Error::usage("--token: want TOKEN=PRINCIPAL"))?;
            let (token, principal) = (Secret::new(token.to_owned()), principal.to_owned());
            tokens.push(Token { text: token, principal, key: None });
        }
        for table in file.tokens {
            tokens.push(Token::try_from(table)?);
        }
        let workspace = match (args.no_workspace, args.workspace, file.workspace) {
            (true, _, _) | (false, None, Some(Workspace::Switch(false))) => None,
            (false, Some(folder), _) | (false, None, Some(Workspace::Folder(folder))) => {
                Some(folder)
            }
            (false, None, None | Some(Workspace::Switch(true))) => Some(PathBuf::from(".")),
        };
        let fixture = match args.agents {
            AgentSet::Builtin => None,
            AgentSet::Conformance => {
                let wrong = |error| Error::Usage(format!("--profile: {error}"));
                Some(Profile::named(&args.profile).map_err(wrong)?)
            }
        };
        let data = match (args.memory, args.data, file.memory) {
            (true, _, _) | (false, None, true) => None,
            (false, Some(folder), _) => Some(folder),
            (false, None, false) => Some(file.data.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))),
        };
        Ok(Self {
            listen: args.listen.or(file.listen).unwrap_or(DEFAULT_LISTEN),
            data,
            tokens,
            jwt: file.jwt,
            anonymous: args.anonymous || file.anonymous,
            stdio: args.stdio,
            insecure: args.insecure || file.insecure,
            grace: Duration::from_secs(args.grace.or(file.grace_seconds).unwrap_or(10)),
            workspace,
            allowed: args.allowed.into_iter().chain(file.allow).collect(),
            durability: match file.durability {
                Some(DurabilityName::Process) => Durability::Process,
                Some(DurabilityName::Full) | None => Durability::Full,
            },
            session_lease: file.session_lease_seconds.map(Duration::from_secs),
            heartbeat_interval: file.heartbeat_interval_seconds.map(Duration::from_secs),
            idempotency_horizon: file.idempotency_horizon_seconds.map(Duration::from_secs),
            event_retention: file.event_retention_seconds.map(Duration::from_secs),
            job_retention: file.job_retention_seconds.map(Duration::from_secs),
            sweep_interval: file.sweep_interval_ms.map(Duration::from_millis),
            ping_interval: file.ping_interval_seconds.map(Duration::from_secs),
            on_close: match file.on_close {
                OnCloseName::Dialect => None,
                OnCloseName::Cancel => Some(OnClose::Cancel),
                OnCloseName::Detach => Some(OnClose::Detach),
            },
            compatibility: args.compatibility.or(file.compatibility).map(|name| match name {
                CompatibilityName::Auto => Compatibility::Auto,
                CompatibilityName::Strict => Compatibility::Strict,
            }),
            artifact_retention: file.artifact_retention.map(ArtifactRetention::from),
            resume_window: file.resume_window_seconds.map(Duration::from_secs),
            cancel_grace: file.cancel_grace_ms.map(Duration::from_millis),
            ack_window: file.ack_window,
            limits: file.limits.apply(),
            fixture,
        })
    }
}

/// What the file says of what is kept: where, and for how long.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) data: Option<PathBuf>,
    pub(crate) events: Option<Duration>,
    pub(crate) jobs: Option<Duration>,
}

impl Kept {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let file = read(path)?;
        let events = file.event_retention_seconds.map(Duration::from_secs);
        let jobs = file.job_retention_seconds.map(Duration::from_secs);
        Ok(Self { data: file.data, events, jobs })
    }
}

impl LimitsTable {
    fn apply(self) -> Limits {
        let mut limits = Limits::default();
        let set = |limit: &mut usize, value: Option<usize>| *limit = value.unwrap_or(*limit);
        set(&mut limits.frame_bytes, self.frame_bytes);
        set(&mut limits.connections, self.connections);
        set(&mut limits.connections_per_address, self.connections_per_address);
        set(&mut limits.sessions_per_principal, self.sessions_per_principal);
        set(&mut limits.jobs_per_principal, self.jobs_per_principal);
        set(&mut limits.running_per_principal, self.running_per_principal);
        set(&mut limits.children_per_job, self.children_per_job);
        set(&mut limits.delegation_depth, self.delegation_depth);
        set(&mut limits.artifact_bytes, self.artifact_bytes);
        set(&mut limits.queued_bytes, self.queued_bytes);
        set(&mut limits.burst_bytes, self.burst_bytes);
        if let Some(bytes) = self.artifact_bytes_per_principal {
            limits.artifact_bytes_per_principal = bytes;
        }
        if let Some(seconds) = self.handshake_seconds {
            limits.handshake_time = Duration::from_secs(seconds);
        }
        limits
    }
}

fn read(path: &Path) -> Result<File, Error> {
    let wrong =
        |error: &dyn std::fmt::Display| Error::Usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    // The parser's own words show the line, which may hold a token.
    let place = |error: &toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        before.map_or(0, |before| before.matches('\n').count()) + 1
    };
    let document = toml::de::Deserializer::parse(&text)
        .map_err(|error| wrong(&format_args!("line {}: this is no TOML", place(&error))))?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let (key, inner) = (error.path().to_string(), error.inner());
        let shows_a_value = !inner.message().starts_with("unknown field");
        let secret = key.starts_with("tokens") && shows_a_value;
        let message = if secret { "not of the right form" } else { inner.message() };
        wrong(&format_args!("line {}: `{key}`: {message}", place(inner)))
    })
}

/// Where everything is kept when nobody says where.
pub(crate) const DEFAULT_DATA: &str = "arcp-data";
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7777);
