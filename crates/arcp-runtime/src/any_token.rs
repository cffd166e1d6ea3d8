//! Tokens of any kind under one scheme: where clients have but one field for a token, a signed one comes
//! in it like any other (§6.1).

use std::sync::Arc;

use arcp_auth::{AuthError, Authenticator, Challenge, Origin, Verdict, async_trait};
use arcp_core::{ANY_TOKEN, Offer, Secret};

/// Takes what is known as a token, and what is signed.
pub(crate) struct AnyToken {
    /// Of tokens that are known, if there are any.
    pub(crate) known: Option<Arc<dyn Authenticator>>,
    /// Of those that are signed, if such are taken.
    pub(crate) signed: Option<Arc<dyn Authenticator>>,
}

#[async_trait]
impl Authenticator for AnyToken {
    fn scheme(&self) -> &'static str {
        ANY_TOKEN
    }

    async fn authenticate(&self, offer: &Offer, origin: &Origin) -> Result<Verdict, AuthError> {
        let verdict = match &self.known {
            Some(known) => known.authenticate(&as_scheme(offer, BEARER), origin).await?,
            None => Verdict::Refuse("the token is not good".to_owned()),
        };
        match &self.signed {
            Some(signed) if matches!(verdict, Verdict::Refuse(_)) && looks_signed(offer) => {
                signed.authenticate(&as_scheme(offer, SIGNED), origin).await
            }
            _ => Ok(verdict),
        }
    }

    async fn answer(
        &self,
        challenge: &Challenge,
        response: &Secret<String>,
    ) -> Result<Verdict, AuthError> {
        match &self.known {
            Some(known) => known.answer(challenge, response).await,
            None => Ok(Verdict::Refuse("the scheme has no challenges".to_owned())),
        }
    }
}

fn as_scheme(offer: &Offer, scheme: &str) -> Offer {
    Offer { scheme: scheme.to_owned(), token: offer.token.clone() }
}

/// Three parts in base64url, as a signed JWT has them (RFC 7519).
fn looks_signed(offer: &Offer) -> bool {
    let Some(token) = &offer.token else { return false };
    let mut parts = token.expose().split('.');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    (0..3).all(|_| parts.next().is_some_and(is_part)) && parts.next().is_none()
}

/// The scheme of tokens that only have to be shown.
pub(crate) const BEARER: &str = "bearer";
/// The scheme of tokens that say who has signed them.
pub(crate) const SIGNED: &str = "signed_jwt";

#[cfg(test)]
mod tests {
    use arcp_auth::StaticBearer;
    use arcp_core::Principal;

    use super::*;

    struct Signed;

    #[async_trait]
    impl Authenticator for Signed {
        fn scheme(&self) -> &'static str {
            SIGNED
        }

        async fn authenticate(&self, offer: &Offer, _: &Origin) -> Result<Verdict, AuthError> {
            assert_eq!(offer.scheme, SIGNED);
            let good = offer.token.as_ref().is_some_and(|token| token.matches(b"a.b.good"));
            let bad = || Verdict::Refuse("bad signature".to_owned());
            Ok(if good { Verdict::Accept(Principal::named("signed")) } else { bad() })
        }
    }

    async fn who(door: &AnyToken, token: Option<&str>) -> Option<String> {
        let token = token.map(|token| Secret::new(token.to_owned()));
        let offer = Offer { scheme: ANY_TOKEN.to_owned(), token };
        match door.authenticate(&offer, &Origin::default()).await.unwrap() {
            Verdict::Accept(principal) => Some(principal.name().to_owned()),
            Verdict::Challenge(_) | Verdict::Refuse(_) => None,
        }
    }

    #[tokio::test]
    async fn known_tokens_and_signed_ones_are_taken() {
        let known = StaticBearer::new().token(&Secret::new("a.b.known".to_owned()), "known");
        let both = AnyToken { known: Some(Arc::new(known)), signed: Some(Arc::new(Signed)) };
        assert_eq!(who(&both, Some("a.b.known")).await.as_deref(), Some("known"));
        assert_eq!(who(&both, Some("a.b.good")).await.as_deref(), Some("signed"));
        for bad in [None, Some(""), Some("a.b.bad"), Some("a.b"), Some("good"), Some("a..good")] {
            assert_eq!(who(&both, bad).await, None, "{bad:?}");
        }
        let signed = AnyToken { known: None, signed: Some(Arc::new(Signed)) };
        assert_eq!(who(&signed, Some("a.b.good")).await.as_deref(), Some("signed"));
        assert_eq!(who(&signed, Some("a.b.known")).await, None);
    }
}
