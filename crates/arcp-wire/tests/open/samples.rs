//! Values of every kind, and strategies that make more of them.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    AgentCard, Capabilities, Encoded, Event, Fault, Feature, Issued, JobEvent, JobHead, JobId,
    Json, Lease, MessageId, Resumption, RuntimeIdentity, Secret, SessionAccepted, SessionId,
    Timestamp, TraceId, TrustLevel,
};
use arcp_core::{Command, Delivery, Output, Reply};
use proptest::prelude::*;

use crate::values;

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

pub(crate) fn fault() -> impl Strategy<Value = Fault> {
    let codes = prop::sample::select(vec![
        arcp_core::Code::InvalidArgument,
        arcp_core::Code::NotFound,
        arcp_core::Code::Internal,
        arcp_core::Code::Unknown,
    ]);
    (codes, any::<String>(), any::<bool>(), prop::option::of(values::some_json())).prop_map(
        |(code, message, retryable, detail)| {
            let mut fault = Fault::new(code, message).with_retryable(retryable);
            fault.detail = detail;
            fault
        },
    )
}

/// Most kinds of event.
pub(crate) fn events() -> impl Strategy<Value = Event> {
    values::events(&fault().boxed())
}
