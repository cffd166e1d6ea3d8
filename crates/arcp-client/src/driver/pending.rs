//! The calls that wait for an answer, by the id of their command.

use std::collections::HashMap;

use arcp_core::MessageId;

use super::AnswerTo;

/// Calls that wait. Bounded: the handles let only so many wait, and those that have given up are
/// swept out when another comes.
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<MessageId, AnswerTo>);

impl Pending {
    pub(super) fn insert(&mut self, id: MessageId, answer: AnswerTo) {
        self.0.retain(|_, waiting| !waiting.is_closed());
        self.0.insert(id, answer);
    }

    /// Who waits for the answer to `id`; the next answer to it finds nobody.
    pub(super) fn take(&mut self, id: &MessageId) -> Option<AnswerTo> {
        self.0.remove(id)
    }
}
