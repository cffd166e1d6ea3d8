//! What a client has asked on its connection and has no answer to.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arcp_core::{Code, JobId, MessageId};

/// Shared by the two halves.
#[derive(Debug, Default)]
pub(in crate::hello) struct Asked(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    questions: VecDeque<(MessageId, Question)>,
    /// The runtime knows `session.bye` and not `session.close`.
    says_bye: bool,
}

/// A question, by what its answer is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// For a session, or for one to go on after this event.
    Session(Option<u64>),
    Submit,
    List,
    /// After this index, if the past is wanted.
    Watch(JobId, Option<u64>),
    Cancel(JobId),
    Ping(String),
    Close,
}

impl Asked {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ask(&self, id: &MessageId, question: Question) {
        let questions = &mut self.state().questions;
        // A runtime that answers nothing does not fill the memory.
        if questions.len() >= MOST {
            questions.pop_front();
        }
        questions.push_back((id.clone(), question));
    }

    /// The connection is another one: nothing that was asked before is answered.
    pub(super) fn forget(&self) {
        self.state().questions.clear();
    }

    /// The question that is answered: that of `request`, where the answer says which, or else the oldest
    /// that it fits.
    pub(super) fn take(
        &self,
        request: Option<&MessageId>,
        fits: impl Fn(&Question) -> bool,
    ) -> Option<(MessageId, Question)> {
        let questions = &mut self.state().questions;
        let place = questions.iter().position(|(id, question)| match request {
            Some(request) => id == request,
            None => fits(question),
        });
        questions.remove(place?)
    }

    /// The question that a refusal is about; the most likely one where it does not say so.
    pub(super) fn take_refused(
        &self,
        request: Option<&MessageId>,
        code: Code,
    ) -> Option<(MessageId, Question)> {
        if request.is_some() {
            return self.take(request, |_| false);
        }
        let opens = |question: &Question| matches!(question, Question::Session(_));
        // These are about the connection.
        if matches!(code, Code::HeartbeatLost | Code::ResumeWindowExpired) {
            return self.take(None, opens);
        }
        let likely = |question: &Question| {
            if OF_SUBMITS.contains(&code) {
                *question == Question::Submit
            } else if OF_JOBS.contains(&code) {
                matches!(question, Question::Watch(..) | Question::Cancel(_))
            } else {
                true
            }
        };
        self.take(None, likely).or_else(|| self.take(None, |_| true))
    }

    /// The question about a job that such a code refuses, where the refusal names the job.
    pub(super) fn take_about(&self, job: &JobId, code: Code) -> Option<(MessageId, Question)> {
        let about = |question: &Question| match question {
            Question::Watch(watched, _) => watched == job,
            Question::Cancel(cancelled) => cancelled == job,
            Question::Session(_)
            | Question::Submit
            | Question::List
            | Question::Ping(_)
            | Question::Close => false,
        };
        if OF_JOBS.contains(&code) { self.take(None, about) } else { None }
    }

    /// The submit that such a code refuses, where the refusal looks like the end of a job: of one that
    /// was `known`, only codes that no job ends with.
    pub(super) fn take_submit(&self, known: bool, code: Code) -> Option<MessageId> {
        if known && !OF_SUBMITS.contains(&code) {
            return None;
        }
        self.take(None, |question| *question == Question::Submit).map(|(id, _)| id)
    }

    pub(super) fn learn_bye(&self, says_bye: bool) {
        self.state().says_bye = says_bye;
    }

    pub(super) fn says_bye(&self) -> bool {
        self.state().says_bye
    }
}

/// Why submits are refused, and nothing else.
const OF_SUBMITS: [Code; 4] = [
    Code::AgentNotAvailable,
    Code::AgentVersionNotAvailable,
    Code::DuplicateKey,
    Code::LeaseSubsetViolation,
];
/// Why a job is not to be had.
const OF_JOBS: [Code; 2] = [Code::JobNotFound, Code::PermissionDenied];
/// Questions that are remembered.
const MOST: usize = 256;
