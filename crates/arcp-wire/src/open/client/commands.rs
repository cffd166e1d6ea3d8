//! What a client asks, as frames.

use arcp_core::{Command, Frame, Issued, Output, PingKind, Reply, SessionId};
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
        if let Output::Reply { reply: Reply::Accepted(accepted), .. } = output {
            self.session = Some(accepted.session.clone());
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
                .push(frames),
            Command::Cancel(cancel) => {
                self.message("cancel", payload::CancelBody::of(cancel)).push(frames);
            }
            // No runtime of this dialect asks for the one; the other is not a client's to ask.
            Command::Pong | Command::Refused { .. } => {}
            Command::Watch(_)
            | Command::Unwatch { .. }
            | Command::Subscribe(_)
            | Command::Unsubscribe { .. }
            | Command::PutArtifact(_)
            | Command::FetchArtifact { .. }
            | Command::ReleaseArtifact { .. }
            | Command::AnswerPermission(_)
            | Command::RefreshLease { .. }
            | Command::RevokeLease { .. }
            | Command::Backpressure { .. } => {}
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
