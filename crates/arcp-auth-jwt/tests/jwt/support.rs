//! Tokens, keys, a clock that stands still, and verdicts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcp_auth::{AuthError, Authenticator, Origin, Verdict};
use arcp_auth_jwt::{Algorithm, Builder, SignedJwt};
use arcp_core::{Moment, Now, Offer, Principal, Secret, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

pub(crate) const AUDIENCE: &str = "arcp-conformance";
pub(crate) const SECRET: &str = "conformance-secret-of-32-bytes-ok";

/// When the tests take place, in seconds since the epoch.
pub(crate) const NOW: u64 = 1_800_000_000;

/// Private and public keys; see `keys/README.md`.
macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("keys/", $name, ".pem"))
    };
}
pub(crate) use pem;

/// A clock that goes only when it is told to.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<Now>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        let wall = Timestamp::from_micros(0).after(Duration::from_secs(NOW));
        Self(Arc::new(Mutex::new(Now { wall, moment: Moment::default() })))
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        now.wall = now.wall.after(time);
        now.moment = now.moment.after(time);
    }

    pub(crate) fn reader(&self) -> impl Fn() -> Now + Send + Sync + 'static {
        let now = self.0.clone();
        move || *now.lock().unwrap()
    }
}

/// Begins one whose clock stands at [`NOW`].
pub(crate) fn builder(algorithms: &[Algorithm]) -> Builder {
    let builder = SignedJwt::builder(AUDIENCE).clock(TestClock::new().reader());
    algorithms.iter().fold(builder, |builder, algorithm| builder.algorithm(*algorithm))
}

/// Begins one that knows [`SECRET`].
pub(crate) fn hs256() -> Builder {
    builder(&[Algorithm::HS256]).secret(&secret(SECRET))
}

pub(crate) fn secret(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

/// The key that signs, with what it signs by and the id that tokens name it by.
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
    pub(crate) kid: Option<&'static str>,
}

impl Signer {
    pub(crate) fn secret(algorithm: Algorithm, secret: &str) -> Self {
        Self { algorithm, key: EncodingKey::from_secret(secret.as_bytes()), kid: None }
    }

    pub(crate) fn pem(algorithm: Algorithm, pem: &str) -> Self {
        let read = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem,
            Algorithm::EdDSA => EncodingKey::from_ed_pem,
            _ => EncodingKey::from_rsa_pem,
        };
        Self { algorithm, key: read(pem.as_bytes()).unwrap(), kid: None }
    }

    /// Named by this id.
    pub(crate) fn kid(self, kid: &'static str) -> Self {
        Self { kid: Some(kid), ..self }
    }

    /// The public key as a JWKS has it.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = self.kid.map(str::to_owned);
        serde_json::to_value(jwk).unwrap()
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.kid.map(str::to_owned);
        encode(&header, claims, &self.key).unwrap()
    }
}

/// A JWKS of these keys.
pub(crate) fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// Claims that are right, of `alice`.
pub(crate) fn claims() -> Value {
    json!({ "aud": AUDIENCE, "exp": NOW + 600, "sub": "alice" })
}

/// The claims of `alice`, changed.
pub(crate) fn with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// The claims of `alice` but for one.
pub(crate) fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

pub(crate) async fn verdict(jwt: &SignedJwt, token: &str) -> Result<Verdict, AuthError> {
    let token = Some(Secret::new(token.to_owned()));
    let offer = Offer { scheme: jwt.scheme().to_owned(), token };
    jwt.authenticate(&offer, &Origin::default()).await
}

#[track_caller]
pub(crate) fn accepted(verdict: Result<Verdict, AuthError>, name: &str) {
    assert_eq!(verdict.unwrap(), Verdict::Accept(Principal::named(name)));
}

#[track_caller]
pub(crate) fn refused(verdict: Result<Verdict, AuthError>, why: &str) {
    assert_eq!(verdict.unwrap(), Verdict::Refuse(format!("jwt: {why}")));
}
