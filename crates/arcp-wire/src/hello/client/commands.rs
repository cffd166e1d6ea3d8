//! What a client asks, as frames.

use std::sync::Arc;

use arcp_core::{
    Cancel, CancelTarget, Command, Frame, Issued, JobId, Output, Reply, Resume, SessionId,
};
use serde::Serialize;

use super::super::line::Version;
use super::super::message::Message;
use super::super::payload::{Ping, Pong};
use super::asked::{Asked, Question};
use super::payload;
use crate::CommandEncoder;
use crate::json::Stamp;

/// The client's writer.
#[derive(Debug)]
pub(in crate::hello) struct Commands {
    asked: Arc<Asked>,
    session: Option<SessionId>,
}

impl Commands {
    pub(in crate::hello) fn new(asked: Arc<Asked>) -> Self {
        Self { asked, session: None }
    }
}

impl CommandEncoder for Commands {
    fn encode(&mut self, command: &Issued, frames: &mut Vec<Frame>) {
        Asking { session: self.session.as_ref(), asked: &self.asked, command }.write(frames);
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
    asked: &'a Asked,
    command: &'a Issued,
}

impl<'a> Asking<'a> {
    fn message<P: Serialize>(&self, kind: &'static str, payload: P) -> Message<'a, P> {
        Message::new(Version::OneOne, &self.command.id, kind, payload)
            .session(self.session)
            .trace(self.command.trace.as_ref())
    }

    /// Says it, and remembers what is asked with it.
    fn ask<P: Serialize>(&self, message: &Message<'_, P>, what: Question, frames: &mut Vec<Frame>) {
        self.asked.ask(&self.command.id, what);
        message.push(frames);
    }

    fn write(&self, frames: &mut Vec<Frame>) {
        match &self.command.command {
            Command::Open(open) => {
                let body = payload::Hello::of(&open.client, &open.offer, &open.capabilities, None);
                let hello = self.message("session.hello", body).session(None);
                self.ask(&hello, Question::Session(None), frames);
            }
            Command::Resume(resume) => self.resume(resume, frames),
            Command::Close { reason, .. } => self.close(reason.as_deref(), frames),
            Command::Ping { nonce, .. } => {
                let nonce = nonce.as_deref().unwrap_or_default();
                let body = Ping { nonce, sent_at: Stamp(self.command.at) };
                let what = Question::Ping(nonce.to_owned());
                self.ask(&self.message("session.ping", body), what, frames);
            }
            Command::Pong { nonce } => {
                let ping_nonce = nonce.as_deref().unwrap_or_default();
                let body = Pong { ping_nonce, received_at: Stamp(self.command.at) };
                self.message("session.pong", body).push(frames);
            }
            Command::Ack { seq } => {
                let last_processed_seq = *seq;
                self.message("session.ack", payload::Ack { last_processed_seq }).push(frames);
            }
            Command::ListJobs(list) => {
                let message = self.message("session.list_jobs", payload::List::of(list));
                self.ask(&message, Question::List, frames);
            }
            Command::Submit(submit) => {
                let message = self.message("job.submit", payload::SubmitBody::of(submit));
                self.ask(&message, Question::Submit, frames);
            }
            Command::Cancel(cancel) => self.cancel(cancel, frames),
            Command::Watch(watch) => {
                let message =
                    self.message("job.subscribe", payload::Watch::of(watch)).job(Some(&watch.job));
                self.ask(&message, Question::Watch(watch.job.clone()), frames);
            }
            Command::Unwatch { job } => {
                self.message("job.unsubscribe", payload::JobOnly { job_id: job.as_str() })
                    .job(Some(job))
                    .push(frames);
            }
            // What this dialect has no words for, or is not a client's to ask.
            Command::Authenticate { .. }
            | Command::Replay(_)
            | Command::Subscribe(_)
            | Command::Unsubscribe { .. }
            | Command::PutArtifact(_)
            | Command::FetchArtifact { .. }
            | Command::ReleaseArtifact { .. }
            | Command::AnswerPermission(_)
            | Command::RefreshLease { .. }
            | Command::RevokeLease { .. }
            | Command::Backpressure { .. }
            | Command::Refused { .. } => {}
        }
    }

    /// Who comes back says again who it is; without that there is no such message.
    fn resume(&self, resume: &Resume, frames: &mut Vec<Frame>) {
        let (Some(session), Some(client), Some(offer), Some(capabilities)) =
            (&resume.session, &resume.client, &resume.offer, &resume.capabilities)
        else {
            return;
        };
        let from = payload::Resume {
            session_id: session.as_str(),
            token: resume.token.expose(),
            last_event_seq: resume.last_seq,
        };
        let body = payload::Hello::of(client, offer, capabilities, Some(from));
        let hello = self.message("session.hello", body).session(None);
        self.ask(&hello, Question::Session(Some(resume.last_seq)), frames);
    }

    fn close(&self, reason: Option<&str>, frames: &mut Vec<Frame>) {
        let reason = payload::Reason { reason: reason.unwrap_or(CLOSED) };
        if self.asked.says_bye() {
            self.message("session.bye", reason).push(frames);
        } else {
            self.ask(&self.message("session.close", reason), Question::Close, frames);
        }
    }

    fn cancel(&self, cancel: &Cancel, frames: &mut Vec<Frame>) {
        let job =
            JobId::parse(&cancel.target_id).ok().filter(|_| cancel.target == CancelTarget::Job);
        let Some(job) = job else { return };
        let reason = payload::Reason { reason: cancel.reason.as_deref().unwrap_or(CANCELLED) };
        let message = Message::new(Version::OneOne, &self.command.id, "job.cancel", reason)
            .session(self.session)
            .job(Some(&job));
        self.asked.ask(&self.command.id, Question::Cancel(job.clone()));
        message.push(frames);
    }
}

const CLOSED: &str = "closed by the client";
const CANCELLED: &str = "cancelled by the client";
