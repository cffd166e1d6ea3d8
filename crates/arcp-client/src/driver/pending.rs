//! The calls that wait for an answer, by the ids of their commands.

use std::collections::HashMap;

use arcp_core::{Command, Delivery, Issued, JobId, MessageId, TraceId};

use super::AnswerTo;

/// Calls that wait. Bounded: the handles let only so many wait, and those that have given up are
/// swept out when another comes.
#[derive(Debug, Default)]
pub(super) struct Pending {
    calls: HashMap<MessageId, Asked>,
    /// How many have come.
    count: u64,
    /// Whether some have been asked more than once.
    repeated: bool,
}

/// A call that waits.
#[derive(Debug)]
pub(super) struct Asked {
    /// Its place among the calls.
    number: u64,
    /// The ids under which it was asked, the latest last.
    pub(super) ids: Vec<MessageId>,
    pub(super) command: Command,
    pub(super) trace: Option<TraceId>,
    pub(super) answer: AnswerTo,
    /// Events of the job that it asked for, which came before the answer: there was one, and it
    /// was lost with a connection.
    pub(super) events: Vec<Delivery>,
}

impl Asked {
    pub(super) fn new(issued: Issued, answer: AnswerTo) -> Self {
        let Issued { id, trace, command, at: _ } = issued;
        Self { number: 0, ids: vec![id], command, trace, answer, events: Vec::new() }
    }

    /// The same, to be asked again, unless it might be done twice: then who asked.
    pub(super) fn again(self) -> Result<Self, AnswerTo> {
        match &self.command {
            Command::Submit(submit) if submit.key.is_none() => Err(self.answer),
            _ => Ok(self),
        }
    }
}

impl Pending {
    pub(super) fn insert(&mut self, mut asked: Asked) {
        self.calls.retain(|_, waiting| !waiting.answer.is_closed());
        let Some(id) = asked.ids.last().cloned() else { return };
        self.count += 1;
        asked.number = self.count;
        self.repeated |= asked.ids.len() > 1;
        self.calls.insert(id, asked);
    }

    /// Who waits for the answer to `id`; the next answer to it finds nobody.
    pub(super) fn take(&mut self, id: &MessageId) -> Option<Asked> {
        let latest = if self.calls.contains_key(id) { id } else { &self.latest_of(id)?.clone() };
        self.calls.remove(latest)
    }

    /// All that wait, in the order in which they came.
    pub(super) fn take_all(&mut self) -> Vec<Asked> {
        let mut all: Vec<_> = self.calls.drain().map(|(_, asked)| asked).collect();
        all.sort_by_key(|asked| asked.number);
        self.repeated = false;
        all
    }

    /// Keeps an event for the call whose job it is of, if one waits to be told of that job: its submit,
    /// or that it is watched, which some runtimes say after what has happened. Those
    /// calls for which more than `most` would be kept are returned, and wait no more.
    pub(super) fn keep(&mut self, delivery: &Delivery, most: usize) -> Vec<Asked> {
        let head = &delivery.event.head;
        let named = self.latest_of(&head.request).or_else(|| self.watch_of(&head.job));
        let wanted = match named {
            Some(id) => vec![id.clone()],
            // Where events do not say which message they follow from, it may be any.
            None if head.request == delivery.event.id => self.repeated_submits(),
            None => Vec::new(),
        };
        let full = |id: &MessageId| {
            let asked = self.calls.get_mut(id)?;
            if asked.events.len() < most {
                asked.events.push(delivery.clone());
                return None;
            }
            self.calls.remove(id)
        };
        wanted.iter().filter_map(full).collect()
    }

    /// The latest ids of the submits that were asked again.
    fn repeated_submits(&self) -> Vec<MessageId> {
        let repeated =
            |asked: &&Asked| asked.ids.len() > 1 && matches!(asked.command, Command::Submit(_));
        let again = self.calls.values().filter(repeated);
        again.filter_map(|asked| asked.ids.last().cloned()).collect()
    }

    /// The latest id of the call that wants to watch a job.
    fn watch_of(&self, job: &JobId) -> Option<&MessageId> {
        let wants =
            |asked: &&Asked| matches!(&asked.command, Command::Watch(watch) if watch.job == *job);
        self.calls.values().find(wants)?.ids.last()
    }

    /// The latest id of the call that was once asked under `id` and then again.
    fn latest_of(&self, id: &MessageId) -> Option<&MessageId> {
        if !self.repeated {
            return None;
        }
        let asked = self.calls.values().find(|asked| asked.ids.contains(id))?;
        asked.ids.last()
    }
}
