//! What can be set about a JWKS at a URL.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use crate::document::DOCUMENT_BYTES;
use crate::error::BuildError;

/// A JWKS at a URL, `https` or `http` of this machine.
///
/// It is fetched when the first token comes, when what is held has become old, and when a token
/// names a key that is not held. While it cannot be fetched, what is held is used until it is too
/// old; after that nobody can be judged.
///
/// ```
/// use arcp_auth_jwt::{Algorithm, JwksUrl, SignedJwt};
///
/// let jwt = SignedJwt::builder("https://runtime.example")
///     .algorithm(Algorithm::ES256)
///     .issuer("https://issuer.example")
///     .jwks_url(JwksUrl::new("http://127.0.0.1:8080/.well-known/jwks.json"))
///     .build()?;
/// # Ok::<_, arcp_auth_jwt::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct JwksUrl {
    pub(super) url: String,
    pub(super) refresh: Duration,
    pub(super) max_age: Duration,
    pub(super) pause: Duration,
    pub(super) timeout: Duration,
    pub(super) bytes: usize,
}

impl JwksUrl {
    /// The JWKS at `url`, with the defaults.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            refresh: Duration::from_mins(5),
            max_age: Duration::from_hours(1),
            pause: Duration::from_secs(10),
            timeout: Duration::from_secs(3),
            bytes: DOCUMENT_BYTES,
        }
    }

    /// How old keys may become before they are fetched again: so long a key may live on that the
    /// issuer took back. Default 5 min.
    #[must_use]
    pub fn refresh(mut self, age: Duration) -> Self {
        self.refresh = age;
        self
    }

    /// How old keys may become while they cannot be fetched again. Default 1 h.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Shortest time between two fetches, whatever tokens name and however fetches end. Default
    /// 10 s.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// How long a fetch may take. Default 3 s, which is less than a runtime gives an authenticator.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Largest answer that is read, in bytes. Default 1 MiB.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// The URL, when all fits together.
    pub(super) fn check(&self) -> Result<Url, BuildError> {
        if self.refresh < self.pause {
            return Err(BuildError::TooSmall("refresh", "pause"));
        }
        if self.max_age < self.refresh {
            return Err(BuildError::TooSmall("max_age", "refresh"));
        }
        if self.timeout.is_zero() {
            return Err(BuildError::Zero("timeout"));
        }
        if self.bytes == 0 {
            return Err(BuildError::Zero("body_bytes"));
        }
        safe(&self.url)
    }
}

/// A URL of which nobody on the way can change the answer.
fn safe(text: &str) -> Result<Url, BuildError> {
    let bad = |at: &str, why: &str| BuildError::Jwks { at: at.to_owned(), why: why.to_owned() };
    let url = Url::parse(text).map_err(|error| bad(text, &error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        // The rest of it is a password.
        return Err(bad(url.host_str().unwrap_or_default(), "a URL with a user in it"));
    }
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        Ok(url)
    } else {
        Err(bad(text, "it has to be https, or http of this machine"))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
