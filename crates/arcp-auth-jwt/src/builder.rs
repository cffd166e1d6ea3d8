//! Putting a `SignedJwt` together: what it is told once, checked before it judges.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arcp_core::{Now, Secret};
use jsonwebtoken::{Algorithm, AlgorithmFamily};

use super::SignedJwt;
use super::claims::Rules;
use super::clock::Clock;
use super::error::BuildError;
use super::file::KeyFile;
use super::keys::{Key, KeySet, secret_bytes};
#[cfg(feature = "url")]
use super::remote::{JwksUrl, Remote};
use super::source::Source;

/// Collects the keys and settings of a [`SignedJwt`].
#[derive(Debug)]
pub struct Builder {
    algorithms: Vec<Algorithm>,
    secrets: Vec<Secret<Vec<u8>>>,
    public_keys: Vec<String>,
    jwks: Vec<Jwks>,
    rules: Rules,
    token_bytes: usize,
    clock: Clock,
}

/// A set of keys that others keep.
#[derive(Debug)]
enum Jwks {
    File(PathBuf),
    #[cfg(feature = "url")]
    Url(JwksUrl),
}

impl Builder {
    pub(super) fn new(audience: &str) -> Self {
        Self {
            algorithms: Vec::new(),
            secrets: Vec::new(),
            public_keys: Vec::new(),
            jwks: Vec::new(),
            rules: Rules {
                audiences: BTreeSet::from([audience.to_owned()]),
                issuers: BTreeSet::new(),
                leeway: Duration::from_mins(1),
                principal_claim: "sub".to_owned(),
            },
            token_bytes: 16 << 10,
            clock: Clock::system(),
        }
    }

    /// Takes tokens for this audience too.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.rules.audiences.insert(audience.to_owned());
        self
    }

    /// Allows an algorithm. One at least is needed.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithms.push(algorithm);
        self
    }

    /// Trusts who has this secret, by the allowed of HS256, HS384 and HS512. Of several secrets
    /// any will do: so they can be changed.
    #[must_use]
    pub fn secret(mut self, secret: &Secret<Vec<u8>>) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Trusts who has the private key to this public one, which is PEM text: RSA, P-256, P-384 or
    /// Ed25519. Of several keys any will do.
    #[must_use]
    pub fn public_key(mut self, pem: &str) -> Self {
        self.public_keys.push(pem.to_owned());
        self
    }

    /// Trusts the public keys of this JWKS file, by the `kid` that a token has to name. Secrets in it
    /// are passed over, and keys that are for encryption.
    ///
    /// Changes take effect with the next token. When the file cannot be understood any more, or is
    /// gone, the keys that were read last stay, and the log has a warning.
    #[must_use]
    pub fn jwks_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.jwks.push(Jwks::File(path.into()));
        self
    }

    /// Trusts the public keys of the JWKS at this URL, as [`jwks_file`](Self::jwks_file) does. Tokens
    /// are then judged within a tokio runtime.
    #[cfg(feature = "url")]
    #[must_use]
    pub fn jwks_url(mut self, url: JwksUrl) -> Self {
        self.jwks.push(Jwks::Url(url));
        self
    }

    /// Takes tokens of this issuer (`iss`), and of others that are added. Default: of anyone whose
    /// key is trusted.
    ///
    /// A principal goes by its name alone: two issuers have to mean the same by a name.
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.rules.issuers.insert(issuer.to_owned());
        self
    }

    /// The claim that names the principal, in at most 256 bytes. Default `sub`.
    #[must_use]
    pub fn principal_claim(mut self, claim: &str) -> Self {
        claim.clone_into(&mut self.rules.principal_claim);
        self
    }

    /// How far the issuer's clock may be from ours. Default 60 s.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway;
        self
    }

    /// Longest token that is looked at, in bytes. Default 16 KiB.
    #[must_use]
    pub fn token_bytes(mut self, bytes: usize) -> Self {
        self.token_bytes = bytes;
        self
    }

    /// Where the time comes from. Default: the machine's clocks.
    #[must_use]
    pub fn clock(mut self, read: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(read);
        self
    }

    /// Checks that all fits together. Reads the JWKS file, if there is one.
    pub fn build(mut self) -> Result<SignedJwt, BuildError> {
        self.check_settings()?;
        let source = self.source()?;
        Ok(SignedJwt {
            algorithms: self.algorithms,
            source,
            rules: self.rules,
            token_bytes: self.token_bytes,
            clock: self.clock,
        })
    }

    fn check_settings(&self) -> Result<(), BuildError> {
        if self.rules.audiences.contains("") {
            return Err(BuildError::Empty("audience"));
        }
        if self.rules.issuers.contains("") {
            return Err(BuildError::Empty("issuer"));
        }
        if self.rules.principal_claim.is_empty() {
            return Err(BuildError::Empty("principal claim"));
        }
        if self.token_bytes == 0 {
            return Err(BuildError::Zero("token_bytes"));
        }
        if self.algorithms.is_empty() {
            return Err(BuildError::NoAlgorithm);
        }
        Ok(())
    }

    fn source(&mut self) -> Result<Source, BuildError> {
        let Some(jwks) = self.jwks.pop() else {
            return Ok(Source::Fixed(Arc::new(self.fixed_keys()?)));
        };
        if !(self.jwks.is_empty() && self.secrets.is_empty() && self.public_keys.is_empty()) {
            return Err(BuildError::MixedKeys);
        }
        let shared = |algorithm: &&Algorithm| algorithm.family() == AlgorithmFamily::Hmac;
        if let Some(algorithm) = self.algorithms.iter().find(shared) {
            return Err(BuildError::SecretInJwks(*algorithm));
        }
        match jwks {
            Jwks::File(path) => Ok(Source::File(KeyFile::open(path)?)),
            #[cfg(feature = "url")]
            Jwks::Url(url) => Ok(Source::Url(Remote::new(&url, self.clock.clone())?)),
        }
    }

    /// The keys that were given, each of use to an algorithm, and a key for each algorithm.
    fn fixed_keys(&self) -> Result<KeySet, BuildError> {
        self.check_secrets()?;
        let public = self.public_keys.iter().map(|pem| Key::pem(pem));
        let mut keys = public.collect::<Result<Vec<_>, _>>()?;
        keys.extend(self.secrets.iter().map(Key::secret));
        if keys.is_empty() {
            return Err(BuildError::NoKey);
        }
        let used = |key: &&Key| self.algorithms.iter().any(|algorithm| key.verifies(*algorithm));
        if let Some(idle) = keys.iter().find(|key| !used(key)) {
            return Err(BuildError::IdleKey(idle.kind()));
        }
        let lacks_key = |algorithm: &&Algorithm| !keys.iter().any(|key| key.verifies(**algorithm));
        match self.algorithms.iter().find(lacks_key) {
            Some(algorithm) => Err(BuildError::NoKeyFor(*algorithm)),
            None => Ok(KeySet(keys)),
        }
    }

    /// Every secret has to do for every algorithm that would take it.
    fn check_secrets(&self) -> Result<(), BuildError> {
        let shortest = self.secrets.iter().map(|secret| secret.expose().len()).min();
        let too_short = |algorithm: &&Algorithm| {
            algorithm.family() == AlgorithmFamily::Hmac
                && shortest.is_some_and(|bytes| bytes < secret_bytes(**algorithm))
        };
        match self.algorithms.iter().copied().find(|algorithm| too_short(&algorithm)) {
            Some(algorithm) => {
                Err(BuildError::ShortSecret { algorithm, needed: secret_bytes(algorithm) })
            }
            None => Ok(()),
        }
    }
}
