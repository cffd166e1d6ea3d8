//! Who is let in: everybody with a token.

use arcp::ARCPError;
use arcp::auth::{AuthOutcome, Authenticator};
use arcp::messages::{AuthScheme, Capabilities, ClientIdentity, Credentials};
use async_trait::async_trait;

/// Takes a token for the name of its owner.
#[derive(Debug)]
pub(crate) struct Bearer;

#[async_trait]
impl Authenticator for Bearer {
    fn scheme(&self) -> AuthScheme {
        AuthScheme::Bearer
    }

    async fn authenticate(
        &self,
        credentials: &Credentials,
        _: &ClientIdentity,
        _: &Capabilities,
    ) -> Result<AuthOutcome, ARCPError> {
        Ok(match &credentials.token {
            Some(token) => AuthOutcome::Accept { principal: token.clone() },
            None => AuthOutcome::Reject { reason: "the bearer scheme wants a token".to_owned() },
        })
    }

    async fn verify_challenge_response(&self, _: &str, _: &str) -> Result<AuthOutcome, ARCPError> {
        Ok(AuthOutcome::Reject { reason: "nobody is challenged here".to_owned() })
    }
}
