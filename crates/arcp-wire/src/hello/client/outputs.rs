//! What a runtime's frames say.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use arcp_core::{
    Code, Delivery, Fault, Frame, JobId, MessageId, Notice, Output, PingKind, Reply, SessionResumed,
};

use super::super::envelope::Envelope;
use super::asked::{Asked, Question};
use super::{events, replies};
use crate::json::Object;
use crate::{Decoded, OutputDecoder};

/// The client's reader.
#[derive(Debug)]
pub(in crate::hello) struct Outputs {
    asked: Arc<Asked>,
    /// The jobs that there are: only this tells the refusal of a job from the failure of one.
    accepted: HashSet<JobId>,
    /// Those of them that have said nothing yet.
    silent: HashSet<JobId>,
    /// What else the last frame said.
    more: VecDeque<Output>,
}

impl Outputs {
    pub(in crate::hello) fn new(asked: Arc<Asked>) -> Self {
        Self { asked, accepted: HashSet::new(), silent: HashSet::new(), more: VecDeque::new() }
    }
}

impl OutputDecoder for Outputs {
    fn decode(&mut self, frame: &Frame) -> Decoded<Output> {
        let envelope = match Envelope::read_told(frame) {
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

    fn more(&mut self) -> Option<Output> {
        self.more.pop_front()
    }

    fn moved(&mut self) {
        self.asked.forget();
    }
}

impl Outputs {
    fn output(&mut self, envelope: &Envelope<'_>) -> Result<Option<Output>, Fault> {
        let payload = Object::read(envelope.payload, "")?;
        let request = replies::request(&payload);
        let request = request.as_ref();
        match envelope.kind.as_ref() {
            "job.event" => {
                let job = replies::job(envelope, &payload)?;
                let first = self.silent.remove(&job);
                Ok(Some(Output::Event(events::event(envelope, &payload, first)?)))
            }
            "job.result" => {
                let delivery = events::result(envelope, &payload)?;
                Ok(Some(self.ended(delivery)))
            }
            "job.error" => self.failed(envelope, &payload),
            "session.welcome" => self.welcome(envelope, &payload),
            "session.error" => self.refused(envelope, &payload),
            "job.accepted" => self.job_accepted(envelope, &payload),
            "job.cancelled" => {
                let job = replies::job(envelope, &payload)?;
                Ok(self.cancelled(envelope, &job))
            }
            "job.subscribed" => {
                let watched = replies::watched(envelope, &payload)?;
                let job = watched.summary.job.clone();
                let of = |what: &Question| *what == Question::Watch(job.clone());
                Ok(self.answer(envelope, request, of, |_| Reply::Watched(Box::new(watched))))
            }
            "session.jobs" => {
                let page = replies::page(&payload)?;
                let lists = |what: &Question| *what == Question::List;
                Ok(self.answer(envelope, request, lists, |_| Reply::Jobs(page)))
            }
            "session.pong" => {
                let nonce = payload.owned("ping_nonce")?;
                let told = nonce.clone().unwrap_or_default();
                let same = |what: &Question| *what == Question::Ping(told.clone());
                let pong = Reply::Pong { kind: PingKind::Session, nonce };
                Ok(self.answer(envelope, None, same, |_| pong))
            }
            "session.closed" => {
                let closes = |what: &Question| *what == Question::Close;
                Ok(self.answer(envelope, request, closes, |_| Reply::Closed))
            }
            "session.ping" => {
                let nonce = payload.owned("nonce")?.unwrap_or_default();
                Ok(Some(notice(envelope, Notice::Ping { nonce })))
            }
            "session.bye" => {
                let reason = payload.owned("reason")?.unwrap_or_default();
                let code = payload.text("code")?.unwrap_or_default();
                let fault = super::super::code::fault(&code, &reason, Some(true), None);
                Ok(Some(notice(envelope, Notice::Evicted(fault))))
            }
            _ => Ok(None),
        }
    }

    /// The answer to what was asked, if it was.
    fn answer(
        &self,
        envelope: &Envelope<'_>,
        request: Option<&MessageId>,
        fits: impl Fn(&Question) -> bool,
        reply: impl FnOnce(&Question) -> Reply,
    ) -> Option<Output> {
        let (to, question) = self.asked.take(request, fits)?;
        Some(answer(envelope, to, reply(&question)))
    }

    fn welcome(
        &mut self,
        envelope: &Envelope<'_>,
        payload: &Object<'_>,
    ) -> Result<Option<Output>, Fault> {
        let session = replies::welcome(envelope, payload)?;
        self.asked.learn_bye(replies::says_bye(payload));
        let opens = |what: &Question| matches!(what, Question::Session(_));
        Ok(self.answer(envelope, None, opens, |question| {
            if let Question::Session(Some(after)) = question {
                // Whether anything follows is not said.
                Reply::Resumed(Box::new(SessionResumed { session, after: *after, replayed: true }))
            } else {
                Reply::Accepted(Box::new(session))
            }
        }))
    }

    /// Something was refused; what, is not always said.
    fn refused(
        &mut self,
        envelope: &Envelope<'_>,
        payload: &Object<'_>,
    ) -> Result<Option<Output>, Fault> {
        let fault = replies::fault(payload)?;
        let request = replies::request(payload);
        let Some((to, question)) = self.asked.take_refused(request.as_ref(), fault.code) else {
            return Ok(Some(notice(envelope, Notice::Nack(fault))));
        };
        let reply = match question {
            Question::Session(_) => Reply::Rejected(fault),
            Question::Submit => return job_refused(envelope, to, fault).map(Some),
            Question::Cancel(job) if replies::is_about_job(fault.code) => {
                Reply::CancelRefused { target_id: job.to_string(), fault }
            }
            Question::Cancel(_)
            | Question::List
            | Question::Watch(_)
            | Question::Ping(_)
            | Question::Close => Reply::Nack(fault),
        };
        Ok(Some(answer(envelope, to, reply)))
    }

    /// A job is accepted: one that was asked for, or one that another has delegated.
    fn job_accepted(
        &mut self,
        envelope: &Envelope<'_>,
        payload: &Object<'_>,
    ) -> Result<Option<Output>, Fault> {
        let accepted = replies::job_accepted(envelope, payload)?;
        let request = replies::request(payload);
        if accepted.parent.is_some() && request.is_none() {
            return Ok(Some(notice(envelope, Notice::Delegated(Box::new(accepted)))));
        }
        let submits = |what: &Question| *what == Question::Submit;
        let reply = |_: &Question| Reply::JobAccepted(Box::new(accepted));
        Ok(self.answer(envelope, request.as_ref(), submits, reply))
    }

    /// A job has failed, or something was refused that is about a job, or that would have made one. Some
    /// runtimes number that too.
    fn failed(
        &mut self,
        envelope: &Envelope<'_>,
        payload: &Object<'_>,
    ) -> Result<Option<Output>, Fault> {
        let delivery = events::error(envelope, payload)?;
        let fault = replies::fault(payload)?;
        let job = &delivery.event.head.job;
        let known = self.accepted.contains(job);
        // A key is refused by the job that has it, which goes on.
        if (fault.code == Code::DuplicateKey || (!known && self.refuses_by_jobs(envelope)))
            && let Some(refused) = self.refused_about(envelope, job, fault)
        {
            return refused.map(Some);
        }
        Ok((envelope.seq.is_some() || known).then(|| self.ended(delivery)))
    }

    /// Whether a failure of a job that nobody has heard of may be a refusal: an event has a number, but
    /// not only an event at runtimes that say farewell by `session.bye`.
    fn refuses_by_jobs(&self, envelope: &Envelope<'_>) -> bool {
        envelope.seq.is_none() || self.asked.says_bye()
    }

    /// The refusal of what was asked about this job; of a submit, if it was nothing.
    fn refused_about(
        &self,
        envelope: &Envelope<'_>,
        job: &JobId,
        fault: Fault,
    ) -> Option<Result<Output, Fault>> {
        let about = |what: &Question| match what {
            Question::Watch(asked) | Question::Cancel(asked) => asked == job,
            Question::Session(_)
            | Question::Submit
            | Question::List
            | Question::Ping(_)
            | Question::Close => false,
        };
        let submits = |what: &Question| *what == Question::Submit;
        if fault.code != Code::DuplicateKey && self.asked.any(about) {
            // Otherwise it is the end of the job, before anything else was told of it.
            if !replies::is_about_job(fault.code) {
                return None;
            }
            let (to, question) = self.asked.take(None, about)?;
            let reply = if matches!(question, Question::Cancel(_)) {
                Reply::CancelRefused { target_id: job.to_string(), fault }
            } else {
                Reply::Nack(fault)
            };
            return Some(Ok(answer(envelope, to, reply)));
        }
        let (to, _) = self.asked.take(None, submits)?;
        Some(job_refused(envelope, to, fault))
    }

    /// A job's end is also the answer to a cancel that has no other.
    fn ended(&mut self, delivery: Delivery) -> Output {
        let job = delivery.event.head.job.clone();
        let cancels = |what: &Question| *what == Question::Cancel(job.clone());
        let Some((to, _)) = self.asked.take(None, cancels) else { return Output::Event(delivery) };
        let (id, at) = (delivery.event.id.clone(), delivery.event.at);
        self.more.push_back(Output::Event(delivery));
        let reply = Reply::CancelAccepted { target_id: job.to_string(), job: Some(job) };
        Output::Reply { id, at, to, reply }
    }

    fn cancelled(&self, envelope: &Envelope<'_>, job: &JobId) -> Option<Output> {
        let cancels = |what: &Question| *what == Question::Cancel(job.clone());
        self.answer(envelope, None, cancels, |_| Reply::CancelAccepted {
            target_id: job.to_string(),
            job: Some(job.clone()),
        })
    }

    fn remember(&mut self, output: &Output) {
        match output {
            Output::Reply { reply: Reply::JobAccepted(accepted), .. }
            | Output::Notice { notice: Notice::Delegated(accepted), .. } => {
                if self.accepted.insert(accepted.job.clone()) {
                    self.silent.insert(accepted.job.clone());
                }
            }
            Output::Reply { reply: Reply::Watched(watched), .. } => {
                let job = &watched.summary.job;
                if self.accepted.insert(job.clone()) && watched.after == 0 {
                    self.silent.insert(job.clone());
                }
            }
            Output::Event(delivery) if delivery.event.event.is_terminal() => {
                self.accepted.remove(&delivery.event.head.job);
                self.silent.remove(&delivery.event.head.job);
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

fn answer(envelope: &Envelope<'_>, to: MessageId, reply: Reply) -> Output {
    Output::Reply { id: envelope.id.clone(), at: replies::NO_TIME, to, reply }
}

fn notice(envelope: &Envelope<'_>, notice: Notice) -> Output {
    Output::Notice { id: envelope.id.clone(), at: replies::NO_TIME, notice }
}

/// There is no job; the domain wants an id for it, which is in no list.
fn job_refused(envelope: &Envelope<'_>, to: MessageId, fault: Fault) -> Result<Output, Fault> {
    let text = to.as_str();
    let job = JobId::parse(&format!("job_{}", text.strip_prefix("msg_").unwrap_or(text)))
        .map_err(|error| Fault::invalid(error.to_string()))?;
    Ok(answer(envelope, to, Reply::JobRefused { job, fault, key: None }))
}
