//! Scheme `signed_jwt`: tokens that somebody signed whom the runtime trusts (R§8.2).
//!
//! ```
//! use arcp_auth_jwt::{Algorithm, SignedJwt};
//! use arcp_core::Secret;
//!
//! let secret = Secret::new(b"shared with the issuer, 32 bytes".to_vec());
//! let jwt = SignedJwt::builder("https://runtime.example")
//!     .algorithm(Algorithm::HS256)
//!     .secret(&secret)
//!     .build()?;
//! # Ok::<_, arcp_auth_jwt::BuildError>(())
//! ```

mod builder;
mod claims;
mod clock;
mod document;
mod error;
mod file;
mod keys;
#[cfg(feature = "url")]
mod remote;
mod source;

use std::fmt;

use arcp_core::{Offer, Principal};
pub use jsonwebtoken::Algorithm;
use jsonwebtoken::{Header, decode_header};

use arcp_auth::{AuthError, Authenticator, Origin, Verdict, async_trait};

pub use builder::Builder;
pub use error::BuildError;
#[cfg(feature = "url")]
pub use remote::JwksUrl;

use claims::Rules;
use clock::Clock;
use error::{Failure, Refusal};
use source::Source;

/// Accepts who has a token for this runtime, signed with a key that it knows.
///
/// The token has to say for whom it is (`aud`), until when it holds (`exp`) and whose it is
/// (`sub`, or [another claim](Builder::principal_claim)); it may say from when it holds (`nbf`).
/// What is not in the list of algorithms is refused before a key is looked for. A session may
/// outlast the token that opened it: how long is for the runtime's session lease to say.
pub struct SignedJwt {
    algorithms: Vec<Algorithm>,
    source: Source,
    rules: Rules,
    token_bytes: usize,
    clock: Clock,
}

impl SignedJwt {
    /// Begins one for a runtime that tokens call `audience`.
    pub fn builder(audience: &str) -> Builder {
        Builder::new(audience)
    }

    async fn judge(&self, token: &str) -> Result<Principal, Failure> {
        let header = self.header(token)?;
        let keys = self.source.keys(header.kid.as_deref()).await?;
        let claims = keys.verify(token, &header)?;
        // Keys may have taken their time to come.
        Ok(self.rules.principal(&claims, self.clock.now().wall)?)
    }

    /// What the token says of itself, where that is worth looking for a key.
    fn header(&self, token: &str) -> Result<Header, Refusal> {
        if token.len() > self.token_bytes {
            return Err(Refusal::TooLong);
        }
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        if !self.algorithms.contains(&header.alg) {
            return Err(Refusal::Algorithm(header.alg));
        }
        Ok(header)
    }
}

impl fmt::Debug for SignedJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedJwt")
            .field("algorithms", &self.algorithms)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Authenticator for SignedJwt {
    fn scheme(&self) -> &'static str {
        "signed_jwt"
    }

    async fn authenticate(&self, offer: &Offer, _: &Origin) -> Result<Verdict, AuthError> {
        let Some(token) = &offer.token else {
            return Ok(Verdict::Refuse(Refusal::NoToken.to_string()));
        };
        match self.judge(token.expose()).await {
            Ok(principal) => Ok(Verdict::Accept(principal)),
            Err(Failure::Refused(refusal)) => Ok(Verdict::Refuse(refusal.to_string())),
            Err(Failure::Failed(error)) => Err(error),
        }
    }
}
