//! What a client's frames ask for.

mod job;
mod session;

use std::sync::Arc;

use arcp_core::{
    Command, Fault, Feature, Frame, Issued, JobId, OnClose, PingKind, Timestamp, Wanted,
};

use super::envelope::{Envelope, Unsound};
use super::feature;
use super::line::Line;
use super::types::Kind;
use crate::json::{Object, excerpt};
use crate::{CommandDecoder, Decoded};

/// The runtime's reader.
#[derive(Debug)]
pub(super) struct Commands {
    line: Arc<Line>,
}

impl Commands {
    pub(super) fn new(line: Arc<Line>) -> Self {
        Self { line }
    }
}

impl CommandDecoder for Commands {
    fn decode(&mut self, frame: &Frame) -> Decoded<Issued> {
        match Envelope::read(frame) {
            Ok(envelope) => self.said(&envelope),
            Err(unsound) => unsound.into(),
        }
    }
}

impl Commands {
    fn said(&self, envelope: &Envelope<'_>) -> Decoded<Issued> {
        let kind = Kind::of(&envelope.kind);
        let id = envelope.id.clone();
        if kind == Kind::Vendor && envelope.optional {
            return Decoded::Ignored;
        }
        if let Some(session) = &envelope.session
            && self.line.is_live()
            && !self.line.is_of(session)
        {
            let fault = Fault::invalid("`session_id` is not the session of this connection");
            return Unsound::of(id, fault).into();
        }
        let command = match self.command(kind, envelope) {
            Ok(Some(command)) => command,
            Ok(None) => return Decoded::Ignored,
            Err(fault) => Command::Refused { wanted: self.wanted(kind), fault },
        };
        if kind == Kind::Submit {
            self.line.submitted(&id);
        }
        // This dialect does not say when a client has sent something.
        let at = Timestamp::from_micros(0);
        Decoded::Message(Issued { id, at, trace: envelope.trace.clone(), command })
    }

    fn wanted(&self, kind: Kind) -> Wanted {
        if matches!(kind, Kind::Hello | Kind::Resume) && !self.line.is_live() {
            Wanted::Session
        } else if kind == Kind::Submit {
            Wanted::Job
        } else {
            Wanted::Other
        }
    }

    /// What is asked; nothing where that wants neither action nor answer.
    fn command(&self, kind: Kind, envelope: &Envelope<'_>) -> Result<Option<Command>, Fault> {
        let payload = Object::read(envelope.payload, "")?;
        let command = match kind {
            Kind::Hello => self.hello(&payload, envelope)?,
            Kind::Resume => self.resume(&payload, envelope)?,
            Kind::Ping => {
                if !self.line.profile().takes_unagreed {
                    self.check(Feature::Heartbeat)?;
                }
                let nonce = Some(payload.need_text("nonce")?.into_owned());
                Command::Ping { kind: PingKind::Session, nonce }
            }
            Kind::Pong => Command::Pong { nonce: payload.owned("ping_nonce")? },
            Kind::Ack => {
                let unheard = self.line.is_live() && !self.line.agreed(Feature::Ack);
                if unheard && self.line.profile().takes_unagreed {
                    return Ok(None);
                }
                self.check(Feature::Ack)?;
                Command::Ack { seq: payload.need_whole("last_processed_seq")? }
            }
            Kind::ListJobs => {
                self.check(Feature::ListJobs)?;
                job::list(&payload)?
            }
            Kind::Close => Command::Close { reason: payload.owned("reason")?, jobs: OnClose::Wait },
            Kind::Bye => {
                self.line.say_bye();
                Command::Close { reason: payload.owned("reason")?, jobs: OnClose::Wait }
            }
            Kind::Submit => self.submit(&payload)?,
            Kind::Cancel => job::cancel(&payload, envelope.job.as_deref())?,
            Kind::Subscribe => {
                self.check(Feature::Subscribe)?;
                job::watch(&payload, envelope.job.as_deref())?
            }
            Kind::Unsubscribe => {
                self.check(Feature::Subscribe)?;
                Command::Unwatch { job: job::named(&payload, envelope.job.as_deref())? }
            }
            Kind::RuntimeOnly => {
                return Err(Fault::invalid(format!("only a runtime sends `{}`", envelope.kind)));
            }
            Kind::Vendor | Kind::Unknown => {
                let kind = excerpt(&envelope.kind);
                return Err(Fault::invalid(format!("message type `{kind}` is not known")));
            }
        };
        Ok(Some(command))
    }

    /// Whether a feature may be used. Before there is a session nothing is known of that, and nothing
    /// is done either.
    fn check(&self, wanted: Feature) -> Result<(), Fault> {
        if !self.line.is_live() || self.line.agreed(wanted) {
            return Ok(());
        }
        let name = feature::name(wanted);
        Err(Fault::invalid(format!("feature `{name}` was not agreed on in this session")))
    }
}

/// The fault of a job that is not there.
fn no_such_job() -> Fault {
    Fault::new(arcp_core::Code::JobNotFound, "no such job")
}

/// A job's id. Ids are the runtime's, and what has not their form is none of them.
fn job_id(text: &str) -> Result<JobId, Fault> {
    JobId::parse(text).map_err(|_| no_such_job())
}
