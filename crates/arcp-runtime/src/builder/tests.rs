//! What a builder declares, and what it refuses to build.

use arcp_agent::{Outcome, agent_fn};
use arcp_auth::{Anonymous, StaticBearer};
use arcp_core::lease::Pattern;
use arcp_store::{MemoryBlobs, MemoryStore};

use super::*;

fn builder() -> RuntimeBuilder {
    RuntimeBuilder::new(Arc::new(MemoryStore::new())).authenticator(StaticBearer::new())
}

fn agent() -> impl Agent {
    agent_fn(|_, input| async move { Ok(Outcome::Value(input)) })
}

fn refusal(builder: RuntimeBuilder) -> BuildError {
    match builder.build() {
        Ok(_) => panic!("it is built"),
        Err(error) => error,
    }
}

#[test]
fn what_cannot_be_is_not_built() {
    let blobs = || builder().blobs(Arc::new(MemoryBlobs::new()));
    let (default, max) = (Duration::from_secs(2), Duration::from_secs(1));
    let retention = ArtifactRetention { default, max };
    let none = RuntimeBuilder::new(Arc::new(MemoryStore::new()));
    let cases = [
        (none, BuildError::NoAuthenticator),
        (builder().authenticator(StaticBearer::new()), BuildError::SchemeTwice("bearer".into())),
        (builder().feature(Feature::ProvisionedCredentials, true), BuildError::NoProvisioner),
        (builder().feature(Feature::Artifacts, true), BuildError::NoBlobs),
        (builder().feature(Feature::Anonymous, true), BuildError::NoAnonymous),
        (builder().feature(Feature::Interrupt, true), BuildError::NotBuilt(Feature::Interrupt)),
        (builder().feature(Feature::DurableJobs, false), BuildError::Always(Feature::DurableJobs)),
        (
            blobs().artifact_retention(retention),
            BuildError::TooSmall("artifact_retention.max", "artifact_retention.default"),
        ),
        (builder().session_lease(Some(Duration::ZERO)), BuildError::ZeroLimit("session_lease")),
        (builder().heartbeat_interval(Duration::ZERO), BuildError::ZeroLimit("heartbeat_interval")),
        (
            builder().agent("a", "1", agent()).agent("a", "1", agent()),
            BuildError::AgentTwice("a@1".into()),
        ),
        (
            builder().agent("a", "1", agent()).unversioned_agent("a", agent()),
            BuildError::AgentTwice("a".into()),
        ),
        (
            builder().unversioned_agent("a", agent()).agent("a", "1", agent()),
            BuildError::AgentTwice("a@1".into()),
        ),
    ];
    for (builder, wanted) in cases {
        assert_eq!(refusal(builder), wanted);
    }
    let mut deep = Limits::default();
    deep.delegation_depth = 65;
    assert_eq!(refusal(builder().limits(deep)), BuildError::TooLarge("delegation_depth", 64));
    let lease = || Lease::default().grant("net.fetch", Pattern::parse("a.example/**").unwrap());
    for (builder, setting) in [
        (builder().default_lease(lease()), "default_lease"),
        (builder().ceiling(Some(lease())), "ceiling"),
    ] {
        assert!(matches!(refusal(builder), BuildError::Lease(named, _) if named == setting));
    }
    let bad = refusal(builder().agent("A", "1", agent()));
    assert!(matches!(bad, BuildError::AgentName(_)), "{bad}");
    for name in ["note", "job.note", "tool.x.v1", ".v1", ""] {
        let bad = refusal(builder().authenticator(Anonymous).extension(name));
        assert_eq!(bad, BuildError::ExtensionName(name.to_owned()));
    }
    let said = BuildError::NoProvisioner.to_string();
    assert!(said.contains("provisioned_credentials") && said.contains("provisioner"), "{said}");
}

#[test]
fn what_is_there_is_declared_unless_it_is_not_to_be() {
    let all = builder()
        .authenticator(Anonymous)
        .blobs(Arc::new(MemoryBlobs::new()))
        .extension("arcpx.example.v1")
        .feature(Feature::Subscriptions, false);
    let declared = all.build().map(|parts| parts.settings.capabilities).ok().unwrap();
    for there in [Feature::Streaming, Feature::Artifacts, Feature::Anonymous] {
        assert!(declared.has(there), "{there:?}");
    }
    assert_eq!(declared.features.get(&Feature::Subscriptions), Some(&false));
    assert_eq!(declared.features.get(&Feature::ProvisionedCredentials), None);
    assert!(declared.extensions.contains("arcpx.example.v1"));
    assert!(declared.artifact_retention.is_some());
}

#[test]
fn an_agent_without_versions_goes_by_its_name() {
    let built = builder().unversioned_agent("a", agent()).build();
    let catalog = built.map(|parts| parts.settings.catalog).ok().unwrap();
    let named = |text| catalog.resolve(&AgentRef::parse(text).unwrap());
    assert_eq!(named("a").unwrap().to_string(), "a");
    assert_eq!(named("a@1").unwrap_err().code, arcp_core::Code::AgentVersionNotAvailable);
    assert_eq!(catalog.cards()[0].versions, Vec::<String>::new());
}
