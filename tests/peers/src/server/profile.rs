//! The profiles that the published runtime has settings for. It has none for `tight`.

use std::sync::Arc;

use arcp::auth::{NoneAuthenticator, SignedJwtAuthenticator};
use arcp::messages::Capabilities;
use arcp::{ARCPError, ARCPRuntime};
use arcp_peers::{JWT_AUDIENCE, JWT_SECRET};
use clap::ValueEnum;

use crate::agents;
use crate::auth::Bearer;
use crate::credentials::Issuer;
use crate::gates::Gates;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    Standard,
    Anonymous,
    Window,
    Timed,
    Credentials,
}

impl Profile {
    /// A runtime with the fixture and these settings.
    pub(crate) async fn build(self) -> Result<ARCPRuntime, ARCPError> {
        let gates = Gates::default();
        let issuer = Arc::new(Issuer::new(gates.clone()));
        let capabilities = Capabilities {
            streaming: Some(true),
            durable_jobs: Some(true),
            artifacts: Some(true),
            subscriptions: Some(true),
            anonymous: (self == Self::Anonymous).then_some(true),
            extensions: vec![EXTENSION.to_owned()],
            agents: Some(agents::inventory()),
            ..Capabilities::default()
        };
        let mut builder = ARCPRuntime::builder()
            .with_authenticator(Box::new(Bearer))
            .with_authenticator(Box::new(SignedJwtAuthenticator::hs256(JWT_SECRET, JWT_AUDIENCE)))
            .with_tools(agents::registry(&gates, &issuer))
            .with_capabilities(capabilities);
        builder = match self {
            Self::Standard => builder,
            Self::Anonymous => builder.with_authenticator(Box::new(NoneAuthenticator::new())),
            Self::Window => builder.with_ack_window(4),
            Self::Timed => builder.with_session_lease_seconds(4),
            Self::Credentials => builder.with_credential_provisioner(issuer),
        };
        builder.build().await
    }
}

/// The extension that the fixture declares.
const EXTENSION: &str = "arcpx.conformance.note.v1";
