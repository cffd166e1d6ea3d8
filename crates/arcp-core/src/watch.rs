//! What observers ask for: one job, or all events that pass a filter (R§13, §7.6).

use std::collections::BTreeSet;

use crate::{
    Event, JobEvent, JobId, MessageId, SessionId, StreamChange, StreamEvent, StreamId, TraceId,
};

/// Watching one job (§7.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchJob {
    /// The job.
    pub job: JobId,
    /// Tell also what happened after this index of the job's own events; `None` to begin with what
    /// happens next.
    pub after: Option<u64>,
}

/// Observing all events that pass a filter (R§13.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscribe {
    /// Which events.
    pub filter: EventFilter,
    /// Tell first what has happened since.
    pub since: Option<Since>,
}

/// From where on the past is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// From the beginning of what is kept.
    Start,
    /// After the event that goes by this message id.
    After(MessageId),
}

/// Which events. All that is given must hold; a set that is empty does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Of jobs that one of these sessions submitted.
    pub sessions: BTreeSet<SessionId>,
    /// Of one of these traces.
    pub traces: BTreeSet<TraceId>,
    /// Of one of these jobs.
    pub jobs: BTreeSet<JobId>,
    /// Of one of these streams.
    pub streams: BTreeSet<StreamId>,
    /// Of one of these kinds; `Some` of none matches nothing.
    pub kinds: Option<BTreeSet<EventKind>>,
    /// Besides these kinds: an agent's own events of these names, where they are types of their own.
    pub names: BTreeSet<String>,
    /// The names that are types of their own for who is told; they do not go by their kind (R§21.2).
    pub own_types: BTreeSet<String>,
    /// At least as pressing.
    pub min_priority: Option<Priority>,
}

impl EventFilter {
    /// Whether an event passes.
    pub fn passes(&self, event: &JobEvent) -> bool {
        let head = &event.head;
        let stream = match &event.event {
            Event::Stream(StreamEvent { stream, .. }) => Some(stream),
            _ => None,
        };
        among(&self.sessions, head.session.as_ref())
            && among(&self.traces, head.trace.as_ref())
            && among(&self.jobs, Some(&head.job))
            && among(&self.streams, stream)
            && self.wants(&event.event)
            && self.min_priority.is_none_or(|least| head.priority >= least)
    }

    fn wants(&self, event: &Event) -> bool {
        let Some(kinds) = &self.kinds else { return true };
        match event {
            Event::Custom { name, data } if self.own_types.contains(name) && data.is_object() => {
                self.names.contains(name)
            }
            other => kinds.contains(&other.kind()),
        }
    }
}

fn among<T: Ord>(wanted: &BTreeSet<T>, value: Option<&T>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(value))
}

/// How pressing a command and what follows from it is (R§6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// It may wait.
    Low,
    /// Like most.
    #[default]
    Normal,
    /// It should not wait.
    High,
    /// It must not wait.
    Critical,
}

impl Priority {
    /// All priorities, from the least.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];

    /// The priority's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads a priority's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == text)
    }
}

/// What kind of event it is. A dialect's types are sets of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the kind of the event of that name")]
pub enum EventKind {
    Started,
    Log,
    Metric,
    Progress,
    Thought,
    ToolCall,
    ToolResult,
    Status,
    Custom,
    ResultChunk,
    StreamOpened,
    StreamChunk,
    StreamClosed,
    StreamFailed,
    Artifact,
    PermissionRequest,
    LeaseGranted,
    LeaseExtended,
    LeaseRevoked,
    Checkpoint,
    Delegated,
    CredentialRotated,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
}

impl Event {
    /// What kind of event it is.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Started { .. } => EventKind::Started,
            Self::Log { .. } => EventKind::Log,
            Self::Metric { .. } => EventKind::Metric,
            Self::Progress(_) => EventKind::Progress,
            Self::Thought { .. } => EventKind::Thought,
            Self::ToolCall { .. } => EventKind::ToolCall,
            Self::ToolResult { .. } => EventKind::ToolResult,
            Self::Status { .. } => EventKind::Status,
            Self::Custom { .. } => EventKind::Custom,
            Self::ResultChunk(_) => EventKind::ResultChunk,
            Self::Stream(StreamEvent { change, .. }) => match change {
                StreamChange::Opened(_) => EventKind::StreamOpened,
                StreamChange::Chunk(_) => EventKind::StreamChunk,
                StreamChange::Closed { .. } => EventKind::StreamClosed,
                StreamChange::Failed(_) => EventKind::StreamFailed,
            },
            Self::Artifact(_) => EventKind::Artifact,
            Self::PermissionRequest(_) => EventKind::PermissionRequest,
            Self::LeaseGranted(_) => EventKind::LeaseGranted,
            Self::LeaseExtended { .. } => EventKind::LeaseExtended,
            Self::LeaseRevoked { .. } => EventKind::LeaseRevoked,
            Self::Checkpoint { .. } => EventKind::Checkpoint,
            Self::Delegated(_) => EventKind::Delegated,
            Self::CredentialRotated { .. } => EventKind::CredentialRotated,
            Self::Completed(_) => EventKind::Completed,
            Self::Failed(_) => EventKind::Failed,
            Self::Cancelled { .. } => EventKind::Cancelled,
            Self::TimedOut(_) => EventKind::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Encoded, JobHead, Timestamp};

    fn event(priority: Priority) -> JobEvent {
        let head = JobHead {
            job: JobId::parse("job_1").unwrap(),
            request: MessageId::parse("msg_1").unwrap(),
            session: Some(SessionId::parse("sess_1").unwrap()),
            trace: None,
            priority,
        };
        JobEvent {
            head: Arc::new(head),
            id: MessageId::parse("msg_2").unwrap(),
            at: Timestamp::from_micros(0),
            event: Event::Thought { text: String::new() },
            encoded: Encoded::default(),
        }
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let thought = event(Priority::Normal);
        let any = EventFilter::default();
        assert!(any.passes(&thought));
        let job = |id: &str| EventFilter {
            jobs: BTreeSet::from([JobId::parse(id).unwrap()]),
            ..EventFilter::default()
        };
        assert!(job("job_1").passes(&thought));
        assert!(!job("job_2").passes(&thought));
        let trace = BTreeSet::from([TraceId::parse("t").unwrap()]);
        assert!(!EventFilter { traces: trace, ..job("job_1") }.passes(&thought));
        let stream = BTreeSet::from([StreamId::parse("str_1").unwrap()]);
        assert!(!EventFilter { streams: stream, ..any.clone() }.passes(&thought));
        let none = EventFilter { kinds: Some(BTreeSet::new()), ..any.clone() };
        assert!(!none.passes(&thought));
        let kinds = Some(BTreeSet::from([EventKind::Thought]));
        assert!(EventFilter { kinds, ..any }.passes(&thought));
    }

    #[test]
    fn priorities_are_a_floor() {
        let least = |least| EventFilter { min_priority: Some(least), ..EventFilter::default() };
        assert!(least(Priority::Normal).passes(&event(Priority::Normal)));
        assert!(!least(Priority::High).passes(&event(Priority::Normal)));
        assert!(least(Priority::High).passes(&event(Priority::Critical)));
    }
}
