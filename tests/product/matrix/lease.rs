//! What a job may do, spend and last.

use std::time::Duration;

use arcp_core::Feature;
use serde_json::{Value, json};

use crate::support::{HandClock, On, Setup, code, job_of, kind};

matrix!(
    what_is_granted_is_allowed_and_nothing_else,
    a_lease_ends_its_job_at_the_instant,
    a_charge_is_taken_off_and_told,
    an_empty_budget_refuses_what_needs_leave,
    a_bad_lease_is_refused_before_acceptance,
    models_are_refused_where_there_are_none,
);

async fn what_is_granted_is_allowed_and_nothing_else(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let script = json!([
        ["ask", "tool.call", "search.web"],
        ["ask", "tool.call", "shell.exec"],
        ["ask", "fs.read", "/work/a/b.txt"],
        ["ask", "fs.read", "/etc/../work/./a//b.txt"],
        ["ask", "fs.read", "/work/../etc/passwd"],
        ["ask", "fs.read", "work/a"],
        ["ask", "fs.read", "/etc/passwd"],
        ["ask", "fs.write", "/work/a"],
        ["ask", "net.fetch", "https://a.example/x"],
        ["ask", "net.fetch", "https://a.example@b.example/x"],
    ]);
    let lease = json!({
        "tool.call": ["search.*"],
        "fs.read": ["/work/**"],
        "net.fetch": ["HTTPS://A.example:443/**"],
    });
    let told = json!({
        "tool.call": ["search.*"],
        "fs.read": ["/work/**"],
        "net.fetch": ["https://a.example/**"],
    });
    let invoke = json!({"tool": "script", "arguments": script, "lease_request": lease});
    let request = raw.say("tool.invoke", invoke).await;
    let accepted = raw.expect("job.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    assert_eq!(accepted["payload"]["lease"], told);
    let events = raw.finish(job_of(&accepted)).await;
    let (denied, bad) = ("PERMISSION_DENIED", "INVALID_ARGUMENT");
    let wanted = ["yes", denied, "yes", "yes", denied, bad, denied, denied, "yes", bad];
    assert_eq!(answers(&events), wanted);
    // Nothing asked for is nothing granted; what is needed then fails the job.
    let job = raw.submit("script", json!([["need", "tool.call", "search.web"]])).await;
    let events = raw.finish(&job).await;
    let failed = events.last().unwrap();
    assert_eq!((kind(failed), code(failed)), ("job.failed", denied));
}

async fn a_lease_ends_its_job_at_the_instant(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let end = clock.wall().after(Duration::from_secs(10)).to_string();
    let lease = json!({"tool.call": ["*"], "expires_at": end});
    let script = json!([["ask", "tool.call", "x"], ["gate"], ["ask", "tool.call", "x"]]);
    let payload = json!({"tool": "script", "arguments": script, "lease_request": lease});
    let job = raw.submit_as(payload).await;
    raw.expect("job.started").await;
    assert_eq!(raw.expect("event.emit").await["payload"]["data"], "yes");
    house.stage.arrived(1).await;
    clock.advance(Duration::from_micros(9_999_999));
    raw.is_quiet().await;
    clock.advance(Duration::from_micros(1));
    let failed = raw.expect("job.failed").await;
    assert_eq!((job_of(&failed), code(&failed)), (job.as_str(), "LEASE_EXPIRED"));
    assert_eq!(failed["payload"]["retryable"], false);
    house.stage.open_gate();
    raw.is_quiet().await;
    assert_eq!(raw.until_ended(&job).await, "failed");
    // A job that is over by then is not ended again.
    let end = clock.wall().after(Duration::from_secs(10)).to_string();
    let lease = json!({"expires_at": end});
    let payload = json!({"tool": "echo", "arguments": 1, "lease_request": lease});
    let job = raw.submit_as(payload).await;
    raw.finish(&job).await;
    clock.advance(Duration::from_secs(20));
    raw.is_quiet().await;
}

async fn a_charge_is_taken_off_and_told(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let script = json!([
        ["metric", "cost.search", 0.1, "USD"],
        ["metric", "cost.search", 0.2, "USD"],
        ["metric", "cost.search", 5, "EUR"],
        ["metric", "tokens", 5, "USD"],
        ["metric", "cost.model", 1, "USD"],
    ]);
    let payload = json!({"tool": "script", "arguments": script, "cost_budget": ["USD:1.00"]});
    let job = raw.submit_as(payload).await;
    let events = raw.finish(&job).await;
    let metrics: Vec<_> = events[1..events.len() - 1]
        .iter()
        .map(|event| {
            let metric = &event["payload"];
            let text = |key: &str| metric[key].as_str().unwrap();
            (text("name"), metric["value"].as_f64().unwrap(), text("unit"))
        })
        .collect();
    let expected = [
        ("cost.search", 0.1, "USD"),
        (REMAINING, 0.9, "USD"),
        ("cost.search", 0.2, "USD"),
        (REMAINING, 0.7, "USD"),
        ("cost.search", 5.0, "EUR"),
        ("tokens", 5.0, "USD"),
        ("cost.model", 1.0, "USD"),
        (REMAINING, -0.3, "USD"),
    ];
    assert_eq!(metrics, expected);
    assert_eq!(events.last().map(kind), Some("job.completed"));
    // What is below zero charges nothing.
    let script = json!([["metric", "cost.search", -1, "USD"]]);
    let payload = json!({"tool": "script", "arguments": script, "cost_budget": ["USD:1"]});
    let job = raw.submit_as(payload).await;
    let kinds: Vec<_> = raw.finish(&job).await.iter().map(|e| kind(e).to_owned()).collect();
    assert_eq!(kinds, ["job.started", "job.failed"]);
}

async fn an_empty_budget_refuses_what_needs_leave(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"tool.call": ["*"], "cost_budget": ["USD:1"]});
    let script = json!([
        ["ask", "tool.call", "x"],
        ["metric", "cost.x", 1, "USD"],
        ["ask", "tool.call", "x"],
        ["log", "info", "free work goes on"],
        ["need", "tool.call", "x"],
    ]);
    let payload = json!({"tool": "script", "arguments": script, "lease_request": lease});
    let job = raw.submit_as(payload).await;
    let events = raw.finish(&job).await;
    assert_eq!(answers(&events), ["yes", "BUDGET_EXHAUSTED"]);
    let failed = events.last().unwrap();
    assert_eq!((kind(failed), code(failed)), ("job.failed", "BUDGET_EXHAUSTED"));
    assert_eq!(failed["payload"]["retryable"], false);
}

async fn a_bad_lease_is_refused_before_acceptance(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let bad = [
        json!({"lease_request": {"expires_at": "2020-01-01T00:00:00Z"}}),
        json!({"lease_request": {"expires_at": "soon"}}),
        json!({"lease_request": {"cost_budget": ["USD:-1"]}}),
        json!({"lease_request": {"cost_budget": "USD:1"}}),
        json!({"lease_request": {"fs.read": "/work"}}),
        json!({"lease_request": {"fs.read": [""]}}),
        json!({"lease_request": {"fs.read": ["/work/../etc/*"]}}),
        json!({"lease_request": {"net.fetch": ["a.example/**"]}}),
        json!({"lease_request": {"cost_budget": ["USD:1000000000000001"]}}),
        json!({"lease_request": {"model_use": [1]}}),
        json!({"lease_request": []}),
        json!({"cost_budget": ["USD"]}),
        json!({"cost_budget": ["USD:1e3"]}),
    ];
    let mut seen = Vec::new();
    for more in bad {
        let mut payload = json!({"tool": "echo", "arguments": 1});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request = raw.say("tool.invoke", payload).await;
        let failed = raw.recv().await;
        assert_eq!((kind(&failed), code(&failed)), ("job.failed", "INVALID_ARGUMENT"), "{more}");
        assert_eq!(failed["correlation_id"], request);
        assert!(!seen.contains(&job_of(&failed).to_owned()), "an id of its own");
        seen.push(job_of(&failed).to_owned());
    }
    assert!(seen.iter().all(|job| job.starts_with("job_")));
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
    assert_eq!(house.stage.echoes(), 0);
}

fn answers(events: &[Value]) -> Vec<&str> {
    let said = events.iter().filter(|event| event["payload"]["name"] == "answer");
    said.map(|event| event["payload"]["data"].as_str().unwrap()).collect()
}

const REMAINING: &str = "cost.budget.remaining";

async fn models_are_refused_where_there_are_none(on: On) {
    let setup = Setup::new().configure(|builder| builder.feature(Feature::ModelUse, false));
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"model_use": ["m"]});
    let payload = json!({"tool": "echo", "arguments": 1, "lease_request": lease});
    raw.say("tool.invoke", payload).await;
    let refused = raw.expect("job.failed").await;
    assert_eq!(code(&refused), "UNIMPLEMENTED");
    let job = raw.submit("echo", json!(1)).await;
    raw.finish(&job).await;
}
