//! An authenticator that is in trouble where a token says so.

use arcp::auth::{AuthError, Authenticator, Origin, Verdict};
use arcp::core::{Offer, Principal};
use async_trait::async_trait;

/// The scheme `oauth2`, whose authorization server lets alice in, fails, crashes or does not answer.
#[derive(Debug)]
pub(crate) struct Trouble;

#[async_trait]
impl Authenticator for Trouble {
    fn scheme(&self) -> &'static str {
        "oauth2"
    }

    async fn authenticate(&self, offer: &Offer, _: &Origin) -> Result<Verdict, AuthError> {
        match offer.token.as_ref().map(|token| token.expose().as_str()) {
            Some("conf-alice") => Ok(Verdict::Accept(Principal::named("alice"))),
            Some("fail") => Err(AuthError::new("the authorization server is down")),
            Some("crash") => crash(),
            Some("wait") => std::future::pending().await,
            _ => Ok(Verdict::Refuse("not known".to_owned())),
        }
    }
}

#[expect(clippy::panic, reason = "a crash is what was asked for")]
fn crash() -> ! {
    panic!("an authenticator that crashes was asked for")
}
