//! Scheme `bearer` with a fixed set of tokens.

use std::fmt;

use arcp_core::{Offer, Principal, Secret};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::challenge::{ChallengeKeys, challenge};
use crate::{AuthError, Authenticator, Challenge, Origin, Verdict, async_trait};

/// Accepts the tokens it was given, each as its principal. Of tokens it keeps hashes only.
///
/// A token may be [challenged](Self::challenged): whoever offers it has to prove that it also has
/// its principal's key, which is never sent.
#[derive(Clone, Default)]
pub struct StaticBearer {
    tokens: Vec<Known>,
    keys: ChallengeKeys,
}

/// A token and what it is good for.
#[derive(Clone)]
struct Known {
    hash: [u8; 32],
    principal: Principal,
    challenged: bool,
}

impl StaticBearer {
    /// Accepts nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts `token` as the principal `name`. A token that was there before changes hands.
    #[must_use]
    pub fn token(self, token: &Secret<String>, name: &str) -> Self {
        self.with(token, name, false)
    }

    /// Accepts `token` as the principal `name` after a challenge. A token that was there before
    /// changes hands.
    ///
    /// The challenge is `NAME:NONCE`, and the right answer is the lower-case hex HMAC-SHA256 of
    /// that text under `key`. A principal has one key for all its challenged tokens: the one
    /// given last.
    #[must_use]
    pub fn challenged(mut self, token: &Secret<String>, name: &str, key: &Secret<Vec<u8>>) -> Self {
        self.keys.insert(name, key);
        self.with(token, name, true)
    }

    fn with(mut self, token: &Secret<String>, name: &str, challenged: bool) -> Self {
        let hash = hash(token.expose());
        self.tokens.retain(|known| known.hash != hash);
        self.tokens.push(Known { hash, principal: Principal::named(name), challenged });
        self
    }

    /// Looks at every token, so that the time taken does not tell which one matched.
    fn find(&self, token: &str) -> Option<&Known> {
        let hash = hash(token);
        let mut found = None;
        for known in &self.tokens {
            if known.hash.ct_eq(&hash).into() {
                found = Some(known);
            }
        }
        found
    }
}

/// The principals only.
impl fmt::Debug for StaticBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tokens.iter().map(|known| &known.principal)).finish()
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
            Some(known) if known.challenged => {
                Verdict::Challenge(challenge(known.principal.name())?)
            }
            Some(known) => Verdict::Accept(known.principal.clone()),
            None => Verdict::Refuse("unknown bearer token".to_owned()),
        })
    }

    async fn answer(
        &self,
        challenge: &Challenge,
        response: &Secret<String>,
    ) -> Result<Verdict, AuthError> {
        Ok(match self.keys.check(challenge, response)? {
            Some(principal) => Verdict::Accept(principal),
            None => Verdict::Refuse("wrong answer to the challenge".to_owned()),
        })
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::answer_to;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn key(text: &str) -> Secret<Vec<u8>> {
        Secret::new(text.as_bytes().to_vec())
    }

    /// What a client answers that has this key.
    fn response(with: &str, challenge: &Challenge) -> String {
        answer_to(&challenge.text, &key(with)).unwrap().expose().clone()
    }

    async fn judge(bearer: &StaticBearer, token: Option<&str>) -> Verdict {
        let offer = Offer { scheme: "bearer".to_owned(), token: token.map(secret) };
        bearer.authenticate(&offer, &Origin::default()).await.unwrap()
    }

    async fn challenge_of(bearer: &StaticBearer, token: &str) -> Challenge {
        match judge(bearer, Some(token)).await {
            Verdict::Challenge(challenge) => challenge,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn known_tokens_are_accepted_and_others_refused() {
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

    #[tokio::test]
    async fn only_the_key_answers_a_challenge() {
        let bearer = StaticBearer::new()
            .token(&secret("tok-a"), "alice")
            .challenged(&secret("tok-c"), "carol", &key("key-c"))
            .challenged(&secret("tok-d"), "dave", &key("key-d"));
        assert_eq!(judge(&bearer, Some("tok-a")).await, Verdict::Accept(Principal::named("alice")));
        let challenge = challenge_of(&bearer, "tok-c").await;
        assert!(challenge.text.starts_with("carol:"), "{}", challenge.text);
        let right = response("key-c", &challenge);
        let verdict = bearer.answer(&challenge, &secret(&right)).await.unwrap();
        assert_eq!(verdict, Verdict::Accept(Principal::named("carol")));
        let other = challenge_of(&bearer, "tok-c").await;
        for wrong in [
            String::new(),
            "tok-c".to_owned(),
            "key-c".to_owned(),
            right.to_uppercase(),
            right[..63].to_owned(),
            format!("{right}0"),
            response("key-d", &challenge),
            response("key-c", &other),
        ] {
            let verdict = bearer.answer(&challenge, &secret(&wrong)).await.unwrap();
            assert!(matches!(verdict, Verdict::Refuse(_)), "{wrong}");
        }
    }

    #[tokio::test]
    async fn who_has_no_key_answers_no_challenge() {
        let bearer = StaticBearer::new().token(&secret("tok-a"), "alice").challenged(
            &secret("tok-c"),
            "carol",
            &key("key-c"),
        );
        for text in ["", "alice", "alice:1", "carol", "carol:1:2"] {
            let challenge = Challenge { text: text.to_owned() };
            let answer = secret(&response("key-c", &challenge));
            let verdict = bearer.answer(&challenge, &answer).await.unwrap();
            assert!(matches!(verdict, Verdict::Refuse(_)), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_given_last_holds() {
        let bearer = StaticBearer::new()
            .token(&secret("tok-1"), "carol")
            .challenged(&secret("tok-1"), "carol", &key("old"))
            .challenged(&secret("tok-2"), "carol", &key("new"));
        let challenge = challenge_of(&bearer, "tok-1").await;
        let old = secret(&response("old", &challenge));
        assert!(matches!(bearer.answer(&challenge, &old).await, Ok(Verdict::Refuse(_))));
        let new = secret(&response("new", &challenge));
        assert!(matches!(bearer.answer(&challenge, &new).await, Ok(Verdict::Accept(_))));
    }

    #[test]
    fn debug_shows_no_token_and_no_key() {
        let bearer = StaticBearer::new().token(&secret("tok-a"), "alice").challenged(
            &secret("tok-c"),
            "carol",
            &key("key-c"),
        );
        assert_eq!(format!("{bearer:?}"), "[alice, carol]");
    }
}
