//! Watching the jobs of others, where a policy lets one, and the notes that are made of it.

use std::time::Duration;

use arcp_core::{JobId, Principal};
use arcp_runtime::Decision;
use arcp_runtime::record::{Audited, key, read_audit_page};
use arcp_store::Store;
use serde_json::{Value, json};

use crate::support::{Gateway, HandClock, House, On, Raw, Setup, code, job_of, kind};

matrix!(
    what_is_allowed_can_be_watched_and_nothing_else_done,
    what_is_denied_is_said_to_be_and_what_is_hidden_is_not_there,
    a_policy_that_panics_hides,
    a_watcher_that_may_not_any_more_is_dropped_at_the_start,
    every_wish_to_watch_is_noted_and_forgotten_in_time,
);

/// Bob may watch alice's jobs.
fn nosy(observer: &Principal, owner: &Principal, _: &JobId) -> Decision {
    match (observer.name(), owner.name()) {
        ("bob", "alice") => Decision::Allow,
        _ => Decision::Hide,
    }
}

fn setup() -> Setup {
    Setup::new().configure(|builder| builder.watch_policy(nosy))
}

async fn subscribe(raw: &mut Raw, job: &str) -> Value {
    raw.say("job.subscribe", json!({"job_id": job, "history": true})).await;
    raw.recv().await
}

async fn what_is_allowed_can_be_watched_and_nothing_else_done(on: On) {
    let gateway = Gateway::new();
    let house = on.start(setup().gateway(&gateway)).await;
    let (mut alice, mut bob) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let lease = json!({"cost_budget": ["USD:2"]});
    let steps = json!([["gate"], ["rotate"], ["log", "info", "here"]]);
    let payload = json!({"tool": "script", "arguments": steps, "lease_request": lease});
    let job = alice.submit_as(payload).await;
    let mut told = vec![subscribe(&mut bob, &job).await];
    assert_eq!(
        (kind(&told[0]), &told[0]["payload"]["budget"]),
        ("job.subscribed", &json!(["USD:2"]))
    );
    told.push(bob.expect("job.started").await);
    // He can watch it, and that is all.
    bob.say("cancel", json!({"target": "job", "target_id": job})).await;
    bob.expect("cancel.refused").await;
    assert_eq!(bob.list(json!({})).await["jobs"], json!([]));
    bob.say("subscribe", json!({"filter": {"job_id": [job]}, "since": {}})).await;
    bob.until(|message| message["payload"]["event"]["type"] == "event.emit").await;
    house.stage.open_gate();
    told.extend(bob.finish(&job).await);
    let kinds: Vec<_> = told.iter().map(kind).collect();
    let wanted =
        ["job.subscribed", "job.started", "event.emit", "event.emit", "log", "job.completed"];
    assert_eq!(kinds, wanted);
    assert!(!told.iter().any(|message| message.to_string().contains("value-cred")));
    let numbers: Vec<_> = told.iter().skip(1).map(|message| message["event_seq"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    // One that has ended is its principal's.
    alice.finish(&job).await;
    assert_eq!(code(&subscribe(&mut bob, &job).await), "NOT_FOUND");
    assert_eq!(kind(&subscribe(&mut alice, &job).await), "job.subscribed");
}

async fn what_is_denied_is_said_to_be_and_what_is_hidden_is_not_there(on: On) {
    let policy = |observer: &Principal, _: &Principal, _: &JobId| match observer.name() {
        "bob" => Decision::Deny,
        _ => Decision::Hide,
    };
    let house = on.start(Setup::new().configure(move |builder| builder.watch_policy(policy))).await;
    let (mut alice, mut bob) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let of_alice = alice.submit("gate", json!(1)).await;
    let of_bob = bob.submit("gate", json!(1)).await;
    alice.expect("job.started").await;
    bob.expect("job.started").await;
    let denied = subscribe(&mut bob, &of_alice).await;
    assert_eq!((kind(&denied), code(&denied)), ("nack", "PERMISSION_DENIED"));
    let hidden = subscribe(&mut alice, &of_bob).await;
    let unknown = subscribe(&mut alice, "job_none").await;
    assert_eq!((kind(&hidden), code(&hidden)), ("nack", "NOT_FOUND"));
    assert_eq!(hidden["payload"], unknown["payload"]);
    // Nobody is asked about one's own.
    assert_eq!(job_of(&subscribe(&mut bob, &of_bob).await), of_bob);
}

async fn a_policy_that_panics_hides(on: On) {
    let panics = |_: &Principal, _: &Principal, _: &JobId| -> Decision { panic!("the s3cret") };
    let house = on.start(Setup::new().configure(move |builder| builder.watch_policy(panics))).await;
    let (mut alice, mut bob) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let job = alice.submit("gate", json!(1)).await;
    alice.expect("job.started").await;
    assert_eq!(code(&subscribe(&mut bob, &job).await), "NOT_FOUND");
    assert_eq!(kind(&subscribe(&mut alice, &job).await), "job.subscribed");
}

async fn a_watcher_that_may_not_any_more_is_dropped_at_the_start(on: On) {
    let house = on.start(setup()).await;
    let mut alice = house.raw_as("alice").await;
    let mut bob = house.raw().await;
    let token = bob.open("tok-bob").await["payload"]["resume_token"].clone();
    let job = alice.submit("again", json!([["gate"]])).await;
    assert_eq!(kind(&subscribe(&mut bob, &job).await), "job.subscribed");
    bob.expect("job.started").await;
    drop((alice, bob));
    let house = house.crash().await.restart(Setup::new()).await;
    house.stage.open_gate();
    let mut alice = house.raw_as("alice").await;
    alice.until_ended(&job).await;
    let mut bob = house.raw().await;
    for _ in 0..10 {
        bob.next_id();
    }
    bob.say("session.resume", json!({"resume_token": token, "last_event_seq": 1})).await;
    bob.expect("session.resumed").await;
    bob.is_quiet().await;
}

/// All that is noted, each with its number.
async fn audit(house: &House) -> Vec<(u64, Audited)> {
    audit_in(&*house.store).await
}

async fn audit_in(store: &dyn Store) -> Vec<(u64, Audited)> {
    let page = store.read(&key::audit(), 0, usize::MAX).await.unwrap();
    page.records.iter().flat_map(|record| read_audit_page(record).unwrap()).collect()
}

async fn every_wish_to_watch_is_noted_and_forgotten_in_time(on: On) {
    let clock = HandClock::new();
    let hour = Duration::from_hours(1);
    let setup = || {
        setup().clock(&clock).configure(move |builder| {
            builder
                .resume_window(Duration::from_mins(1))
                .idempotency_horizon(hour)
                .event_retention(hour)
                .job_retention(hour)
        })
    };
    let house = on.start(setup()).await;
    let (mut alice, mut bob) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let job = alice.submit("echo", json!(1)).await;
    alice.finish(&job).await;
    let open = alice.submit("gate", json!(1)).await;
    alice.expect("job.started").await;
    subscribe(&mut bob, &open).await;
    bob.expect("job.started").await;
    for job in [&job, "job_none"] {
        assert_eq!(code(&subscribe(&mut bob, job).await), "NOT_FOUND");
    }
    let of_bob = bob.submit_late("gate", json!(1)).await;
    subscribe(&mut alice, &of_bob).await;
    subscribe(&mut alice, &job).await;
    let noted = audit(&house).await;
    assert_eq!(noted.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let lines = noted.iter().map(|(_, one)| {
        let owner = one.owner.as_ref().map(Principal::name);
        (one.principal.name(), one.job.as_str(), owner, one.decision)
    });
    let wanted = [
        ("bob", &*open, Some("alice"), Some(Decision::Allow)),
        ("bob", &*job, None, None),
        ("bob", "job_none", None, None),
        ("alice", &*of_bob, Some("bob"), Some(Decision::Hide)),
        ("alice", &*job, Some("alice"), Some(Decision::Allow)),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), wanted);
    assert!(noted.iter().all(|(_, one)| one.at == clock.wall()));
    assert_eq!(noted[0].1.session.as_str(), bob.session);
    drop((alice, bob));
    clock.advance(hour / 2);
    // It goes on after a restart.
    let house = house.crash().await.restart(setup()).await;
    let mut alice = house.raw_as("alice").await;
    subscribe(&mut alice, &job).await;
    assert_eq!(audit(&house).await.last().unwrap().0, 6);
    while !audit(&house).await.is_empty() {
        clock.advance(Duration::from_mins(1));
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }
    let mut alice = house.raw_as("alice").await;
    subscribe(&mut alice, "job_none").await;
    assert_eq!(audit(&house).await[0].0, 7);
}
