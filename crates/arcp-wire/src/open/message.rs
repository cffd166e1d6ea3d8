//! Frames written: the envelope with its keys in order, absent ones left out.

use arcp_core::{
    Frame, IdempotencyKey, JobId, MessageId, Priority, SessionId, StreamId, SubscriptionId,
    Timestamp, TraceId,
};
use serde::Serialize;

pub(super) use crate::json::Stamp;
use crate::json::line;

/// An envelope to be written.
#[derive(Serialize)]
pub(super) struct Message<'a, P: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    arcp: &'static str,
    id: &'a str,
    timestamp: Stamp,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'static str>,
    payload: P,
}

impl<'a, P: Serialize> Message<'a, P> {
    /// The message `id`, sent at `at`.
    pub(super) fn new(id: &'a MessageId, at: Timestamp, kind: &'a str, payload: P) -> Self {
        Self {
            session_id: None,
            arcp: "1.1",
            id: id.as_str(),
            timestamp: Stamp(at),
            kind,
            job_id: None,
            stream_id: None,
            subscription_id: None,
            correlation_id: None,
            trace_id: None,
            idempotency_key: None,
            priority: None,
            payload,
        }
    }

    /// In this session.
    pub(super) fn session(mut self, session: Option<&'a SessionId>) -> Self {
        self.session_id = session.map(SessionId::as_str);
        self
    }

    /// About this job.
    pub(super) fn job(mut self, job: &'a JobId) -> Self {
        self.job_id = Some(job.as_str());
        self
    }

    /// About this stream.
    pub(super) fn stream(mut self, stream: Option<&'a StreamId>) -> Self {
        self.stream_id = stream.map(StreamId::as_str);
        self
    }

    /// By this subscription.
    pub(super) fn subscription(mut self, subscription: &'a SubscriptionId) -> Self {
        self.subscription_id = Some(subscription.as_str());
        self
    }

    /// As pressing as this; what is like most goes without saying.
    pub(super) fn priority(mut self, priority: Priority) -> Self {
        self.priority = (priority != Priority::default()).then(|| priority.as_str());
        self
    }

    /// In answer to this message.
    pub(super) fn to(mut self, request: &'a MessageId) -> Self {
        self.correlation_id = Some(request.as_str());
        self
    }

    /// In answer to this message, which may be one of another dialect: those go by no id of ours.
    pub(super) fn answers(mut self, request: &'a MessageId) -> Self {
        let request = request.as_str();
        self.correlation_id = request.starts_with("msg_").then_some(request);
        self
    }

    /// In this trace.
    pub(super) fn trace(mut self, trace: Option<&'a TraceId>) -> Self {
        self.trace_id = trace.map(TraceId::as_str);
        self
    }

    /// Under this key.
    pub(super) fn key(mut self, key: Option<&'a IdempotencyKey>) -> Self {
        self.idempotency_key = key.map(IdempotencyKey::as_str);
        self
    }

    /// The message as one line of JSON.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        line(self)
    }

    /// Adds the message to `frames`.
    pub(super) fn push(&self, frames: &mut Vec<Frame>) {
        frames.extend(self.write().map(Frame::text));
    }
}
