//! What can keep a job from being accepted, and a submit that comes twice.

use serde_json::{Value, json};

use crate::support::{On, code, envelope, job_of, kind};

matrix!(
    what_names_no_agent_is_refused,
    a_submit_of_the_wrong_shape_is_refused,
    a_message_that_comes_twice_is_done_once,
    a_pinned_version_is_the_one_that_runs,
);

async fn what_names_no_agent_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let cases = [
        ("missing", "NOT_FOUND"),
        ("missing@1", "NOT_FOUND"),
        ("echo@9.9.9", "AGENT_VERSION_NOT_AVAILABLE"),
        ("Echo", "INVALID_ARGUMENT"),
        ("", "INVALID_ARGUMENT"),
        ("echo@", "INVALID_ARGUMENT"),
        ("echo@1@2", "INVALID_ARGUMENT"),
        ("../echo", "INVALID_ARGUMENT"),
    ];
    for (tool, wanted) in cases {
        refused(&mut raw, json!({"tool": tool, "arguments": 1}), wanted).await;
    }
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
    assert_eq!(house.stage.echoes(), 0);
}

async fn a_submit_of_the_wrong_shape_is_refused(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    for payload in [
        json!({}),
        json!({"tool": "echo"}),
        json!({"arguments": 1}),
        json!({"tool": 5, "arguments": 1}),
        json!({"tool": null, "arguments": 1}),
    ] {
        refused(&mut raw, payload, "INVALID_ARGUMENT").await;
    }
    assert_eq!(raw.list(json!({})).await["jobs"], json!([]));
}

async fn a_message_that_comes_twice_is_done_once(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let invoke = envelope("msg_same", "tool.invoke", json!({"tool": "echo", "arguments": 1}));
    for _ in 0..3 {
        raw.send(&invoke).await;
    }
    let accepted = raw.expect("job.accepted").await;
    raw.finish(job_of(&accepted)).await;
    // Also when the job is over, and with other words.
    raw.send(&envelope("msg_same", "tool.invoke", json!({"tool": "gate", "arguments": 1}))).await;
    raw.send(&envelope("msg_same", "ping", json!({}))).await;
    raw.is_quiet().await;
    assert_eq!(raw.list(json!({})).await["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(house.stage.echoes(), 1);
    // Another session has messages of its own.
    let mut other = house.raw_as("alice").await;
    other.send(&invoke).await;
    let accepted = other.expect("job.accepted").await;
    other.finish(job_of(&accepted)).await;
    assert_eq!(house.stage.echoes(), 2);
}

async fn a_pinned_version_is_the_one_that_runs(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    // Only the second version counts.
    for (tool, agent, echoes) in [
        ("echo@1.0.0", "echo@1.0.0", 0),
        ("echo@2.0.0", "echo@2.0.0", 1),
        ("echo", "echo@2.0.0", 2),
    ] {
        let job = raw.submit(tool, json!(1)).await;
        raw.finish(&job).await;
        assert_eq!(house.stage.echoes(), echoes);
        let page = raw.list(json!({})).await;
        assert_eq!(page["jobs"].as_array().unwrap().last().unwrap()["agent"], agent);
    }
}

async fn refused(raw: &mut crate::support::Raw, payload: Value, wanted: &str) {
    let request = raw.say("tool.invoke", payload.clone()).await;
    let failed = raw.recv().await;
    assert_eq!((kind(&failed), code(&failed)), ("job.failed", wanted), "{payload} {failed}");
    assert_eq!(failed["correlation_id"], request);
    assert!(job_of(&failed).starts_with("job_"));
    assert_eq!(failed.get("event_seq"), None);
    assert_eq!(failed["payload"]["retryable"], false);
    raw.is_quiet().await;
}
