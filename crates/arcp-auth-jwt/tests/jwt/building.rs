//! Settings that do not go together.

use arcp_auth_jwt::{Algorithm, BuildError, Builder, SignedJwt};

use crate::support::{SECRET, builder, hs256, pem, secret};

#[track_caller]
fn fails(builder: Builder, why: &str) {
    assert_eq!(builder.build().unwrap_err().to_string(), why);
}

#[test]
fn something_has_to_be_trusted() {
    fails(
        builder(&[]).secret(&secret(SECRET)),
        "no algorithm is allowed: add those that the issuer signs with",
    );
    fails(builder(&[Algorithm::HS256]), "no key: add a secret, a public key or a JWKS");
}

#[test]
fn keys_and_algorithms_belong_together() {
    let rsa = || builder(&[Algorithm::RS256]);
    fails(rsa().secret(&secret(SECRET)), "a secret is given, but no allowed algorithm takes it");
    fails(
        hs256().public_key(pem!("rsa.pub")),
        "a public key is given, but no allowed algorithm takes it",
    );
    fails(hs256().algorithm(Algorithm::RS256), "RS256 is allowed, but no key is for it");
    fails(
        builder(&[Algorithm::ES256, Algorithm::ES384]).public_key(pem!("p256.pub")),
        "ES384 is allowed, but no key is for it",
    );
}

#[test]
fn a_jwks_stands_alone() {
    let mixed = "a JWKS goes together with no other key or JWKS";
    fails(hs256().jwks_file("keys.json"), mixed);
    let rsa = || builder(&[Algorithm::RS256]).jwks_file("keys.json");
    fails(rsa().public_key(pem!("rsa.pub")), mixed);
    fails(rsa().jwks_file("keys.json"), mixed);
    fails(
        rsa().algorithm(Algorithm::HS256),
        "HS256 takes a secret, and a JWKS has public keys only",
    );
}

#[test]
fn a_secret_is_as_long_as_its_hash() {
    let long = "x".repeat(64);
    for (algorithm, needed) in
        [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)]
    {
        let with = |bytes| builder(&[algorithm]).secret(&secret(&long[..bytes]));
        assert!(with(needed).build().is_ok());
        for short in [needed - 1, 0] {
            let error = with(short).secret(&secret(&long)).build().unwrap_err();
            assert_eq!(error, BuildError::ShortSecret { algorithm, needed });
        }
    }
    fails(
        hs256().algorithm(Algorithm::HS384),
        "a secret is too short for HS384: it needs 48 bytes",
    );
}

#[test]
fn a_public_key_is_public_and_strong() {
    let with = |pem| builder(&[Algorithm::RS256]).public_key(pem);
    let label = "not a public key: it has to be one PEM block, `PUBLIC KEY` or `RSA PUBLIC KEY`";
    let two = [pem!("rsa.pub"), pem!("p256.pub")].concat();
    for bad in ["", "a key", pem!("rsa"), pem!("ed25519"), &two] {
        fails(with(bad), label);
    }
    let kind = "not a public key: it has to be RSA of at least 2048 bits, P-256, P-384 or Ed25519";
    let broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    for bad in [pem!("rsa-1024.pub"), pem!("p521.pub"), broken] {
        fails(with(bad), kind);
    }
}

#[test]
fn nothing_is_empty() {
    fails(SignedJwt::builder(""), "an empty audience");
    fails(hs256().audience(""), "an empty audience");
    fails(hs256().issuer(""), "an empty issuer");
    fails(hs256().principal_claim(""), "an empty principal claim");
    fails(hs256().token_bytes(0), "`token_bytes` must not be zero");
}

#[test]
fn debug_shows_no_secret() {
    let shown = [format!("{:?}", hs256()), format!("{:?}", hs256().build().unwrap())];
    for shown in shown {
        assert!(!shown.contains(SECRET) && shown.contains("HS256"), "{shown}");
        let bytes = format!("{:?}", SECRET.as_bytes());
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }
}
