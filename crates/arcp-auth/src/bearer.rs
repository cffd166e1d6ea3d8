//! Scheme `bearer` with a fixed set of tokens.

use std::fmt;

use arcp_core::{Offer, Principal, Secret};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{AuthError, Authenticator, Origin, Verdict, async_trait};

/// Accepts the tokens it was given, each as its principal. It keeps hashes only.
#[derive(Clone, Default)]
pub struct StaticBearer {
    tokens: Vec<([u8; 32], Principal)>,
}

impl StaticBearer {
    /// Accepts nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts `token` as the principal `name`. A token that was there before changes hands.
    #[must_use]
    pub fn token(mut self, token: &Secret<String>, name: &str) -> Self {
        let hash = hash(token.expose());
        self.tokens.retain(|(known, _)| *known != hash);
        self.tokens.push((hash, Principal::named(name)));
        self
    }

    /// Looks at every token, so that the time taken does not tell which one matched.
    fn find(&self, token: &str) -> Option<&Principal> {
        let hash = hash(token);
        let mut found = None;
        for (known, principal) in &self.tokens {
            if known.ct_eq(&hash).into() {
                found = Some(principal);
            }
        }
        found
    }
}

/// The principals only.
impl fmt::Debug for StaticBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tokens.iter().map(|(_, principal)| principal)).finish()
    }
}

#[async_trait]
impl Authenticator for StaticBearer {
    fn scheme(&self) -> &'static str {
        "bearer"
    }

    async fn authenticate(&self, offer: &Offer, _: &Origin) -> Result<Verdict, AuthError> {
        let Some(token) = &offer.token else {
            return Ok(Verdict::Refuse("bearer scheme requires a token".to_owned()));
        };
        Ok(match self.find(token.expose()) {
            Some(principal) => Verdict::Accept(principal.clone()),
            None => Verdict::Refuse("unknown bearer token".to_owned()),
        })
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(token: Option<&str>) -> Offer {
        let token = token.map(|t| Secret::new(t.to_owned()));
        Offer { scheme: "bearer".to_owned(), token }
    }

    async fn judge(bearer: &StaticBearer, token: Option<&str>) -> Verdict {
        bearer.authenticate(&offer(token), &Origin::default()).await.unwrap()
    }

    #[tokio::test]
    async fn known_tokens_are_accepted_and_others_refused() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let bearer = StaticBearer::new()
            .token(&secret("tok-a"), "alice")
            .token(&secret("tok-b"), "bob")
            .token(&secret("tok-a"), "carol");
        assert_eq!(judge(&bearer, Some("tok-a")).await, Verdict::Accept(Principal::named("carol")));
        assert_eq!(judge(&bearer, Some("tok-b")).await, Verdict::Accept(Principal::named("bob")));
        for bad in [None, Some(""), Some("tok"), Some("tok-aa")] {
            assert!(matches!(judge(&bearer, bad).await, Verdict::Refuse(_)), "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let bearer = StaticBearer::new().token(&Secret::new("tok-a".to_owned()), "alice");
        assert_eq!(format!("{bearer:?}"), "[alice]");
    }
}
