//! Each algorithm with its own key, and with no other.

use arcp_auth_jwt::Algorithm;

use crate::support::{Signer, accepted, builder, claims, pem, refused, secret, verdict};

const SECRET: &str = "a secret of sixty-four bytes, which is as long as HS512 asks for";

#[tokio::test]
async fn secrets_verify_by_every_hash() {
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let jwt = builder(&[algorithm]).secret(&secret(SECRET)).build().unwrap();
        let good = Signer::secret(algorithm, SECRET).token(&claims());
        accepted(verdict(&jwt, &good).await, "alice");
        let bad = Signer::secret(algorithm, &SECRET.to_uppercase()).token(&claims());
        refused(verdict(&jwt, &bad).await, "bad signature");
    }
}

#[tokio::test]
async fn rsa_keys_verify_by_both_paddings() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ] {
        for public in [pem!("rsa.pub"), pem!("rsa.pkcs1.pub")] {
            let jwt = builder(&[algorithm]).public_key(public).build().unwrap();
            let good = Signer::pem(algorithm, pem!("rsa")).token(&claims());
            accepted(verdict(&jwt, &good).await, "alice");
            let bad = Signer::pem(algorithm, pem!("rsa-other")).token(&claims());
            refused(verdict(&jwt, &bad).await, "bad signature");
        }
    }
}

#[tokio::test]
async fn curves_verify_by_their_own_algorithm() {
    for (algorithm, private, public) in [
        (Algorithm::ES256, pem!("p256"), pem!("p256.pub")),
        (Algorithm::ES384, pem!("p384"), pem!("p384.pub")),
        (Algorithm::EdDSA, pem!("ed25519"), pem!("ed25519.pub")),
    ] {
        let jwt = builder(&[algorithm]).public_key(public).build().unwrap();
        let good = Signer::pem(algorithm, private).token(&claims());
        accepted(verdict(&jwt, &good).await, "alice");
        let (cut, _) = good.rsplit_once('.').unwrap();
        refused(verdict(&jwt, &format!("{cut}.")).await, "bad signature");
    }
}

#[tokio::test]
async fn any_of_several_keys_will_do() {
    let old = "an old secret, still good today.";
    let jwt = builder(&[Algorithm::HS256, Algorithm::ES256, Algorithm::RS256])
        .secret(&secret(old))
        .secret(&secret(SECRET))
        .public_key(pem!("p256.pub"))
        .public_key(pem!("rsa.pub"))
        .build()
        .unwrap();
    for signer in [
        Signer::secret(Algorithm::HS256, old),
        Signer::secret(Algorithm::HS256, SECRET),
        Signer::pem(Algorithm::ES256, pem!("p256")),
        Signer::pem(Algorithm::RS256, pem!("rsa")),
    ] {
        accepted(verdict(&jwt, &signer.token(&claims())).await, "alice");
    }
    let foreign = Signer::pem(Algorithm::RS256, pem!("rsa-other")).token(&claims());
    refused(verdict(&jwt, &foreign).await, "bad signature");
}

#[tokio::test]
async fn the_list_is_what_counts_and_not_the_key() {
    let jwt = builder(&[Algorithm::RS256]).public_key(pem!("rsa.pub")).build().unwrap();
    let token = Signer::pem(Algorithm::PS256, pem!("rsa")).token(&claims());
    refused(verdict(&jwt, &token).await, "algorithm PS256 is not allowed");
}
