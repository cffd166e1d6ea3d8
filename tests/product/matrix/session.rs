//! Sessions: how they end, what survives them, and their lease.

use std::time::Duration;

use arcp_core::OnClose;
use serde_json::{Value, json};

use crate::support::{
    HandClock, On, Raw, Setup, code, ended_fact, job_events, job_of, kind, numbers, open_fact,
};

matrix!(
    closing_cancels_the_jobs_and_then_ends,
    jobs_go_on_where_closing_is_to_leave_them,
    closing_does_not_wait_for_ever,
    closing_is_answered_to_those_who_know,
    a_closing_session_takes_nothing_new,
    a_job_outlives_its_client,
    a_session_is_asked_to_renew_and_may,
    a_session_that_is_not_renewed_is_evicted,
    only_its_principal_renews_a_session,
    a_session_can_be_cancelled_by_its_principal_only,
);

async fn closing_cancels_the_jobs_and_then_ends(on: On) {
    let house = on.usual().await;
    let mut other = house.raw_as("alice").await;
    let kept = other.submit("gate", json!(0)).await;
    other.expect("job.started").await;
    let mut raw = house.raw_as("alice").await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(raw.submit("gate", json!(1)).await);
        raw.expect("job.started").await;
    }
    raw.say("session.close", json!({"reason": "enough"})).await;
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["job.cancelled"; 3]);
    for end in &last {
        assert_eq!(end["payload"]["reason"], "session closed: enough");
    }
    let mut ended: Vec<_> = last.iter().map(job_of).collect();
    ended.sort_unstable();
    assert_eq!(ended, jobs);
    // Jobs of another session are not touched.
    other.is_quiet().await;
    house.stage.open_gate();
    assert_eq!(other.finish(&kept).await.last().map(kind), Some("job.completed"));
}

async fn jobs_go_on_where_closing_is_to_leave_them(on: On) {
    let house = on.start(Setup::new().configure(|b| b.on_close(OnClose::Detach))).await;
    let (mut raw, mut other) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    // What was asked before is answered all the same.
    raw.say("session.list_jobs", json!({})).await;
    raw.say("session.close", json!({})).await;
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["session.jobs"]);
    other.say("job.subscribe", json!({"job_id": job})).await;
    other.expect("job.subscribed").await;
    house.stage.open_gate();
    assert_eq!(other.until_completed(&job).await, "job.completed");
}

async fn closing_does_not_wait_for_ever(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("stubborn", json!(1)).await;
    raw.expect("job.started").await;
    raw.say("session.close", json!({})).await;
    let request = raw.say("session.list_jobs", json!({})).await;
    let nack = raw.expect("nack").await;
    assert_eq!((code(&nack), &nack["correlation_id"]), ("FAILED_PRECONDITION", &json!(request)));
    clock.advance(Duration::from_secs(5));
    let last = raw.rest().await;
    assert_eq!(last.iter().map(code).collect::<Vec<_>>(), ["ABORTED"]);
    assert_eq!(job_of(&last[0]), job);
}

async fn closing_is_answered_to_those_who_know(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw().await;
    let mut open = crate::support::bearer("tok-alice");
    open["capabilities"] = json!({"extensions": ["resume"]});
    raw.say("session.open", open).await;
    raw.expect("session.accepted").await;
    let request = raw.say("session.close", json!({})).await;
    let closed = raw.expect("session.closed").await;
    assert_eq!(closed["correlation_id"], request);
    raw.is_over().await;
    // Another one would not know the type.
    let mut raw = house.raw_as("alice").await;
    raw.say("session.close", json!({})).await;
    raw.is_over().await;
}

async fn a_closing_session_takes_nothing_new(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("stubborn", json!(1)).await;
    raw.expect("job.started").await;
    raw.say("session.close", json!({})).await;
    raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    let failed = raw.expect("job.failed").await;
    assert_eq!(code(&failed), "FAILED_PRECONDITION");
    assert_ne!(job_of(&failed), job);
    house.stage.open_gate();
    let last = raw.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["job.completed"]);
    assert_eq!(house.stage.echoes(), 0);
}

async fn a_job_outlives_its_client(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let session = raw.session.clone();
    let script =
        json!([["log", "info", "before"], ["gate"], ["log", "info", "after"], ["thought", "x"]]);
    let job = raw.submit("script", script).await;
    raw.expect("job.started").await;
    raw.expect("log").await;
    house.stage.arrived(1).await;
    drop(raw);
    assert!(open_fact(&*house.store, &job).await.is_some());
    house.stage.open_gate();
    let mut other = house.raw_as("alice").await;
    assert_eq!(other.until_ended(&job).await, "completed");
    let kept = job_events(&*house.store, &job).await;
    assert_eq!(kept.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(kept[4].1.event.is_terminal());
    let pointed = numbers(&*house.store, &session).await;
    let expected: Vec<_> = (1..=5).map(|n| (n, job.clone(), n)).collect();
    assert_eq!(pointed, expected);
    let fact = ended_fact(&*house.store, "alice", &job).await.unwrap();
    assert_eq!(fact.session.as_str(), session);
    assert_eq!(fact.outcome.unwrap().last_index, 5);
    assert!(open_fact(&*house.store, &job).await.is_none());
}

async fn a_session_is_asked_to_renew_and_may(on: On) {
    let (clock, house) = leased(on).await;
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    let first = expiry(&accepted);
    assert_eq!(first, clock.wall().after(LEASE).to_string());
    for _ in 0..3 {
        clock.advance(Duration::from_secs(74));
        raw.is_quiet().await;
        clock.advance(Duration::from_secs(2));
        let refresh = raw.expect("session.refresh").await;
        let left = clock.wall().after(Duration::from_secs(24)).to_string();
        assert_eq!(refresh["payload"]["deadline"], left);
        let request = raw.say("session.authenticate", json!({"response": "tok-alice"})).await;
        let renewed = raw.expect("session.accepted").await;
        assert_eq!(renewed["correlation_id"], request);
        assert_eq!(renewed["session_id"], raw.session);
        assert_eq!(expiry(&renewed), clock.wall().after(LEASE).to_string());
    }
    // The numbers go on.
    for numbers in [[1, 2], [3, 4]] {
        let job = raw.submit("echo", json!(1)).await;
        let told: Vec<_> = raw.finish(&job).await.iter().map(crate::support::seq).collect();
        assert_eq!(told, numbers);
    }
}

async fn a_session_that_is_not_renewed_is_evicted(on: On) {
    let (clock, house) = leased(on).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    clock.advance(Duration::from_secs(95));
    raw.expect("session.refresh").await;
    clock.advance(Duration::from_secs(5));
    let evicted = raw.expect("session.evicted").await;
    assert_eq!(code(&evicted), "UNAUTHENTICATED");
    assert!(evicted["payload"]["reason"].is_string());
    raw.is_over().await;
    let mut other = house.raw_as("alice").await;
    let page = other.list(json!({})).await;
    assert_eq!(
        (&page["jobs"][0]["job_id"], &page["jobs"][0]["status"]),
        (&json!(job), &json!("running"))
    );
    house.stage.open_gate();
    assert_eq!(other.until_ended(&job).await, "completed");
}

async fn only_its_principal_renews_a_session(on: On) {
    let (clock, house) = leased(on).await;
    let mut raw: Raw = house.raw_as("alice").await;
    for token in ["tok-bob", "nonsense"] {
        let request = raw.say("session.authenticate", json!({"response": token})).await;
        let nack = raw.expect("nack").await;
        assert_eq!((code(&nack), &nack["correlation_id"]), ("UNAUTHENTICATED", &json!(request)));
    }
    clock.advance(LEASE);
    let last = raw.rest().await;
    assert_eq!(last.last().map(kind), Some("session.evicted"));
}

fn expiry(accepted: &Value) -> String {
    accepted["payload"]["lease"]["expires_at"].as_str().unwrap().to_owned()
}

async fn a_session_can_be_cancelled_by_its_principal_only(on: On) {
    let house = on.usual().await;
    let (mut one, mut other) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let job = one.submit("gate", json!(1)).await;
    one.expect("job.started").await;
    let cancel = |id: &str| json!({"target": "session", "target_id": id});
    let mut reasons = Vec::new();
    for id in [&*one.session.clone(), "sess_none"] {
        other.say("cancel", cancel(id)).await;
        reasons.push(other.expect("cancel.refused").await["payload"]["reason"].clone());
    }
    assert_eq!(reasons[0], reasons[1]);
    other.say("cancel", cancel("job_1")).await;
    let refused = other.expect("cancel.refused").await;
    assert_eq!(refused["payload"]["reason"], "malformed session id");
    one.is_quiet().await;
    // Of somebody else's session of the same principal, and of its own.
    let mut same = house.raw_as("alice").await;
    same.say("cancel", cancel(&one.session)).await;
    same.expect("cancel.accepted").await;
    let last = one.rest().await;
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), ["session.evicted"]);
    assert_eq!((code(&last[0]), &last[0]["payload"]["reason"]), ("CANCELLED", &json!("cancelled")));
    same.say("cancel", cancel(&same.session.clone())).await;
    same.expect("cancel.accepted").await;
    same.expect("session.evicted").await;
    same.is_over().await;
    // The job goes on.
    house.stage.open_gate();
    let mut later = house.raw_as("alice").await;
    assert_eq!(later.until_ended(&job).await, "completed");
}

async fn leased(on: On) -> (HandClock, crate::support::House) {
    let clock = HandClock::new();
    let setup = Setup::new().clock(&clock);
    let house = on.start(setup.configure(|builder| builder.session_lease(Some(LEASE)))).await;
    (clock, house)
}

const LEASE: Duration = Duration::from_secs(100);
