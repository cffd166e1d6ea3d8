//! What a runtime says, as frames.

use arcp_core::{
    Fault, Frame, IdempotencyKey, JobAccepted, JobId, MessageId, Notice, Output, PingKind, Reply,
    SessionAccepted, SessionId, Timestamp,
};
use serde::Serialize;

use super::event::Prefix;
use super::message::{Message, Stamp};
use super::{capabilities, lease, payload};
use crate::OutputEncoder;

/// The runtime's writer.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    session: Option<SessionId>,
    prefix: Prefix,
    knows_closed: bool,
}

impl OutputEncoder for Outputs {
    fn encode(&mut self, output: &Output, frames: &mut Vec<Frame>) {
        match output {
            Output::Event(delivery) => frames.extend(self.prefix.frame(delivery)),
            Output::Observed(_) => {}
            Output::Reply { id, at, to, reply } => {
                if let Reply::Accepted(accepted) = reply {
                    self.learn(accepted);
                }
                let answer = Answer { session: self.session.as_ref(), id, at: *at, to: Some(to) };
                answer.reply(reply, to, self.knows_closed, frames);
            }
            Output::Notice { id, at, notice } => {
                let answer = Answer { session: self.session.as_ref(), id, at: *at, to: None };
                answer.notice(notice, frames);
            }
        }
    }
}

impl Outputs {
    fn learn(&mut self, accepted: &SessionAccepted) {
        self.session = Some(accepted.session.clone());
        self.prefix = Prefix::of(&accepted.session);
        self.knows_closed = accepted.declared.extensions.contains(RESUME);
    }
}

/// The extension by which a client says that it knows the types around resuming.
const RESUME: &str = "resume";

/// What the envelopes of one answer share.
struct Answer<'a> {
    session: Option<&'a SessionId>,
    id: &'a MessageId,
    at: Timestamp,
    to: Option<&'a MessageId>,
}

impl<'a> Answer<'a> {
    fn message<P: Serialize>(&self, kind: &'static str, payload: P) -> Message<'a, P> {
        let message = Message::new(self.id, self.at, kind, payload).session(self.session);
        match self.to {
            Some(to) => message.to(to),
            None => message,
        }
    }

    fn reply(
        &self,
        reply: &'a Reply,
        to: &'a MessageId,
        knows_closed: bool,
        frames: &mut Vec<Frame>,
    ) {
        match reply {
            Reply::Accepted(accepted) => self.accepted(accepted, frames),
            Reply::Rejected(fault) => self
                .message("session.rejected", payload::Rejected::of(fault))
                .session(None)
                .push(frames),
            Reply::Closed if knows_closed => {
                self.message("session.closed", payload::Empty {}).push(frames);
            }
            Reply::Closed => {}
            Reply::Pong { kind, nonce } => self.pong(*kind, nonce.as_deref(), frames),
            Reply::JobAccepted(accepted) => self.job_accepted(accepted, frames),
            Reply::JobRefused { job, fault, key } => {
                self.job_refused(job, fault, key.as_ref(), frames);
            }
            Reply::Jobs(page) => {
                self.message("session.jobs", payload::Page::of(to, page)).push(frames);
            }
            Reply::CancelAccepted { target_id, .. } => {
                self.cancel("cancel.accepted", target_id, None, frames);
            }
            Reply::CancelRefused { target_id, fault } => {
                self.cancel("cancel.refused", target_id, Some(&fault.message), frames);
            }
            Reply::Nack(fault) => self.message("nack", payload::Nack::of(fault)).push(frames),
            Reply::Watched(_)
            | Reply::Subscribed { .. }
            | Reply::ArtifactKept(_)
            | Reply::Artifact(_)
            | Reply::Done => {}
        }
    }

    fn notice(&self, notice: &Notice, frames: &mut Vec<Frame>) {
        match notice {
            Notice::Nack(fault) => self.message("nack", payload::Nack::of(fault)).push(frames),
            Notice::Refresh { deadline } => {
                let deadline = Stamp(*deadline);
                self.message("session.refresh", payload::Refresh { deadline }).push(frames);
            }
            Notice::Evicted(fault) => {
                self.message("session.evicted", payload::Evicted::of(fault)).push(frames);
            }
            Notice::Heartbeat(_) | Notice::Unsubscribed { .. } => {}
        }
    }

    fn accepted(&self, accepted: &SessionAccepted, frames: &mut Vec<Frame>) {
        let payload = payload::Accepted {
            session_id: accepted.session.as_str(),
            runtime: payload::Runtime::of(&accepted.runtime),
            capabilities: capabilities::Written(&accepted.capabilities),
            lease: accepted.expires_at.map(|at| payload::SessionLease { expires_at: Stamp(at) }),
        };
        self.message("session.accepted", payload).push(frames);
    }

    fn pong(&self, kind: PingKind, nonce: Option<&str>, frames: &mut Vec<Frame>) {
        match kind {
            PingKind::Connection => self.message("pong", payload::Pong { nonce }).push(frames),
            PingKind::Session => {
                let pong = payload::SessionPong {
                    ping_nonce: nonce.unwrap_or_default(),
                    received_at: Stamp(self.at),
                };
                self.message("session.pong", pong).push(frames);
            }
        }
    }

    fn job_accepted(&self, accepted: &'a JobAccepted, frames: &mut Vec<Frame>) {
        let payload = payload::JobAccepted {
            job_id: accepted.job.as_str(),
            agent: accepted.agent.as_deref(),
            lease: (!accepted.lease.is_empty()).then_some(lease::Written(&accepted.lease)),
        };
        self.message("job.accepted", payload)
            .job(&accepted.job)
            .trace(accepted.trace.as_ref())
            .key(accepted.repeated.as_ref())
            .push(frames);
    }

    fn job_refused(
        &self,
        job: &'a JobId,
        fault: &'a Fault,
        key: Option<&'a IdempotencyKey>,
        frames: &mut Vec<Frame>,
    ) {
        self.message("job.failed", payload::Failed::of(fault)).job(job).key(key).push(frames);
    }

    fn cancel(
        &self,
        kind: &'static str,
        target_id: &str,
        reason: Option<&str>,
        frames: &mut Vec<Frame>,
    ) {
        self.message(kind, payload::CancelAnswer { target_id, reason }).push(frames);
    }
}
