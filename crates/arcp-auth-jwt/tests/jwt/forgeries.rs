//! Tokens that were made to get in, or by accident.

use arcp_auth::{Authenticator, Origin};
use arcp_auth_jwt::Algorithm;
use arcp_core::Offer;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::{
    SECRET, Signer, accepted, builder, claims, hs256, pem, refused, secret, verdict,
};

const MALFORMED: &str = "malformed, or of an unknown algorithm";

fn part(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

#[tokio::test]
async fn an_unsigned_token_is_none() {
    let jwt = hs256().build().unwrap();
    let signed = Signer::secret(Algorithm::HS256, SECRET).token(&claims());
    let signature = signed.rsplit_once('.').unwrap().1;
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({ "alg": algorithm, "typ": "JWT" });
        for signature in ["", signature] {
            let token = format!("{}.{}.{signature}", part(&header), part(&claims()));
            refused(verdict(&jwt, &token).await, MALFORMED);
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    // Everybody has the public key; who takes it for a secret takes everybody's signature.
    let rsa = builder(&[Algorithm::RS256]).public_key(pem!("rsa.pub")).build().unwrap();
    let both = builder(&[Algorithm::RS256, Algorithm::HS256])
        .public_key(pem!("rsa.pub"))
        .secret(&secret(SECRET))
        .build()
        .unwrap();
    for known in [pem!("rsa.pub"), pem!("rsa.pub").trim_end(), pem!("rsa.pkcs1.pub")] {
        let token = Signer::secret(Algorithm::HS256, known).token(&claims());
        refused(verdict(&rsa, &token).await, "algorithm HS256 is not allowed");
        refused(verdict(&both, &token).await, "bad signature");
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_used() {
    let jwt = builder(&[Algorithm::RS256]).public_key(pem!("rsa.pub")).build().unwrap();
    let key = EncodingKey::from_rsa_pem(pem!("rsa-other").as_bytes()).unwrap();
    let mut header = Header::new(Algorithm::RS256);
    header.jku = Some("https://attacker.example/keys".to_owned());
    header.jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::RS256).ok();
    let token = encode(&header, &claims(), &key).unwrap();
    refused(verdict(&jwt, &token).await, "bad signature");
}

#[tokio::test]
async fn headers_that_must_be_understood_are_not() {
    let jwt = hs256().build().unwrap();
    let mut header = Header::new(Algorithm::HS256);
    header.crit = Some(vec!["b64".to_owned()]);
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = encode(&header, &claims(), &key).unwrap();
    refused(verdict(&jwt, &token).await, "critical headers are not supported");
}

#[tokio::test]
async fn what_was_changed_after_signing_is_noticed() {
    let jwt = hs256().build().unwrap();
    let token = Signer::secret(Algorithm::HS256, SECRET).token(&claims());
    accepted(verdict(&jwt, &token).await, "alice");
    let parts: Vec<&str> = token.split('.').collect();
    let mut root = claims();
    root["sub"] = json!("root");
    let other = format!("{}.{}.{}", parts[0], part(&root), parts[2]);
    refused(verdict(&jwt, &other).await, "bad signature");
    for signature in ["", "AAAA", &format!("AAAA{}", parts[2])] {
        let other = format!("{}.{}.{signature}", parts[0], parts[1]);
        refused(verdict(&jwt, &other).await, "bad signature");
    }
}

#[tokio::test]
async fn garbage_is_refused() {
    let jwt = hs256().build().unwrap();
    let token = Signer::secret(Algorithm::HS256, SECRET).token(&claims());
    let padded = format!("{token}==");
    let four = format!("{token}.{token}");
    let not_json = format!("{}.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode("{"), part(&claims()));
    for bad in
        ["", ".", "..", "...", "token", "a.b.c", "\u{e4}.\u{e4}.\u{e4}", &padded, &four, &not_json]
    {
        refused(verdict(&jwt, bad).await, MALFORMED);
    }
    let nothing = Offer { scheme: "signed_jwt".to_owned(), token: None };
    refused(jwt.authenticate(&nothing, &Origin::default()).await, "a token is required");
}

#[tokio::test]
async fn a_token_has_a_longest() {
    let token = Signer::secret(Algorithm::HS256, SECRET).token(&claims());
    let jwt = hs256().token_bytes(token.len()).build().unwrap();
    accepted(verdict(&jwt, &token).await, "alice");
    refused(verdict(&jwt, &format!("{token}a")).await, "too long");
    let usual = hs256().build().unwrap();
    refused(verdict(&usual, &"a".repeat((16 << 10) + 1)).await, "too long");
}
