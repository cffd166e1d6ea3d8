//! What a runtime says, as frames.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{
    Fault, Frame, JobAccepted, JobId, JobWatched, MessageId, Notice, Output, Reply,
    SessionAccepted, SessionId, Timestamp,
};
use serde::Serialize;

use super::line::{Line, Version};
use super::message::Message;
use super::profile::Profile;
use super::{code, event, payload};
use crate::json::Stamp;
use crate::prefix::Prefix;
use crate::{OutputEncoder, Then};

/// The runtime's writer.
#[derive(Debug)]
pub(super) struct Outputs {
    line: Arc<Line>,
    session: Option<SessionId>,
    prefix: Prefix,
    told: event::Told,
    profile: Profile,
    version: Version,
    /// Acceptances that wait until the client has had those that it asked for.
    held: Vec<(MessageId, JobAccepted)>,
}

impl Outputs {
    pub(super) fn new(line: Arc<Line>) -> Self {
        Self {
            line,
            session: None,
            prefix: Prefix::default(),
            told: event::Told::default(),
            profile: Profile::default(),
            version: Version::default(),
            held: Vec::new(),
        }
    }
}

impl OutputEncoder for Outputs {
    fn encode(&mut self, output: &Output, frames: &mut Vec<Frame>) -> Then {
        match output {
            Output::Event(delivery) => {
                frames.extend(self.told.frame(&self.prefix, delivery));
                Then::GoOn
            }
            // Nobody subscribes in this dialect.
            Output::Observed(_) => Then::GoOn,
            Output::Reply { id, at, to, reply } => {
                if let Reply::Accepted(accepted) = reply {
                    self.learn(accepted);
                } else if let Reply::Resumed(resumed) = reply {
                    self.learn(&resumed.session);
                } else if self.session.is_none() {
                    self.version = self.line.version();
                }
                let then = self.answer(id, *at).reply(reply, to, frames);
                self.line.answered(to);
                self.release(*at, frames);
                then
            }
            Output::Notice { id, at, notice } => {
                if let Notice::Delegated(child) = notice {
                    self.held.push((id.clone(), child.as_ref().clone()));
                    self.release(*at, frames);
                    return Then::GoOn;
                }
                if self.session.is_none() {
                    self.version = self.line.version();
                }
                self.answer(id, *at).notice(notice, frames)
            }
        }
    }
}

impl Outputs {
    fn learn(&mut self, accepted: &SessionAccepted) {
        self.session = Some(accepted.session.clone());
        self.prefix = Prefix::of(&accepted.session);
        (self.profile, self.version) = (self.line.profile(), self.line.version());
        self.told = event::Told::new(self.profile, self.version, &accepted.capabilities);
        self.line.carry(&accepted.session, &accepted.capabilities);
    }

    fn answer<'a>(&'a self, id: &'a MessageId, at: Timestamp) -> Answer<'a> {
        Answer {
            line: &self.line,
            session: self.session.as_ref(),
            profile: self.profile,
            version: self.version,
            id,
            at,
        }
    }

    /// Says which jobs were delegated, unless that would be taken for the answer to a submit.
    fn release(&mut self, at: Timestamp, frames: &mut Vec<Frame>) {
        if self.held.is_empty() || self.line.awaits_acceptance() {
            return;
        }
        for (id, child) in std::mem::take(&mut self.held) {
            self.answer(&id, at).accepted(&child, None, frames);
        }
    }
}

/// What the envelopes of one answer share.
struct Answer<'a> {
    line: &'a Line,
    session: Option<&'a SessionId>,
    profile: Profile,
    version: Version,
    id: &'a MessageId,
    at: Timestamp,
}

impl<'a> Answer<'a> {
    fn message<P: Serialize>(&self, kind: &'static str, payload: P) -> Message<'a, P> {
        Message::new(self.version, self.id, kind, payload).session(self.session)
    }

    fn reply(&self, reply: &Reply, to: &MessageId, frames: &mut Vec<Frame>) -> Then {
        match reply {
            Reply::Accepted(accepted) => self.welcome(accepted, frames),
            Reply::Resumed(resumed) => self.welcome(&resumed.session, frames),
            Reply::Rejected(fault) | Reply::Unauthenticated(fault) => {
                return self.turn_away(fault, Some(to), frames);
            }
            Reply::Premature(fault) => return self.turn_away(fault, Some(to), frames),
            Reply::Challenged { .. } => {
                let message =
                    "this token needs an answer to a challenge, which this dialect has not";
                let fault = Fault::new(arcp_core::Code::Unauthenticated, message);
                return self.turn_away(&fault, Some(to), frames);
            }
            Reply::Closed if self.line.said_bye() => {}
            Reply::Closed => self.message("session.closed", payload::Empty {}).push(frames),
            Reply::Pong { nonce, .. } => {
                let ping_nonce = nonce.as_deref().unwrap_or_default();
                let pong = payload::Pong { ping_nonce, received_at: Stamp(self.at) };
                self.message("session.pong", pong).push(frames);
            }
            Reply::JobAccepted(accepted) => self.accepted(accepted, Some(to), frames),
            Reply::JobRefused { job, fault, .. } if self.profile.refuse_by_job_error => {
                self.ended(job, fault, frames);
            }
            Reply::JobRefused { fault, .. } | Reply::Nack(fault) => {
                self.error(fault, Some(to), frames);
            }
            Reply::Jobs(page) => {
                self.message("session.jobs", payload::Page::of(to, page)).push(frames);
            }
            Reply::CancelAccepted { job, .. } => {
                self.message("job.cancelled", payload::Empty {}).job(job.as_ref()).push(frames);
            }
            Reply::CancelRefused { fault, .. } | Reply::Unheeded(fault) => {
                if !self.profile.silent {
                    self.error(fault, Some(to), frames);
                }
            }
            Reply::Watched(watched) => return self.watched(watched, to, frames),
            // What this dialect has no words for, and nobody can ask for in it.
            Reply::Subscribed { .. }
            | Reply::ArtifactKept(_)
            | Reply::Artifact(_)
            | Reply::Replaying { .. }
            | Reply::Done => {}
        }
        Then::GoOn
    }

    fn notice(&self, notice: &Notice, frames: &mut Vec<Frame>) -> Then {
        match notice {
            Notice::Nack(fault) => self.error(fault, None, frames),
            Notice::Premature(fault) => return self.turn_away(fault, None, frames),
            Notice::Evicted(fault) => {
                let bye = payload::Bye { reason: &fault.message, code: code::name(fault.code) };
                self.message("session.bye", bye).push(frames);
            }
            Notice::Ping { nonce } => {
                let ping = payload::Ping { nonce, sent_at: Stamp(self.at) };
                self.message("session.ping", ping).push(frames);
            }
            // A slow client is told by the status of a job; the rest this dialect has no words for.
            Notice::Delegated(_)
            | Notice::Refresh { .. }
            | Notice::Heartbeat(_)
            | Notice::Backpressure
            | Notice::Unsubscribed { .. } => {}
        }
        Then::GoOn
    }

    fn welcome(&self, accepted: &SessionAccepted, frames: &mut Vec<Frame>) {
        self.message("session.welcome", payload::Welcome::of(accepted)).push(frames);
    }

    /// Ends a connection that has no session. Some clients pass over a frame that names none.
    fn turn_away(&self, fault: &Fault, to: Option<&MessageId>, frames: &mut Vec<Frame>) -> Then {
        let stand_in = SessionId::parse(&format!("sess_{}", number_of(self.id)));
        let session = self.session.or(stand_in.as_ref().ok());
        self.message("session.error", payload::Refused::of(fault, to))
            .session(session)
            .push(frames);
        Then::Close
    }

    fn error(&self, fault: &Fault, to: Option<&MessageId>, frames: &mut Vec<Frame>) {
        self.message("session.error", payload::Refused::of(fault, to)).push(frames);
    }

    fn accepted(&self, accepted: &JobAccepted, to: Option<&MessageId>, frames: &mut Vec<Frame>) {
        let body = payload::JobBody::of(accepted, to, self.profile.budget_as_text);
        self.message("job.accepted", body)
            .job(Some(&accepted.job))
            .trace(accepted.trace.as_ref())
            .push(frames);
    }

    fn ended(&self, job: &JobId, fault: &Fault, frames: &mut Vec<Frame>) {
        let (fault, completed_at) = (code::Told::of(fault), Stamp(self.at));
        let ended = payload::Ended { final_status: "error", fault, completed_at };
        self.message("job.error", ended).job(Some(job)).push(frames);
    }

    fn watched(&self, watched: &JobWatched, to: &MessageId, frames: &mut Vec<Frame>) -> Then {
        self.message("job.subscribed", payload::Watched::of(watched, to))
            .job(Some(&watched.summary.job))
            .trace(watched.summary.trace.as_ref())
            .push(frames);
        if !(watched.replayed && self.profile.history_after_pong) {
            return Then::GoOn;
        }
        // What it answers came before what it is asked.
        let ping = payload::Ping { nonce: "history", sent_at: Stamp(self.at) };
        let id = MessageId::parse(&format!("ping_{}", number_of(self.id)));
        if let Ok(id) = &id {
            let ping = Message::new(self.version, id, "session.ping", ping);
            ping.session(self.session).push(frames);
        }
        Then::Hold(HISTORY_HOLD)
    }
}

/// What follows the prefix of a message's id.
fn number_of(id: &MessageId) -> &str {
    let text = id.as_str();
    text.strip_prefix("msg_").unwrap_or(text)
}

/// How long a client that does not answer is given to see that it watches a job before it is told what
/// has happened: twenty times what was seen to be enough (stub cases `subscribe`).
const HISTORY_HOLD: Duration = Duration::from_secs(1);
