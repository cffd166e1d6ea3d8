//! Delegation: a job has another one do a part of its work, within its own authority (§9.4, §10).
//!
//! What the other one may spend is set aside from what the first has left, and comes back at its end less
//! what it has spent; both in the commit that says so. Ends are in `end`.

use std::time::Duration;

use arcp_core::lease::{Budget, Operation};
use arcp_core::{
    AgentRef, Answer, Code, Delegated, Delegation, Event, Fault, JobAccepted, JobId, Json, Lease,
    Notice, Now, Parent, Principal, Submit,
};

use super::job::{Job, Phase};
use super::report::over;
use super::submit::{Asked, By};
use super::{Effects, Engine, Intent, Task, Ticket, Timer, exceeds};
use crate::record::{JobFact, event_id};

impl Job {
    /// Whether its agent is at work and was not asked to end.
    fn check_can_delegate(&self) -> Result<(), Fault> {
        let what = match self.phase {
            Phase::Running => return Ok(()),
            Phase::Queued => "has not started",
            Phase::Cancelling => "is asked to end",
            Phase::Ending => "is ending",
        };
        let message = format!("the job that is to delegate {what}");
        Err(Fault::new(Code::FailedPrecondition, message))
    }

    /// Whether others may be told more of it.
    pub(super) fn is_heard(&self) -> bool {
        !self.is_ending() && !self.stopped
    }
}

impl Engine {
    /// An agent wants another job to do a part of its own.
    pub(super) fn delegate(
        &mut self,
        now: Now,
        id: &JobId,
        delegation: Delegation,
        ticket: Ticket,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let job = self.jobs.get(id).ok_or_else(over)?;
        let (principal, session) = (job.principal.clone(), job.session.clone());
        let (priority, request) = (job.head.priority, job.head.request.clone());
        // Of one that is not run again nobody asks again.
        let lasts = delegation.name.is_some() && job.started_at.is_some();
        let Delegation { agent, input, lease, max_runtime, name } = delegation;
        let name = name.unwrap_or_else(|| self.ids.delegation(now));
        let parent = Parent { job: id.clone(), delegation: Some(name.clone()) };
        let (key, parent) = (None, Some(parent));
        let expires_at = None;
        let submit = Submit { agent, input, lease, expires_at, key, max_runtime, priority, parent };
        let wanted = lasts.then(|| Intent::of(&submit));
        if let Some(known) = self.child_of_run_before(id, &name, wanted, ticket) {
            fx.task(Task::Answer { ticket, result: Ok(Answer::Delegated(Box::new(known))) });
            return Ok(());
        }
        match self.check_submit(now, &principal, &submit) {
            Ok(checked) => {
                let asked = Asked { by: By::Agent(ticket), session, request, trace: None };
                let mut draft = self.draft(now, asked, submit, checked);
                draft.fact.wanted = wanted;
                self.take_draft(now, draft, fx);
            }
            Err(fault) => self.refuse_delegation(now, id, &name, ticket, fault, fx),
        }
        Ok(())
    }

    /// A job that goes on from the run before of the one that delegates: it is the one that is wanted if
    /// all that is wanted is the same.
    fn child_of_run_before(
        &mut self,
        id: &JobId,
        name: &str,
        wanted: Option<Intent>,
        ticket: Ticket,
    ) -> Option<JobAccepted> {
        let parent = self.jobs.get(id)?;
        parent.check_can_delegate().ok()?;
        let child = parent.children.open.get(name)?.clone();
        let child = self.jobs.get_mut(&child)?;
        let is_known = child.ticket.is_some();
        if is_known || wanted.is_none() || child.wanted != wanted || child.is_ending() {
            return None;
        }
        child.ticket = Some(ticket);
        Some(told(child))
    }

    /// Tells an agent that there is no such job as it wanted, and whoever watches too, unless it is the
    /// name that cannot be: nothing can be told under it. One that is asked to end hears that.
    pub(super) fn refuse_delegation(
        &mut self,
        now: Now,
        id: &JobId,
        name: &str,
        ticket: Ticket,
        fault: Fault,
        fx: &mut Effects,
    ) {
        let job = self.jobs.get(id).filter(|job| job.is_heard());
        let reason = job.and_then(|job| job.cancelled.as_ref());
        let fault = reason.map_or(fault, |reason| Fault::new(Code::Cancelled, reason));
        if job.is_some_and(|job| !job.children.has(name)) && check_name(name).is_ok() {
            let (call_id, result) = (name.to_owned(), Err(fault.clone()));
            self.emit(now, id, Event::ToolResult { call_id, result }, fx);
        }
        fx.task(Task::Answer { ticket, result: Err(fault) });
    }

    /// What a job may do that is submitted on behalf of another one, or why it may not be (§9.4).
    pub(super) fn check_child(
        &self,
        now: Now,
        principal: &Principal,
        parent: &Parent,
        agent: &AgentRef,
        (input, wanted): (&Json, Option<Lease>),
    ) -> Result<Lease, Fault> {
        let job = self.find_parent(principal, parent)?;
        job.check_can_delegate()?;
        let name = parent.delegation.as_deref().unwrap_or_default();
        check_name(name)?;
        if job.children.has(name) {
            let message = format!("a delegation of the job goes by `{name}` already");
            return Err(Fault::new(Code::AlreadyExists, message));
        }
        let limits = &self.settings.limits;
        if job.children.count() >= limits.children_per_job {
            return Err(exceeds("children_per_job", limits.children_per_job));
        }
        if self.depth(job) >= limits.delegation_depth {
            let limit = limits.delegation_depth;
            return Err(exceeds("delegation_depth", limit).with_retryable(false));
        }
        let mut lease = wanted.unwrap_or_default();
        let end = lease.expires_at.take();
        if lease.is_empty() {
            lease.budget = nothing_of(&job.remaining);
        }
        lease.expires_at = end;
        self.check_handed_on(now, job, agent, &lease)?;
        let size = Delegated::json_size(name, &agent.to_string(), input, lease.json_size());
        let limit = limits.event_bytes();
        if size > limit {
            let message = format!("a delegation of {size} bytes exceeds `event_bytes` {limit}");
            return Err(Fault::new(Code::OutOfRange, message));
        }
        Ok(job.lease.inherit(lease))
    }

    /// Whether what was checked before is so still.
    pub(super) fn check_still_child(&self, now: Now, fact: &JobFact) -> Result<(), Fault> {
        let Some(parent) = &fact.parent else { return Ok(()) };
        let job = self.find_parent(&fact.principal, parent)?;
        job.check_can_delegate()?;
        self.check_handed_on(now, job, &fact.agent, &fact.lease)
    }

    /// What the principal may not know of looks like what is not there.
    fn find_parent(&self, principal: &Principal, parent: &Parent) -> Result<&Job, Fault> {
        let job = self.jobs.get(&parent.job).filter(|job| job.principal == *principal);
        job.ok_or_else(|| Fault::new(Code::JobNotFound, "no such in-flight job to delegate"))
    }

    /// Whether a job may delegate to an agent, and has all that it would hand on.
    fn check_handed_on(
        &self,
        now: Now,
        job: &Job,
        agent: &AgentRef,
        lease: &Lease,
    ) -> Result<(), Fault> {
        self.check_agent(now, job, agent)?;
        job.lease.check_subset(lease, &job.remaining)?;
        job.remaining.clone().reserve(&lease.budget)
    }

    /// Whether a job may delegate to an agent: a grant names it, or this version of it.
    fn check_agent(&self, now: Now, job: &Job, agent: &AgentRef) -> Result<(), Fault> {
        let named = self.judge(job, &Operation::new(DELEGATE, agent.name())?, now);
        match named {
            Err(fault) if fault.code == Code::PermissionDenied && agent.version().is_some() => {
                let pinned = Operation::new(DELEGATE, &agent.to_string())?;
                self.judge(job, &pinned, now).map_err(|_| fault)
            }
            other => other,
        }
    }

    /// How many delegations led to a job.
    pub(super) fn depth(&self, job: &Job) -> usize {
        let parent = |job: &&Job| self.jobs.get(&job.parent.as_ref()?.job);
        std::iter::successors(Some(job), parent).count() - 1
    }

    /// Sets aside what a child may spend, and tells that there is one. The caller has checked it.
    pub(super) fn hand_on(
        &mut self,
        now: Now,
        child: &JobId,
        fact: &mut JobFact,
        input: &Json,
        by: &By,
        fx: &mut Effects,
    ) {
        let Some((job, name)) = self.parent_of(fact.parent.as_ref()) else { return };
        job.children.open.insert(name.to_owned(), child.clone());
        let (id, message) =
            (job.head.job.clone(), event_id(&job.head.job, job.next_index, now.wall));
        let delegated = Delegated {
            delegation: name.to_owned(),
            child: child.clone(),
            agent: fact.agent.to_string(),
            input: input.clone(),
            lease: fact.lease.clone(),
        };
        if let By::Agent(_) = by {
            // That is what submits it.
            fact.request = message;
        }
        fact.max_runtime = self.within_runtime(now, &id, fact.max_runtime);
        self.emit(now, &id, Event::Delegated(Box::new(delegated)), fx);
        let reserve = |left: &mut Budget| {
            if let Err(fault) = left.reserve(&fact.lease.budget) {
                tracing::error!(job = %id, "what was checked cannot be set aside: {fault}");
            }
        };
        self.change_budget(now, &id, reserve, fx);
    }

    /// How long a child may run: no longer than its parent still may.
    fn within_runtime(
        &self,
        now: Now,
        parent: &JobId,
        wanted: Option<Duration>,
    ) -> Option<Duration> {
        let end = self.timers.due_at(&Timer::Runtime(parent.clone()));
        let left = end.map(|end| end.since(now.moment));
        wanted.into_iter().chain(left).min()
    }

    /// Tells an agent, and the session that its job is of, of the job that it has delegated to.
    pub(super) fn tell_child(&mut self, now: Now, id: &JobId, ticket: Ticket, fx: &mut Effects) {
        let Some(job) = self.jobs.get(id) else { return };
        let accepted = Box::new(told(job));
        let session = self.sessions.get(&job.session);
        if let Some(connection) = session.and_then(|session| session.phase.connection()) {
            self.notify(now, connection, Notice::Delegated(accepted.clone()), fx);
        }
        fx.task(Task::Answer { ticket, result: Ok(Answer::Delegated(accepted)) });
    }
}

/// What is told of a job that was delegated to: nothing that was issued for it.
fn told(job: &Job) -> JobAccepted {
    JobAccepted { credentials: Vec::new(), ..job.accepted() }
}

/// The budget of somebody who may do nothing, and so spends nothing where spending is limited.
fn nothing_of(remaining: &Budget) -> Budget {
    Budget::of_counters(remaining.counters().map(|(currency, _)| (currency.to_owned(), 0.into())))
}

/// Whether a delegation can go by a name.
fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.len() > NAME_BYTES {
        let message = format!("a delegation's name has 1 to {NAME_BYTES} bytes");
        return Err(Fault::invalid(message));
    }
    Ok(())
}

/// The namespace of agents that may be delegated to.
const DELEGATE: &str = "agent.delegate";
const NAME_BYTES: usize = 256;
