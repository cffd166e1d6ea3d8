//! Opening a session.

use serde_json::{Value, json};

use crate::support::{On, Setup, code, kind};

matrix!(
    a_known_token_is_accepted,
    an_unknown_token_is_refused_and_may_be_followed_by_another,
    five_refusals_end_the_connection,
    anonymity_wants_both_ends,
    a_runtime_may_want_no_anonymous_clients,
    an_unknown_scheme_is_refused,
    nothing_is_done_before_acceptance,
    capabilities_are_negotiated,
    two_anonymous_clients_share_nothing,
    a_second_open_begins_a_session_of_its_own,
    a_refused_second_open_leaves_the_session,
);

async fn a_known_token_is_accepted(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    let payload = &accepted["payload"];
    assert_eq!(accepted["arcp"], "1.1");
    assert_eq!(payload["session_id"], accepted["session_id"]);
    assert!(raw.session.starts_with("sess_"));
    assert_eq!(payload["runtime"]["kind"], "arcp");
    assert_eq!(payload["runtime"]["trust_level"], "trusted");
    assert_eq!(payload.get("lease"), None);
    assert_eq!(accepted.get("event_seq"), None);
    let agents = payload["capabilities"]["agents"].as_array().unwrap();
    let echo = json!({"name": "echo", "versions": ["1.0.0", "2.0.0"], "default": "2.0.0"});
    assert!(agents.contains(&echo), "{agents:?}");
    raw.is_quiet().await;
}

async fn an_unknown_token_is_refused_and_may_be_followed_by_another(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    for auth in [json!({"scheme": "bearer", "token": "tok-mallory"}), json!({"scheme": "bearer"})] {
        let request = raw.say("session.open", open(&auth, &json!({}))).await;
        let rejected = raw.expect("session.rejected").await;
        assert_eq!(rejected["correlation_id"], request);
        assert_eq!(code(&rejected), "UNAUTHENTICATED");
        assert_eq!(rejected["payload"]["retryable"], false);
        assert_eq!(rejected.get("session_id"), None);
        assert!(!rejected.to_string().contains("mallory"), "a token is told");
    }
    raw.open("tok-alice").await;
}

async fn five_refusals_end_the_connection(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    for _ in 0..5 {
        raw.say("session.open", open(&json!({"scheme": "bearer", "token": "no"}), &json!({})))
            .await;
        raw.expect("session.rejected").await;
    }
    raw.is_over().await;
}

async fn anonymity_wants_both_ends(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    for capabilities in [json!({}), json!({"anonymous": false})] {
        raw.say("session.open", open(&json!({"scheme": "none"}), &capabilities)).await;
        let rejected = raw.expect("session.rejected").await;
        assert_eq!(code(&rejected), "UNAUTHENTICATED");
        let message = rejected["payload"]["message"].as_str().unwrap();
        assert_eq!(message, "anonymous auth requires capabilities.anonymous: true");
    }
    raw.say("session.open", anonymous()).await;
    let accepted = raw.expect("session.accepted").await;
    assert_eq!(accepted["payload"]["capabilities"]["anonymous"], true);
}

async fn a_runtime_may_want_no_anonymous_clients(on: On) {
    let mut setup = Setup::new();
    setup.anonymous = false;
    let house = on.start(setup).await;
    let mut raw = house.raw().await;
    raw.say("session.open", anonymous()).await;
    let rejected = raw.expect("session.rejected").await;
    assert_eq!(code(&rejected), "UNAUTHENTICATED");
    let accepted = raw.open("tok-alice").await;
    assert_eq!(accepted["payload"]["capabilities"].get("anonymous"), None);
}

async fn an_unknown_scheme_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    for scheme in ["signed_jwt", "mtls", "oauth2", "moon"] {
        let mut raw = house.raw().await;
        raw.say("session.open", open(&json!({"scheme": scheme, "token": "x"}), &json!({}))).await;
        let rejected = raw.expect("session.rejected").await;
        assert_eq!(code(&rejected), "UNAUTHENTICATED");
        assert!(rejected["payload"]["message"].as_str().unwrap().contains("not configured"));
    }
    raw.open("tok-alice").await;
}

async fn nothing_is_done_before_acceptance(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    raw.send_text("{nope").await;
    raw.say("ping", json!({"nonce": "early"})).await;
    raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    raw.say("session.list_jobs", json!({})).await;
    raw.say("session.authenticate", json!({"response": "tok-alice"})).await;
    raw.say("cancel", json!({"target": "job", "target_id": "job_1"})).await;
    raw.say("session.close", json!({})).await;
    // The first frame that comes is its answer.
    raw.open("tok-alice").await;
    raw.is_quiet().await;
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
    assert_eq!(house.stage.echoes(), 0);
}

async fn capabilities_are_negotiated(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    let declared = json!({
        "durable_jobs": true,
        "streaming": true,
        "interrupt": false,
        "checkpoints": true,
        "extensions": ["arcpx.example.v1"],
        "something_new": true,
    });
    let auth = json!({"scheme": "bearer", "token": "tok-alice"});
    raw.say("session.open", open(&auth, &declared)).await;
    let accepted = raw.expect("session.accepted").await;
    let agreed = &accepted["payload"]["capabilities"];
    for on in ["durable_jobs", "streaming", "checkpoints"] {
        assert_eq!(agreed[on], true, "{on}");
    }
    // What either lacks, or does not say that it has.
    for off in ["interrupt", "subscriptions", "binary_streams"] {
        assert_eq!(agreed[off], false, "{off}");
    }
    assert_eq!(agreed.get("something_new"), None);
    assert_eq!(agreed.get("extensions"), None);
}

async fn two_anonymous_clients_share_nothing(on: On) {
    let house = on.usual().await;
    let (mut one, mut other) = (house.raw().await, house.raw().await);
    for raw in [&mut one, &mut other] {
        raw.say("session.open", anonymous()).await;
        raw.expect("session.accepted").await;
    }
    let job = one.submit("gate", json!(1)).await;
    one.expect("job.started").await;
    assert_eq!(other.list(json!({})).await["jobs"], json!([]));
    other.say("cancel", json!({"target": "job", "target_id": job})).await;
    other.expect("cancel.refused").await;
    assert_eq!(one.list(json!({})).await["jobs"][0]["job_id"], job);
    house.stage.open_gate();
    assert_eq!(one.finish(&job).await.last().map(kind), Some("job.completed"));
}

async fn a_second_open_begins_a_session_of_its_own(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let first = raw.session.clone();
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    raw.open("tok-alice").await;
    assert_ne!(raw.session, first);
    house.stage.arrived(1).await;
    house.stage.open_gate();
    // The job goes on; its events are the first session's.
    assert_eq!(raw.until_ended(&job).await, "completed");
    let echo = raw.submit("echo", json!(2)).await;
    let numbers: Vec<_> = raw.finish(&echo).await.iter().map(crate::support::seq).collect();
    assert_eq!(numbers, [1, 2]);
    let kept = crate::support::numbers(&*house.store, &first).await;
    assert_eq!(kept, [(1, job.clone(), 1), (2, job, 2)]);
}

async fn a_refused_second_open_leaves_the_session(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let bad = open(&json!({"scheme": "bearer", "token": "no"}), &json!({}));
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    for _ in 0..4 {
        raw.say("session.open", bad.clone()).await;
        raw.expect("session.rejected").await;
    }
    raw.is_quiet().await;
    // Who goes on like this is shown the door; the job stays.
    raw.say("session.open", bad).await;
    raw.expect("session.rejected").await;
    raw.is_over().await;
    house.stage.open_gate();
    assert_eq!(house.raw_as("alice").await.until_ended(&job).await, "completed");
}

fn open(auth: &Value, capabilities: &Value) -> Value {
    let client = json!({"kind": "test", "version": "1"});
    json!({"auth": auth, "client": client, "capabilities": capabilities})
}

fn anonymous() -> Value {
    open(&json!({"scheme": "none"}), &json!({"anonymous": true}))
}
