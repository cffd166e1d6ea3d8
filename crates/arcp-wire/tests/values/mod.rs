//! Strategies that make values for either dialect.

use arcp_core::{
    ChunkEncoding, Completion, Event, Fault, Json, LogLevel, Progress, Quantity, ResultChunk,
    ResultId,
};
use proptest::prelude::*;

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
pub(crate) fn some_json() -> impl Strategy<Value = Json> {
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

fn small_events(fault: &BoxedStrategy<Fault>) -> impl Strategy<Value = Event> + use<> {
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
        (text(), prop::result::maybe_ok(json(), fault.clone()))
            .prop_map(|(call_id, result)| Event::ToolResult { call_id, result }),
        (text(), maybe_text()).prop_map(|(phase, message)| Event::Status { phase, message }),
        ("x.*", json()).prop_map(|(name, data)| Event::Custom { name, data }),
    ]
}

/// Most kinds of event, with faults of this kind.
pub(crate) fn events(fault: &BoxedStrategy<Fault>) -> impl Strategy<Value = Event> + use<> {
    prop_oneof![
        4 => small_events(fault),
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
        1 => fault.clone().prop_map(Event::Failed),
        1 => text().prop_map(|reason| Event::Cancelled { reason }),
        1 => fault.clone().prop_map(|fault| Event::TimedOut(Fault {
            code: arcp_core::Code::TimedOut,
            ..fault
        })),
    ]
}
