//! Authenticators that do not judge: their client is told so, and others go on.

use arcp_auth::{AuthError, Authenticator, Challenge, Origin, Verdict};
use arcp_core::{Offer, Principal, Secret};
use async_trait::async_trait;
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

use crate::support::{HandClock, House, On, Raw, Setup, code};

matrix!(
    one_that_fails_refuses,
    one_that_panics_refuses,
    one_that_is_slow_refuses,
    one_that_takes_its_time_stops_nobody,
    a_challenge_is_answered_and_a_session_opened,
    a_wrong_answer_may_be_followed_by_others_but_not_for_ever,
    an_answer_that_cannot_be_judged_is_unavailable,
    a_malformed_answer_is_told_and_counted,
    an_answer_without_a_challenge_is_passed_over,
    a_challenge_belongs_to_its_connection,
    a_session_is_renewed_by_a_challenge_too,
    refusals_before_an_acceptance_are_forgotten,
    a_challenge_that_is_left_behind_stops_no_renewal,
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
    let setup = Setup::new().configure(|builder| builder.authenticator(judge)).limits(|limits| {
        limits.authenticate_time = Duration::from_hours(1);
        limits.handshake_time = Duration::from_hours(1);
    });
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

async fn a_challenge_is_answered_and_a_session_opened(on: On) {
    let (house, _) = house(on).await;
    let mut raw = challenged(&house).await;
    // Before acceptance the rest is passed over still.
    raw.say("ping", json!({})).await;
    let answer = raw.say("session.authenticate", json!({"response": "42"})).await;
    let accepted = raw.expect("session.accepted").await;
    assert_eq!(accepted["correlation_id"], answer);
    raw.is_quiet().await;
    let job = raw.submit("echo", json!(1)).await;
    raw.finish(&job).await;
    // It is the principal that the answer proved.
    let jobs = house.raw_as("alice").await.list(json!({})).await;
    assert_eq!(jobs["jobs"][0]["job_id"], job);
}

async fn a_wrong_answer_may_be_followed_by_others_but_not_for_ever(on: On) {
    let (house, _) = house(on).await;
    let mut raw = challenged(&house).await;
    for _ in 0..4 {
        let answer = raw.say("session.authenticate", json!({"response": "forty-one"})).await;
        let refused = raw.expect("session.unauthenticated").await;
        assert_eq!(refused["correlation_id"], answer);
        assert_eq!((code(&refused), refused.get("session_id")), ("UNAUTHENTICATED", None));
        assert!(!refused.to_string().contains("forty-one"), "the answer is told");
    }
    let mut other = challenged(&house).await;
    raw.say("session.authenticate", json!({"response": "forty-one"})).await;
    raw.expect("session.unauthenticated").await;
    raw.is_over().await;
    other.say("session.authenticate", json!({"response": "forty-one"})).await;
    other.expect("session.unauthenticated").await;
    other.say("session.authenticate", json!({"response": "42"})).await;
    other.expect("session.accepted").await;
}

async fn an_answer_that_cannot_be_judged_is_unavailable(on: On) {
    let (house, _) = house(on).await;
    let mut raw = challenged(&house).await;
    for response in ["fails", "panics"] {
        raw.say("session.authenticate", json!({"response": response})).await;
        let refused = raw.expect("session.unauthenticated").await;
        assert_eq!(
            (code(&refused), &refused["payload"]["retryable"]),
            ("UNAVAILABLE", &json!(true))
        );
        assert!(!refused.to_string().contains("s3cret"), "why is told");
    }
    raw.say("session.authenticate", json!({"response": "42"})).await;
    raw.expect("session.accepted").await;
}

async fn a_malformed_answer_is_told_and_counted(on: On) {
    let (house, _) = house(on).await;
    let mut raw = house.raw().await;
    // Without a challenge there is nothing to answer.
    raw.say("session.authenticate", json!({"response": 42})).await;
    raw.say("session.open", offer("asks")).await;
    raw.expect("session.challenge").await;
    for payload in
        [json!({"response": 42}), json!({}), json!({"response": null}), json!({"answer": "42"})]
    {
        let answer = raw.say("session.authenticate", payload).await;
        let refused = raw.expect("session.unauthenticated").await;
        assert_eq!(refused["correlation_id"], answer);
        assert_eq!(code(&refused), "INVALID_ARGUMENT");
    }
    raw.say("session.authenticate", json!({"response": 42})).await;
    raw.expect("session.unauthenticated").await;
    raw.is_over().await;
}

async fn an_answer_without_a_challenge_is_passed_over(on: On) {
    let (house, _) = house(on).await;
    let mut raw = house.raw().await;
    raw.say("session.authenticate", json!({"response": "42"})).await;
    raw.say("session.open", offer("asks")).await;
    raw.expect("session.challenge").await;
    // Another offer takes its place.
    raw.open("tok-bob").await;
    raw.say("session.authenticate", json!({"response": "42"})).await;
    let refused = raw.expect("nack").await;
    assert_eq!(code(&refused), "UNAUTHENTICATED");
}

async fn a_challenge_belongs_to_its_connection(on: On) {
    let (house, _) = house(on).await;
    let (first, mut second) = (challenged(&house).await, house.raw().await);
    second.say("session.authenticate", json!({"response": "42"})).await;
    first.close().await;
    second.say("session.authenticate", json!({"response": "42"})).await;
    second.open("tok-bob").await;
    second.is_quiet().await;
}

async fn a_session_is_renewed_by_a_challenge_too(on: On) {
    let (house, _) = house(on).await;
    let mut raw = challenged(&house).await;
    raw.say("session.authenticate", json!({"response": "42"})).await;
    let session = raw.expect("session.accepted").await["session_id"].clone();
    for response in ["forty-one", "42"] {
        raw.say("session.authenticate", json!({"response": "asks"})).await;
        let challenge = raw.expect("session.challenge").await;
        assert_eq!(challenge["payload"], json!({"challenge": "6*7=?"}));
        raw.say("session.authenticate", json!({"response": response})).await;
        if response == "42" {
            assert_eq!(raw.expect("session.accepted").await["session_id"], session);
            break;
        }
        raw.expect("session.unauthenticated").await;
        raw.say("session.authenticate", json!({"response": "42"})).await;
        assert_eq!(raw.expect("session.accepted").await["session_id"], session);
    }
    raw.is_quiet().await;
}

async fn refusals_before_an_acceptance_are_forgotten(on: On) {
    let (house, _) = house(on).await;
    let mut raw = challenged(&house).await;
    for _ in 0..3 {
        for _ in 0..4 {
            raw.say("session.authenticate", json!({"response": "forty-one"})).await;
            raw.expect("session.unauthenticated").await;
        }
        raw.say("session.authenticate", json!({"response": "42"})).await;
        raw.expect("session.accepted").await;
        raw.say("session.authenticate", json!({"response": "asks"})).await;
        raw.expect("session.challenge").await;
    }
    for _ in 0..5 {
        raw.say("session.authenticate", json!({"response": "forty-one"})).await;
        raw.expect("session.unauthenticated").await;
    }
    raw.is_over().await;
}

async fn a_challenge_that_is_left_behind_stops_no_renewal(on: On) {
    let clock = HandClock::new();
    let judge = Judge(watch::Sender::new(false));
    let setup = Setup::new().clock(&clock).configure(|builder| builder.authenticator(judge));
    let house = on.start(setup).await;
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    raw.say("session.open", offer("asks")).await;
    raw.expect("session.challenge").await;
    // So far an answer is one to that.
    raw.say("session.authenticate", json!({"response": "tok-alice"})).await;
    raw.expect("session.unauthenticated").await;
    clock.advance(Duration::from_secs(10));
    raw.say("session.authenticate", json!({"response": "tok-alice"})).await;
    assert_eq!(raw.expect("session.accepted").await["session_id"], accepted["session_id"]);
}

/// A connection that was asked what six times seven is.
async fn challenged(house: &House) -> Raw {
    let mut raw = house.raw().await;
    let request = raw.say("session.open", offer("asks")).await;
    let challenge = raw.expect("session.challenge").await;
    assert_eq!(challenge["correlation_id"], request);
    assert_eq!(challenge["payload"], json!({"challenge": "6*7=?"}));
    raw
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
            Some("asks") => Ok(Verdict::Challenge(Challenge { text: "6*7=?".to_owned() })),
            Some("waits") => {
                self.0.subscribe().wait_for(|open| *open).await.unwrap();
                Ok(Verdict::Accept(Principal::named("late")))
            }
            _ => panic!("s3cret"),
        }
    }

    async fn answer(
        &self,
        challenge: &Challenge,
        response: &Secret<String>,
    ) -> Result<Verdict, AuthError> {
        assert_eq!(challenge.text, "6*7=?");
        match response.expose().as_str() {
            "42" => Ok(Verdict::Accept(Principal::named("alice"))),
            "fails" => Err(AuthError::new("the directory s3cret is down")),
            "panics" => panic!("s3cret"),
            _ => Ok(Verdict::Refuse("wrong".to_owned())),
        }
    }
}
