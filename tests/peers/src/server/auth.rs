//! Who is let in by a bearer token, and who is challenged first.

use arcp::ARCPError;
use arcp::auth::{AuthOutcome, Authenticator};
use arcp::ids::MessageId;
use arcp::messages::{AuthScheme, Capabilities, ClientIdentity, Credentials};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN, CAROL_TOKEN, challenge_answer};
use async_trait::async_trait;

/// The fixture's bearer tokens.
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
        Ok(match credentials.token.as_deref() {
            Some(ALICE_TOKEN) => accept("alice"),
            Some(BOB_TOKEN) => accept("bob"),
            Some(CAROL_TOKEN) => {
                AuthOutcome::Challenge { challenge: format!("{CAROL}{}", MessageId::new()) }
            }
            Some(_) => reject("unknown bearer token"),
            None => reject("the bearer scheme wants a token"),
        })
    }

    async fn verify_challenge_response(
        &self,
        challenge: &str,
        response: &str,
    ) -> Result<AuthOutcome, ARCPError> {
        let right = challenge_answer(challenge)
            .map_err(|error| ARCPError::Internal { detail: error.to_string() })?;
        let is_right = challenge.starts_with(CAROL) && response == right;
        Ok(if is_right { accept("carol") } else { reject("wrong answer") })
    }
}

/// How carol's challenges start.
const CAROL: &str = "carol:";

fn accept(principal: &str) -> AuthOutcome {
    AuthOutcome::Accept { principal: principal.to_owned() }
}

fn reject(reason: &str) -> AuthOutcome {
    AuthOutcome::Reject { reason: reason.to_owned() }
}
