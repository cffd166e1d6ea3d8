//! What a client asks, as frames.

use arcp_core::{
    Command, Frame, Issued, JobId, MessageId, Output, PermissionAnswer, PermissionVerdict,
    PingKind, Reply, SessionId,
};
use serde::Serialize;

use super::super::message::{Message, Stamp};
use super::payload;
use crate::CommandEncoder;

/// The client's writer.
#[derive(Debug, Default)]
pub(in crate::open) struct Commands {
    session: Option<SessionId>,
}

impl CommandEncoder for Commands {
    fn encode(&mut self, command: &Issued, frames: &mut Vec<Frame>) {
        let session = self.session.as_ref();
        Asking { session, command }.write(frames);
    }

    fn observe(&mut self, output: &Output) {
        let Output::Reply { reply, .. } = output else { return };
        if let Reply::Accepted(accepted) = reply {
            self.session = Some(accepted.session.clone());
        } else if let Reply::Resumed(resumed) = reply {
            self.session = Some(resumed.session.session.clone());
        }
    }
}

struct Asking<'a> {
    session: Option<&'a SessionId>,
    command: &'a Issued,
}

impl<'a> Asking<'a> {
    fn message<P: Serialize>(&self, kind: &'static str, payload: P) -> Message<'a, P> {
        Message::new(&self.command.id, self.command.at, kind, payload)
            .session(self.session)
            .trace(self.command.trace.as_ref())
    }

    fn write(&self, frames: &mut Vec<Frame>) {
        match &self.command.command {
            Command::Open(open) => {
                self.message("session.open", payload::OpenBody::of(open)).push(frames);
            }
            Command::Resume(resume) => {
                self.message("session.resume", payload::ResumeBody::of(resume)).push(frames);
            }
            Command::Authenticate { response } => {
                let response = response.expose();
                self.message("session.authenticate", payload::Authenticate { response })
                    .push(frames);
            }
            Command::Close { reason, .. } => {
                let reason = reason.as_deref();
                self.message("session.close", payload::Close { reason }).push(frames);
            }
            Command::Ping { kind, nonce } => self.ping(*kind, nonce.as_deref(), frames),
            Command::Ack { seq } => {
                let last_processed_seq = *seq;
                self.message("session.ack", payload::Ack { last_processed_seq }).push(frames);
            }
            Command::ListJobs(list) => {
                self.message("session.list_jobs", payload::List::of(list)).push(frames);
            }
            Command::Submit(submit) => self
                .message("tool.invoke", payload::Invoke::of(submit))
                .key(submit.key.as_ref())
                .priority(submit.priority)
                .push(frames),
            Command::Cancel(cancel) => {
                self.message("cancel", payload::CancelBody::of(cancel)).push(frames);
            }
            Command::Pong { nonce } => {
                let nonce = nonce.as_deref();
                self.message("pong", payload::Ping { nonce }).push(frames);
            }
            // Not a client's to ask.
            Command::Refused { .. } => {}
            Command::Replay(replay) => {
                let after_message_id = replay.after.as_str();
                self.message("resume", payload::Replay { after_message_id }).push(frames);
            }
            Command::Watch(watch) => {
                self.message("job.subscribe", payload::Watch::of(watch)).push(frames);
            }
            Command::Unwatch { job } => {
                self.message("job.unsubscribe", payload::JobOnly { job_id: job.as_str() })
                    .push(frames);
            }
            Command::Subscribe(subscribe) => {
                self.message("subscribe", payload::SubscribeBody::of(subscribe)).push(frames);
            }
            Command::Unsubscribe { subscription } => {
                let subscription_id = subscription.as_str();
                self.message("unsubscribe", payload::Unsubscribe { subscription_id }).push(frames);
            }
            Command::PutArtifact(put) => {
                self.message("artifact.put", payload::put(put)).push(frames);
            }
            Command::FetchArtifact { artifact } => {
                self.message("artifact.fetch", payload::ArtifactOnly::of(artifact)).push(frames);
            }
            Command::ReleaseArtifact { artifact } => {
                self.message("artifact.release", payload::ArtifactOnly::of(artifact)).push(frames);
            }
            Command::AnswerPermission(answer) => self.answer(answer, frames),
            Command::RefreshLease { lease, additional } => {
                let refresh = payload::RefreshLease::of(lease, *additional);
                self.message("lease.refresh", refresh).push(frames);
            }
            Command::RevokeLease { lease, reason } => {
                let revoked = payload::RevokeLease { lease_id: lease.as_str(), reason };
                self.message("lease.revoked", revoked).push(frames);
            }
            Command::Backpressure { stream, rate } => self
                .message("backpressure", payload::Backpressure { desired_rate_per_second: *rate })
                .stream(stream.as_ref())
                .push(frames),
        }
    }

    fn answer(&self, answer: &'a PermissionAnswer, frames: &mut Vec<Frame>) {
        let PermissionAnswer { request, job, permission, verdict } = answer;
        let (request, job) = (request.as_ref(), job.as_ref());
        match verdict {
            PermissionVerdict::Grant { resource, operation, lease } => {
                let lease_seconds = lease.as_secs();
                let grant = payload::Grant { permission, resource, operation, lease_seconds };
                about(self.message("permission.grant", grant), request, job).push(frames);
            }
            PermissionVerdict::Deny { reason } => {
                let deny = payload::Deny { permission, reason };
                about(self.message("permission.deny", deny), request, job).push(frames);
            }
        }
    }

    fn ping(&self, kind: PingKind, nonce: Option<&str>, frames: &mut Vec<Frame>) {
        match kind {
            PingKind::Connection => self.message("ping", payload::Ping { nonce }).push(frames),
            PingKind::Session => {
                let ping = payload::SessionPing {
                    nonce: nonce.unwrap_or_default(),
                    sent_at: Stamp(self.command.at),
                };
                self.message("session.ping", ping).push(frames);
            }
        }
    }
}

/// The message, about what the answer names.
fn about<'a, P: Serialize>(
    message: Message<'a, P>,
    request: Option<&'a MessageId>,
    job: Option<&'a JobId>,
) -> Message<'a, P> {
    let message = match request {
        Some(request) => message.to(request),
        None => message,
    };
    match job {
        Some(job) => message.job(job),
        None => message,
    }
}
