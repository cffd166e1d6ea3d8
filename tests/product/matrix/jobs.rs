//! Jobs from their acceptance to their one end.

use arcp_client::{Ended, Job, Value as Result};
use arcp_core::Json;
use serde_json::{Value, json};

use crate::support::{On, code, envelope, job_events, job_of, kind, seq};

matrix!(
    an_echo_comes_back,
    the_typed_client_runs_jobs,
    every_kind_of_event_arrives,
    numbers_go_on_from_job_to_job,
    a_trace_is_carried_and_made_when_there_is_none,
    a_failure_arrives_with_code_and_retryable,
    a_panic_ends_its_job_only,
    a_result_comes_in_pieces,
);

async fn an_echo_comes_back(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let inputs =
        [Value::Null, json!(true), json!("\u{1F30D}\n\"\\"), json!({"a": [1, 2.5, {}], "": null})];
    for input in inputs {
        let payload = json!({"tool": "echo", "arguments": input});
        let request = raw.say("tool.invoke", payload).await;
        let accepted = raw.expect("job.accepted").await;
        let job = job_of(&accepted).to_owned();
        assert_eq!(accepted["payload"]["job_id"], job);
        assert_eq!(accepted["payload"]["agent"], "echo@2.0.0");
        assert_eq!(accepted.get("event_seq"), None);
        let events = raw.finish(&job).await;
        let kinds: Vec<_> = events.iter().map(kind).collect();
        assert_eq!(kinds, ["job.started", "job.completed"]);
        assert_eq!(events[0]["payload"]["description"], "invoking echo@2.0.0");
        assert_eq!(events[1]["payload"], json!({"value": input}));
        for event in &events {
            assert_eq!(event["correlation_id"], request);
            assert_eq!(event["session_id"], raw.session);
            assert!(event["id"].as_str().unwrap().starts_with("msg_"));
        }
    }
}

async fn the_typed_client_runs_jobs(on: On) {
    let house = on.usual().await;
    let client = house.client("alice").await;
    let input = Json::parse(r#"{"b": 1.50, "a": [null]}"#).unwrap();
    let jobs = (0..8).map(|_| client.submit(Job::new("echo").input(input.clone())));
    for handle in futures_util::future::try_join_all(jobs).await.unwrap() {
        let finished = handle.finish().await.unwrap();
        assert_eq!(finished.outcome, Ended::Completed(Result::Inline(input.clone())));
    }
    client.ping().await.unwrap();
    assert_eq!(client.jobs_all(arcp_core::JobFilter::default(), 100).await.unwrap().len(), 8);
    client.close("done").await.unwrap();
}

async fn every_kind_of_event_arrives(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let script = json!([
        ["log", "warn", "careful"],
        ["log_with", "info", "look", {"at": 1}],
        ["metric", "tokens", 12.5, "count"],
        ["metric_with", "latency", 3, "ms", {"host": "a"}],
        ["progress", 3, 4, "files", "on the way"],
        ["progress", 7],
        ["thought", "hm"],
        ["tool_call", "c1", "search", {"q": "x"}],
        ["tool_result", "c1", [1, 2]],
        ["tool_error", "c2", "NOT_FOUND", "no such tool"],
        ["status", "planning", "almost"],
        ["status", "done", null],
        ["emit", "arcpx.mine", {"n": null}],
    ]);
    let job = raw.submit("script", script).await;
    let events = raw.finish(&job).await;
    let said: Vec<_> = events.iter().map(|event| (kind(event), &event["payload"])).collect();
    let failed = json!({"code": "NOT_FOUND", "message": "no such tool", "retryable": false});
    let expected = [
        ("job.started", json!({"description": "invoking script@1"})),
        ("log", json!({"level": "warn", "message": "careful"})),
        ("log", json!({"level": "info", "message": "look", "attributes": {"at": 1}})),
        ("metric", json!({"name": "tokens", "value": 12.5, "unit": "count"})),
        ("metric", json!({"name": "latency", "value": 3, "unit": "ms", "dims": {"host": "a"}})),
        (
            "job.progress",
            json!({"percent": 75.0, "current": 3, "total": 4, "units": "files", "message": "on the way"}),
        ),
        ("job.progress", json!({"current": 7})),
        ("event.emit", json!({"name": "thought", "data": {"text": "hm"}})),
        (
            "event.emit",
            json!({"name": "tool_call", "data": {"tool": "search", "args": {"q": "x"}, "call_id": "c1"}}),
        ),
        ("event.emit", json!({"name": "tool_result", "data": {"call_id": "c1", "result": [1, 2]}})),
        ("event.emit", json!({"name": "tool_result", "data": {"call_id": "c2", "error": failed}})),
        (
            "event.emit",
            json!({"name": "status", "data": {"phase": "planning", "message": "almost"}}),
        ),
        ("event.emit", json!({"name": "status", "data": {"phase": "done"}})),
        ("event.emit", json!({"name": "arcpx.mine", "data": {"n": null}})),
        ("job.completed", json!({"value": null})),
    ];
    assert_eq!(said, expected.iter().map(|(kind, payload)| (*kind, payload)).collect::<Vec<_>>());
    let numbers: Vec<_> = events.iter().map(seq).collect();
    assert_eq!(numbers, (1..=15).collect::<Vec<_>>());
    assert_eq!(job_events(&*house.store, &job).await.len(), 15);
}

async fn numbers_go_on_from_job_to_job(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut last = 0;
    for lines in [0, 3, 40] {
        let job = raw.submit("emit", json!({"n": lines})).await;
        for event in raw.finish(&job).await {
            assert_eq!(seq(&event), last + 1);
            last += 1;
        }
    }
    // Replies have no numbers and take none.
    raw.is_quiet().await;
    let job = raw.submit("echo", json!(1)).await;
    assert_eq!(seq(&raw.finish(&job).await[0]), last + 1);
}

async fn a_trace_is_carried_and_made_when_there_is_none(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let id = raw.next_id();
    let mut invoke = envelope(&id, "tool.invoke", json!({"tool": "echo", "arguments": 1}));
    invoke["trace_id"] = json!("4bf92f3577b34da6a3ce929d0e0e4736");
    raw.send(&invoke).await;
    for wanted in ["job.accepted", "job.started", "job.completed"] {
        assert_eq!(raw.expect(wanted).await["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    }
    let request = raw.say("tool.invoke", json!({"tool": "echo", "arguments": 1})).await;
    let accepted = raw.expect("job.accepted").await;
    assert_eq!(accepted["correlation_id"], request);
    let trace = accepted["trace_id"].as_str().unwrap().to_owned();
    assert!(trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit()), "{trace}");
    for event in raw.finish(job_of(&accepted)).await {
        assert_eq!(event["trace_id"], trace);
    }
    let page = raw.list(json!({})).await;
    assert_eq!(page["jobs"][1]["trace_id"], trace);
}

async fn a_failure_arrives_with_code_and_retryable(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let failures = [
        (json!({"code": "NOT_FOUND", "message": "no file"}), "NOT_FOUND", false),
        (json!({"code": "UNAVAILABLE", "message": "later"}), "UNAVAILABLE", true),
        (json!({"code": "UNAVAILABLE", "message": "x", "retryable": false}), "UNAVAILABLE", false),
        (json!({"code": "TIMED_OUT", "message": "slow"}), "DEADLINE_EXCEEDED", true),
        (json!({"code": "DUPLICATE_KEY", "message": "k"}), "FAILED_PRECONDITION", false),
        (json!({"code": "LEASE_EXPIRED", "message": "l"}), "LEASE_EXPIRED", false),
    ];
    for (input, spelt, retryable) in failures {
        let job = raw.submit("fail", input.clone()).await;
        let events = raw.finish(&job).await;
        let failed = events.last().unwrap();
        assert_eq!((kind(failed), code(failed)), ("job.failed", spelt));
        assert_eq!(failed["payload"]["retryable"], retryable, "{spelt}");
        assert_eq!(failed["payload"]["message"], input["message"]);
        assert_eq!(raw.until_ended(&job).await, "failed");
    }
}

async fn a_panic_ends_its_job_only(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let other = raw.submit("gate", json!(1)).await;
    raw.expect("job.started").await;
    let job = raw.submit("panic", json!("s3cret")).await;
    let events = raw.finish(&job).await;
    let kinds: Vec<_> = events.iter().map(kind).collect();
    assert_eq!(kinds, ["job.started", "job.failed"]);
    assert_eq!(code(&events[1]), "INTERNAL");
    assert!(!events[1].to_string().contains("s3cret"), "what an agent panics with is told");
    raw.is_quiet().await;
    house.stage.open_gate();
    assert_eq!(raw.finish(&other).await.last().map(kind), Some("job.completed"));
    let kept = job_events(&*house.store, &job).await;
    assert_eq!(kept.iter().filter(|(_, event)| event.event.is_terminal()).count(), 1);
}

async fn a_result_comes_in_pieces(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let cases = [
        ("utf8", json!(["ab", "\u{e9}", "\n"]), vec!["ab", "\u{e9}", "\n"], 5),
        ("base64", json!(["ab", "\u{e9}"]), vec!["YWI=", "w6k="], 4),
        ("utf8", json!([]), vec![""], 0),
    ];
    for (encoding, pieces, data, size) in cases {
        let input = json!({"encoding": encoding, "pieces": pieces, "summary": "all of it"});
        let job = raw.submit("chunks", input).await;
        let events = raw.finish(&job).await;
        let result = &events[1]["payload"]["result_id"];
        assert!(result.as_str().unwrap().starts_with("res_"));
        for (place, text) in data.iter().enumerate() {
            let chunk = &events[1 + place];
            let expected = json!({
                "result_id": result, "chunk_seq": place, "data": text, "encoding": encoding,
                "more": place + 1 < data.len(),
            });
            assert_eq!((kind(chunk), &chunk["payload"]), ("job.result_chunk", &expected));
        }
        let end = &events[1 + data.len()];
        let expected = json!({"result_id": result, "result_size": size, "summary": "all of it"});
        assert_eq!((kind(end), &end["payload"]), ("job.completed", &expected));
    }
    let client = house.client("alice").await;
    let pieces: Vec<String> = (0..50).map(|n| format!("piece {n}\n").repeat(100)).collect();
    let input = Json::from(&json!({"encoding": "base64", "pieces": pieces}));
    let job = client.submit(Job::new("chunks").input(input)).await.unwrap();
    match job.finish().await.unwrap().outcome {
        Ended::Completed(Result::Streamed { bytes, summary: None }) => {
            assert_eq!(bytes, pieces.concat());
        }
        other => panic!("{other:?}"),
    }
}
