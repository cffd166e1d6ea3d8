//! The envelope that every frame is, read without copying what need not be kept.

use std::borrow::Cow;

use arcp_core::{
    Fault, Frame, IdempotencyKey, JobId, MessageId, Priority, SessionId, StreamId, SubscriptionId,
    Timestamp, TraceId,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::types::is_open_only;
use crate::Decoded;
use crate::first::{FirstKeys, first_keys};
use crate::json::{excerpt, instant, scalar, string, trace_of};

/// A sound envelope.
pub(super) struct Envelope<'a> {
    /// The message's id.
    pub(super) id: MessageId,
    /// When the sender says that it sent it.
    pub(super) at: Timestamp,
    /// The type.
    pub(super) kind: Cow<'a, str>,
    /// A JSON object.
    pub(super) payload: &'a RawValue,
    /// The session that it belongs to.
    pub(super) session: Option<SessionId>,
    /// The job that it is about.
    pub(super) job: Option<JobId>,
    /// The stream that it is about.
    pub(super) stream: Option<StreamId>,
    /// The subscription by which it is told.
    pub(super) subscription: Option<SubscriptionId>,
    /// The message that it answers.
    pub(super) correlation: Option<MessageId>,
    /// The trace that it belongs to.
    pub(super) trace: Option<TraceId>,
    /// The submitter's key.
    pub(super) key: Option<IdempotencyKey>,
    /// How pressing it is.
    pub(super) priority: Priority,
    /// The place among the session's events.
    pub(super) seq: Option<u64>,
    /// Whether a receiver that does not know the type may drop it.
    pub(super) optional: bool,
}

/// A frame that is no sound envelope.
pub(super) struct Unsound {
    id: Option<MessageId>,
    fault: Fault,
}

impl<'a> Envelope<'a> {
    /// Reads a frame.
    pub(super) fn read(text: &'a str) -> Result<Self, Unsound> {
        let keys: Keys<'a> = serde_json::from_str(text)
            .map_err(|error| Unsound { id: None, fault: no_object(&error) })?;
        let id = need(keys.id, "id", message_id);
        keys.envelope(id.clone()).map_err(|fault| Unsound { id: id.ok(), fault })
    }
}

impl Unsound {
    /// A frame that is not UTF-8 text.
    pub(super) fn bytes() -> Self {
        Self { id: None, fault: Fault::invalid("the frame is not UTF-8 text") }
    }

    /// A frame whose arrays and objects lie too deep within one another.
    pub(super) fn deep(limit: usize, text: &str) -> Self {
        Self {
            id: Envelope::read(text).ok().map(|envelope| envelope.id),
            fault: Fault::invalid(format!("the frame nests more than {limit} levels deep")),
        }
    }
}

impl Unsound {
    /// What is wrong with it.
    pub(super) fn into_fault(self) -> Fault {
        self.fault
    }
}

impl<T> From<Unsound> for Decoded<T> {
    fn from(Unsound { id, fault }: Unsound) -> Self {
        Self::Bad { id, fault }
    }
}

/// Whether a first frame looks like one of this dialect.
pub(super) fn is_ours(first: &Frame) -> bool {
    let Some(FirstKeys { kind, timestamp }) = first_keys(first) else { return false };
    is_open_only(&kind) || (timestamp && !crate::hello::is_hello_only(&kind))
}

/// What the keys of an envelope hold. A `null` is as good as nothing, but for `priority`.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow)]
    arcp: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    session_id: Option<&'a RawValue>,
    #[serde(borrow)]
    job_id: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subscription_id: Option<&'a RawValue>,
    #[serde(borrow)]
    trace_id: Option<&'a RawValue>,
    #[serde(borrow)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow)]
    span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    parent_span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    correlation_id: Option<&'a RawValue>,
    #[serde(borrow)]
    causation_id: Option<&'a RawValue>,
    #[serde(borrow)]
    idempotency_key: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    priority: Option<&'a RawValue>,
    #[serde(borrow)]
    event_seq: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

impl<'a> Keys<'a> {
    fn envelope(&self, id: Result<MessageId, Fault>) -> Result<Envelope<'a>, Fault> {
        need(self.arcp, "arcp", |raw| string(raw).ok_or(TEXT.to_owned()))?;
        let id = id?;
        self.check()?;
        Ok(Envelope {
            id,
            at: need(self.timestamp, "timestamp", |raw| {
                instant(raw).ok_or("an RFC 3339 timestamp".to_owned())
            })?,
            kind: need(self.kind, "type", |raw| string(raw).ok_or(TEXT.to_owned()))?,
            payload: need(self.payload, "payload", object)?,
            session: maybe(self.session_id, "session_id", |raw| parsed(raw, SessionId::parse))?,
            job: maybe(self.job_id, "job_id", |raw| parsed(raw, JobId::parse))?,
            stream: maybe(self.stream_id, "stream_id", |raw| parsed(raw, StreamId::parse))?,
            subscription: maybe(self.subscription_id, "subscription_id", |raw| {
                parsed(raw, SubscriptionId::parse)
            })?,
            correlation: maybe(self.correlation_id, "correlation_id", message_id)?,
            trace: maybe(self.trace_id, "trace_id", |raw| parsed(raw, TraceId::parse))?
                .or_else(|| self.traceparent.and_then(|raw| trace_of(&string(raw)?))),
            key: maybe(self.idempotency_key, "idempotency_key", |raw| {
                parsed(raw, IdempotencyKey::parse)
            })?,
            priority: maybe(self.priority, "priority", |raw| {
                let known = string(raw).and_then(|text| Priority::parse(&text));
                known.ok_or(PRIORITIES.to_owned())
            })?
            .unwrap_or_default(),
            seq: maybe(self.event_seq, "event_seq", |raw| {
                scalar(raw).ok_or("a whole number, at least 0".to_owned())
            })?,
            optional: self.extensions.is_some_and(is_optional),
        })
    }

    /// Checks what nobody reads.
    fn check(&self) -> Result<(), Fault> {
        let prefixed = [
            ("causation_id", self.causation_id, "msg_"),
            ("span_id", self.span_id, ""),
            ("parent_span_id", self.parent_span_id, ""),
        ];
        for (key, raw, prefix) in prefixed {
            maybe(raw, key, |raw| has_prefix(raw, prefix))?;
        }
        Ok(())
    }
}

const TEXT: &str = "text";
const PRIORITIES: &str = "low, normal, high or critical";

/// Reads what has to be there; `read` says what it wants instead of what it cannot read.
fn need<'a, T>(
    raw: Option<&'a RawValue>,
    key: &str,
    read: impl FnOnce(&'a RawValue) -> Result<T, String>,
) -> Result<T, Fault> {
    maybe(raw, key, read)?.ok_or_else(|| Fault::invalid(format!("`{key}` is missing")))
}

fn maybe<'a, T>(
    raw: Option<&'a RawValue>,
    key: &str,
    read: impl FnOnce(&'a RawValue) -> Result<T, String>,
) -> Result<Option<T>, Fault> {
    raw.map(|raw| read(raw).map_err(|want| Fault::invalid(format!("`{key}` must be {want}"))))
        .transpose()
}

fn parsed<T, E: ToString>(
    raw: &RawValue,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, String> {
    let text = string(raw).ok_or(TEXT.to_owned())?;
    parse(&text).map_err(|error| {
        // The core says `a job id must be ...`; the key is named already.
        let error = error.to_string();
        let want = error.split_once(" must be ").map(|(_, want)| want);
        want.map_or(error.clone(), str::to_owned)
    })
}

/// The core leaves the form of message ids to the dialect: `msg_` and at least one character.
fn message_id(raw: &RawValue) -> Result<MessageId, String> {
    has_prefix(raw, "msg_")?;
    parsed(raw, MessageId::parse)
}

fn has_prefix(raw: &RawValue, prefix: &str) -> Result<(), String> {
    let text = string(raw).ok_or(TEXT.to_owned())?;
    match text.strip_prefix(prefix) {
        Some(rest) if !rest.is_empty() => Ok(()),
        Some(_) | None if prefix.is_empty() => Err("non-empty text".to_owned()),
        Some(_) | None => Err(format!("`{prefix}` and at least one more character")),
    }
}

fn object(raw: &RawValue) -> Result<&RawValue, String> {
    let is_object = raw.get().starts_with('{');
    is_object.then_some(raw).ok_or("an object".to_owned())
}

fn is_optional(extensions: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Extensions {
        optional: Option<bool>,
    }
    scalar::<Extensions>(extensions).is_some_and(|read| read.optional == Some(true))
}

fn even_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Of what a data error says only the part that comes from us: the rest may hold a secret.
fn no_object(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    if error.is_data() {
        let twice = text.starts_with("duplicate field").then(|| excerpt(&text));
        return Fault::invalid(twice.unwrap_or("the frame is not a JSON object".to_owned()));
    }
    Fault::invalid(format!("the frame is not JSON: {text}"))
}
