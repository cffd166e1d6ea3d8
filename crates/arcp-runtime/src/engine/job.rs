//! A job: from its acceptance to its one terminal event.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::Budget;
use arcp_core::{
    AgentRef, Code, Credential, CredentialId, Encoded, Event, Fault, JobAccepted, JobEvent,
    JobHead, JobId, JobState, JobSummary, Key, Lease, Now, Parent, Principal, Restart, SessionId,
    StreamChange, Timestamp,
};

use super::permission::Held;
use super::report::over;
use super::stream::Streams;
use super::{Effects, Engine, Task, Timer};
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
    pub(super) phase: Phase,
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
    /// When it was started first; known of one that can be run again.
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
            phase: Phase::Queued,
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

    /// Where it stands, as it is told.
    pub(super) fn state(&self) -> JobState {
        match self.phase {
            Phase::Queued => JobState::Queued,
            Phase::Running if self.held.is_asking() => JobState::Blocked,
            Phase::Running | Phase::Cancelling => JobState::Running,
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
            budget: self.remaining.clone(),
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

    /// Ends a job with its terminal event and forgets it; the store keeps what it was.
    pub(super) fn end_job(&mut self, now: Now, id: &JobId, end: Event, fx: &mut Effects) {
        let state = match &end {
            Event::Completed(_) => JobState::Completed,
            Event::Cancelled { .. } => JobState::Cancelled,
            Event::TimedOut(_) => JobState::TimedOut,
            _ => JobState::Failed,
        };
        debug_assert!(end.is_terminal(), "a job ends with a terminal event");
        self.end_streams(now, id, |next| last_word(&end, next), fx);
        self.end_permissions(id, fx);
        self.emit(now, id, end, fx);
        let Some(job) = self.jobs.remove(id) else {
            return;
        };
        for timer in [Timer::CancelDeadline, Timer::Lease, Timer::Runtime] {
            self.timers.cancel(&timer(id.clone()));
        }
        self.tallies.remove_job(&job.principal, id);
        if let Some(credential) = job.owes.clone() {
            self.revoke(credential, fx);
        }
        let (last_index, left) = (job.next_index - 1, job.remaining.clone());
        let outcome = Outcome { state, ended_at: now.wall, last_index, left };
        fx.delete(key::open_job(id));
        Self::forget_run(&job, fx);
        fx.put(key::done_job(&job.principal, id), job.fact(Some(outcome)).to_bytes());
        for watcher in &job.watchers {
            if let Some(session) = self.sessions.get_mut(watcher) {
                session.watching.remove(id);
            }
            if *watcher != job.session {
                fx.delete(key::watcher(id, watcher));
            }
        }
        for watcher in &job.watchers {
            self.close_when_idle(now, watcher, fx);
        }
        self.start_next(now, &job.principal, fx);
    }

    /// Ends a job that the runtime stops, or leaves it to the next start if it can be run again.
    pub(super) fn stop_job(&mut self, now: Now, id: &JobId, fault: Fault, fx: &mut Effects) {
        let goes_on = self.jobs.get(id).is_some_and(|job| {
            job.restart != Restart::Never && job.owes.is_none() && job.phase == Phase::Running
        });
        if goes_on {
            fx.task(Task::Kill { job: id.clone() });
            if let Some(job) = self.jobs.get_mut(id) {
                job.stopped = true;
            }
            self.keep_run(id, fx);
        } else {
            // One that was asked to end has what was wanted.
            let reason = self.jobs.get(id).and_then(|job| job.cancelled.clone());
            let end = match reason {
                Some(reason) => Event::Cancelled { reason },
                None => Event::Failed(fault),
            };
            self.end_job_by_force(now, id, end, fx);
        }
    }

    /// Ends a job whose agent has not: what the agent still says is not heard.
    pub(super) fn end_job_by_force(&mut self, now: Now, id: &JobId, end: Event, fx: &mut Effects) {
        if self.jobs.contains_key(id) {
            // Before another one takes its place.
            fx.task(Task::Kill { job: id.clone() });
            self.end_job(now, id, end, fx);
        }
    }

    pub(super) fn on_lease_over(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let Some(job) = self.jobs.get(id) else { return };
        let fault = job.lease.expired();
        self.end_job_by_force(now, id, Event::Failed(fault), fx);
    }

    pub(super) fn on_runtime_over(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        self.end_job_by_force(now, id, Event::TimedOut(overtime()), fx);
    }
}

pub(super) fn overtime() -> Fault {
    Fault::new(Code::TimedOut, "the job ran longer than it may")
}

/// What is said of a stream that is open when its job ends: it is complete when the job is.
fn last_word(end: &Event, next: u64) -> StreamChange {
    match end {
        Event::Completed(_) => StreamChange::Closed { last: next.checked_sub(1) },
        Event::Cancelled { reason } => StreamChange::Failed(Fault::new(Code::Cancelled, reason)),
        _ => StreamChange::Failed(over()),
    }
}
