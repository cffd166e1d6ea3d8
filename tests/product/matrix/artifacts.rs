//! Artifacts: put, given, released, forgotten.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{ArtifactRetention, Feature, Key, Limits};
use arcp_store::{Blobs, Bytes, MemoryBlobs, StoreError, StoreErrorKind};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{HandClock, On, Raw, Setup, code, job_of, kind};

matrix!(
    what_was_put_is_given_until_it_is_released,
    what_cannot_be_kept_is_refused,
    artifacts_are_their_principals,
    artifacts_of_a_principal_are_bounded,
    an_artifact_is_gone_when_its_time_is_over,
    artifacts_outlive_the_runtime,
    bytes_of_no_artifact_are_swept_up,
    a_job_keeps_artifacts_too,
    what_does_not_fit_into_a_frame_is_not_given,
    many_are_given_in_order,
    without_blobs_there_are_no_artifacts,
    what_is_declared_not_to_be_there_is_refused,
    slow_blobs_hold_up_artifacts_only,
    what_could_not_be_kept_leaves_nothing,
    blobs_that_panic_hold_no_session_up,
    what_comes_when_nobody_can_reach_it_is_not_kept,
    artifacts_in_all_are_bounded,
    nobody_leaves_artifacts_behind_that_nobody_can_reach,
    many_are_forgotten_together,
);

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn put(data: &[u8]) -> Value {
    json!({"media_type": "text/plain", "data": STANDARD.encode(data)})
}

/// Puts an artifact and returns its reference.
async fn kept(raw: &mut Raw, payload: Value) -> Value {
    let request = raw.say("artifact.put", payload).await;
    let reference = raw.expect("artifact.ref").await;
    assert_eq!(reference["correlation_id"], request);
    assert_eq!(reference.get("event_seq"), None);
    reference["payload"]["artifact"].clone()
}

fn id(reference: &Value) -> Value {
    json!({"artifact_id": reference["artifact_id"]})
}

/// The bytes of an artifact, or the code of the refusal.
async fn fetch(raw: &mut Raw, reference: &Value) -> Result<Vec<u8>, String> {
    let request = raw.say("artifact.fetch", id(reference)).await;
    let answer = raw.recv().await;
    assert_eq!(answer["correlation_id"], request);
    match kind(&answer) {
        "artifact.put" => {
            assert_eq!(answer["payload"]["media_type"], reference["media_type"]);
            assert_eq!(answer["payload"]["sha256"], reference["sha256"]);
            Ok(STANDARD.decode(answer["payload"]["data"].as_str().unwrap()).unwrap())
        }
        "nack" => Err(code(&answer).to_owned()),
        other => panic!("{other}"),
    }
}

async fn refused(raw: &mut Raw, payload: Value) -> Value {
    raw.say("artifact.put", payload).await;
    raw.expect("nack").await["payload"].clone()
}

async fn what_was_put_is_given_until_it_is_released(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let mut payload = put(b"abc");
    payload["sha256"] = json!(ABC.to_uppercase());
    payload["retain_seconds"] = json!(60);
    let reference = kept(&mut raw, payload).await;
    let artifact = reference["artifact_id"].as_str().unwrap();
    let wanted = json!({
        "artifact_id": artifact,
        "uri": format!("arcp://artifact/{artifact}"),
        "media_type": "text/plain",
        "size": 3,
        "sha256": ABC,
        "expires_at": clock.wall().after(Duration::from_mins(1)).to_string(),
    });
    assert_eq!(reference, wanted);
    assert_eq!(fetch(&mut raw, &reference).await.unwrap(), b"abc");
    // Bytes of any kind, and none.
    for data in [&[0, 255, b'\n'][..], &[]] {
        let other = kept(&mut raw, put(data)).await;
        assert_eq!(fetch(&mut raw, &other).await.unwrap(), data);
    }
    raw.say("artifact.release", id(&reference)).await;
    raw.expect("ack").await;
    assert_eq!(fetch(&mut raw, &reference).await.unwrap_err(), "NOT_FOUND");
    raw.say("artifact.release", id(&reference)).await;
    assert_eq!(code(&raw.expect("nack").await), "NOT_FOUND");
}

async fn what_cannot_be_kept_is_refused(on: On) {
    let setup = Setup::new().limits(|limits| limits.artifact_bytes = 4).configure(|builder| {
        let (default, max) = (Duration::from_secs(5), Duration::from_secs(10));
        builder.artifact_retention(ArtifactRetention { default, max })
    });
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let with = |key: &str, value: Value| {
        let mut payload = put(b"abc");
        payload[key] = value;
        payload
    };
    let bad = [
        with("data", json!("***")),
        with("data", json!("YWJ")),
        with("data", json!("YW_-")),
        with("data", json!(7)),
        with("sha256", json!("0".repeat(64))),
        with("sha256", json!("abc")),
        with("media_type", json!("")),
        with("media_type", json!("x".repeat(257))),
        with("retain_seconds", json!(11)),
        with("retain_seconds", json!(-1)),
        json!({"media_type": "a/b"}),
        json!({}),
    ];
    for payload in bad {
        let nack = refused(&mut raw, payload.clone()).await;
        assert_eq!(nack["code"], "INVALID_ARGUMENT", "{payload}");
    }
    let nack = refused(&mut raw, put(b"12345")).await;
    assert_eq!((&nack["code"], &nack["retryable"]), (&json!("RESOURCE_EXHAUSTED"), &json!(false)));
    assert!(nack["message"].as_str().unwrap().contains("`artifact_bytes` is 4"));
    for bad in [json!({}), json!({"artifact_id": "art_"}), json!({"artifact_id": "job_1"})] {
        raw.say("artifact.fetch", bad.clone()).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT", "{bad}");
        raw.say("artifact.release", bad.clone()).await;
        assert_eq!(code(&raw.expect("nack").await), "INVALID_ARGUMENT", "{bad}");
    }
    kept(&mut raw, put(b"1234")).await;
}

async fn artifacts_are_their_principals(on: On) {
    let house = on.usual().await;
    let (mut raw, mut same) = (house.raw_as("alice").await, house.raw_as("alice").await);
    let mut other = house.raw_as("bob").await;
    let reference = kept(&mut raw, put(b"abc")).await;
    let mut answers = Vec::new();
    for artifact in [&reference, &json!({"artifact_id": "art_none"})] {
        for name in ["artifact.fetch", "artifact.release"] {
            other.say(name, id(artifact)).await;
            answers.push(other.expect("nack").await["payload"].clone());
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0]["code"], "NOT_FOUND");
    assert_eq!(fetch(&mut same, &reference).await.unwrap(), b"abc");
    same.say("artifact.release", id(&reference)).await;
    same.expect("ack").await;
    assert_eq!(fetch(&mut raw, &reference).await.unwrap_err(), "NOT_FOUND");
}

async fn artifacts_of_a_principal_are_bounded(on: On) {
    let setup = Setup::new().limits(|limits| {
        limits.artifacts_per_principal = 3;
        limits.artifact_bytes_per_principal = 10;
    });
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let first = kept(&mut raw, put(b"123456")).await;
    let nack = refused(&mut raw, put(b"12345")).await;
    assert_eq!(nack["code"], "RESOURCE_EXHAUSTED");
    assert!(nack["message"].as_str().unwrap().contains("artifact_bytes_per_principal"));
    kept(&mut raw, put(b"1234")).await;
    kept(&mut raw, put(b"")).await;
    let nack = refused(&mut raw, put(b"")).await;
    assert!(nack["message"].as_str().unwrap().contains("artifacts_per_principal"));
    // A refused one has taken nothing, and a released one gives back what it took.
    raw.say("artifact.release", id(&first)).await;
    raw.expect("ack").await;
    let mut wrong = put(b"123456");
    wrong["sha256"] = json!("0".repeat(64));
    refused(&mut raw, wrong).await;
    kept(&mut raw, put(b"123456")).await;
    kept(&mut house.raw_as("bob").await, put(b"123456")).await;
}

async fn an_artifact_is_gone_when_its_time_is_over(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let mut short = put(b"abc");
    short["retain_seconds"] = json!(5);
    let reference = kept(&mut raw, short).await;
    let lasting = kept(&mut raw, put(b"abc")).await;
    clock.advance(Duration::from_millis(4_999));
    assert_eq!(fetch(&mut raw, &reference).await.unwrap(), b"abc");
    clock.advance(Duration::from_millis(1));
    assert_eq!(fetch(&mut raw, &reference).await.unwrap_err(), "NOT_FOUND");
    assert_eq!(fetch(&mut raw, &lasting).await.unwrap(), b"abc");
    let mut gone = put(b"abc");
    gone["retain_seconds"] = json!(0);
    let gone = kept(&mut raw, gone).await;
    assert_eq!(fetch(&mut raw, &gone).await.unwrap_err(), "NOT_FOUND");
    // Its bytes are gone too.
    drop(raw);
    let remains = house.shutdown(Duration::ZERO).await;
    let again = remains.restart(Setup::new().clock(&clock)).await;
    assert_eq!(
        again.shutdown(Duration::ZERO).await.blobs().await.list(None, 9).await.unwrap().len(),
        1
    );
}

async fn artifacts_outlive_the_runtime(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let reference = kept(&mut raw, put(b"abc")).await;
    let released = kept(&mut raw, put(b"def")).await;
    raw.say("artifact.release", id(&released)).await;
    raw.expect("ack").await;
    let house = house.crash().await.restart(Setup::new()).await;
    let mut raw = house.raw_as("alice").await;
    assert_eq!(fetch(&mut raw, &reference).await.unwrap(), b"abc");
    assert_eq!(fetch(&mut raw, &released).await.unwrap_err(), "NOT_FOUND");
    let mut other = house.raw_as("bob").await;
    assert_eq!(fetch(&mut other, &reference).await.unwrap_err(), "NOT_FOUND");
    raw.say("artifact.release", id(&reference)).await;
    raw.expect("ack").await;
}

async fn bytes_of_no_artifact_are_swept_up(on: On) {
    let house = on.usual().await;
    let reference = kept(&mut house.raw_as("alice").await, put(b"abc")).await;
    let remains = house.crash().await;
    {
        let blobs = remains.blobs().await;
        for name in ["art_orphan", "something else"] {
            blobs.put(&Key::new(name.as_bytes().to_vec()), b"x"[..].into()).await.unwrap();
        }
    }
    let remains = remains.restart(Setup::new()).await.shutdown(Duration::ZERO).await;
    let names = remains.blobs().await.list(None, 9).await.unwrap();
    let kept = reference["artifact_id"].as_str().unwrap();
    assert_eq!(names, [Key::new(kept.as_bytes().to_vec())]);
}

async fn a_job_keeps_artifacts_too(on: On) {
    let house = on.start(Setup::new().limits(|limits| limits.artifacts_per_principal = 1)).await;
    let mut raw = house.raw_as("alice").await;
    let steps = json!([["keep", "text/plain", "abc"], ["keep", "text/plain", "def"]]);
    let job = raw.submit("script", steps).await;
    raw.expect("job.started").await;
    let told = raw.expect("artifact.ref").await;
    assert_eq!((job_of(&told), &told["event_seq"]), (&*job, &json!(2)));
    let reference = told["payload"]["artifact"].clone();
    assert_eq!((&reference["size"], &reference["sha256"]), (&json!(3), &json!(ABC)));
    let refused = raw.expect("event.emit").await;
    assert_eq!(refused["payload"]["data"], "RESOURCE_EXHAUSTED");
    raw.expect("job.completed").await;
    assert_eq!(fetch(&mut raw, &reference).await.unwrap(), b"abc");
}

async fn what_does_not_fit_into_a_frame_is_not_given(on: On) {
    let setup = Setup::new().limits(|limits| limits.frame_bytes = 64 << 10);
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let steps = json!([
        ["keep", "text/plain", "x".repeat(45_000)],
        ["keep", "text/plain", "x".repeat(46_200)],
    ]);
    let large = json!({"tool": "script", "arguments": steps});
    // It goes in as an input, which may be as large as a frame; so there are two.
    let mut references = Vec::new();
    for step in large["arguments"].as_array().unwrap() {
        let job = raw.submit("script", json!([step])).await;
        raw.expect("job.started").await;
        references.push(raw.expect("artifact.ref").await["payload"]["artifact"].clone());
        raw.finish(&job).await;
    }
    assert_eq!(fetch(&mut raw, &references[0]).await.unwrap().len(), 45_000);
    assert_eq!(fetch(&mut raw, &references[1]).await.unwrap_err(), "RESOURCE_EXHAUSTED");
    raw.is_quiet().await;
    // A client's own fits into a frame as it comes, and has to as it goes.
    let fits = kept(&mut raw, put(&vec![b'x'; 45_000])).await;
    assert_eq!(fetch(&mut raw, &fits).await.unwrap().len(), 45_000);
    let nack = refused(&mut raw, put(&vec![b'x'; 47_000])).await;
    assert_eq!(nack["code"], "RESOURCE_EXHAUSTED");
    assert!(nack["message"].as_str().unwrap().contains("`frame_bytes`"), "{nack}");
}

async fn many_are_given_in_order(on: On) {
    let house = on.usual().await;
    let mut raw = house.raw_as("alice").await;
    let mut references = Vec::new();
    for n in 0..4_u8 {
        references.push(kept(&mut raw, put(&vec![n; 100_000])).await);
    }
    for round in 0..20 {
        raw.say("artifact.fetch", id(&references[round % 4])).await;
    }
    for round in 0..20 {
        let given = raw.expect("artifact.put").await;
        let data = STANDARD.decode(given["payload"]["data"].as_str().unwrap()).unwrap();
        assert_eq!(data, vec![u8::try_from(round % 4).unwrap(); 100_000]);
    }
    raw.is_quiet().await;
}

async fn without_blobs_there_are_no_artifacts(on: On) {
    let mut setup = Setup::new();
    setup.artifacts = false;
    let house = on.start(setup).await;
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    assert_eq!(accepted["payload"]["capabilities"].get("artifact_retention"), None);
    assert_eq!(refused(&mut raw, put(b"abc")).await["code"], "UNIMPLEMENTED");
    raw.say("artifact.fetch", json!({"artifact_id": "art_1"})).await;
    assert_eq!(code(&raw.expect("nack").await), "UNIMPLEMENTED");
}

async fn what_is_declared_not_to_be_there_is_refused(on: On) {
    let house = on.usual().await;
    let reference = kept(&mut house.raw_as("alice").await, put(b"abc")).await;
    let setup = Setup::new().configure(|builder| builder.feature(Feature::Artifacts, false));
    let house = house.shutdown(Duration::ZERO).await.restart(setup).await;
    let mut raw = house.raw_as("alice").await;
    assert_eq!(refused(&mut raw, put(b"abc")).await["code"], "UNIMPLEMENTED");
    assert_eq!(fetch(&mut raw, &reference).await.unwrap_err(), "UNIMPLEMENTED");
    raw.say("artifact.release", id(&reference)).await;
    assert_eq!(code(&raw.expect("nack").await), "UNIMPLEMENTED");
}

/// Blobs that do not take anything before they are let.
struct Stiff {
    blobs: MemoryBlobs,
    open: watch::Receiver<bool>,
    then: Then,
}

/// What they do when they have.
enum Then {
    Nothing,
    Fail,
    Panic,
}

#[async_trait]
impl Blobs for Stiff {
    async fn put(&self, name: &Key, bytes: Bytes) -> Result<(), StoreError> {
        drop(self.open.clone().wait_for(|open| *open).await);
        self.blobs.put(name, bytes).await?;
        match self.then {
            Then::Nothing => Ok(()),
            Then::Fail => Err(StoreError::new(StoreErrorKind::Full, "full")),
            Then::Panic => panic!("blobs that panic were asked for"),
        }
    }

    async fn get(&self, name: &Key) -> Result<Option<Bytes>, StoreError> {
        self.blobs.get(name).await
    }

    async fn delete(&self, name: &Key) -> Result<(), StoreError> {
        self.blobs.delete(name).await
    }

    async fn list(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        self.blobs.list(after, limit).await
    }
}

fn stiff(open: bool, then: Then) -> (Setup, MemoryBlobs, watch::Sender<bool>) {
    let (open, opened) = watch::channel(open);
    let blobs = MemoryBlobs::new();
    let stiff = Stiff { blobs: blobs.clone(), open: opened, then };
    let mut setup = Setup::new().configure(|builder| builder.blobs(Arc::new(stiff)));
    setup.artifacts = false;
    (setup, blobs, open)
}

async fn slow_blobs_hold_up_artifacts_only(on: On) {
    let (setup, _, open) = stiff(false, Then::Nothing);
    let house = on.start(setup.limits(|limits| limits.keeping_bytes = 8 << 10)).await;
    let (mut raw, mut other) = (house.raw_as("alice").await, house.raw_as("bob").await);
    // More than there is room for; a job has one too.
    for _ in 0..3 {
        raw.say("artifact.put", put(&[b'x'; 5_000])).await;
    }
    let keeping = other.submit("script", json!([["keep", "a/b", "y".repeat(5_000)]])).await;
    other.expect("job.started").await;
    let job = other.submit("echo", json!("z".repeat(20_000))).await;
    let ended = other.finish(&job).await;
    assert_eq!(ended[1]["payload"]["value"], "z".repeat(20_000));
    open.send_replace(true);
    for _ in 0..3 {
        raw.expect("artifact.ref").await;
    }
    other.expect("artifact.ref").await;
    other.finish(&keeping).await;
    // Those that take too long are not waited for.
    let (setup, blobs, open) = stiff(false, Then::Nothing);
    let setup = setup.limits(|limits| limits.blob_time = Duration::from_millis(20));
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    let nack = refused(&mut raw, put(b"abc")).await;
    assert_eq!((&nack["code"], &nack["retryable"]), (&json!("UNAVAILABLE"), &json!(true)));
    open.send_replace(true);
    kept(&mut raw, put(b"abc")).await;
    assert_eq!(blobs.list(None, 9).await.unwrap().len(), 1);
}

async fn what_could_not_be_kept_leaves_nothing(on: On) {
    let (setup, blobs, _open) = stiff(true, Then::Fail);
    let house = on.start(setup.limits(|limits| limits.artifacts_per_principal = 1)).await;
    let mut raw = house.raw_as("alice").await;
    for _ in 0..3 {
        assert_eq!(refused(&mut raw, put(b"abc")).await["code"], "UNAVAILABLE");
        assert_eq!(blobs.list(None, 9).await.unwrap(), []);
    }
}

async fn blobs_that_panic_hold_no_session_up(on: On) {
    let (setup, _, _open) = stiff(true, Then::Panic);
    let house = on.start(setup.limits(|limits| limits.artifacts_per_principal = 1)).await;
    let mut raw = house.raw_as("alice").await;
    for _ in 0..3 {
        assert_eq!(refused(&mut raw, put(b"abc")).await["code"], "INTERNAL");
    }
    raw.say("artifact.put", put(b"abc")).await;
    raw.say("session.close", json!({})).await;
    raw.expect("nack").await;
    raw.is_over().await;
}

async fn artifacts_in_all_are_bounded(on: On) {
    let setup = Setup::new().limits(|limits| {
        limits.artifacts_in_all = 2;
        limits.artifact_bytes_in_all = 10;
    });
    let house = on.start(setup).await;
    let (mut raw, mut other) = (house.raw_as("alice").await, house.raw_as("bob").await);
    let first = kept(&mut raw, put(b"123456")).await;
    let nack = refused(&mut other, put(b"12345")).await;
    assert_eq!(nack["code"], "RESOURCE_EXHAUSTED");
    assert!(nack["message"].as_str().unwrap().contains("`artifact_bytes_in_all` is 10"));
    kept(&mut other, put(b"1234")).await;
    let nack = refused(&mut other, put(b"")).await;
    assert!(nack["message"].as_str().unwrap().contains("`artifacts_in_all` is 2"));
    raw.say("artifact.release", id(&first)).await;
    raw.expect("ack").await;
    kept(&mut other, put(b"123456")).await;
}

fn anonymous() -> Value {
    json!({
        "auth": {"scheme": "none"},
        "client": {"kind": "test", "version": "1"},
        "capabilities": {"anonymous": true},
    })
}

async fn nobody_leaves_artifacts_behind_that_nobody_can_reach(on: On) {
    let limits = |limits: &mut Limits| (limits.artifacts_in_all, limits.keys_in_all) = (1, 1);
    let mut setup = Setup::new().limits(limits);
    setup.anonymous = true;
    let house = on.start(setup).await;
    let mut raw = house.raw_as("alice").await;
    for _ in 0..3 {
        let mut nobody = house.raw().await;
        nobody.say("session.open", anonymous()).await;
        nobody.expect("session.accepted").await;
        let reference = kept(&mut nobody, put(b"abc")).await;
        assert_eq!(fetch(&mut nobody, &reference).await.unwrap(), b"abc");
        nobody.invoke_with_key("k", json!({"tool": "echo", "arguments": 1})).await;
        let accepted = nobody.expect("job.accepted").await;
        nobody.finish(job_of(&accepted)).await;
        assert_eq!(refused(&mut raw, put(b"abc")).await["code"], "RESOURCE_EXHAUSTED");
        raw.invoke_with_key("k", json!({"tool": "echo", "arguments": 1})).await;
        assert_eq!(code(&raw.expect("job.failed").await), "RESOURCE_EXHAUSTED");
        nobody.say("session.close", json!({})).await;
        nobody.is_over().await;
    }
    kept(&mut raw, put(b"abc")).await;
    // A crash may come before what is forgotten is also deleted; whoever starts then does it.
    let house = house.crash().await.restart(Setup::new().limits(limits)).await;
    house.raw_as("alice").await.invoke_with_key("k", json!({"tool": "echo", "arguments": 1})).await;
    let remains = house.shutdown(Duration::ZERO).await;
    assert_eq!(remains.blobs().await.list(None, 9).await.unwrap().len(), 1);
}

async fn what_comes_when_nobody_can_reach_it_is_not_kept(on: On) {
    let (setup, blobs, open) = stiff(false, Then::Nothing);
    let mut setup = setup.limits(|limits| limits.artifacts_in_all = 1);
    setup.anonymous = true;
    let house = on.start(setup).await;
    let mut nobody = house.raw().await;
    nobody.say("session.open", anonymous()).await;
    let accepted = nobody.expect("session.accepted").await;
    nobody.say("artifact.put", put(b"abc")).await;
    let session = &accepted["payload"]["session_id"];
    nobody.say("cancel", json!({"target": "session", "target_id": session})).await;
    nobody.expect("cancel.accepted").await;
    nobody.expect("session.evicted").await;
    open.send_replace(true);
    let mut raw = house.raw_as("alice").await;
    let reference = loop {
        raw.say("artifact.put", put(b"abcd")).await;
        let message = raw.next().await.unwrap();
        if kind(&message) == "artifact.ref" {
            break message["payload"]["artifact"].clone();
        }
        assert_eq!(code(&message), "RESOURCE_EXHAUSTED");
    };
    assert_eq!(fetch(&mut raw, &reference).await.unwrap(), b"abcd");
    // What nobody can reach is dropped when there is time.
    while blobs.list(None, 9).await.unwrap().len() != 1 {
        tokio::task::yield_now().await;
    }
}

/// More than are forgotten at a time.
async fn many_are_forgotten_together(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    let mut short = put(b"");
    short["retain_seconds"] = json!(5);
    for _ in 0..300 {
        kept(&mut raw, short.clone()).await;
    }
    let lasting = kept(&mut raw, put(b"abc")).await;
    clock.advance(Duration::from_secs(5));
    // The writer may be told of the time after what is asked, but not long after.
    for _ in 0..8 {
        raw.is_quiet().await;
        clock.advance(Duration::from_millis(1));
    }
    assert_eq!(fetch(&mut raw, &lasting).await.unwrap(), b"abc");
    drop(raw);
    let remains = house.shutdown(Duration::ZERO).await;
    let again = remains.restart(Setup::new().clock(&clock)).await;
    let remains = again.shutdown(Duration::ZERO).await;
    let blobs = remains.blobs().await;
    assert_eq!(blobs.list(None, 9).await.unwrap().len(), 1);
}
