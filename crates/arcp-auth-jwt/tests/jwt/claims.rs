//! What tokens claim that are signed as they should be.

use std::time::Duration;

use arcp_auth_jwt::{Algorithm, SignedJwt};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, NOW, SECRET, Signer, TestClock, accepted, claims, hs256, refused, verdict, with,
    without,
};

/// What is said to a token with these claims.
async fn said(jwt: &SignedJwt, claims: Value) -> String {
    let token = Signer::secret(Algorithm::HS256, SECRET).token(&claims);
    format!("{:?}", verdict(jwt, &token).await.unwrap())
}

fn malformed(claim: &str) -> String {
    format!("Refuse(\"jwt: claim {claim} is missing or malformed\")")
}

const ALICE: &str = "Accept(alice)";
const EXPIRED: &str = "Refuse(\"jwt: expired\")";
const NOT_YET: &str = "Refuse(\"jwt: not valid yet\")";
const AUDIENCES: &str = "Refuse(\"jwt: wrong audience\")";
const ISSUERS: &str = "Refuse(\"jwt: wrong issuer\")";

#[tokio::test]
async fn a_token_ends_with_the_leeway_after_it() {
    let jwt = hs256().build().unwrap();
    assert_eq!(said(&jwt, with(&json!({ "exp": NOW - 59 }))).await, ALICE);
    assert_eq!(said(&jwt, with(&json!({ "exp": NOW - 60 }))).await, EXPIRED);
    assert_eq!(said(&jwt, with(&json!({ "exp": 0 }))).await, EXPIRED);
    let strict = hs256().leeway(Duration::ZERO).build().unwrap();
    assert_eq!(said(&strict, with(&json!({ "exp": NOW + 1 }))).await, ALICE);
    assert_eq!(said(&strict, with(&json!({ "exp": 1_800_000_000.5 }))).await, ALICE);
    assert_eq!(said(&strict, with(&json!({ "exp": NOW }))).await, EXPIRED);
}

#[tokio::test]
async fn a_token_begins_with_the_leeway_before_it() {
    let jwt = hs256().build().unwrap();
    assert_eq!(said(&jwt, with(&json!({ "nbf": NOW + 60 }))).await, ALICE);
    assert_eq!(said(&jwt, with(&json!({ "nbf": NOW + 61 }))).await, NOT_YET);
    let strict = hs256().leeway(Duration::ZERO).build().unwrap();
    assert_eq!(said(&strict, with(&json!({ "nbf": NOW }))).await, ALICE);
    assert_eq!(said(&strict, with(&json!({ "nbf": 1_800_000_000.5 }))).await, NOT_YET);
}

#[tokio::test]
async fn a_token_ends_while_the_clock_goes() {
    let clock = TestClock::new();
    let jwt = hs256().clock(clock.reader()).build().unwrap();
    let token = Signer::secret(Algorithm::HS256, SECRET).token(&claims());
    clock.pass(Duration::from_secs(659));
    accepted(verdict(&jwt, &token).await, "alice");
    clock.pass(Duration::from_secs(1));
    refused(verdict(&jwt, &token).await, "expired");
}

#[tokio::test]
async fn times_have_to_be_times() {
    let jwt = hs256().build().unwrap();
    assert_eq!(said(&jwt, without("exp")).await, malformed("exp"));
    for bad in [json!("1800000600"), json!(null), json!(-1), json!(1e300)] {
        assert_eq!(said(&jwt, with(&json!({ "exp": bad }))).await, malformed("exp"));
        assert_eq!(said(&jwt, with(&json!({ "nbf": bad }))).await, malformed("nbf"));
    }
}

#[tokio::test]
async fn the_token_has_to_be_for_us() {
    let jwt = hs256().audience("https://runtime.example").build().unwrap();
    for good in [
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["other", AUDIENCE]),
        json!("https://runtime.example"),
        json!([7, "https://runtime.example"]),
    ] {
        assert_eq!(said(&jwt, with(&json!({ "aud": good }))).await, ALICE);
    }
    for bad in [json!("other"), json!(""), json!([]), json!(["other"]), json!([[AUDIENCE]])] {
        assert_eq!(said(&jwt, with(&json!({ "aud": bad }))).await, AUDIENCES);
    }
    assert_eq!(said(&jwt, without("aud")).await, malformed("aud"));
    for bad in [json!(null), json!(7), json!({ "aud": AUDIENCE })] {
        assert_eq!(said(&jwt, with(&json!({ "aud": bad }))).await, malformed("aud"));
    }
}

#[tokio::test]
async fn issuers_count_when_they_are_listed() {
    let any = hs256().build().unwrap();
    assert_eq!(said(&any, with(&json!({ "iss": "somebody" }))).await, ALICE);
    let jwt = hs256().issuer("https://a.example").issuer("https://b.example").build().unwrap();
    for good in ["https://a.example", "https://b.example"] {
        assert_eq!(said(&jwt, with(&json!({ "iss": good }))).await, ALICE);
    }
    assert_eq!(said(&jwt, with(&json!({ "iss": "https://a.example/" }))).await, ISSUERS);
    assert_eq!(said(&jwt, claims()).await, malformed("iss"));
    assert_eq!(said(&jwt, with(&json!({ "iss": ["https://a.example"] }))).await, malformed("iss"));
}

#[tokio::test]
async fn a_principal_has_a_name() {
    let jwt = hs256().build().unwrap();
    assert_eq!(said(&jwt, without("sub")).await, malformed("sub"));
    let longest = "n".repeat(256);
    let accepted = format!("Accept({longest})");
    assert_eq!(said(&jwt, with(&json!({ "sub": longest }))).await, accepted);
    for bad in [json!(""), json!(7), json!(null), json!("n".repeat(257)), json!("alice\nbob")] {
        assert_eq!(said(&jwt, with(&json!({ "sub": bad }))).await, malformed("sub"));
    }
}

#[tokio::test]
async fn another_claim_can_name_the_principal() {
    let jwt = hs256().principal_claim("email").build().unwrap();
    let claims = with(&json!({ "email": "carol@example.com" }));
    assert_eq!(said(&jwt, claims).await, "Accept(carol@example.com)");
    assert_eq!(said(&jwt, with(&json!({}))).await, malformed("email"));
}

#[tokio::test]
async fn claims_are_an_object() {
    let jwt = hs256().build().unwrap();
    let malformed = "Refuse(\"jwt: malformed, or of an unknown algorithm\")";
    for bad in [json!([]), json!("alice"), json!(null)] {
        assert_eq!(said(&jwt, bad).await, malformed);
    }
}
