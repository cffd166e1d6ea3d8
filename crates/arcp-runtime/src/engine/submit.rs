//! Accepting a job: everything that could refuse it is checked first (§7.1).

use arcp_core::{
    AgentRef, Code, Credential, Event, Fault, Feature, IdempotencyKey, JobId, Json, Lease, Now,
    Principal, Reply, Submit, TraceId,
};
use bytes::Bytes;

use super::credential::Repeat;
use super::job::Job;
use super::{Effects, Engine, From, Intent, Timer, exceeds};
use crate::record::{JobFact, KeyFact, key};

/// A submit that nothing speaks against.
struct Checked {
    /// With the version that a bare name stands for.
    agent: AgentRef,
    principal: Principal,
    /// The effective one.
    lease: Lease,
}

/// A job on its way to being accepted: checked, and nobody's yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: JobId,
    /// Where it was asked for.
    pub(super) from: From,
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
        submit: Submit,
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
        match self.check_submit(now, from, &submit) {
            Ok(checked) => {
                let draft = self.draft(now, from, trace, key, submit, checked);
                if self.gets_credentials(&draft.fact.lease) {
                    self.provision(now, draft, fx);
                } else {
                    self.accept_job(now, draft, Vec::new(), fx);
                }
            }
            Err(fault) => self.refuse(now, from, true, fault, fx),
        }
    }

    fn draft(
        &mut self,
        now: Now,
        from: &From,
        trace: Option<TraceId>,
        key: Option<(IdempotencyKey, Intent)>,
        submit: Submit,
        checked: Checked,
    ) -> Draft {
        let Checked { agent, principal, lease } = checked;
        let fact = JobFact {
            principal,
            session: from.session.clone(),
            request: from.id.clone(),
            trace: trace.or_else(|| self.ids.trace()),
            priority: submit.priority,
            agent,
            lease,
            created_at: now.wall,
            max_runtime: submit.max_runtime,
            parent: submit.parent,
            outcome: None,
        };
        Draft { id: self.ids.job(now), from: from.clone(), fact, input: submit.input, key }
    }

    /// What a submit stands for, or why it is refused.
    fn check_submit(&self, now: Now, from: &From, submit: &Submit) -> Result<Checked, Fault> {
        self.check_draining()?;
        let agent = AgentRef::parse(&submit.agent).map_err(|error| {
            let shown: String = submit.agent.chars().take(128).collect();
            Fault::invalid(format!("invalid agent reference `{shown}`: {error}"))
        })?;
        let agent = self.settings.catalog.resolve(&agent)?;
        let lease = match &submit.lease {
            Some(asked) => {
                asked.check_size()?;
                asked.clone().normal()?
            }
            None => self.settings.default_lease.clone(),
        };
        lease.check_size()?;
        if lease.grants.contains_key("model.use") {
            self.check_feature(Feature::ModelUse)?;
        }
        if lease.expires_at.is_some_and(|end| end <= now.wall) {
            return Err(Fault::invalid("`expires_at` is not in the future"));
        }
        let session = self.sessions.get(&from.session);
        let principal = session
            .map(|session| session.principal.clone())
            .ok_or_else(|| Fault::new(Code::Unauthenticated, "no session"))?;
        self.check_key(&principal, submit)?;
        let limit = self.settings.limits.jobs;
        if self.jobs.len() + self.credentials.waiting_count() >= limit {
            return Err(exceeds("jobs", limit));
        }
        let limit = self.settings.limits.jobs_per_principal;
        if self.tallies.job_count(&principal) >= limit {
            return Err(exceeds("jobs_per_principal", limit));
        }
        if self.gets_credentials(&lease) {
            self.check_provisioning(&principal)?;
        }
        Ok(Checked { agent, principal, lease })
    }

    /// Accepts a job: nothing can refuse it any more.
    pub(super) fn accept_job(
        &mut self,
        now: Now,
        draft: Draft,
        credentials: Vec<Credential>,
        fx: &mut Effects,
    ) {
        let Draft { id, from, fact, input, key } = draft;
        if let Some((key, intent)) = key {
            let bound = KeyFact { job: id.clone(), intent, at: now.wall };
            self.bind_key(now, &fact.principal, key, bound, fx);
        }
        fx.put(key::open_job(&id), fact.to_bytes());
        fx.put(key::job_input(&id), Ok(Bytes::copy_from_slice(input.as_str().as_bytes())));
        let mut job = Job::new(&id, fact);
        job.credentials = credentials;
        job.restart = self.settings.catalog.restart(&job.agent);
        job.watchers.push(from.session.clone());
        if let Some(session) = self.sessions.get_mut(&from.session) {
            session.watching.insert(id.clone());
        }
        self.tallies.add_job(&job.principal, id.clone());
        if let Some(end) = job.lease.expires_at {
            self.timers.set(Timer::Lease(id.clone()), now.moment_of(end));
        }
        let accepted = job.accepted();
        let principal = job.principal.clone();
        self.jobs.insert(id.clone(), job);
        if self.is_there(&from) {
            self.reply(now, &from, Reply::JobAccepted(Box::new(accepted)), fx);
        }
        // It counts as running by now.
        if self.tallies.running_count(&principal) > self.settings.limits.running_per_principal {
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
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.started_at = (job.restart != arcp_core::Restart::Never).then_some(now.wall);
        let said = Event::Started { description: format!("invoking {}", job.agent) };
        self.set_to_work(now, id, input, said, fx);
    }
}
