//! Features that the two ends have not agreed on: asking for them is refused, and what is told with them
//! is told under a name of our own, as numbers of events have no gap.

use arcp_core::{Code, Command, Event, Feature, Frame, Reply};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{CommandDecoder, Compatibility, Decoded, Dialect, OutputEncoder};

use crate::samples::{FEATURES, accepted_with, chunk, event, progress, reply};
use crate::told::{PYTHON, TYPESCRIPT, UNKNOWN, frames};

/// Both ends of a session in which these features are agreed on.
fn session(
    hello: &str,
    compatibility: Compatibility,
    features: &[Feature],
) -> (Box<dyn CommandDecoder>, Box<dyn OutputEncoder>) {
    let (mut reader, mut writer) = HelloDialect { compatibility }.runtime_codec();
    reader.decode(&Frame::text(hello.to_owned()));
    let session = accepted_with(features);
    writer.encode(&reply(Reply::Accepted(Box::new(session))), &mut Vec::new());
    (reader, writer)
}

/// What needs which feature.
const USES: &[(Feature, &str, &str)] = &[
    (Feature::Heartbeat, "session.ping", r#"{"nonce":"n","sent_at":"2026-11-22T11:00:00Z"}"#),
    (Feature::Ack, "session.ack", r#"{"last_processed_seq":1}"#),
    (Feature::ListJobs, "session.list_jobs", "{}"),
    (Feature::Subscribe, "job.subscribe", r#"{"job_id":"job_1"}"#),
    (Feature::Subscribe, "job.unsubscribe", r#"{"job_id":"job_1"}"#),
    (Feature::AgentVersions, "job.submit", r#"{"agent":"echo@1"}"#),
    (
        Feature::LeaseExpiresAt,
        "job.submit",
        r#"{"agent":"echo","lease_constraints":{"expires_at":"2026-11-22T11:00:00Z"}}"#,
    ),
    (
        Feature::CostBudget,
        "job.submit",
        r#"{"agent":"echo","lease_request":{"cost.budget":["USD:1"]}}"#,
    ),
    (Feature::ModelUse, "job.submit", r#"{"agent":"echo","lease_request":{"model.use":["m"]}}"#),
];

fn ask(reader: &mut dyn CommandDecoder, kind: &str, payload: &str) -> Decoded<arcp_core::Issued> {
    let text = format!(r#"{{"arcp":"1.1","id":"m1","type":"{kind}","payload":{payload}}}"#);
    reader.decode(&Frame::text(text))
}

/// The message of the refusal; nothing where there is none.
fn refusal(decoded: Decoded<arcp_core::Issued>) -> Option<String> {
    let Decoded::Message(issued) = decoded else { panic!("{decoded:?}") };
    let Command::Refused { fault, .. } = issued.command else { return None };
    assert_eq!(fault.code, Code::InvalidArgument);
    Some(fault.message)
}

#[test]
fn what_was_not_agreed_on_is_refused() {
    for (feature, kind, payload) in USES {
        let rest: Vec<_> = FEATURES.into_iter().filter(|one| one != feature).collect();
        for compatibility in [Compatibility::Auto, Compatibility::Strict] {
            let (mut reader, _) = session(UNKNOWN, compatibility, &rest);
            let told =
                refusal(ask(&mut *reader, kind, payload)).unwrap_or_else(|| panic!("{kind}"));
            assert!(told.ends_with("was not agreed on in this session"), "{told}");
            let (mut reader, _) = session(UNKNOWN, compatibility, &[*feature]);
            assert_eq!(refusal(ask(&mut *reader, kind, payload)), None, "{kind}");
        }
    }
}

/// Nothing is done before there is a session, so what is said then is read for what it is.
#[test]
fn before_a_session_nothing_is_agreed_on() {
    for (_, kind, payload) in USES {
        let (mut reader, _) = HelloDialect::default().runtime_codec();
        assert_eq!(refusal(ask(&mut *reader, kind, payload)), None, "{kind}");
    }
}

#[test]
fn what_needs_no_feature_is_never_refused() {
    for (kind, payload) in [
        ("job.submit", r#"{"agent":"echo","input":1,"lease_request":{"tool.call":["*"]}}"#),
        ("job.submit", r#"{"agent":"echo","max_runtime_sec":1,"idempotency_key":"k"}"#),
        (
            "job.submit",
            r#"{"agent":"echo","lease_request":{"cost.budget":[]},"lease_constraints":{}}"#,
        ),
        ("session.pong", r#"{"ping_nonce":"n"}"#),
        ("session.close", "{}"),
        ("session.bye", "{}"),
    ] {
        let (mut reader, _) = session(UNKNOWN, Compatibility::Strict, &[]);
        assert_eq!(refusal(ask(&mut *reader, kind, payload)), None, "{kind} {payload}");
    }
}

/// Their own runtimes take both without the feature (probes `ping-not-negotiated`,
/// `ack-not-negotiated`): a refusal would end all jobs of the client.
#[test]
fn known_clients_ping_and_acknowledge_as_they_like() {
    let ping = r#"{"nonce":"n","sent_at":"2026-11-22T11:00:00Z"}"#;
    let ack = r#"{"last_processed_seq":1}"#;
    for hello in [PYTHON, TYPESCRIPT] {
        let (mut reader, _) = session(hello, Compatibility::Auto, &[]);
        assert_eq!(refusal(ask(&mut *reader, "session.ping", ping)), None);
        // There is nothing to hold against it.
        assert!(matches!(ask(&mut *reader, "session.ack", ack), Decoded::Ignored));
        assert!(refusal(ask(&mut *reader, "session.list_jobs", "{}")).is_some());
        let (mut reader, _) = session(hello, Compatibility::Strict, &[]);
        assert!(refusal(ask(&mut *reader, "session.ping", ping)).is_some());
        assert!(refusal(ask(&mut *reader, "session.ack", ack)).is_some());
    }
}

#[test]
fn what_was_not_agreed_on_is_told_under_another_name() {
    for (feature, happened, own, other) in [
        (Feature::Progress, Event::Progress(progress()), "progress", "x-vendor.arcp.progress"),
        (
            Feature::ResultChunk,
            Event::ResultChunk(chunk()),
            "result_chunk",
            "x-vendor.arcp.result_chunk",
        ),
    ] {
        let kind = |features: &[Feature]| {
            let (_, mut writer) = session(UNKNOWN, Compatibility::Auto, features);
            let told = frames(&mut *writer, &event(3, happened.clone())).remove(0);
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!(told["event_seq"], 3);
            (told["payload"]["kind"].as_str().unwrap().to_owned(), told["payload"]["body"].clone())
        };
        let rest: Vec<_> = FEATURES.into_iter().filter(|one| *one != feature).collect();
        let (agreed, body) = kind(&[feature]);
        let (unagreed, same) = kind(&rest);
        assert_eq!((agreed.as_str(), unagreed.as_str()), (own, other));
        assert_eq!(body, same);
    }
}

/// Sessions that share an event are each told it as they have agreed.
#[test]
fn one_event_is_told_under_both_names() {
    let happened = event(1, Event::Progress(progress()));
    let (_, mut without) = session(UNKNOWN, Compatibility::Auto, &[]);
    let (_, mut with) = session(UNKNOWN, Compatibility::Auto, &FEATURES);
    for _ in 0..2 {
        assert!(frames(&mut *without, &happened)[0].contains(r#""kind":"x-vendor.arcp.progress""#));
        assert!(frames(&mut *with, &happened)[0].contains(r#""kind":"progress""#));
    }
}

#[test]
fn only_what_both_have_is_in_the_welcome() {
    let (_, mut writer) = session(UNKNOWN, Compatibility::Auto, &[]);
    let mut some = accepted_with(&[Feature::Ack, Feature::Artifacts]);
    some.capabilities = some.capabilities.with(Feature::Subscribe, false);
    let told = frames(&mut *writer, &reply(Reply::Accepted(Box::new(some)))).remove(0);
    assert!(told.contains(r#""features":["ack"]"#), "{told}");
}
