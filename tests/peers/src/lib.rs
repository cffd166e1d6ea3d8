//! What both peers know of the fixture (`docs/conformance/AGENTS.md`): who there is, and how they
//! prove it. And how the published runtime is served, and given tools.

mod serve;
mod tool;

use hmac::digest::InvalidLength;
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub use serve::serve;
pub use tool::{invalid, read, tool};

/// Whoever shows this token is `alice`.
pub const ALICE_TOKEN: &str = "conf-alice";
/// Whoever shows this token is `bob`.
pub const BOB_TOKEN: &str = "conf-bob";
/// Whoever shows this token is challenged, to prove that they are `carol`.
pub const CAROL_TOKEN: &str = "conf-carol";

/// Signs the tokens of `signed_jwt`.
pub const JWT_SECRET: &[u8] = b"conformance-secret-of-32-bytes-ok";
/// Whom those tokens are for.
pub const JWT_AUDIENCE: &str = "arcp-conformance";

/// The right answer to a challenge of carol's.
pub fn challenge_answer(challenge: &str) -> Result<String, InvalidLength> {
    let mut mac = Hmac::<Sha256>::new_from_slice(CHALLENGE_KEY)?;
    mac.update(challenge.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

/// Bytes as digits, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15];
    let digit = |value: u8| char::from_digit(u32::from(value), 16);
    bytes.iter().flat_map(digits).filter_map(digit).collect()
}

const CHALLENGE_KEY: &[u8] = b"conf-carol-key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_sixty_four_digits_of_its_challenge() {
        let answer = challenge_answer("carol:1").unwrap();
        assert_eq!(answer.len(), 64);
        assert_ne!(answer, challenge_answer("carol:2").unwrap());
        assert_eq!(hex(&[0, 0xa9, 0xff]), "00a9ff");
    }
}
