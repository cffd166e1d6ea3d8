//! What a runtime says, as frames.

use std::collections::BTreeSet;

use arcp_core::{
    Artifact, Fault, Frame, Heartbeat, IdempotencyKey, JobAccepted, JobId, MessageId, Notice,
    Output, PingKind, RESUME_EXTENSION, Reply, SessionAccepted, SessionId, SessionResumed,
    SubscriptionId, Timestamp,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::message::{Message, Stamp};
use super::{capabilities, event, lease, observed, payload, state};
use crate::prefix::Prefix;
use crate::{OutputEncoder, Then};

/// The runtime's writer.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    session: Option<SessionId>,
    prefix: Prefix,
    wants_heartbeats: bool,
    /// Extensions that both ends have.
    agreed: BTreeSet<String>,
}

impl OutputEncoder for Outputs {
    fn encode(&mut self, output: &Output, frames: &mut Vec<Frame>) -> Then {
        match output {
            Output::Event(delivery) => {
                frames.extend(event::frame(&self.prefix, delivery, &self.agreed));
            }
            Output::Observed(told) => frames.extend(observed::frame(told, &self.agreed)),
            Output::Reply { id, at, to, reply } => {
                if let Reply::Accepted(accepted) = reply {
                    self.learn(accepted);
                } else if let Reply::Resumed(resumed) = reply {
                    self.learn(&resumed.session);
                }
                let answer = Answer { session: self.session.as_ref(), id, at: *at, to: Some(to) };
                let knows_closed = self.agreed.contains(RESUME_EXTENSION);
                answer.reply(reply, to, knows_closed, frames);
            }
            Output::Notice { notice: Notice::Heartbeat(_), .. } if !self.wants_heartbeats => {}
            Output::Notice { id, at, notice } => {
                let answer = Answer { session: self.session.as_ref(), id, at: *at, to: None };
                answer.notice(notice, frames);
            }
        }
        Then::GoOn
    }
}

impl Outputs {
    fn learn(&mut self, accepted: &SessionAccepted) {
        self.session = Some(accepted.session.clone());
        self.prefix = Prefix::of(&accepted.session);
        self.wants_heartbeats = accepted.declared.heartbeats.is_some();
        self.agreed.clone_from(&accepted.capabilities.extensions);
        if accepted.declared.extensions.contains(RESUME_EXTENSION) {
            self.agreed.insert(RESUME_EXTENSION.to_owned());
        }
    }
}

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
            Reply::Resumed(resumed) => self.resumed(resumed, frames),
            Reply::Challenged { challenge } => {
                self.message("session.challenge", payload::Challenged { challenge }).push(frames);
            }
            Reply::Unauthenticated(fault) => {
                let refused = payload::Rejected::of(fault);
                self.message("session.unauthenticated", refused).push(frames);
            }
            Reply::Rejected(fault) => self
                .message("session.rejected", payload::Rejected::of(fault))
                .session(None)
                .push(frames),
            Reply::Closed if knows_closed => {
                self.message("session.closed", payload::Empty {}).push(frames);
            }
            // R§8.1: what comes before there is a session is dropped.
            Reply::Closed | Reply::Premature(_) => {}
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
            Reply::Nack(fault) | Reply::Unheeded(fault) => {
                self.message("nack", payload::Nack::of(fault)).push(frames);
            }
            Reply::Watched(watched) => self
                .message("job.subscribed", payload::Watched::of(watched))
                .job(&watched.summary.job)
                .push(frames),
            Reply::Subscribed { subscription } => self.subscribed(subscription, frames),
            Reply::ArtifactKept(reference) => {
                self.message("artifact.ref", payload::ArtifactKept::of(reference)).push(frames);
            }
            Reply::Artifact(artifact) => self.artifact(artifact, frames),
            Reply::Replaying { after } => {
                let note = format!("what follows event {after} is told once more");
                self.message("ack", payload::Note { note: &note }).push(frames);
            }
            Reply::Done => self.message("ack", payload::Empty {}).push(frames),
        }
    }

    fn notice(&self, notice: &'a Notice, frames: &mut Vec<Frame>) {
        match notice {
            Notice::Nack(fault) => self.message("nack", payload::Nack::of(fault)).push(frames),
            // The clients of this dialect take an acceptance that they did not ask for as an answer. The
            // event of the job that has delegated tells the same.
            Notice::Premature(_) | Notice::Delegated(_) => {}
            Notice::Refresh { deadline } => {
                let deadline = Stamp(*deadline);
                self.message("session.refresh", payload::Refresh { deadline }).push(frames);
            }
            Notice::Evicted(fault) => {
                self.message("session.evicted", payload::Evicted::of(fault)).push(frames);
            }
            Notice::Heartbeat(heartbeat) => self.heartbeat(heartbeat, frames),
            Notice::Ping { nonce } => {
                self.message("ping", payload::Pong { nonce: Some(nonce) }).push(frames);
            }
            Notice::Backpressure => {
                let body = payload::Backpressure { buffer_remaining_bytes: 0, reason: SLOW_READER };
                self.message("backpressure", body).push(frames);
            }
            Notice::Unsubscribed { subscription, fault } => self
                .message("subscribe.closed", payload::Unsubscribed::of(subscription, fault))
                .subscription(subscription)
                .push(frames),
        }
    }

    fn subscribed(&self, subscription: &'a SubscriptionId, frames: &mut Vec<Frame>) {
        let subscription_id = subscription.as_str();
        self.message("subscribe.accepted", payload::Subscribed { subscription_id })
            .subscription(subscription)
            .push(frames);
    }

    fn artifact(&self, artifact: &'a Artifact, frames: &mut Vec<Frame>) {
        let body = payload::ArtifactBody {
            media_type: &artifact.reference.media_type,
            data: STANDARD.encode(&artifact.data),
            sha256: artifact.reference.sha256.as_deref(),
            retain_seconds: None,
        };
        self.message("artifact.put", body).push(frames);
    }

    fn heartbeat(&self, heartbeat: &'a Heartbeat, frames: &mut Vec<Frame>) {
        let Heartbeat { head, sequence, deadline_ms, state } = heartbeat;
        let state = state::name(*state);
        let (sequence, deadline_ms) = (*sequence, *deadline_ms);
        self.message("job.heartbeat", payload::Heartbeat { sequence, deadline_ms, state })
            .job(&head.job)
            .to(&head.request)
            .trace(head.trace.as_ref())
            .push(frames);
    }

    fn accepted(&self, accepted: &SessionAccepted, frames: &mut Vec<Frame>) {
        let payload = payload::Accepted {
            session_id: accepted.session.as_str(),
            runtime: payload::Runtime::of(&accepted.runtime),
            capabilities: capabilities::Written(&accepted.capabilities),
            lease: accepted.expires_at.map(|at| payload::SessionLease { expires_at: Stamp(at) }),
            resumption: accepted.resumption.as_ref().map(payload::Resumption::of),
        };
        self.message("session.accepted", payload).push(frames);
    }

    fn resumed(&self, resumed: &SessionResumed, frames: &mut Vec<Frame>) {
        let SessionResumed { session, after, replayed } = resumed;
        let payload = payload::Resumed {
            session_id: session.session.as_str(),
            replayed_from: *after,
            replayed: *replayed,
            lease: session.expires_at.map(|at| payload::SessionLease { expires_at: Stamp(at) }),
            resumption: session.resumption.as_ref().map(payload::Resumption::of),
        };
        self.message("session.resumed", payload).push(frames);
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
            credentials: accepted.credentials.iter().map(payload::CredentialBody::of).collect(),
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

const SLOW_READER: &str = "slow reader: its events come from the log until it has caught up";
