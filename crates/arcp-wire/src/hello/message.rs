//! Frames written: the envelope with its keys in order, absent ones left out, as clients take no
//! `null` for them.

use arcp_core::{Frame, JobId, MessageId, SessionId, TraceId};
use serde::Serialize;

use super::line::Version;
use crate::json::{is_trace_id, line};

/// An envelope to be written.
#[derive(Serialize)]
pub(super) struct Message<'a, P: Serialize> {
    arcp: &'static str,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    payload: P,
}

impl<'a, P: Serialize> Message<'a, P> {
    /// The message `id`.
    pub(super) fn new(version: Version, id: &'a MessageId, kind: &'a str, payload: P) -> Self {
        Self {
            arcp: version.as_str(),
            id: id.as_str(),
            kind,
            session_id: None,
            job_id: None,
            trace_id: None,
            payload,
        }
    }

    /// In this session.
    pub(super) fn session(mut self, session: Option<&'a SessionId>) -> Self {
        self.session_id = session.map(SessionId::as_str);
        self
    }

    /// About this job.
    pub(super) fn job(mut self, job: Option<&'a JobId>) -> Self {
        self.job_id = job.map(JobId::as_str);
        self
    }

    /// In this trace, if it is one that clients of this dialect can read.
    pub(super) fn trace(mut self, trace: Option<&'a TraceId>) -> Self {
        self.trace_id = plain_trace(trace);
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

/// A trace's id, if it has the form that it has in this dialect: another dialect's may have any.
pub(super) fn plain_trace(trace: Option<&TraceId>) -> Option<&str> {
    trace.map(TraceId::as_str).filter(|text| is_trace_id(text))
}
