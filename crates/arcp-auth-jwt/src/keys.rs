//! Keys, and which algorithms each may verify.

use std::fmt;

use arcp_core::Secret;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Header, Validation, decode,
};

use super::claims::Claims;
use super::error::{BuildError, Refusal};

/// Keys that are trusted alike.
#[derive(Debug)]
pub(super) struct KeySet(pub(super) Vec<Key>);

/// A key and what it can verify, which never is nothing.
pub(super) struct Key {
    /// Tokens name it by this. Where a key has none, what they name does not matter.
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

impl KeySet {
    /// The claims, when one of the keys has signed them.
    pub(super) fn verify(&self, token: &str, header: &Header) -> Result<Claims, Refusal> {
        let rules = signature_only(header.alg);
        for key in self.fitting(header)? {
            match decode(token, &key.decoding, &rules) {
                Ok(token) => return Ok(token.claims),
                Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {}
                Err(_) => return Err(Refusal::Malformed),
            }
        }
        Err(Refusal::Signature)
    }

    /// Whether there is a key with this name.
    #[cfg(feature = "url")]
    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that a token may mean.
    fn fitting(&self, header: &Header) -> Result<Vec<&Key>, Refusal> {
        let kid = header.kid.as_deref();
        let named = self.0.iter().filter(|key| key.kid.is_none() || key.kid.as_deref() == kid);
        let named: Vec<&Key> = named.collect();
        if named.is_empty() {
            return Err(Refusal::UnknownKid);
        }
        let fitting: Vec<&Key> = named.into_iter().filter(|key| key.verifies(header.alg)).collect();
        if fitting.is_empty() { Err(Refusal::OtherAlgorithm) } else { Ok(fitting) }
    }
}

impl Key {
    /// A secret, for the hashes that are no longer than it is.
    pub(super) fn secret(secret: &Secret<Vec<u8>>) -> Self {
        let bytes = secret.expose();
        let strong = |algorithm: &Algorithm| bytes.len() >= secret_bytes(*algorithm);
        let algorithms = AlgorithmFamily::Hmac.algorithms().iter().copied().filter(strong);
        let decoding = DecodingKey::from_secret(bytes);
        Self { kid: None, algorithms: algorithms.collect(), decoding }
    }

    /// The public key in a PEM text.
    pub(super) fn pem(text: &str) -> Result<Self, BuildError> {
        let mut labels = text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN "));
        let label = labels.next().and_then(|label| label.strip_suffix("-----"));
        // The reader of RSA keys takes private keys and certificates too.
        if !matches!(label, Some("PUBLIC KEY" | "RSA PUBLIC KEY")) || labels.next().is_some() {
            let what = "it has to be one PEM block, `PUBLIC KEY` or `RSA PUBLIC KEY`";
            return Err(BuildError::PublicKey(what));
        }
        let read = [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
        let key = read.iter().find_map(|read| read(text.as_bytes()).ok());
        let jwk = key.and_then(|key| Jwk::from_decoding_key(&key, None).ok());
        jwk.and_then(|jwk| Self::jwk(&jwk)).ok_or(BuildError::PublicKey(
            "it has to be RSA of at least 2048 bits, P-256, P-384 or Ed25519",
        ))
    }

    /// A public key, if it is of a kind and strength that some algorithm takes. Where it says for
    /// which algorithm it is, it is for no other.
    pub(super) fn jwk(jwk: &Jwk) -> Option<Self> {
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        let says = jwk.common.key_algorithm;
        let meant = |taker: &Algorithm| says.is_none_or(|says| says == KeyAlgorithm::from(*taker));
        let algorithms = takers(&jwk.algorithm, &decoding).iter().copied().filter(meant);
        let algorithms: Vec<Algorithm> = algorithms.collect();
        let kid = jwk.common.key_id.clone();
        (!algorithms.is_empty()).then_some(Self { kid, algorithms, decoding })
    }

    pub(super) fn verifies(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// What its owner calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self.decoding.family() {
            AlgorithmFamily::Hmac => "secret",
            AlgorithmFamily::Rsa | AlgorithmFamily::Ec | AlgorithmFamily::Ed => "public key",
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

/// How long a secret has to be: as long as the hash of the algorithm, which is one that takes it.
pub(super) fn secret_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        _ => 64,
    }
}

/// The algorithms that take a public key with these parameters.
fn takers(parameters: &AlgorithmParameters, key: &DecodingKey) -> &'static [Algorithm] {
    let bytes = match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => n.len(),
        DecodingKeyKind::SecretOrDer(point) => point.len(),
    };
    match parameters {
        AlgorithmParameters::RSA(_) if bytes >= MODULUS_BYTES => RSA,
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 if bytes == 1 + 2 * 32 => &[Algorithm::ES256],
            EllipticCurve::P384 if bytes == 1 + 2 * 48 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 if bytes == 32 => &[Algorithm::EdDSA],
            _ => &[],
        },
        // Whoever reads a secret from where public keys are kept can sign, too.
        _ => &[],
    }
}

/// Claims have rules of ours, which can be given the time.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

const MODULUS_BYTES: usize = 2048 / 8;

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];
