//! What `arcp serve --agents conformance` serves: the agents and tokens of the conformance suite's
//! fixture, and the settings of its profiles (`docs/conformance/AGENTS.md`).

use std::time::Duration;

use arcp::ServerBuilder;
use arcp::auth_jwt::{Algorithm, SignedJwt};
use arcp::core::{Limits, Secret};
use arcp::runtime::RuntimeBuilder;
use arcp_conformance_agents::{EXTENSION, Fixture};

use crate::exit::Error;

/// A profile: what it sets beyond the defaults.
pub(crate) struct Profile {
    name: &'static str,
    anonymous: bool,
    /// Whether jobs get credentials.
    provisions: bool,
    limits: fn(&mut Limits),
    configure: fn(RuntimeBuilder) -> RuntimeBuilder,
}

impl Profile {
    /// The profile of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Self, Error> {
        PROFILES.iter().find(|profile| profile.name == name).ok_or_else(|| {
            let known: Vec<_> = PROFILES.iter().map(|profile| profile.name).collect();
            Error::Usage(format!("--profile: no `{name}`; there are {}", known.join(", ")))
        })
    }

    /// Whether clients are taken that prove nothing.
    pub(crate) fn anonymous(&self) -> bool {
        self.anonymous
    }

    /// Adds the fixture to a server.
    pub(crate) fn apply(
        &self,
        mut server: ServerBuilder,
        mut limits: Limits,
    ) -> Result<ServerBuilder, Error> {
        for (token, principal) in TOKENS {
            server = server.bearer(&Secret::new(token.to_owned()), principal);
        }
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
        let carol = Secret::new("conf-carol".to_owned());
        server = server.challenged(&carol, "carol", &secret("conf-carol-key"));
        let jwt = SignedJwt::builder("arcp-conformance")
            .algorithm(Algorithm::HS256)
            .secret(&secret("conformance-secret-of-32-bytes-ok"))
            .build()
            .map_err(Error::usage)?;
        server = server.configure(|runtime| runtime.authenticator(jwt).extension(EXTENSION));
        let fixture = Fixture::default();
        if self.provisions {
            let provisioner = fixture.provisioner();
            server = server.configure(|runtime| runtime.provisioner(provisioner));
        }
        for (name, version, agent) in fixture.agents() {
            server = server.configure(|runtime| runtime.shared_agent(name, version, agent));
        }
        (self.limits)(&mut limits);
        Ok(server.configure(|runtime| (self.configure)(runtime.limits(limits))))
    }
}

const TOKENS: [(&str, &str); 2] = [("conf-alice", "alice"), ("conf-bob", "bob")];

static PROFILES: &[Profile] = &[
    Profile {
        name: "standard",
        anonymous: false,
        provisions: false,
        limits: same,
        configure: plain,
    },
    Profile {
        name: "anonymous",
        anonymous: true,
        provisions: false,
        limits: same,
        configure: plain,
    },
    Profile {
        name: "window",
        anonymous: false,
        provisions: false,
        limits: same,
        configure: |runtime| runtime.ack_window(4),
    },
    Profile {
        name: "timed",
        anonymous: false,
        provisions: false,
        limits: |limits| limits.handshake_time = Duration::from_secs(1),
        configure: |runtime| {
            runtime
                .session_lease(Some(Duration::from_secs(4)))
                .heartbeat_interval(Duration::from_secs(1))
        },
    },
    Profile {
        name: "tight",
        anonymous: false,
        provisions: false,
        limits: |limits| {
            limits.running_per_principal = 2;
            limits.jobs_per_principal = 4;
            limits.frame_bytes = 64 << 10;
            limits.chunk_bytes = 8 << 10;
            limits.result_bytes = 64 << 10;
            limits.artifact_bytes = 16 << 10;
            limits.artifact_bytes_per_principal = 64 << 10;
            limits.sessions_per_principal = 3;
        },
        configure: |runtime| runtime.resume_window(Duration::from_secs(1)),
    },
    Profile {
        name: "credentials",
        anonymous: false,
        provisions: true,
        limits: same,
        configure: plain,
    },
];

fn same(_: &mut Limits) {}

fn plain(runtime: RuntimeBuilder) -> RuntimeBuilder {
    runtime
}
