//! The server that the conformance suite is played against: its agents and tokens, and the settings of
//! its profiles, as `docs/conformance/AGENTS.md` specifies them. A library of its own so that the
//! program hosts what the tests host.

mod trouble;

use std::time::Duration;

use arcp::ServerBuilder;
use arcp::auth_jwt::{Algorithm, BuildError, SignedJwt};
use arcp::core::{Limits, Secret};
use arcp::runtime::{Compatibility, RuntimeBuilder};
use arcp_conformance_agents::{EXTENSION, Fixture};
use trouble::Trouble;

/// A profile: what it sets beyond the defaults.
#[derive(Debug)]
pub struct Profile {
    name: &'static str,
    anonymous: bool,
    /// Whether jobs get credentials.
    provisions: bool,
    limits: fn(&mut Limits),
    configure: fn(RuntimeBuilder) -> RuntimeBuilder,
}

/// There is no such profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no profile `{name}`; there are {}", known.join(", "))]
pub struct UnknownProfile {
    name: String,
    known: Vec<&'static str>,
}

impl Profile {
    /// The profile of that name.
    pub fn named(name: &str) -> Result<&'static Self, UnknownProfile> {
        let unknown = || UnknownProfile {
            name: name.to_owned(),
            known: PROFILES.iter().map(|profile| profile.name).collect(),
        };
        PROFILES.iter().find(|profile| profile.name == name).ok_or_else(unknown)
    }

    /// Changes bounds to those of the profile.
    #[must_use]
    pub fn limits(&self, mut limits: Limits) -> Limits {
        // Whoever does not read is told soon that it is slow.
        limits.burst_bytes = 0;
        (self.limits)(&mut limits);
        limits
    }

    /// Has a server host a fixture with the settings of the profile but for its bounds, which the
    /// caller sets.
    pub fn apply(
        &self,
        mut server: ServerBuilder,
        fixture: &Fixture,
    ) -> Result<ServerBuilder, BuildError> {
        for (token, principal) in TOKENS {
            server = server.bearer(&Secret::new(token.to_owned()), principal);
        }
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
        let carol = Secret::new("conf-carol".to_owned());
        server = server.challenged(&carol, "carol", &secret("conf-carol-key"));
        if self.anonymous {
            server = server.anonymous();
        }
        let jwt = SignedJwt::builder("arcp-conformance")
            .algorithm(Algorithm::HS256)
            .secret(&secret("conformance-secret-of-32-bytes-ok"))
            .build()?;
        server = server.configure(|runtime| {
            runtime
                .authenticator(jwt)
                .authenticator(Trouble)
                .extension(EXTENSION)
                .cancel_grace(GRACE)
                // What is judged is the text.
                .compatibility(Compatibility::Strict)
        });
        if self.provisions {
            let provisioner = fixture.provisioner();
            server = server.configure(|runtime| runtime.provisioner(provisioner));
        }
        for (name, version, agent) in fixture.agents() {
            server = server.configure(|runtime| runtime.shared_agent(name, version, agent));
        }
        Ok(server.configure(self.configure))
    }
}

const TOKENS: [(&str, &str); 2] = [("conf-alice", "alice"), ("conf-bob", "bob")];

/// How long a job gets that is cancelled without a deadline.
const GRACE: Duration = Duration::from_secs(4);

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
        limits: |limits| {
            limits.handshake_time = Duration::from_secs(1);
            limits.authenticate_time = Duration::from_millis(500);
        },
        configure: |runtime| {
            runtime
                .ping_interval(Some(Duration::from_secs(1)))
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
            limits.result_bytes = 32 << 10;
            limits.artifact_bytes = 16 << 10;
            limits.artifact_bytes_per_principal = 64 << 10;
            limits.sessions_per_principal = 3;
        },
        configure: |runtime| runtime.resume_window(Duration::from_secs(1)),
    },
    Profile {
        name: "fleeting",
        anonymous: false,
        provisions: false,
        limits: same,
        configure: |runtime| {
            runtime
                .resume_window(Duration::from_secs(2))
                .idempotency_horizon(Duration::from_secs(1))
                .event_retention(Duration::from_secs(2))
                .job_retention(Duration::from_secs(4))
                .sweep_interval(Duration::from_millis(200))
        },
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
