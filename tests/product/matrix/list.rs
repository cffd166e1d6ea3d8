//! Listing jobs.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HandClock, On, Raw, Setup, code, kind};

matrix!(
    filters_let_through_what_they_say,
    pages_hold_every_job_once_while_more_come,
    a_principal_sees_its_own_jobs,
    a_bad_question_is_refused,
    jobs_with_large_leases_are_on_pages_that_fit,
);

async fn filters_let_through_what_they_say(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let start = clock.wall();
    let failing = json!({"code": "NOT_FOUND", "message": "x"});
    let mut jobs = Vec::new();
    for (tool, input) in [("echo", json!(1)), ("echo@1.0.0", json!(2)), ("fail", failing)] {
        clock.advance(Duration::from_secs(1));
        let job = raw.submit(tool, input).await;
        raw.finish(&job).await;
        jobs.push(job);
    }
    clock.advance(Duration::from_secs(1));
    jobs.push(raw.submit("gate", json!(3)).await);
    raw.expect("job.started").await;
    let at = |seconds| start.after(Duration::from_secs(seconds)).to_string();
    let cases = [
        (json!({}), vec![0, 1, 2, 3]),
        (json!({"status": ["completed"]}), vec![0, 1]),
        (json!({"status": ["failed", "running"]}), vec![2, 3]),
        (json!({"status": ["paused"]}), vec![]),
        (json!({"status": []}), vec![]),
        (json!({"agent": "echo"}), vec![0, 1]),
        (json!({"agent": "echo@1.0.0"}), vec![1]),
        (json!({"agent": "ech"}), vec![]),
        (json!({"created_after": at(2)}), vec![2, 3]),
        (json!({"created_before": at(2)}), vec![0]),
        (json!({"created_after": at(1), "created_before": at(4)}), vec![1, 2]),
        (json!({"status": ["completed"], "agent": "echo@2.0.0"}), vec![0]),
    ];
    for (filter, wanted) in cases {
        let page = raw.list(json!({"filter": filter})).await;
        let wanted: Vec<_> = wanted.into_iter().map(|place: usize| jobs[place].as_str()).collect();
        assert_eq!(ids(&page), wanted, "{filter}");
        assert_eq!(page["next_cursor"], Value::Null);
    }
    let page = raw.list(json!({"filter": {"agent": "echo@1.0.0"}})).await;
    let line = &page["jobs"][0];
    assert_eq!(line["status"], "completed");
    assert_eq!(line["agent"], "echo@1.0.0");
    assert_eq!(line["created_at"], at(2));
    assert_eq!(line["last_event_seq"], 2);
}

async fn pages_hold_every_job_once_while_more_come(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut submitter = house.raw_as("alice").await;
    let mut jobs = Vec::new();
    for place in 0..25 {
        // Some have ended, some have not.
        let tool = if place % 3 == 0 { "gate" } else { "echo" };
        let job = submitter.submit(tool, json!(place)).await;
        if tool == "echo" {
            submitter.finish(&job).await;
        } else {
            submitter.expect("job.started").await;
        }
        jobs.push(job);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    for round in 0.. {
        let page = raw.list(json!({"limit": 4, "cursor": cursor})).await;
        let found = ids(&page);
        assert!(found.len() <= 4);
        seen.extend(found.into_iter().map(str::to_owned));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
        if round < 3 {
            let job = submitter.submit("echo", json!("more")).await;
            submitter.finish(&job).await;
            jobs.push(job);
        }
        if round == 3 {
            // What ends between two pages is neither lost nor told twice.
            house.stage.open_gate();
            let mut open = 9;
            while open > 0 {
                let ended = |message: &Value| kind(message) == "job.completed";
                submitter.until(ended).await;
                open -= 1;
            }
        }
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "none twice");
    assert_eq!(seen, jobs);
    assert_eq!(ids(&raw.list(json!({"limit": 0})).await).len(), 1);
    assert_eq!(ids(&raw.list(json!({"limit": 1_000_000_000_u64})).await), jobs);
}

async fn a_principal_sees_its_own_jobs(on: On) {
    let house = on.usual().await;
    let (mut alice, mut bob) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let ended = alice.submit("echo", json!(1)).await;
    alice.finish(&ended).await;
    let open = alice.submit("gate", json!(1)).await;
    alice.expect("job.started").await;
    let own = bob.submit("echo", json!(1)).await;
    bob.finish(&own).await;
    assert_eq!(ids(&bob.list(json!({})).await), [own.as_str()]);
    assert_eq!(ids(&bob.list(json!({"cursor": ended})).await), [own.as_str()]);
    // All sessions of one principal see the same.
    let mut again = house.raw_as("alice").await;
    assert_eq!(ids(&again.list(json!({})).await), [ended.as_str(), open.as_str()]);
}

async fn a_bad_question_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for payload in [
        json!({"cursor": "page-2"}),
        json!({"cursor": 5}),
        json!({"limit": -1}),
        json!({"limit": "many"}),
        json!({"filter": []}),
        json!({"filter": {"status": null}}),
        json!({"filter": {"status": [1]}}),
        json!({"filter": {"created_after": "yesterday"}}),
    ] {
        refused(&mut raw, payload).await;
    }
}

async fn refused(raw: &mut Raw, payload: Value) {
    let request = raw.say("session.list_jobs", payload.clone()).await;
    let nack = raw.expect("nack").await;
    assert_eq!(nack["correlation_id"], request);
    assert_eq!(code(&nack), "INVALID_ARGUMENT", "{payload}");
}

fn ids(page: &Value) -> Vec<&str> {
    let jobs = page["jobs"].as_array().unwrap();
    jobs.iter().map(|job| job["job_id"].as_str().unwrap()).collect()
}

/// A page is as long as fits into a frame, of jobs that run and of jobs that have ended.
async fn jobs_with_large_leases_are_on_pages_that_fit(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.frame_bytes = 64 << 10)).await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"note": "x".repeat(16_000)});
    let mut jobs = Vec::new();
    for place in 0..20 {
        let tool = if place % 2 == 0 { "gate" } else { "echo" };
        let payload = json!({"tool": tool, "arguments": place, "lease_request": lease});
        let job = raw.submit_as(payload).await;
        raw.until(|message| kind(message) == "job.started").await;
        if tool == "echo" {
            raw.finish(&job).await;
        }
        jobs.push(job);
    }
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = raw.list(json!({"cursor": cursor})).await;
        assert!(page.to_string().len() <= 64 << 10);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, jobs);
}
