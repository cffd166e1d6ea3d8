//! What can be wrong with a token, and with the settings of those who judge it.

use jsonwebtoken::Algorithm;

use arcp_auth::AuthError;

/// Why an authenticator cannot be built: a setting is missing, or two do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A name is empty that a token could have as well.
    #[error("an empty {0}")]
    Empty(&'static str),
    /// A bound is zero that lets nothing through then.
    #[error("`{0}` must not be zero")]
    Zero(&'static str),
    /// One bound must not be below another.
    #[error("`{0}` must not be below `{1}`")]
    TooSmall(&'static str, &'static str),
    /// Nothing could be accepted.
    #[error("no algorithm is allowed: add those that the issuer signs with")]
    NoAlgorithm,
    /// Nothing could be verified.
    #[error("no key: add a secret, a public key or a JWKS")]
    NoKey,
    /// Keys with and without an id, or ids that two sources give out.
    #[error("a JWKS goes together with no other key or JWKS")]
    MixedKeys,
    /// An algorithm of which whoever can verify can also sign.
    #[error("{0:?} takes a secret, and a JWKS has public keys only")]
    SecretInJwks(Algorithm),
    /// A JWKS that cannot be used.
    #[error("the JWKS `{at}`: {why}")]
    Jwks {
        /// Where it should be.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// An algorithm that no key can verify.
    #[error("{0:?} is allowed, but no key is for it")]
    NoKeyFor(Algorithm),
    /// A key that no allowed algorithm can use.
    #[error("a {0} is given, but no allowed algorithm takes it")]
    IdleKey(&'static str),
    /// A secret that is easier to guess than the hash.
    #[error("a secret is too short for {algorithm:?}: it needs {needed} bytes")]
    ShortSecret {
        /// What it should be good for.
        algorithm: Algorithm,
        /// How long it has to be.
        needed: usize,
    },
    /// What was given as a public key.
    #[error("not a public key: {0}")]
    PublicKey(&'static str),
}

/// Why a token is refused, as the peer is told. Nothing of the token is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("jwt: a token is required")]
    NoToken,
    #[error("jwt: too long")]
    TooLong,
    #[error("jwt: malformed, or of an unknown algorithm")]
    Malformed,
    #[error("jwt: critical headers are not supported")]
    Critical,
    #[error("jwt: algorithm {0:?} is not allowed")]
    Algorithm(Algorithm),
    #[error("jwt: no kid")]
    NoKid,
    #[error("jwt: no key with this kid")]
    UnknownKid,
    #[error("jwt: the key with this kid is for another algorithm")]
    OtherAlgorithm,
    #[error("jwt: bad signature")]
    Signature,
    #[error("jwt: claim {0} is missing or malformed")]
    Claim(String),
    #[error("jwt: expired")]
    Expired,
    #[error("jwt: not valid yet")]
    NotYet,
    #[error("jwt: wrong audience")]
    Audience,
    #[error("jwt: wrong issuer")]
    Issuer,
}

/// Why there is no principal.
#[derive(Debug)]
pub(super) enum Failure {
    /// The token is to blame.
    Refused(Refusal),
    /// It could not be judged.
    Failed(AuthError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::Failed(error)
    }
}
