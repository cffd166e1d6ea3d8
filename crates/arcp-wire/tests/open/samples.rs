//! Values of every kind, and strategies that make more of them.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    AgentCard, Capabilities, ChunkEncoding, Completion, Encoded, Event, Fault, Feature, Issued,
    JobEvent, JobHead, JobId, Json, Lease, LogLevel, MessageId, Progress, Quantity, ResultChunk,
    ResultId, Resumption, RuntimeIdentity, Secret, SessionAccepted, SessionId, Timestamp, TraceId,
    TrustLevel,
};
use arcp_core::{Command, Delivery, Output, Reply};
use proptest::prelude::*;

pub(crate) fn message() -> MessageId {
    MessageId::parse("msg_1").unwrap()
}

pub(crate) fn job() -> JobId {
    JobId::parse("job_1").unwrap()
}

pub(crate) fn at() -> Timestamp {
    Timestamp::parse("2026-11-22T10:59:09.362415Z").unwrap()
}

pub(crate) fn issued(command: Command) -> Issued {
    Issued { id: message(), at: at(), trace: None, command }
}

pub(crate) fn reply(reply: Reply) -> Output {
    Output::Reply { id: message(), at: at(), to: MessageId::parse("msg_asked").unwrap(), reply }
}

pub(crate) fn event(seq: u64, event: Event) -> Output {
    Output::Event(Delivery {
        seq,
        event: Arc::new(JobEvent {
            head: Arc::new(JobHead {
                job: job(),
                request: MessageId::parse("msg_asked").unwrap(),
                session: None,
                trace: Some(TraceId::parse("trace \"1\"").unwrap()),
                priority: arcp_core::Priority::default(),
            }),
            id: message(),
            at: at(),
            event,
            encoded: Encoded::default(),
        }),
    })
}

pub(crate) fn accepted(extensions: &[&str]) -> SessionAccepted {
    SessionAccepted {
        session: SessionId::parse("sess_\"1\"").unwrap(),
        runtime: RuntimeIdentity {
            kind: "arcp".into(),
            version: "0.1.0".into(),
            fingerprint: Some("f".into()),
            trust_level: TrustLevel::Constrained,
        },
        capabilities: Capabilities {
            agents: vec![AgentCard {
                name: "echo".into(),
                versions: vec!["1".into(), "2".into()],
                default: Some("2".into()),
            }],
            extensions: ["a.b.v1".to_owned()].into(),
            ..Capabilities::default()
        }
        .with(Feature::DurableJobs, true)
        .with(Feature::HumanInput, false),
        declared: Capabilities {
            extensions: extensions.iter().map(ToString::to_string).collect(),
            ..Capabilities::default()
        },
        opened_at: at(),
        heartbeat: None,
        expires_at: Some(at()),
        resumption: Some(Resumption {
            token: Secret::new("rt_1".to_owned()),
            window: Duration::from_mins(10),
        }),
    }
}

pub(crate) fn lease() -> Lease {
    let mut lease = Lease::default()
        .grant("fs.read", Pattern::parse("/a/**").unwrap())
        .grant("model.use", Pattern::parse("m*").unwrap());
    lease.budget = Budget::parse(["USD:1.5", "credits:3"]).unwrap();
    lease.expires_at = Some(at());
    lease.other.insert("note".into(), Json::parse("{\"a\": null}").unwrap());
    lease
}

/// A JSON value of any shape, a few levels deep.
pub(crate) fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
    .prop_map(|value| Json::from(&value))
}

/// A value that is not `null`: an optional one that is reads as absent.
fn some_json() -> impl Strategy<Value = Json> {
    json().prop_filter("null", |json| !json.is_null())
}

pub(crate) fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        any::<i64>().prop_map(Quantity::from),
        (any::<i64>(), 0..20_u32).prop_map(|(digits, scale)| {
            let text = format!("{digits}e-{scale}");
            Quantity::try_from(text.parse::<f64>().unwrap()).unwrap()
        }),
        any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(|float| Quantity::try_from(float).unwrap()),
    ]
}

pub(crate) fn fault() -> impl Strategy<Value = Fault> {
    let codes = prop::sample::select(vec![
        arcp_core::Code::InvalidArgument,
        arcp_core::Code::NotFound,
        arcp_core::Code::Internal,
        arcp_core::Code::Unknown,
    ]);
    (codes, any::<String>(), any::<bool>(), prop::option::of(some_json())).prop_map(
        |(code, message, retryable, detail)| {
            let mut fault = Fault::new(code, message).with_retryable(retryable);
            fault.detail = detail;
            fault
        },
    )
}

fn level() -> impl Strategy<Value = LogLevel> {
    prop::sample::select(LogLevel::ALL.to_vec())
}

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn maybe_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(any::<String>())
}

fn progress() -> impl Strategy<Value = Event> {
    (quantity(), prop::option::of(quantity()), maybe_text(), maybe_text()).prop_map(
        |(current, total, units, message)| {
            Event::Progress(Progress { current, total, units, message })
        },
    )
}

fn chunk() -> impl Strategy<Value = Event> {
    let encoding = prop::sample::select(vec![ChunkEncoding::Utf8, ChunkEncoding::Base64]);
    (any::<u64>(), text(), encoding, any::<bool>()).prop_map(|(chunk, data, encoding, more)| {
        Event::ResultChunk(ResultChunk {
            result: ResultId::parse("res_1").unwrap(),
            chunk,
            data: data.into(),
            encoding,
            more,
        })
    })
}

fn small_events() -> impl Strategy<Value = Event> {
    prop_oneof![
        text().prop_map(|description| Event::Started { description }),
        (level(), text(), prop::option::of(some_json()))
            .prop_map(|(level, message, attributes)| { Event::Log { level, message, attributes } }),
        (text(), quantity(), prop::option::of(".+"), prop::option::of(some_json())).prop_map(
            |(name, value, unit, dimensions)| Event::Metric { name, value, unit, dimensions }
        ),
        text().prop_map(|text| Event::Thought { text }),
        (text(), text(), json()).prop_map(|(call_id, tool, arguments)| Event::ToolCall {
            call_id,
            tool,
            arguments,
        }),
        (text(), prop::result::maybe_ok(json(), fault()))
            .prop_map(|(call_id, result)| Event::ToolResult { call_id, result }),
        (text(), maybe_text()).prop_map(|(phase, message)| Event::Status { phase, message }),
        ("x.*", json()).prop_map(|(name, data)| Event::Custom { name, data }),
    ]
}

/// Every kind of event.
pub(crate) fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => small_events(),
        1 => progress(),
        1 => chunk(),
        1 => json().prop_map(|value| Event::Completed(Completion::Inline(value))),
        1 => (any::<u64>(), maybe_text()).prop_map(|(size, summary)| {
            Event::Completed(Completion::Streamed {
                result: ResultId::parse("res_1").unwrap(),
                size,
                summary,
            })
        }),
        1 => fault().prop_map(Event::Failed),
        1 => text().prop_map(|reason| Event::Cancelled { reason }),
        1 => fault().prop_map(|fault| Event::TimedOut(Fault {
            code: arcp_core::Code::TimedOut,
            ..fault
        })),
    ]
}
