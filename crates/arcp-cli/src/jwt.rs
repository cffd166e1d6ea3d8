//! The settings of signed tokens, `[jwt]` in the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use arcp::auth_jwt::{Algorithm, JwksUrl, SignedJwt};
use arcp::core::Secret;
use serde::Deserialize;

use crate::exit::Error;

/// Which signed tokens are accepted. Paths are taken from where the program was started.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jwt {
    /// What the tokens have to be for.
    audiences: Vec<String>,
    /// What they may be signed with: `HS256`, `RS256`, `ES256`, `EdDSA` and their like.
    algorithms: Vec<Algorithm>,
    /// Who may have made them; anybody with the key when nobody is named.
    #[serde(default)]
    issuers: Vec<String>,
    /// A file whose bytes are a secret shared with the issuer.
    secret_file: Option<PathBuf>,
    /// Files with public keys, as PEM.
    #[serde(default)]
    public_keys: Vec<PathBuf>,
    /// A file with a JWKS, read again when it changes.
    jwks_file: Option<PathBuf>,
    /// Where a JWKS is fetched from.
    jwks_url: Option<String>,
    /// The claim that names the principal; `sub` when absent.
    principal_claim: Option<String>,
    leeway_seconds: Option<u64>,
}

impl Jwt {
    /// The authenticator that these settings describe.
    pub(crate) fn build(&self) -> Result<SignedJwt, Error> {
        let mut audiences = self.audiences.iter();
        let first = audiences.next().ok_or_else(|| Error::usage("[jwt]: `audiences` is empty"))?;
        let mut jwt = SignedJwt::builder(first);
        for audience in audiences {
            jwt = jwt.audience(audience);
        }
        for algorithm in &self.algorithms {
            jwt = jwt.algorithm(*algorithm);
        }
        for issuer in &self.issuers {
            jwt = jwt.issuer(issuer);
        }
        if let Some(path) = &self.secret_file {
            jwt = jwt.secret(&Secret::new(read(path)?));
        }
        for path in &self.public_keys {
            let pem = String::from_utf8(read(path)?).map_err(|error| wrong(path, &error))?;
            jwt = jwt.public_key(&pem);
        }
        if let Some(path) = &self.jwks_file {
            jwt = jwt.jwks_file(path);
        }
        if let Some(url) = &self.jwks_url {
            jwt = jwt.jwks_url(JwksUrl::new(url));
        }
        if let Some(claim) = &self.principal_claim {
            jwt = jwt.principal_claim(claim);
        }
        if let Some(seconds) = self.leeway_seconds {
            jwt = jwt.leeway(Duration::from_secs(seconds));
        }
        jwt.build().map_err(|error| Error::Usage(format!("[jwt]: {error}")))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Usage(format!("[jwt]: {}: {error}", path.display()))
}
