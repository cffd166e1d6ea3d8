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
    Watch(JobId),
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

    /// The oldest question that the answer fits; that of `request`, where that is one.
    pub(super) fn take(
        &self,
        request: Option<&MessageId>,
        fits: impl Fn(&Question) -> bool,
    ) -> Option<(MessageId, Question)> {
        let questions = &mut self.state().questions;
        let named = request.and_then(|request| questions.iter().position(|(id, _)| id == request));
        let place = named.or_else(|| questions.iter().position(|(_, question)| fits(question)))?;
        questions.remove(place)
    }

    /// Whether there is a question that fits.
    pub(super) fn any(&self, fits: impl Fn(&Question) -> bool) -> bool {
        self.state().questions.iter().any(|(_, question)| fits(question))
    }

    /// The question that a refusal is most likely about which does not say so.
    pub(super) fn take_refused(
        &self,
        request: Option<&MessageId>,
        code: Code,
    ) -> Option<(MessageId, Question)> {
        // That is about the connection.
        if request.is_none() && code == Code::HeartbeatLost {
            return None;
        }
        let likely = |question: &Question| {
            if OF_SUBMITS.contains(&code) {
                *question == Question::Submit
            } else if OF_JOBS.contains(&code) {
                matches!(question, Question::Watch(_) | Question::Cancel(_))
            } else {
                true
            }
        };
        self.take(request, likely).or_else(|| self.take(None, |_| true))
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
