//! Authenticators that do not judge: their client is told so, and others go on.

use arcp_auth::{AuthError, Authenticator, Origin, Verdict};
use arcp_core::{Offer, Principal};
use async_trait::async_trait;
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

use crate::support::{House, On, Raw, Setup, code};

matrix!(
    one_that_fails_refuses,
    one_that_panics_refuses,
    one_that_is_slow_refuses,
    one_that_takes_its_time_stops_nobody,
);

async fn one_that_fails_refuses(on: On) {
    let (house, _) = house(on).await;
    refused(&house, "fails").await;
}

async fn one_that_panics_refuses(on: On) {
    let (house, _) = house(on).await;
    refused(&house, "panics").await;
}

async fn one_that_is_slow_refuses(on: On) {
    let (house, gate) = house(on).await;
    refused(&house, "waits").await;
    // A verdict that comes late is not heard.
    gate.send_replace(true);
    assert_eq!(house.raw_as("alice").await.list(json!({})).await["jobs"], json!([]));
}

async fn one_that_takes_its_time_stops_nobody(on: On) {
    let gate = watch::Sender::new(false);
    let judge = Judge(gate.clone());
    let setup = Setup::new().configure(|builder| builder.authenticator(judge));
    let house = on.start(setup).await;
    let mut waiting = house.raw().await;
    let request = waiting.say("session.open", offer("waits")).await;
    // A second offer meanwhile is passed over, and so is all else.
    waiting.say("session.open", crate::support::bearer("tok-alice")).await;
    waiting.say("ping", json!({})).await;
    let mut other = house.raw_as("alice").await;
    let job = other.submit("echo", json!(1)).await;
    other.finish(&job).await;
    gate.send_replace(true);
    let accepted = waiting.expect("session.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    waiting.is_quiet().await;
    assert_eq!(waiting.list(json!({})).await["jobs"], json!([]));
}

async fn refused(house: &House, token: &str) {
    let mut other = house.raw_as("alice").await;
    let mut raw: Raw = house.raw().await;
    let request = raw.say("session.open", offer(token)).await;
    other.is_quiet().await;
    let rejected = raw.expect("session.rejected").await;
    assert_eq!(rejected["correlation_id"], request);
    assert_eq!(code(&rejected), "UNAVAILABLE");
    assert_eq!(rejected["payload"]["retryable"], true);
    assert!(!rejected.to_string().contains("s3cret"), "why is told");
    // The connection and the runtime are as good as before.
    raw.open("tok-bob").await;
    let job = raw.submit("echo", json!(1)).await;
    raw.finish(&job).await;
    other.is_quiet().await;
}

fn offer(token: &str) -> serde_json::Value {
    let mut open = crate::support::bearer(token);
    open["auth"]["scheme"] = json!("judge");
    open
}

async fn house(on: On) -> (House, watch::Sender<bool>) {
    let gate = watch::Sender::new(false);
    let judge = Judge(gate.clone());
    let setup = Setup::new().limits(|limits| limits.authenticate_time = Duration::from_millis(20));
    (on.start(setup.configure(|builder| builder.authenticator(judge))).await, gate)
}

/// Does what the token says.
struct Judge(watch::Sender<bool>);

#[async_trait]
impl Authenticator for Judge {
    fn scheme(&self) -> &'static str {
        "judge"
    }

    async fn authenticate(&self, offer: &Offer, _: &Origin) -> Result<Verdict, AuthError> {
        match offer.token.as_ref().map(|token| token.expose().as_str()) {
            Some("fails") => Err(AuthError::new("the directory s3cret is down")),
            Some("waits") => {
                self.0.subscribe().wait_for(|open| *open).await.unwrap();
                Ok(Verdict::Accept(Principal::named("late")))
            }
            _ => panic!("s3cret"),
        }
    }
}
