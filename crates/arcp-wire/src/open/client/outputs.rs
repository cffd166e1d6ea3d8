//! What a runtime's frames say.

use std::collections::HashSet;
use std::sync::Arc;

use arcp_core::{
    Fault, Frame, FrameKind, Heartbeat, JobHead, JobId, MessageId, Notice, Output, Reply,
    SubscriptionId,
};

use super::super::envelope::{Envelope, Unsound};
use super::super::state;
use super::{events, replies};
use crate::json::{Object, id};
use crate::{Decoded, OutputDecoder};

/// The client's reader.
///
/// It remembers which jobs have been accepted: some runtimes number the refusal of a job as they
/// number the failure of one, and only this tells the two apart.
#[derive(Debug, Default)]
pub(in crate::open) struct Outputs {
    accepted: HashSet<JobId>,
}

impl OutputDecoder for Outputs {
    fn decode(&mut self, frame: &Frame) -> Decoded<Output> {
        if frame.kind == FrameKind::Binary {
            return Decoded::Ignored;
        }
        let Ok(text) = std::str::from_utf8(&frame.bytes) else {
            return Unsound::bytes().into();
        };
        let envelope = match Envelope::read(text) {
            Ok(envelope) => envelope,
            Err(unsound) => return unsound.into(),
        };
        match self.output(&envelope) {
            Ok(Some(output)) => {
                self.remember(&output);
                Decoded::Message(output)
            }
            Ok(None) => Decoded::Ignored,
            Err(fault) => Decoded::Bad { id: Some(envelope.id), fault },
        }
    }
}

impl Outputs {
    fn output(&self, envelope: &Envelope<'_>) -> Result<Option<Output>, Fault> {
        let payload = Object::read(envelope.payload, "")?;
        if self.is_refusal(envelope) {
            return replies::refusal(envelope, &payload).map(Some);
        }
        if envelope.kind == "subscribe.event" {
            return events::observed(envelope, &payload);
        }
        if let Some(event) = events::read(envelope, &payload)? {
            return Ok(Some(event));
        }
        if let Some(notice) = notice(envelope, &payload)? {
            return Ok(Some(Output::Notice { id: envelope.id.clone(), at: envelope.at, notice }));
        }
        let Some(reply) = replies::read(envelope, &payload)? else {
            return Ok(None);
        };
        Ok(Some(Output::Reply {
            id: envelope.id.clone(),
            at: envelope.at,
            to: replies::request(envelope, &payload)?,
            reply,
        }))
    }

    /// Whether it says that there is no job: it has no number, or the job was never accepted.
    fn is_refusal(&self, envelope: &Envelope<'_>) -> bool {
        let accepted = envelope.job.as_ref().is_some_and(|job| self.accepted.contains(job));
        envelope.kind == "job.failed" && (envelope.seq.is_none() || !accepted)
    }

    fn remember(&mut self, output: &Output) {
        match output {
            Output::Reply { reply: Reply::JobAccepted(accepted), .. } => {
                self.accepted.insert(accepted.job.clone());
            }
            Output::Reply { reply: Reply::Watched(watched), .. } => {
                self.accepted.insert(watched.summary.job.clone());
            }
            Output::Event(delivery) if delivery.event.event.is_terminal() => {
                self.accepted.remove(&delivery.event.head.job);
            }
            // Its acceptance may have been lost with a connection.
            Output::Event(delivery) => {
                if !self.accepted.contains(&delivery.event.head.job) {
                    self.accepted.insert(delivery.event.head.job.clone());
                }
            }
            Output::Observed(_) | Output::Reply { .. } | Output::Notice { .. } => {}
        }
    }
}

fn notice(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Option<Notice>, Fault> {
    let notice = match envelope.kind.as_ref() {
        "nack" if envelope.correlation.is_none() => Notice::Nack(replies::fault(payload)?),
        "session.refresh" => Notice::Refresh { deadline: payload.need_time("deadline")? },
        "session.evicted" => Notice::Evicted(replies::fault(payload)?),
        "subscribe.closed" => Notice::Unsubscribed {
            subscription: id(payload, "subscription_id", SubscriptionId::parse)?,
            fault: replies::fault(payload)?,
        },
        "job.heartbeat" => Notice::Heartbeat(heartbeat(envelope, payload)?),
        "ping" => Notice::Ping { nonce: payload.owned("nonce")?.unwrap_or_default() },
        "backpressure" => Notice::Backpressure,
        _ => return Ok(None),
    };
    Ok(Some(notice))
}

fn heartbeat(envelope: &Envelope<'_>, payload: &Object<'_>) -> Result<Heartbeat, Fault> {
    let job = envelope.job.clone();
    let head = JobHead {
        job: job.ok_or_else(|| Fault::invalid("a heartbeat without `job_id`"))?,
        request: envelope.correlation.as_ref().unwrap_or(&envelope.id).clone(),
        session: None,
        trace: envelope.trace.clone(),
        priority: envelope.priority,
    };
    let status = payload.need_text("state")?;
    Ok(Heartbeat {
        head: Arc::new(head),
        sequence: payload.need_whole("sequence")?,
        deadline_ms: payload.whole("deadline_ms")?.unwrap_or_default(),
        state: state::parse(&status).ok_or_else(|| payload.wrong("state", "a job state"))?,
    })
}

/// Stands in for an id that a runtime did not give; the same for the same message.
pub(super) fn job_named_after(message: &MessageId) -> Result<JobId, Fault> {
    let text = message.as_str();
    let rest = text.strip_prefix("msg_").unwrap_or(text);
    JobId::parse(&format!("job_{rest}")).map_err(|error| Fault::invalid(error.to_string()))
}
