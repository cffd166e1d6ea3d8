//! A JWKS file, as it is and as it changes.

use std::fs;
use std::path::PathBuf;

use arcp_auth_jwt::{Algorithm, SignedJwt};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    SECRET, Signer, accepted, builder, claims, jwks, pem, refused, verdict, with,
};

/// A file in a folder that goes with it.
struct Keys(TempDir);

impl Keys {
    fn of(text: &str) -> Self {
        let keys = Self(TempDir::new().unwrap());
        keys.put(text);
        keys
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("keys.json")
    }

    fn put(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    fn jwt(&self, algorithms: &[Algorithm]) -> SignedJwt {
        builder(algorithms).jwks_file(self.path()).build().unwrap()
    }
}

fn rsa(kid: &'static str) -> Signer {
    Signer::pem(Algorithm::RS256, pem!("rsa")).kid(kid)
}

fn p256(kid: &'static str) -> Signer {
    Signer::pem(Algorithm::ES256, pem!("p256")).kid(kid)
}

const BOTH: &[Algorithm] = &[Algorithm::RS256, Algorithm::ES256];
const UNKNOWN: &str = "no key with this kid";

#[tokio::test]
async fn every_kind_of_key_is_found_by_its_kid() {
    let signers = [
        rsa("1"),
        p256("2"),
        Signer::pem(Algorithm::ES384, pem!("p384")).kid("3"),
        Signer::pem(Algorithm::EdDSA, pem!("ed25519")).kid("4"),
    ];
    let keys = Keys::of(&jwks(&signers.each_ref().map(Signer::jwk)));
    let jwt = keys.jwt(&signers.each_ref().map(|signer| signer.algorithm));
    for signer in signers {
        accepted(verdict(&jwt, &signer.token(&claims())).await, "alice");
    }
    refused(verdict(&jwt, &rsa("5").token(&claims())).await, UNKNOWN);
    let nameless = Signer { kid: None, ..rsa("1") };
    refused(verdict(&jwt, &nameless.token(&claims())).await, "no kid");
    let other = Signer::pem(Algorithm::RS256, pem!("rsa-other")).kid("1");
    refused(verdict(&jwt, &other.token(&claims())).await, "bad signature");
    let expired = rsa("1").token(&with(&json!({ "exp": 1 })));
    refused(verdict(&jwt, &expired).await, "expired");
}

#[tokio::test]
async fn a_key_is_for_the_algorithm_that_it_names() {
    let mut free = rsa("free").jwk();
    free.as_object_mut().unwrap().remove("alg");
    let keys = Keys::of(&jwks(&[rsa("rs256").jwk(), free]));
    let jwt = keys.jwt(&[Algorithm::RS256, Algorithm::PS256, Algorithm::ES256]);
    let pss = |kid| Signer { algorithm: Algorithm::PS256, ..rsa(kid) }.token(&claims());
    accepted(verdict(&jwt, &pss("free")).await, "alice");
    let other = "the key with this kid is for another algorithm";
    refused(verdict(&jwt, &pss("rs256")).await, other);
    refused(verdict(&jwt, &p256("free").token(&claims())).await, other);
}

#[tokio::test]
async fn keys_that_are_not_for_signatures_are_passed_over() {
    let changed = |kid, name: &str, value: Value| {
        let mut key = rsa(kid).jwk();
        key[name] = value;
        key
    };
    let secret = Signer::secret(Algorithm::HS256, SECRET).kid("oct").jwk();
    let nameless = Signer { kid: None, ..rsa("") }.jwk();
    let keys = Keys::of(&jwks(&[
        secret,
        nameless,
        json!(7),
        json!({ "kty": "AKP", "kid": "new", "alg": "ML-DSA-44", "pub": "AAAA" }),
        json!({ "kty": "EC", "crv": "secp256k1", "kid": "curve", "x": "AAAA", "y": "AAAA" }),
        json!({ "kty": "EC", "crv": "P-256", "kid": "point", "x": "AAAA", "y": "AAAA" }),
        json!({ "kty": "OKP", "crv": "X25519", "kid": "agree", "x": "AAAA" }),
        json!({ "kty": "RSA", "kid": "small", "n": "AAAA", "e": "AQAB" }),
        changed("enc", "use", json!("enc")),
        changed("sign", "key_ops", json!(["sign"])),
        changed("oaep", "alg", json!("RSA-OAEP")),
        changed("sig", "use", json!("sig")),
        changed("verify", "key_ops", json!(["verify"])),
    ]));
    let jwt = keys.jwt(&[Algorithm::RS256, Algorithm::ES256]);
    for kid in ["new", "curve", "point", "agree", "small", "enc", "sign", "oaep", ""] {
        refused(verdict(&jwt, &rsa(kid).token(&claims())).await, UNKNOWN);
    }
    for kid in ["sig", "verify"] {
        accepted(verdict(&jwt, &rsa(kid).token(&claims())).await, "alice");
    }
    let secret = Signer::secret(Algorithm::HS256, SECRET).kid("oct").token(&claims());
    refused(verdict(&jwt, &secret).await, "algorithm HS256 is not allowed");
}

#[tokio::test]
async fn two_keys_may_share_a_kid() {
    let keys = Keys::of(&jwks(&[rsa("1").jwk(), p256("1").jwk()]));
    let jwt = keys.jwt(BOTH);
    accepted(verdict(&jwt, &rsa("1").token(&claims())).await, "alice");
    accepted(verdict(&jwt, &p256("1").token(&claims())).await, "alice");
}

#[tokio::test]
async fn a_change_takes_effect_with_the_next_token() {
    let (old, new) = (rsa("1"), Signer::pem(Algorithm::RS256, pem!("rsa-other")).kid("1"));
    let keys = Keys::of(&jwks(&[old.jwk()]));
    let jwt = keys.jwt(BOTH);
    accepted(verdict(&jwt, &old.token(&claims())).await, "alice");
    // As long as it was, and within the same tick of the file system's clock.
    keys.put(&jwks(&[new.jwk()]));
    refused(verdict(&jwt, &old.token(&claims())).await, "bad signature");
    accepted(verdict(&jwt, &new.token(&claims())).await, "alice");
    keys.put(&jwks(&[old.jwk(), p256("2").jwk()]));
    accepted(verdict(&jwt, &p256("2").token(&claims())).await, "alice");
    keys.put(&jwks(&[]));
    refused(verdict(&jwt, &old.token(&claims())).await, UNKNOWN);
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing() {
    let keys = Keys::of(&jwks(&[rsa("1").jwk()]));
    let jwt = keys.jwt(BOTH);
    let large = format!("{}{}", jwks(&[]), " ".repeat(1 << 20));
    for bad in ["", "{", "[]", "{}", r#"{"keys":{}}"#, &jwks(&[rsa("1").jwk()])[..99], &large] {
        keys.put(bad);
        accepted(verdict(&jwt, &rsa("1").token(&claims())).await, "alice");
        refused(verdict(&jwt, &p256("2").token(&claims())).await, UNKNOWN);
    }
    fs::remove_file(keys.path()).unwrap();
    accepted(verdict(&jwt, &rsa("1").token(&claims())).await, "alice");
    keys.put(&jwks(&[p256("2").jwk()]));
    accepted(verdict(&jwt, &p256("2").token(&claims())).await, "alice");
    refused(verdict(&jwt, &rsa("1").token(&claims())).await, UNKNOWN);
}

#[test]
fn a_file_has_to_be_good_at_the_start() {
    let keys = Keys::of("{");
    let build = || builder(BOTH).jwks_file(keys.path()).build().map(drop).unwrap_err().to_string();
    let at = keys.path().display().to_string();
    assert!(build().starts_with(&format!("the JWKS `{at}`: EOF while parsing")), "{}", build());
    fs::remove_file(keys.path()).unwrap();
    assert!(build().starts_with(&format!("the JWKS `{at}`: ")), "{}", build());
}
