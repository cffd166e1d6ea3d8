//! Observers: all events of the principal's jobs that pass a filter, the past first if wanted.

use serde_json::{Value, json};

use crate::support::{House, On, Raw, Setup, code, job_of, kind, seq};

matrix!(
    an_observer_sees_all_jobs_of_its_principal,
    every_clause_of_a_filter_holds,
    the_past_comes_first_and_its_end_is_marked,
    the_past_begins_after_a_message,
    between_past_and_present_nothing_is_lost_or_doubled,
    sessions_of_others_are_refused,
    an_observer_may_stop,
    a_subscription_ends_with_its_session,
    what_is_malformed_is_refused,
    subscriptions_have_a_limit,
    too_much_past_ends_the_subscription,
    a_slow_observer_gets_everything_and_slows_nobody,
    an_observer_that_falls_too_far_behind_is_let_go,
    priority_passes_from_the_invoke_to_its_events,
);

async fn subscribe(raw: &mut Raw, payload: Value) -> String {
    let request = raw.say("subscribe", payload).await;
    let accepted = raw.expect("subscribe.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    assert_eq!(accepted.get("event_seq"), None);
    let id = accepted["payload"]["subscription_id"].as_str().unwrap();
    assert_eq!(accepted["subscription_id"], id);
    id.to_owned()
}

/// The next event that an observer is told.
async fn observed(raw: &mut Raw, subscription: &str) -> Value {
    let wrapper = raw.expect("subscribe.event").await;
    assert_eq!(wrapper["subscription_id"], subscription);
    for absent in ["session_id", "event_seq", "correlation_id"] {
        assert_eq!(wrapper.get(absent), None, "{absent}");
    }
    assert_eq!(wrapper["payload"]["event"].get("event_seq"), None);
    wrapper["payload"]["event"].clone()
}

/// What an observer is told up to the mark of the end of the past.
async fn past(raw: &mut Raw, subscription: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = observed(raw, subscription).await;
        if event["payload"]["name"] == "subscription.backfill_complete" {
            return events;
        }
        events.push(event);
    }
}

/// What an event says, without what differs by session.
fn said(event: &Value) -> Value {
    json!([event["id"], event["type"], event["job_id"], event["trace_id"], event["payload"]])
}

async fn echo(raw: &mut Raw, input: Value) -> Vec<Value> {
    let job = raw.submit("echo", input).await;
    raw.finish(&job).await
}

async fn an_observer_sees_all_jobs_of_its_principal(on: On) {
    let house = on.usual().await;
    let mut observer = house.raw_as("alice").await;
    let id = subscribe(&mut observer, json!({})).await;
    let mut alice = house.raw_as("alice").await;
    let mut bob = house.raw_as("bob").await;
    for round in 0..3 {
        echo(&mut bob, json!("secret")).await;
        for event in echo(&mut alice, json!(round)).await {
            let told = observed(&mut observer, &id).await;
            assert_eq!(said(&told), said(&event));
            assert_eq!(told["session_id"], alice.session.as_str());
        }
    }
    // Jobs of the observer itself come both ways, numbered in one only.
    observer.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    let mut both = Vec::new();
    for _ in 0..5 {
        both.push(observer.recv().await);
    }
    let kinds = |wanted: &str| both.iter().filter(|m| kind(m) == wanted).count();
    assert_eq!(
        (kinds("subscribe.event"), kinds("job.completed"), kinds("job.accepted")),
        (2, 1, 1)
    );
    observer.is_quiet().await;
}

async fn every_clause_of_a_filter_holds(on: On) {
    let house = on.usual().await;
    let mut alice = house.raw_as("alice").await;
    let mut other = house.raw_as("alice").await;
    let steps = json!([["log", "info", "l"], ["metric", "m", 1, "u"], ["thought", "t"]]);
    let first = alice.submit("script", steps.clone()).await;
    let all = alice.finish(&first).await;
    let second = other.submit("script", steps).await;
    let others = other.finish(&second).await;
    let trace = all[0]["trace_id"].clone();
    let session = alice.session.clone();
    let both: Vec<Value> = all.iter().chain(&others).map(said).collect();
    let mine: Vec<Value> = all.iter().map(said).collect();
    let of = |wanted: &[&str]| -> Vec<Value> {
        both.iter().filter(|event| wanted.contains(&event[1].as_str().unwrap())).cloned().collect()
    };
    let cases = [
        (json!({}), both.clone()),
        (json!({"job_id": [first]}), mine.clone()),
        (json!({"job_id": [first, second]}), both.clone()),
        (json!({"session_id": [session]}), mine.clone()),
        (json!({"trace_id": [trace]}), mine.clone()),
        (json!({"types": ["log", "metric"]}), of(&["log", "metric"])),
        (json!({"types": ["event.emit"]}), of(&["event.emit"])),
        (json!({"types": ["job.completed"], "job_id": [second]}), vec![said(&others[4])]),
        (json!({"types": ["nonsense"]}), vec![]),
        (json!({"types": []}), both.clone()),
        (json!({"stream_id": ["str_1"]}), vec![]),
        (json!({"min_priority": "normal"}), both.clone()),
        (json!({"min_priority": "high"}), vec![]),
        (json!({"job_id": [first], "trace_id": ["another"]}), vec![]),
    ];
    for (filter, wanted) in cases {
        let mut observer = house.raw_as("alice").await;
        let id = subscribe(&mut observer, json!({"filter": filter, "since": {}})).await;
        let told = past(&mut observer, &id).await;
        assert_eq!(told.iter().map(said).collect::<Vec<_>>(), wanted, "{filter}");
        observer.is_quiet().await;
    }
    // The same holds for what happens now.
    let mut observer = house.raw_as("alice").await;
    let filter = json!({"types": ["log"], "session_id": [alice.session]});
    let id = subscribe(&mut observer, json!({"filter": filter})).await;
    other.submit("script", json!([["log", "info", "no"]])).await;
    let job = alice.submit("script", json!([["thought", "t"], ["log", "info", "yes"]])).await;
    alice.finish(&job).await;
    assert_eq!(observed(&mut observer, &id).await["payload"]["message"], "yes");
    observer.is_quiet().await;
}

async fn the_past_comes_first_and_its_end_is_marked(on: On) {
    let house = on.usual().await;
    let mut alice = house.raw_as("alice").await;
    let mut wanted = Vec::new();
    for round in 0..5 {
        wanted.extend(echo(&mut alice, json!(round)).await.iter().map(said));
    }
    let house = house.crash().await.restart(Setup::new()).await;
    let mut observer = house.raw_as("alice").await;
    let id = subscribe(&mut observer, json!({"since": {}})).await;
    let told = past(&mut observer, &id).await;
    assert_eq!(told.iter().map(said).collect::<Vec<_>>(), wanted);
    let mut alice = house.raw_as("alice").await;
    for event in echo(&mut alice, json!("now")).await {
        assert_eq!(said(&observed(&mut observer, &id).await), said(&event));
    }
    // Nothing to tell is an end as well.
    let mut bob = house.raw_as("bob").await;
    let id = subscribe(&mut bob, json!({"since": {}})).await;
    assert!(past(&mut bob, &id).await.is_empty());
}

async fn the_past_begins_after_a_message(on: On) {
    let house = on.usual().await;
    let mut alice = house.raw_as("alice").await;
    let job = alice.submit("emit", json!({"n": 30})).await;
    let events = alice.finish(&job).await;
    for place in [0, 10, 31] {
        let mut observer = house.raw_as("alice").await;
        let since = json!({"after_message_id": events[place]["id"]});
        let filter = json!({"job_id": [job]});
        let id = subscribe(&mut observer, json!({"filter": filter, "since": since})).await;
        let told: Vec<_> = past(&mut observer, &id).await.iter().map(said).collect();
        let wanted: Vec<_> = events.iter().skip(place + 1).map(said).collect();
        assert_eq!(told, wanted);
    }
    let mut observer = house.raw_as("alice").await;
    observer.say("subscribe", json!({"since": {"after_message_id": "msg_mine"}})).await;
    assert_eq!(code(&observer.expect("nack").await), "NOT_FOUND");
}

async fn between_past_and_present_nothing_is_lost_or_doubled(on: On) {
    let house = on.start(Setup::new().little_queued()).await;
    let mut alice = house.raw_as("alice").await;
    let job = alice.submit("emit", json!({"n": 1_000, "pad": 60})).await;
    let mut observers = Vec::new();
    for _ in 0..5 {
        let mut observer = house.raw_as("alice").await;
        let id = subscribe(&mut observer, json!({"since": {}})).await;
        observers.push((observer, id));
    }
    let wanted: Vec<_> = alice.finish(&job).await.iter().map(said).collect();
    for (observer, id) in &mut observers {
        let mut told = Vec::new();
        let mut marks = 0;
        while told.len() < wanted.len() || marks == 0 {
            let event = observed(observer, id).await;
            if event["payload"]["name"] == "subscription.backfill_complete" {
                marks += 1;
            } else {
                told.push(said(&event));
            }
        }
        assert_eq!((told == wanted, marks), (true, 1));
        observer.is_quiet().await;
    }
}

async fn sessions_of_others_are_refused(on: On) {
    let house = on.usual().await;
    let alice = house.raw_as("alice").await;
    let mut bob = house.raw_as("bob").await;
    let mut answers = Vec::new();
    for session in [alice.session.as_str(), "sess_none"] {
        bob.say("subscribe", json!({"filter": {"session_id": [bob.session, session]}})).await;
        answers.push(bob.expect("nack").await["payload"].clone());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0]["code"], "PERMISSION_DENIED");
    // A job of somebody else passes no filter.
    let mut alice = alice;
    let filter = json!({"job_id": [alice.submit("gate", json!(1)).await]});
    alice.expect("job.started").await;
    let id = subscribe(&mut bob, json!({"filter": filter, "since": {}})).await;
    assert!(past(&mut bob, &id).await.is_empty());
    house.stage.open_gate();
    alice.expect("job.completed").await;
    bob.is_quiet().await;
}

async fn an_observer_may_stop(on: On) {
    let house = on.usual().await;
    let mut observer = house.raw_as("alice").await;
    let id = subscribe(&mut observer, json!({})).await;
    let mut other = house.raw_as("alice").await;
    other.say("unsubscribe", json!({"subscription_id": id})).await;
    assert_eq!(code(&other.expect("nack").await), "NOT_FOUND", "it is not its own");
    let request = observer.say("unsubscribe", json!({"subscription_id": id})).await;
    assert_eq!(observer.expect("ack").await["correlation_id"], request);
    observer.say("unsubscribe", json!({"subscription_id": id})).await;
    assert_eq!(code(&observer.expect("nack").await), "NOT_FOUND");
    echo(&mut other, json!(1)).await;
    observer.is_quiet().await;
}

async fn a_subscription_ends_with_its_session(on: On) {
    let house = on.usual().await;
    let mut observer = house.raw_as("alice").await;
    let id = subscribe(&mut observer, json!({})).await;
    observer.say("session.close", json!({})).await;
    let rest = observer.rest().await;
    assert_eq!(rest.iter().map(kind).collect::<Vec<_>>(), ["subscribe.closed"]);
    assert_eq!((code(&rest[0]), &rest[0]["payload"]["subscription_id"]), ("CANCELLED", &json!(id)));
    assert_eq!(rest[0]["subscription_id"], id);
    // One that is dropped is forgotten, and nobody is worse off.
    let mut dropped = house.raw_as("alice").await;
    subscribe(&mut dropped, json!({"since": {}})).await;
    dropped.close().await;
    let mut alice = house.raw_as("alice").await;
    assert_eq!(echo(&mut alice, json!(1)).await.len(), 2);
    // The runtime's end is told too.
    let mut last = house.raw_as("alice").await;
    subscribe(&mut last, json!({})).await;
    house.shutdown(std::time::Duration::ZERO).await;
    let rest = last.rest().await;
    assert_eq!(rest.iter().map(kind).collect::<Vec<_>>(), ["subscribe.closed", "session.evicted"]);
    assert_eq!(code(&rest[0]), "UNAVAILABLE");
}

async fn what_is_malformed_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for payload in [
        json!({"filter": null}),
        json!({"filter": {"types": null}}),
        json!({"filter": {"types": [5]}}),
        json!({"filter": {"session_id": ["job_1"]}}),
        json!({"filter": {"min_priority": "urgent"}}),
        json!({"since": "now"}),
    ] {
        raw.say("subscribe", payload.clone()).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT", "{payload}");
    }
    raw.say("unsubscribe", json!({})).await;
    assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT");
    echo(&mut raw, json!(1)).await;
    raw.is_quiet().await;
}

async fn subscriptions_have_a_limit(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.subscriptions_per_session = 2)).await;
    let mut raw = house.raw_as("alice").await;
    let first = subscribe(&mut raw, json!({})).await;
    subscribe(&mut raw, json!({})).await;
    raw.say("subscribe", json!({})).await;
    let nack = raw.expect("nack").await;
    assert_eq!(code(&nack), "RESOURCE_EXHAUSTED");
    assert_eq!(nack["payload"]["message"], "`subscriptions_per_session` is 2");
    raw.say("unsubscribe", json!({"subscription_id": first})).await;
    raw.expect("ack").await;
    subscribe(&mut raw, json!({})).await;
}

async fn too_much_past_ends_the_subscription(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.backfill_events = 10)).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("emit", json!({"n": 20})).await;
    raw.finish(&job).await;
    let id = subscribe(&mut raw, json!({"since": {}})).await;
    let closed = raw.expect("subscribe.closed").await;
    assert_eq!(
        (code(&closed), &closed["payload"]["subscription_id"]),
        ("RESOURCE_EXHAUSTED", &json!(id))
    );
    assert!(closed["payload"]["reason"].as_str().unwrap().contains("`backfill_events` is 10"));
    raw.say("unsubscribe", json!({"subscription_id": id})).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
}

/// An observer that does not read until all has happened.
async fn sleepy(house: &House, jobs: usize, lines: u64) -> (Raw, String, Vec<Value>) {
    let mut observer = house.raw_as("alice").await;
    let id = subscribe(&mut observer, json!({})).await;
    let mut alice = house.raw_as("alice").await;
    let mut wanted = Vec::new();
    for _ in 0..jobs {
        let job = alice.submit("emit", json!({"n": lines, "pad": 1_000})).await;
        wanted.extend(alice.finish(&job).await.iter().map(said));
    }
    (observer, id, wanted)
}

async fn a_slow_observer_gets_everything_and_slows_nobody(on: On) {
    let house = on.start(Setup::new().little_queued()).await;
    let (mut observer, id, wanted) = sleepy(&house, 3, 2_000).await;
    let mut told: Vec<Value> = Vec::new();
    while told.len() < wanted.len() {
        told.push(said(&observed(&mut observer, &id).await));
    }
    // In order within each job, and each once; jobs may come one after another.
    told.sort_by_cached_key(|event| event[2].to_string());
    assert!(told == wanted, "the order within a job");
    observer.is_quiet().await;
}

async fn an_observer_that_falls_too_far_behind_is_let_go(on: On) {
    let house = on
        .start(Setup::new().limits(|limits| {
            limits.queued_bytes = 1;
            limits.burst_bytes = 0;
            limits.queued_events = 1;
            limits.observed_jobs = 2;
        }))
        .await;
    let mut observer = house.raw_as("alice").await;
    subscribe(&mut observer, json!({})).await;
    let mut alice = house.raw_as("alice").await;
    // More than the system's own buffers hold, from more jobs than are remembered.
    for _ in 0..40 {
        let job = alice.submit("emit", json!({"n": 20, "pad": 20_000})).await;
        alice.finish(&job).await;
    }
    let told = observer.until(|message| kind(message) != "subscribe.event").await;
    let closed = told.last().unwrap();
    assert_eq!((kind(closed), code(closed)), ("subscribe.closed", "BACKPRESSURE_OVERFLOW"));
    observer.is_quiet().await;
    assert_eq!(echo(&mut observer, json!(1)).await.len(), 2);
}

async fn priority_passes_from_the_invoke_to_its_events(on: On) {
    let house = on.usual().await;
    let mut observer = house.raw_as("alice").await;
    let id = subscribe(&mut observer, json!({"filter": {"min_priority": "high"}})).await;
    let mut alice = house.raw_as("alice").await;
    echo(&mut alice, json!("normal")).await;
    for priority in ["low", "high", "critical"] {
        let request = alice.next_id();
        let payload = json!({"tool": "echo", "arguments": priority});
        let mut invoke = crate::support::envelope(&request, "tool.invoke", payload);
        invoke["priority"] = json!(priority);
        alice.send(&invoke).await;
        let accepted = alice.expect("job.accepted").await;
        for event in alice.finish(job_of(&accepted)).await {
            assert_eq!(event["priority"], priority);
            assert!(seq(&event) > 0);
            if priority != "low" {
                let told = observed(&mut observer, &id).await;
                assert_eq!((said(&told), &told["priority"]), (said(&event), &json!(priority)));
            }
        }
    }
    observer.is_quiet().await;
}
