//! A job: from its acceptance to its one terminal event.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::Budget;
use arcp_core::{
    AgentRef, Credential, CredentialId, Encoded, Event, JobAccepted, JobEvent, JobHead, JobId,
    JobState, JobSummary, Key, Lease, Now, Parent, Principal, Restart, SessionId, Timestamp,
};

use super::children::Children;
use super::permission::Held;
use super::stream::Streams;
use super::{Effects, Engine, Intent, Ticket};
use crate::record::{JobFact, Outcome, event_id, key};

/// What the engine knows of a job that has not ended.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) head: Arc<JobHead>,
    pub(super) principal: Principal,
    /// The session that submitted it.
    pub(super) session: SessionId,
    pub(super) agent: AgentRef,
    pub(super) lease: Lease,
    /// What is left of the lease's budget.
    pub(super) remaining: Budget,
    pub(super) created_at: Timestamp,
    /// How long it may run.
    pub(super) max_runtime: Option<Duration>,
    /// The job on whose behalf it runs.
    pub(super) parent: Option<Parent>,
    /// What was wanted of it, if a later run of its parent may want the same.
    pub(super) wanted: Option<Intent>,
    /// By which the agent that has delegated to it, in this run of the runtime, is told of its end.
    pub(super) ticket: Option<Ticket>,
    /// The jobs that it has delegated to.
    pub(super) children: Children,
    pub(super) phase: Phase,
    /// How it ends, once its children have.
    pub(super) end: Option<Event>,
    pub(super) stream: Key,
    /// The index of its next event.
    pub(super) next_index: u64,
    /// The index of the first event that is still kept.
    pub(super) kept_from: u64,
    /// The sessions that get its events.
    pub(super) watchers: Vec<SessionId>,
    pub(super) streams: Streams,
    /// Permissions that it waits for or holds.
    pub(super) held: Held,
    /// What its agent can do when the runtime dies.
    pub(super) restart: Restart,
    /// When it was started first; known of one that can be run again, or whose spending is that of one
    /// that can.
    pub(super) started_at: Option<Timestamp>,
    /// How often it was started.
    pub(super) attempts: u32,
    /// How often its runtime died under it.
    pub(super) deaths: u32,
    /// Whether its runtime was stopped in good order since it was started last.
    pub(super) stopped: bool,
    /// Why it was asked to end, if it was.
    pub(super) cancelled: Option<String>,
    /// Whether it may have kept a state.
    pub(super) may_have_checkpoint: bool,
    /// How many heartbeats it has had.
    pub(super) heartbeats: u64,
    /// What was issued for it, in memory only.
    pub(super) credentials: Vec<Credential>,
    /// By what they are revoked when it ends.
    pub(super) owes: Option<CredentialId>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not started.
    Queued,
    /// Its agent is at work.
    Running,
    /// Its agent was asked to end; a timer ends it by force.
    Cancelling,
    /// Its agent is done, and nothing changes its end any more. It is told once its children have ended,
    /// none waits for its credentials, and what was issued for them is revoked; a timer bounds that.
    Ending,
}

impl Job {
    pub(super) fn new(id: &JobId, fact: JobFact) -> Self {
        let head = JobHead {
            job: id.clone(),
            request: fact.request,
            session: Some(fact.session.clone()),
            trace: fact.trace,
            priority: fact.priority,
        };
        Self {
            head: Arc::new(head),
            principal: fact.principal,
            session: fact.session,
            agent: fact.agent,
            remaining: fact.lease.budget.clone(),
            lease: fact.lease,
            created_at: fact.created_at,
            max_runtime: fact.max_runtime,
            parent: fact.parent,
            wanted: fact.wanted,
            ticket: None,
            children: Children::default(),
            phase: Phase::Queued,
            end: None,
            stream: key::job_stream(id),
            next_index: 1,
            kept_from: 1,
            watchers: Vec::new(),
            streams: Streams::default(),
            held: Held::default(),
            restart: Restart::Never,
            started_at: None,
            attempts: 0,
            deaths: 0,
            stopped: false,
            cancelled: None,
            may_have_checkpoint: false,
            heartbeats: 0,
            credentials: Vec::new(),
            owes: None,
        }
    }

    pub(super) fn has_started(&self) -> bool {
        self.phase != Phase::Queued
    }

    /// Whether nothing changes its end any more, which is still to be told.
    pub(super) fn is_ending(&self) -> bool {
        self.phase == Phase::Ending
    }

    /// Where it stands, as it is told.
    pub(super) fn state(&self) -> JobState {
        match self.phase {
            Phase::Queued => JobState::Queued,
            Phase::Running if self.held.is_asking() => JobState::Blocked,
            Phase::Running | Phase::Cancelling | Phase::Ending => JobState::Running,
        }
    }

    pub(super) fn summary(&self) -> JobSummary {
        JobSummary {
            job: self.head.job.clone(),
            agent: self.agent.to_string(),
            state: self.state(),
            created_at: self.created_at,
            trace: self.head.trace.clone(),
            parent: self.parent.as_ref().map(|parent| parent.job.clone()),
            lease: self.lease.clone(),
            last_index: self.next_index - 1,
        }
    }

    /// What was said when it was accepted.
    pub(super) fn accepted(&self) -> JobAccepted {
        JobAccepted {
            job: self.head.job.clone(),
            agent: Some(self.agent.to_string()),
            lease: self.lease.clone(),
            // As it was, however often it is told (§7.2).
            budget: self.lease.budget.clone(),
            accepted_at: self.created_at,
            trace: self.head.trace.clone(),
            credentials: self.credentials.clone(),
            repeated: None,
            parent: self.parent.clone(),
        }
    }

    /// What is stored of it.
    pub(super) fn fact(&self, outcome: Option<Outcome>) -> JobFact {
        JobFact {
            principal: self.principal.clone(),
            session: self.session.clone(),
            request: self.head.request.clone(),
            trace: self.head.trace.clone(),
            priority: self.head.priority,
            agent: self.agent.clone(),
            lease: self.lease.clone(),
            created_at: self.created_at,
            max_runtime: self.max_runtime,
            parent: self.parent.clone(),
            wanted: self.wanted,
            outcome,
        }
    }
}

impl Engine {
    /// Adds an event to a job: kept once, numbered in every session that watches, told to those
    /// whose client is there.
    ///
    /// INVARIANT: the only place where a job's index or a session's `event_seq` is given out; the
    /// simulation checks both for gaps and doubles.
    pub(super) fn emit(&mut self, now: Now, id: &JobId, event: Event, fx: &mut Effects) {
        let Some(job) = self.jobs.get_mut(id) else {
            return;
        };
        let index = job.next_index;
        job.next_index += 1;
        let weight = fx.append_event(&job.stream, &job.head, index, now.wall, &event);
        let event = Arc::new(JobEvent {
            head: Arc::clone(&job.head),
            id: event_id(id, index, now.wall),
            at: now.wall,
            event,
            encoded: Encoded::default(),
        });
        for watcher in &job.watchers {
            let Some(session) = self.sessions.get_mut(watcher) else {
                continue;
            };
            let seq = session.next_seq;
            session.next_seq += 1;
            fx.append_pointer(&session.stream, seq, id, index);
            if let Some(connection) = session.phase.connection() {
                fx.deliver(connection, seq, &event, weight);
            }
        }
        self.observers.tell(&job.principal, &event, index, weight, fx);
    }
}
