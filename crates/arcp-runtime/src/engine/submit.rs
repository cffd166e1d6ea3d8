//! Accepting a job: everything that could refuse it is checked first (§7.1).

use arcp_core::{
    AgentRef, Code, Credential, Event, Fault, Feature, IdempotencyKey, JobId, Json, Lease,
    MessageId, Now, Principal, Reply, SessionId, Submit, TraceId,
};
use bytes::Bytes;

use super::credential::Repeat;
use super::job::Job;
use super::{Effects, Engine, From, Intent, Ticket, Timer, exceeds};
use crate::record::{JobFact, KeyFact, key};

/// A submit that nothing speaks against.
pub(super) struct Checked {
    /// With the version that a bare name stands for.
    agent: AgentRef,
    principal: Principal,
    /// The effective one.
    lease: Lease,
}

/// Who wants a job.
#[derive(Debug)]
pub(super) enum By {
    /// A client, there.
    Client(From),
    /// The agent of another job, which is answered by this.
    Agent(Ticket),
}

/// Who asked for a job, and where it belongs.
pub(super) struct Asked {
    pub(super) by: By,
    pub(super) session: SessionId,
    pub(super) request: MessageId,
    /// The trace that it was asked for in.
    pub(super) trace: Option<TraceId>,
}

/// A job on its way to being accepted: checked, and nobody's yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: JobId,
    /// Who asked for it.
    pub(super) by: By,
    pub(super) fact: JobFact,
    pub(super) input: Json,
    /// The key that it is made for, with what was wanted.
    pub(super) key: Option<(IdempotencyKey, Intent)>,
}

impl Engine {
    pub(super) fn handle_submit(
        &mut self,
        now: Now,
        from: &From,
        trace: Option<TraceId>,
        intent: Option<Intent>,
        mut submit: Submit,
        fx: &mut Effects,
    ) {
        let intent = || intent.unwrap_or_else(|| Intent::of(&submit));
        let key = submit.key.clone().map(|key| (key, intent()));
        if let Some((key, intent)) = &key {
            if self.answer_bound(now, from, key, *intent, fx) {
                return;
            }
            if let Some(job) = self.waiting_under(from, key) {
                let repeat = Repeat { from: from.clone(), trace, priority: submit.priority };
                self.join_waiting(now, &job, repeat, key, *intent, fx);
                return;
            }
        }
        if let Some(parent) = &mut submit.parent {
            parent.delegation.get_or_insert_with(|| self.ids.delegation(now));
        }
        let principal = self.sessions.get(&from.session).map(|session| session.principal.clone());
        let checked = principal
            .ok_or_else(|| Fault::new(Code::Unauthenticated, "no session"))
            .and_then(|principal| self.check_submit(now, &principal, &submit));
        match checked {
            Ok(checked) => {
                let (session, request) = (from.session.clone(), from.id.clone());
                let asked = Asked { by: By::Client(from.clone()), session, request, trace };
                let mut draft = self.draft(now, asked, submit, checked);
                draft.key = key;
                self.take_draft(now, draft, fx);
            }
            Err(fault) => self.refuse(now, from, true, fault, fx),
        }
    }

    /// Accepts a job that was checked, once it has its credentials.
    pub(super) fn take_draft(&mut self, now: Now, draft: Draft, fx: &mut Effects) {
        if self.gets_credentials(&draft.fact.lease) {
            self.provision(now, draft, fx);
        } else {
            self.accept_job(now, draft, Vec::new(), fx);
        }
    }

    pub(super) fn draft(
        &mut self,
        now: Now,
        asked: Asked,
        submit: Submit,
        checked: Checked,
    ) -> Draft {
        let Asked { by, session, request, trace } = asked;
        let Checked { agent, principal, lease } = checked;
        let parent = submit.parent.as_ref().and_then(|parent| self.jobs.get(&parent.job));
        // All that is done on behalf of one job is one trace.
        let trace = parent.and_then(|parent| parent.head.trace.clone()).or(trace);
        let fact = JobFact {
            principal,
            session,
            request,
            trace: trace.or_else(|| self.ids.trace()),
            priority: submit.priority,
            agent,
            lease,
            created_at: now.wall,
            max_runtime: submit.max_runtime,
            parent: submit.parent,
            wanted: None,
            outcome: None,
        };
        Draft { id: self.ids.job(now), by, fact, input: submit.input, key: None }
    }

    /// What a submit stands for, or why it is refused.
    pub(super) fn check_submit(
        &self,
        now: Now,
        principal: &Principal,
        submit: &Submit,
    ) -> Result<Checked, Fault> {
        self.check_draining()?;
        let agent = AgentRef::parse(&submit.agent).map_err(|error| {
            let shown: String = submit.agent.chars().take(128).collect();
            Fault::invalid(format!("invalid agent reference `{shown}`: {error}"))
        })?;
        let agent = self.settings.catalog.resolve(&agent)?;
        let asked = match &submit.lease {
            Some(asked) => {
                asked.check_size()?;
                Some(asked.clone().normal()?)
            }
            None => None,
        };
        let lease = match (&submit.parent, asked) {
            (Some(parent), asked) => {
                let timed = submit
                    .expires_at
                    .map(|end| Lease { expires_at: Some(end), ..Lease::default() });
                let asked = (&submit.input, asked.or(timed));
                self.check_child(now, principal, parent, &agent, asked)?
            }
            (None, Some(lease)) => lease,
            (None, None) => Lease {
                expires_at: submit.expires_at.or(self.settings.default_lease.expires_at),
                ..self.settings.default_lease.clone()
            },
        };
        lease.check_size()?;
        if lease.grants.contains_key("model.use") {
            self.check_feature(Feature::ModelUse)?;
        }
        if lease.expires_at.is_some_and(|end| end <= now.wall) {
            return Err(Fault::invalid("`expires_at` is not in the future"));
        }
        self.check_key(principal, submit)?;
        let limit = self.settings.limits.jobs;
        if self.jobs.len() + self.credentials.waiting_count() >= limit {
            return Err(exceeds("jobs", limit));
        }
        let limit = self.settings.limits.jobs_per_principal;
        if self.tallies.job_count(principal) >= limit {
            return Err(exceeds("jobs_per_principal", limit));
        }
        if self.gets_credentials(&lease) {
            self.check_provisioning(principal)?;
        }
        Ok(Checked { agent, principal: principal.clone(), lease })
    }

    /// Accepts a job: nothing can refuse it any more.
    pub(super) fn accept_job(
        &mut self,
        now: Now,
        draft: Draft,
        credentials: Vec<Credential>,
        fx: &mut Effects,
    ) {
        let Draft { id, by, mut fact, input, key } = draft;
        if let Some((key, intent)) = key {
            let bound = KeyFact { job: id.clone(), intent, at: now.wall };
            self.bind_key(now, &fact.principal, key, bound, fx);
        }
        self.hand_on(now, &id, &mut fact, &input, &by, fx);
        fx.put(key::open_job(&id), fact.to_bytes());
        fx.put(key::job_input(&id), Ok(Bytes::copy_from_slice(input.as_str().as_bytes())));
        let mut job = Job::new(&id, fact);
        job.ticket = match by {
            By::Agent(ticket) => Some(ticket),
            By::Client(_) => None,
        };
        job.credentials = credentials;
        job.restart = self.settings.catalog.restart(&job.agent);
        if let Some(session) = self.sessions.get_mut(&job.session) {
            job.watchers.push(job.session.clone());
            session.watching.insert(id.clone());
        }
        self.tallies.add_job(&job.principal, id.clone());
        if let Some(end) = job.lease.expires_at {
            self.timers.set(Timer::Lease(id.clone()), now.moment_of(end));
        }
        let accepted = job.accepted();
        let (principal, is_child) = (job.principal.clone(), job.parent.is_some());
        self.jobs.insert(id.clone(), job);
        match by {
            By::Client(from) if self.is_there(&from) => {
                self.reply(now, &from, Reply::JobAccepted(Box::new(accepted)), fx);
            }
            By::Client(_) => {}
            By::Agent(ticket) => self.tell_child(now, &id, ticket, fx),
        }
        // It counts as running by now. A child does not wait for a place: that of its parent would not
        // become free.
        let limit = self.settings.limits.running_per_principal;
        if self.tallies.running_count(&principal) > limit && !is_child {
            self.tallies.queue_job(&principal, id);
        } else {
            self.start_job(now, &id, Some(input), fx);
        }
    }

    /// Starts the principal's jobs whose turn it is.
    pub(super) fn start_next(&mut self, now: Now, principal: &Principal, fx: &mut Effects) {
        let bound = self.settings.limits.running_per_principal;
        while !self.draining
            && let Some(job) = self.tallies.next_job(principal, bound)
        {
            // Its timer may be still to come when many things happen at once, such as at the start.
            match self.jobs.get(&job).map(|job| job.lease.check_time(now.wall)) {
                Some(Err(fault)) => self.end_job(now, &job, Event::Failed(fault), fx),
                _ => self.start_job(now, &job, None, fx),
            }
        }
    }

    /// Begins a job.
    fn start_job(&mut self, now: Now, id: &JobId, input: Option<Json>, fx: &mut Effects) {
        let Some(job) = self.jobs.get(id) else { return };
        let kept = job.restart != arcp_core::Restart::Never || self.is_accounted_for(job);
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.started_at = kept.then_some(now.wall);
        let said = Event::Started { description: format!("invoking {}", job.agent) };
        self.set_to_work(now, id, input, said, fx);
    }
}
