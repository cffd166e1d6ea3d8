//! Challenges: a principal proves that it has a key without sending it.

use std::collections::BTreeMap;

use arcp_core::{Principal, Secret};
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;

use crate::{AuthError, Challenge};

/// The key of each principal that has one.
///
/// A challenge is `NAME:NONCE`, and its answer the lower-case hex HMAC-SHA256 of that whole text.
#[derive(Clone, Default)]
pub(crate) struct ChallengeKeys(BTreeMap<String, Secret<Vec<u8>>>);

impl ChallengeKeys {
    pub(crate) fn insert(&mut self, name: &str, key: &Secret<Vec<u8>>) {
        self.0.insert(name.to_owned(), key.clone());
    }

    /// Whom the answer proves. In a time that does not depend on how much of it is right.
    pub(crate) fn check(
        &self,
        challenge: &Challenge,
        answer: &Secret<String>,
    ) -> Result<Option<Principal>, AuthError> {
        let name = challenge.text.rsplit_once(':').map(|(name, _)| name);
        let Some((name, key)) = name.and_then(|name| self.0.get_key_value(name)) else {
            return Ok(None);
        };
        let right = answer_to(&challenge.text, key)?;
        Ok(answer.matches(right.expose().as_bytes()).then(|| Principal::named(name)))
    }
}

/// A challenge for `name` that was never made before.
pub(crate) fn challenge(name: &str) -> Result<Challenge, AuthError> {
    let mut nonce = [0; NONCE_BYTES];
    OsRng.try_fill_bytes(&mut nonce).map_err(AuthError::new)?;
    Ok(Challenge { text: format!("{name}:{}", hex(&nonce)) })
}

/// The right answer to the challenge with this text.
pub(crate) fn answer_to(text: &str, key: &Secret<Vec<u8>>) -> Result<Secret<String>, AuthError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).map_err(AuthError::new)?;
    mac.update(text.as_bytes());
    Ok(Secret::new(hex(&mac.finalize().into_bytes())))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

const NONCE_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_hex_hmac_of_the_text() {
        // From `printf carol:0123 | openssl dgst -sha256 -hmac conf-carol-key`.
        let key = Secret::new(b"conf-carol-key".to_vec());
        let answer = answer_to("carol:0123", &key).unwrap();
        assert_eq!(answer.expose(), EXPECTED);
    }

    #[test]
    fn no_two_challenges_are_alike() {
        let texts = [challenge("a:b").unwrap().text, challenge("a:b").unwrap().text];
        assert_ne!(texts[0], texts[1]);
        for text in texts {
            let nonce = text.strip_prefix("a:b:").unwrap();
            assert_eq!(nonce.len(), 2 * NONCE_BYTES);
        }
    }

    const EXPECTED: &str = "1959101fa155b1d8c62e872423556664f4e0dbb2fccdcb79ef24bd6e7f12cbe0";
}
