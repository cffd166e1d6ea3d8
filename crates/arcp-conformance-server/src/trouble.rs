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

/// Unwinds as a panic does, but is not printed: a backtrace of a debug build would stop everybody on this
/// thread for a second or more, while clients that are on the clock are served by it.
fn crash() -> ! {
    std::panic::resume_unwind(Box::new("an authenticator that crashes was asked for"))
}
