//! Jobs that have other jobs do a part of their work, within their own authority.

use std::time::Duration;

use arcp_core::JobState;
use arcp_runtime::record::key;
use serde_json::{Value, json};

use crate::support::{
    Gateway, HandClock, House, On, Raw, Setup, code, ended_fact, envelope, is_terminal, job_events,
    job_of, kind, seq,
};

matrix!(
    a_child_does_a_part_in_the_session_of_its_parent,
    what_goes_beyond_the_parent_is_refused_and_told,
    a_name_is_taken_while_its_job_goes_on,
    what_a_child_may_spend_is_set_aside_and_what_is_left_comes_back,
    grandchildren_spend_what_the_root_has,
    a_child_lasts_no_longer_than_its_parent,
    children_are_asked_to_end_with_their_parent,
    children_end_before_their_parent_however_it_ends,
    credentials_of_children_are_gone_before_the_end_of_the_parent_is_told,
    a_revocation_that_takes_too_long_is_waited_for_no_more,
    a_child_that_waits_for_its_credentials_ends_with_its_parent,
    a_child_needs_no_place_among_those_that_run,
    children_are_bounded,
    a_crash_ends_the_children_first,
    a_parent_that_is_run_again_finds_its_child,
    what_a_child_had_spent_when_its_runtime_died_stays_spent,
    a_stop_ends_the_children_first,
    a_stop_waits_for_what_was_issued_to_children_and_not_for_ever,
);

/// Submits a script that may delegate to anybody, and whatever else the lease says.
async fn script(raw: &mut Raw, agent: &str, steps: Value, lease: Value) -> String {
    let mut granted = json!({"agent.delegate": ["*"], "tool.call": ["search"]});
    granted.as_object_mut().unwrap().extend(lease.as_object().unwrap().clone());
    raw.submit_as(json!({"tool": agent, "arguments": steps, "lease_request": granted})).await
}

/// The frames up to the end of a job.
async fn until_end(raw: &mut Raw, job: &str) -> Vec<Value> {
    raw.until(|message| job_of(message) == job && is_terminal(message)).await
}

/// The data of a job's events of a name, in order. Nothing orders those of two jobs.
fn said(messages: &[Value], job: &str, name: &str) -> Vec<Value> {
    let named = messages
        .iter()
        .filter(|message| job_of(message) == job && message["payload"]["name"] == name);
    named.map(|message| message["payload"]["data"].clone()).collect()
}

/// The job that was delegated to, by its place.
fn child(messages: &[Value], place: usize) -> String {
    let mut all = messages.iter().filter(|message| kind(message) == "agent.delegate");
    all.nth(place).unwrap()["payload"]["context"]["job_id"].as_str().unwrap().to_owned()
}

/// The place of a job's end.
fn end_of(messages: &[Value], job: &str) -> usize {
    let is_its = |message: &Value| job_of(message) == job && is_terminal(message);
    messages.iter().position(is_its).expect("its end")
}

/// What was said to be left of a job's budget, in order.
fn left(messages: &[Value], job: &str) -> Vec<String> {
    let of = messages.iter().filter(|message| {
        job_of(message) == job && message["payload"]["name"] == "cost.budget.remaining"
    });
    of.map(|message| message["payload"]["value"].as_f64().unwrap().to_string()).collect()
}

async fn line_of(raw: &mut Raw, job: &str) -> Value {
    let page = raw.list(json!({})).await;
    let jobs = page["jobs"].as_array().unwrap();
    jobs.iter().find(|line| line["job_id"] == job).expect("the job in the list").clone()
}

async fn a_child_does_a_part_in_the_session_of_its_parent(on: On) {
    let house = on.usual().await;
    let (mut raw, mut watcher) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let steps = json!([
        ["delegate", {"agent": "echo", "input": {"n": 1}, "name": "part one"}],
        ["outcome", 0],
        ["delegate", {"agent": "chunks", "input": {"pieces": ["ab", "c"]}}],
        ["outcome", 1],
        ["delegate", {"agent": "fail", "input": {"code": "NOT_FOUND", "message": "no"}}],
        ["outcome", 2],
    ]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    let told = until_end(&mut raw, &parent).await;
    let numbers: Vec<_> = told.iter().map(seq).collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>());
    let delegated = &told[1];
    assert_eq!((kind(delegated), job_of(delegated)), ("agent.delegate", &*parent));
    let payload = &delegated["payload"];
    assert_eq!((&payload["target"], &payload["task"]), (&json!("echo@2.0.0"), &json!("part one")));
    assert_eq!(payload["context"]["input"], json!({"n": 1}));
    let first = child(&told, 0);
    let of_first: Vec<_> = told.iter().filter(|message| job_of(message) == first).collect();
    assert_eq!(
        of_first.iter().map(|m| kind(m)).collect::<Vec<_>>(),
        ["job.started", "job.completed"]
    );
    for message in of_first {
        assert_eq!(message["correlation_id"], delegated["id"]);
        assert_eq!(message["trace_id"], delegated["trace_id"]);
    }
    let children = said(&told, &parent, "child");
    assert_eq!(children[0]["job"], first);
    assert_eq!(
        (&children[0]["agent"], &children[0]["name"]),
        (&json!("echo@2.0.0"), &json!("part one"))
    );
    assert!(children[1]["name"].as_str().unwrap().starts_with("del_"));
    let outcomes = said(&told, &parent, "outcome");
    assert_eq!(outcomes[0], json!({"value": {"n": 1}}));
    assert_eq!(outcomes[1]["size"], 3);
    let streamed = told.iter().find(|m| kind(m) == "job.result_chunk").unwrap();
    assert_eq!(outcomes[1]["result_id"], streamed["payload"]["result_id"]);
    assert_eq!(outcomes[2], json!({"code": "NOT_FOUND", "message": "no"}));
    // It is a job like any other of the principal's.
    assert_eq!(line_of(&mut raw, &first).await["parent_job_id"], parent);
    watcher.say("job.subscribe", json!({"job_id": first, "history": true})).await;
    assert_eq!(watcher.expect("job.subscribed").await["payload"]["parent_job_id"], parent);
    assert_eq!(watcher.finish(&first).await.len(), 2);
}

async fn what_goes_beyond_the_parent_is_refused_and_told(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let (end, late) = (Duration::from_mins(1), Duration::from_mins(2));
    let time = |span| clock.wall().after(span).to_string();
    let parts = [
        (json!({"agent": "echo", "lease": {"tool.call": ["*"]}}), "LEASE_SUBSET_VIOLATION"),
        (json!({"agent": "echo", "lease": {"fs.read": ["/a"]}}), "LEASE_SUBSET_VIOLATION"),
        (
            json!({"agent": "echo", "lease": {"cost.budget": ["USD:5.01"]}}),
            "LEASE_SUBSET_VIOLATION",
        ),
        (json!({"agent": "echo", "lease": {"tool.call": ["search"]}}), "LEASE_SUBSET_VIOLATION"),
        (
            json!({"agent": "echo", "lease": {"cost.budget": ["USD:1"], "expires_at": time(late)}}),
            "LEASE_SUBSET_VIOLATION",
        ),
        (json!({"agent": "fail"}), "PERMISSION_DENIED"),
        (json!({"agent": "missing"}), "AGENT_NOT_AVAILABLE"),
        (json!({"agent": "echo@9"}), "AGENT_VERSION_NOT_AVAILABLE"),
        (json!({"agent": "Echo"}), "INVALID_ARGUMENT"),
        (json!({"agent": "gate@1"}), "child"),
        (json!({"agent": "echo@1.0.0"}), "child"),
    ];
    let mut steps = Vec::new();
    for (n, (part, _)) in parts.iter().enumerate() {
        let mut part = part.clone();
        part["name"] = json!(format!("part {n}"));
        part["input"] = json!(n);
        steps.push(json!(["delegate", part]));
    }
    // A name that cannot be has no result either.
    steps.push(json!(["delegate", {"agent": "echo", "name": ""}]));
    steps.push(json!(["delegate", {"agent": "echo", "name": "n".repeat(257)}]));
    let lease = json!({
        "agent.delegate": ["echo", "missing", "gate@1"],
        "cost.budget": ["USD:5"],
        "expires_at": time(end),
    });
    let parent = script(&mut raw, "script", json!(steps), lease).await;
    let told = until_end(&mut raw, &parent).await;
    let mut answers = said(&told, &parent, "child");
    for (n, (part, wanted)) in parts.iter().enumerate() {
        let answer = answers.remove(0);
        let results = said(&told, &parent, "tool_result");
        let result = results.iter().find(|result| result["call_id"] == format!("part {n}"));
        if *wanted == "child" {
            assert_eq!(answer["ends"], time(end), "{part}");
            assert_eq!((answer["budget"].clone(), result), (json!(["USD:0"]), None), "{part}");
        } else {
            assert_eq!(answer, *wanted, "{part}");
            assert!(result.unwrap()["error"]["message"].is_string(), "{part}");
        }
    }
    assert_eq!(answers, ["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
    let violations = said(&told, &parent, "tool_result");
    let violations = violations.iter().filter(|r| r["error"]["code"] == "LEASE_SUBSET_VIOLATION");
    assert_eq!(violations.count(), 5);
}

async fn a_name_is_taken_while_its_job_goes_on(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let part = |agent: &str| json!(["delegate", {"agent": agent, "input": 1, "name": "p"}]);
    let steps = json!([part("echo"), ["outcome", 0], part("gate"), part("echo"), part("gate")]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    let told = until_end(&mut raw, &parent).await;
    let said = said(&told, &parent, "child");
    assert_eq!((&said[2], &said[3]), (&json!("ALREADY_EXISTS"), &json!("ALREADY_EXISTS")));
    assert!(said[0].is_object() && said[1].is_object());
}

async fn what_a_child_may_spend_is_set_aside_and_what_is_left_comes_back(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let spend = |amount: f64| {
        let spends =
            json!([["metric", "cost.work", amount, "USD"], ["ask", "tool.call", "search"]]);
        let lease = json!({"cost.budget": ["USD:2"], "tool.call": ["search"]});
        json!(["delegate", {"agent": "script", "input": spends, "lease": lease}])
    };
    let all = json!({"cost.budget": ["USD:5.5"]});
    let steps = json!([
        spend(0.5),
        ["outcome", 0],
        // More than it has.
        spend(3.0),
        ["outcome", 1],
        ["delegate", {"agent": "echo", "lease": {"cost.budget": ["USD:2.01"]}}],
        ["delegate", {"agent": "gate", "lease": {"cost.budget": ["USD:2"]}}],
        // All is set aside.
        ["ask", "tool.call", "search"],
        ["delegate", {"agent": "echo"}],
    ]);
    let parent = script(&mut raw, "script", steps, all).await;
    let told = until_end(&mut raw, &parent).await;
    assert_eq!(left(&told, &parent), ["3.5", "5", "3", "2", "0"]);
    for (job, answer) in [
        (child(&told, 0), "yes"),
        (child(&told, 1), "BUDGET_EXHAUSTED"),
        (parent.clone(), "BUDGET_EXHAUSTED"),
    ] {
        assert_eq!(said(&told, &job, "answer"), [answer]);
    }
    let children = said(&told, &parent, "child");
    assert_eq!(children[2], "LEASE_SUBSET_VIOLATION");
    assert_eq!(children[4], "BUDGET_EXHAUSTED");
    let fact = ended_fact(&*house.store, "alice", &parent).await.unwrap();
    assert_eq!(fact.outcome.unwrap().left.to_amounts(), ["USD:2"]);
}

async fn grandchildren_spend_what_the_root_has(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let all = ["script", "gate"];
    let lease = |amount: &str| json!({"cost.budget": [amount], "agent.delegate": ["*"]});
    let spends = json!([["metric", "cost.work", 1, "USD"]]);
    let last = json!(["delegate", {"agent": all[0], "input": spends, "lease": lease("USD:2")}]);
    let too_much = json!(["delegate", {"agent": all[0], "input": [], "lease": lease("USD:2.5")}]);
    let middle = json!([["metric", "cost.work", 1, "USD"], last, ["outcome", 0], too_much]);
    let steps = json!([
        ["delegate", {"agent": all[0], "input": middle, "lease": lease("USD:4")}],
        ["outcome", 0],
    ]);
    let root = script(&mut raw, "script", steps, json!({"cost.budget": ["USD:10"]})).await;
    let told = until_end(&mut raw, &root).await;
    let middle = child(&told, 0);
    assert_eq!(left(&told, &root), ["6", "8"]);
    assert_eq!(left(&told, &middle), ["3", "1", "2"]);
    assert_eq!(said(&told, &middle, "child")[1], "LEASE_SUBSET_VIOLATION");
    let trace = &told[0]["trace_id"];
    assert!(told.iter().all(|message| message["trace_id"] == *trace));
}

async fn a_child_lasts_no_longer_than_its_parent(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let wait = json!([["cancelled"]]);
    let part = |name: &str, more: Value| {
        let mut part = json!({"agent": "script", "input": wait, "name": name});
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!(["delegate", part])
    };
    let end = clock.wall().after(Duration::from_secs(30)).to_string();
    let steps = json!([
        part("short", json!({"max_runtime_ms": 5_000})),
        part("leased", json!({"lease": {"expires_at": end}})),
        part("long", json!({"max_runtime_ms": 600_000})),
        ["cancelled"],
    ]);
    let payload = json!({
        "tool": "script",
        "arguments": steps,
        "lease_request": {"agent.delegate": ["script"]},
        "max_runtime_sec": 60,
    });
    let parent = raw.submit_as(payload).await;
    let mut told = raw.until(|message| message["payload"]["data"]["name"] == "long").await;
    let [short, leased, long] = [0, 1, 2].map(|place| child(&told, place));
    clock.advance(Duration::from_secs(5));
    told.extend(until_end(&mut raw, &short).await);
    assert_eq!(code(told.last().unwrap()), "DEADLINE_EXCEEDED");
    clock.advance(Duration::from_secs(25));
    told.extend(until_end(&mut raw, &leased).await);
    assert_eq!(code(told.last().unwrap()), "LEASE_EXPIRED");
    clock.advance(Duration::from_secs(30));
    let told = until_end(&mut raw, &parent).await;
    assert_eq!(kind(&told[end_of(&told, &long)]), "job.cancelled");
    assert_eq!(code(told.last().unwrap()), "DEADLINE_EXCEEDED");
}

async fn children_are_asked_to_end_with_their_parent(on: On) {
    // Nobody's time to wind down is over.
    let house = on.start(Setup::new().clock(&HandClock::new())).await;
    let mut raw = house.raw_as("alice").await;
    // The parent does not listen, its children do.
    let steps = json!([["delegate", {"agent": "gate", "input": 1}], ["outcome", 0], ["gate"]]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    house.stage.arrived(1).await;
    raw.say("cancel", json!({"target": "job", "target_id": parent, "reason": "enough"})).await;
    let told = raw.until(|message| message["payload"]["name"] == "outcome").await;
    let gate = child(&told, 0);
    let end = &told[end_of(&told, &gate)];
    let reason = "the job that delegated to it is cancelled: enough";
    assert_eq!((kind(end), &end["payload"]["reason"]), ("job.cancelled", &json!(reason)));
    assert_eq!(said(&told, &parent, "outcome"), [json!({"code": "CANCELLED", "message": reason})]);
    // What is cancelled delegates nothing more.
    let steps = json!([
        ["log", "info", "here"], ["gate"], ["delegate", {"agent": "echo", "input": 1}],
    ]);
    let late = script(&mut raw, "script", steps, json!({})).await;
    raw.until(|message| kind(message) == "log").await;
    raw.say("cancel", json!({"target": "job", "target_id": late, "reason": "late"})).await;
    raw.until(|message| kind(message) == "cancel.accepted").await;
    house.stage.open_gate();
    let told = until_end(&mut raw, &late).await;
    assert_eq!(said(&told, &late, "child"), ["CANCELLED"]);
}

/// Ends a parent in every way there is, with a child that goes on and does not listen.
async fn children_end_before_their_parent_however_it_ends(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let minute = clock.wall().after(Duration::from_mins(1)).to_string();
    let cases = [
        (json!([WAIT]), json!({}), "job.completed"),
        (json!([WAIT, ["end", "NOT_FOUND"]]), json!({}), "job.failed"),
        (json!([["cancelled"]]), json!({}), "job.cancelled"),
        (json!([["gate"]]), json!({"expires_at": minute}), "job.failed"),
    ];
    for (steps, lease, wanted) in cases {
        // Below the child is another one.
        let inner = json!([["delegate", {"agent": "stubborn", "input": 1}], ["gate"]]);
        let grant = json!({"agent.delegate": ["stubborn"]});
        let part = json!({"agent": "script", "input": inner, "lease": grant});
        let mut all = vec![json!(["delegate", part])];
        all.extend(steps.as_array().unwrap().clone());
        let parent = script(&mut raw, "script", json!(all), lease.clone()).await;
        let mut told = until_delegated(&mut raw, 2).await;
        if wanted == "job.cancelled" {
            raw.say("cancel", json!({"target": "job", "target_id": parent})).await;
        } else if lease == json!({}) {
            go_on(&mut raw, &mut told).await;
        } else {
            clock.advance(Duration::from_mins(1));
        }
        told.extend(until_end(&mut raw, &parent).await);
        let [outer, inner] = [0, 1].map(|place| child(&told, place));
        let ends = [&inner, &outer, &parent].map(|job| end_of(&told, job));
        assert!(ends.is_sorted(), "{wanted}: {ends:?}");
        assert_eq!(kind(&told[ends[2]]), wanted);
        for (job, end) in [&inner, &outer].into_iter().zip(ends) {
            let reason = told[end]["payload"]["reason"].as_str().unwrap();
            assert!(reason.starts_with("the job that delegated to it"), "{reason}");
            let fact = ended_fact(&*house.store, "alice", job).await.unwrap();
            assert_eq!(fact.outcome.unwrap().state, JobState::Cancelled);
        }
    }
}

/// A step that waits for [`go_on`].
const WAIT: [&str; 4] = ["permit", "tool.call", "go", "on"];

/// Answers a script that waits; what was told up to then is in `told`.
async fn go_on(raw: &mut Raw, told: &mut Vec<Value>) {
    let asks = |message: &Value| kind(message) == "permission.request";
    if !told.iter().any(asks) {
        told.extend(raw.until(asks).await);
    }
    let request = told.iter().find(|message| asks(message)).unwrap();
    let payload = json!({"permission": "tool.call", "reason": "no"});
    let mut message = envelope(&raw.next_id(), "permission.deny", payload);
    message["correlation_id"] = request["id"].clone();
    raw.send(&message).await;
}

/// The frames up to the event that says that a job has delegated for the `count`th time.
async fn until_delegated(raw: &mut Raw, count: usize) -> Vec<Value> {
    let mut told = Vec::new();
    for _ in 0..count {
        told.extend(raw.until(|message| kind(message) == "agent.delegate").await);
    }
    told
}

async fn credentials_of_children_are_gone_before_the_end_of_the_parent_is_told(on: On) {
    let gateway = Gateway::new();
    let house = on.start(Setup::new().gateway(&gateway)).await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"cost.budget": ["USD:1"]});
    let part = |agent: &str| json!(["delegate", {"agent": agent, "input": 1, "lease": lease}]);
    let steps = json!([part("echo"), part("stubborn"), ["log", "info", "here"], ["outcome", 0]]);
    gateway.hold_revocations(true);
    let parent = script(&mut raw, "script", steps, json!({"cost.budget": ["USD:5"]})).await;
    let told = raw.until(|message| message["payload"]["name"] == "outcome").await;
    let [echo, stubborn] = [0, 1].map(|place| child(&told, place));
    // Its agent has had them, and nobody else.
    assert!(!told.iter().any(|message| message.to_string().contains("value-cred")));
    // The parent is done, and its children have ended; what was issued for these is good still.
    let more = until_end(&mut raw, &stubborn).await;
    assert_eq!(more.last().unwrap()["payload"]["reason"], "the job that delegated to it has ended");
    raw.is_quiet().await;
    assert_eq!(line_of(&mut raw, &parent).await["status"], "running");
    assert_eq!(line_of(&mut raw, &echo).await["status"], "completed");
    let books = gateway.until(|books| books.revocations.len() == 2).await;
    assert_eq!((books.asked.len(), books.good.len()), (3, 3));
    gateway.hold_revocations(false);
    raw.expect("job.completed").await;
    assert!(gateway.books().good.len() <= 1, "what was issued for the children is good");
    gateway.until(|books| books.good.is_empty()).await;
}

async fn a_revocation_that_takes_too_long_is_waited_for_no_more(on: On) {
    let gateway = Gateway::new();
    let clock = HandClock::new();
    let house = on.start(Setup::new().gateway(&gateway).clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let lease = json!({"cost.budget": ["USD:1"], "agent.delegate": ["*"]});
    let inner = json!([["delegate", {"agent": "gate", "input": 1, "lease": {"cost.budget": ["USD:1"]}}], ["gate"]]);
    let steps = json!([
        ["delegate", {"agent": "script", "input": inner, "lease": lease}],
        ["cancelled"],
    ]);
    gateway.hold_revocations(true);
    let parent = script(&mut raw, "script", steps, json!({"cost.budget": ["USD:5"]})).await;
    let mut told = until_delegated(&mut raw, 2).await;
    raw.say("cancel", json!({"target": "job", "target_id": parent})).await;
    let [outer, inner] = [0, 1].map(|place| child(&told, place));
    told.extend(until_end(&mut raw, &inner).await);
    gateway.until(|books| books.revocations.len() == 2).await;
    // All of the tree wait as long as one of it may.
    clock.advance(Duration::from_secs(30));
    let told = until_end(&mut raw, &parent).await;
    assert!(end_of(&told, &outer) < end_of(&told, &parent));
    gateway.hold_revocations(false);
    gateway.until(|books| books.good.is_empty()).await;
}

async fn a_child_that_waits_for_its_credentials_ends_with_its_parent(on: On) {
    let gateway = Gateway::new();
    let house = on.start(Setup::new().gateway(&gateway)).await;
    let mut raw = house.raw_as("alice").await;
    let part =
        json!({"agent": "echo", "input": 1, "lease": {"cost.budget": ["USD:1"]}, "name": "p"});
    let steps = json!([WAIT, ["delegate", part]]);
    let budget = json!({"cost.budget": ["USD:5"]});
    let parent = script(&mut raw, "script", steps, budget).await;
    gateway.hold_issues(true);
    go_on(&mut raw, &mut Vec::new()).await;
    gateway.until(|books| books.asked.len() == 2).await;
    let cancel = json!({"target": "job", "target_id": parent, "deadline_ms": 0});
    raw.say("cancel", cancel).await;
    let mut told = raw.until(|message| kind(message) == "cancel.accepted").await;
    gateway.hold_issues(false);
    told.extend(until_end(&mut raw, &parent).await);
    assert!(!told.iter().any(|message| kind(message) == "agent.delegate"));
    gateway.until(|books| books.good.is_empty() && books.revocations.len() == 2).await;
    raw.is_quiet().await;
    assert_eq!(raw.list(json!({})).await["jobs"].as_array().unwrap().len(), 1);
}

async fn a_child_needs_no_place_among_those_that_run(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.running_per_principal = 1)).await;
    let mut raw = house.raw_as("alice").await;
    let steps = json!([["delegate", {"agent": "gate", "input": 1}], ["outcome", 0]]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    house.stage.arrived(1).await;
    raw.until(|message| message["payload"]["name"] == "child").await;
    let other = raw.submit_late("echo", json!("later")).await;
    assert_eq!(line_of(&mut raw, &other).await["status"], "queued");
    house.stage.open_gate();
    let told = until_end(&mut raw, &other).await;
    assert!(end_of(&told, &parent) < end_of(&told, &other));
}

async fn children_are_bounded(on: On) {
    let setup = Setup::new().limits(|limits| {
        limits.children_per_job = 1;
        limits.delegation_depth = 1;
    });
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let inner = json!([["delegate", {"agent": "echo", "input": 1}]]);
    let grant = json!({"agent.delegate": ["e?ho"]});
    let steps = json!([
        ["delegate", {"agent": "gate", "input": 1}],
        ["delegate", {"agent": "echo", "input": 1, "name": "one too many"}],
        ["log", "info", "here"],
        ["outcome", 0],
        ["delegate", {"agent": "script", "input": inner, "lease": grant}],
        ["outcome", 1],
    ]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    let mut told = raw.until(|message| kind(message) == "log").await;
    let refused = said(&told, &parent, "tool_result");
    assert_eq!(refused[0]["call_id"], "one too many");
    assert_eq!(refused[0]["error"]["code"], "RESOURCE_EXHAUSTED");
    house.stage.open_gate();
    told.extend(until_end(&mut raw, &parent).await);
    assert_eq!(said(&told, &parent, "child")[1], "RESOURCE_EXHAUSTED");
    assert_eq!(said(&told, &child(&told, 1), "child"), ["RESOURCE_EXHAUSTED"]);
}

/// The names of a job's events, as far as they matter here.
async fn story(house: &House, job: &str) -> Vec<String> {
    let events = job_events(&*house.store, job).await;
    let name = |event: &arcp_core::Event| match event {
        arcp_core::Event::Metric { name, value, .. } => format!("{name} {value}"),
        arcp_core::Event::Status { phase, .. } => phase.clone(),
        arcp_core::Event::Cancelled { reason } => format!("cancelled: {reason}"),
        arcp_core::Event::Failed(fault) => format!("failed {}", fault.code),
        arcp_core::Event::Custom { name, .. } => name.clone(),
        other => format!("{:?}", other.kind()).to_lowercase(),
    };
    events.iter().map(|(_, event)| name(&event.event)).collect()
}

/// Waits until a job has said this.
async fn until_said(house: &House, job: &str, what: &str) -> Vec<String> {
    loop {
        let story = story(house, job).await;
        if story.iter().any(|event| event == what) {
            return story;
        }
        tokio::task::yield_now().await;
    }
}

async fn a_crash_ends_the_children_first(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let part = |agent: &str, input: Value| json!(["delegate", {"agent": agent, "input": input}]);
    let steps = json!([part("gate", json!(1)), part("again", json!([["gate"]])), ["gate"]]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    let mut told = raw.until(|message| message["payload"]["name"] == "child").await;
    told.extend(raw.until(|message| message["payload"]["name"] == "child").await);
    let [gate, again] = [0, 1].map(|place| child(&told, place));
    drop(raw);
    let house = house.crash().await.restart(Setup::new()).await;
    until_said(&house, &parent, "failed UNAVAILABLE").await;
    assert_eq!(story(&house, &gate).await.last().unwrap(), "failed UNAVAILABLE");
    let last = story(&house, &again).await.pop().unwrap();
    assert_eq!(last, "cancelled: the job that delegated to it has ended");
    let mut ends = Vec::new();
    for job in [&gate, &again, &parent] {
        let fact = ended_fact(&*house.store, "alice", job).await.unwrap();
        ends.push(fact.outcome.unwrap().ended_at);
    }
    assert!(ends.is_sorted());
}

async fn a_parent_that_is_run_again_finds_its_child(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let part = |name: &str, input: Value| json!(["delegate", {"agent": "again", "input": input, "name": name}]);
    let steps = json!([part("known", json!([["gate"]])), ["outcome", 0]]);
    let parent = script(&mut raw, "again", steps, json!({})).await;
    let told = raw.until(|message| message["payload"]["name"] == "child").await;
    let known = child(&told, 0);
    drop(raw);
    let house = house.crash().await.restart(Setup::new()).await;
    until_said(&house, &known, "restarted").await;
    // Both runs of the parent have said that it does a part.
    while story(&house, &parent).await.iter().filter(|event| *event == "child").count() < 2 {
        tokio::task::yield_now().await;
    }
    house.stage.open_gate();
    let story = until_said(&house, &parent, "completed").await;
    let wanted = ["started", "delegated", "child", "restarted", "child", "outcome", "completed"];
    assert_eq!(story, wanted);
}

async fn what_a_child_had_spent_when_its_runtime_died_stays_spent(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let spends = json!([["metric", "cost.work", 1.5, "USD"], ["gate"]]);
    let lease = json!({"cost.budget": ["USD:4"]});
    let steps = json!([
        ["delegate", {"agent": "script", "input": spends, "lease": lease}],
        ["gate"],
        ["delegate", {"agent": "echo", "lease": {"cost.budget": ["USD:4"]}}],
    ]);
    let parent = script(&mut raw, "again", steps, json!({"cost.budget": ["USD:5"]})).await;
    let told = raw.until(|message| message["payload"]["value"] == 2.5).await;
    let spender = child(&told, 0);
    drop(raw);
    let house = house.crash().await.restart(Setup::new()).await;
    // The child is not run again: what it had not spent is its parent's, which is.
    let told = until_said(&house, &parent, "restarted").await;
    let at = told.iter().position(|event| event == "restarted").unwrap();
    assert_eq!(told[at - 1], "cost.budget.remaining 3.5");
    let fact = ended_fact(&*house.store, "alice", &spender).await.unwrap();
    assert_eq!(fact.outcome.unwrap().left.to_amounts(), ["USD:2.5"]);
    // Of 3.5 nobody gets 4.
    let told = until_said(&house, &parent, "child").await;
    let mut raw = house.raw_as("alice").await;
    house.stage.open_gate();
    raw.until_ended(&parent).await;
    let after = story(&house, &parent).await;
    assert_eq!(
        after.iter().filter(|event| *event == "toolresult").count(),
        2,
        "{told:?} {after:?}"
    );
}

async fn a_stop_ends_the_children_first(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let inner = json!([["delegate", {"agent": "gate", "input": 1}], ["gate"]]);
    let grant = json!({"agent.delegate": ["gate"]});
    let steps = json!([
        ["delegate", {"agent": "script", "input": inner, "lease": grant}],
        ["gate"],
    ]);
    let parent = script(&mut raw, "script", steps, json!({})).await;
    let mut told = until_delegated(&mut raw, 2).await;
    let remains = house.shutdown(Duration::ZERO).await;
    told.extend(raw.rest().await);
    let [outer, inner] = [0, 1].map(|place| child(&told, place));
    let ends = [&inner, &outer, &parent].map(|job| end_of(&told, job));
    assert!(ends.is_sorted(), "{ends:?}");
    for end in ends {
        assert_eq!(code(&told[end]), "UNAVAILABLE");
    }
    assert_eq!(kind(told.last().unwrap()), "session.evicted");
    drop(remains);
}

async fn a_stop_waits_for_what_was_issued_to_children_and_not_for_ever(on: On) {
    for in_time in [true, false] {
        let gateway = Gateway::new();
        let clock = HandClock::new();
        let house = on.start(Setup::new().gateway(&gateway).clock(&clock)).await;
        let mut raw = house.raw_as("alice").await;
        let lease = json!({"cost.budget": ["USD:1"]});
        let part = json!({"agent": "gate", "input": 1, "lease": lease});
        let steps = json!([["delegate", part], ["gate"]]);
        let parent = script(&mut raw, "script", steps, json!({"cost.budget": ["USD:5"]})).await;
        let told = until_delegated(&mut raw, 1).await;
        let gate = child(&told, 0);
        gateway.hold_revocations(true);
        let stopping = tokio::spawn(house.shutdown(Duration::ZERO));
        // What was issued for the child; that of the parent is wanted until its end.
        gateway.until(|books| books.revocations.len() == 1).await;
        let told = raw.rest().await;
        end_of(&told, &gate);
        assert!(!told.iter().any(|message| job_of(message) == parent && is_terminal(message)));
        if in_time {
            gateway.hold_revocations(false);
        } else {
            clock.advance(Duration::from_secs(5));
        }
        let remains = stopping.await.unwrap();
        let store = remains.store().await;
        for job in [&gate, &parent] {
            let fact = ended_fact(&*store, "alice", job).await.unwrap();
            assert_eq!(fact.outcome.unwrap().state, JobState::Failed);
        }
        let owed = store.scan(key::OWED, None, 9).await.unwrap();
        assert_eq!(owed.is_empty(), in_time, "{owed:?}");
        gateway.hold_revocations(false);
    }
}
