//! Credentials of jobs: asked for before the job is accepted, owed back from then on.
//!
//! The store knows that something may have been issued before anybody is asked to issue it, and
//! forgets that only when it is revoked, so that no credential outlives its job for longer than it
//! takes to revoke it, whatever dies in between. Their values are in memory only.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::{
    Code, ConnectionId, Credential, CredentialId, Fault, IdempotencyKey, JobId, Lease, Now,
    Principal, Priority, Reply, SessionId, TraceId,
};
use rust_decimal::Decimal;

use super::rotate::Rotation;
use super::submit::{By, Draft};
use super::{Effects, Engine, From, Intent, Issue, Task, Timer, exceeds};
use crate::record::{OwedFact, key};

/// What is asked for, and what is to be given back.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    /// The jobs that wait for theirs before they are accepted.
    drafts: BTreeMap<JobId, Waiting>,
    /// Those that wait under a key.
    keys: BTreeMap<(Principal, IdempotencyKey), JobId>,
    /// How many repeats of each connection wait for such jobs.
    repeats: Repeats,
    /// What was asked for and is not revoked.
    owed: BTreeMap<CredentialId, Owed>,
    /// What is being revoked of it, or waits for that.
    unwanted: BTreeSet<CredentialId>,
    /// What of it is getting other values.
    pub(super) rotating: BTreeMap<CredentialId, Rotation>,
}

#[derive(Debug)]
struct Waiting {
    draft: Draft,
    credential: CredentialId,
    /// Whether the session that asked first is over, and has been refused.
    refused: bool,
    /// Others that wanted the same under the same key meanwhile.
    repeats: Vec<Repeat>,
}

/// A submit that wanted what one before it did.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) from: From,
    pub(super) trace: Option<TraceId>,
    pub(super) priority: Priority,
}

#[derive(Debug)]
struct Owed {
    job: JobId,
    /// The job that has delegated to that one, whose end may wait until it is revoked.
    parent: Option<JobId>,
    /// How often it could not be revoked.
    failures: u32,
}

/// Counted by connection.
#[derive(Debug, Default)]
struct Repeats(BTreeMap<ConnectionId, usize>);

impl Repeats {
    /// Counts one more, if there may be one more.
    fn take(&mut self, connection: ConnectionId, limit: usize) -> bool {
        let count = self.0.entry(connection).or_default();
        let fits = *count < limit;
        *count += usize::from(fits);
        fits
    }

    fn give_back(&mut self, connection: ConnectionId) {
        if let Entry::Occupied(mut count) = self.0.entry(connection) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What came of asking for credentials.
#[derive(Debug)]
pub enum Provisioned {
    /// Here they are.
    Credentials(Vec<Credential>),
    /// Nothing was issued.
    Refused(Fault),
    /// Perhaps something was.
    Failed(Fault),
}

impl Credentials {
    /// How many jobs wait for theirs.
    pub(super) fn waiting_count(&self) -> usize {
        self.drafts.len()
    }

    /// Whether it is being revoked, or waits for that.
    pub(super) fn is_unwanted(&self, id: &CredentialId) -> bool {
        self.unwanted.contains(id)
    }

    fn owe(&mut self, id: CredentialId, fact: OwedFact) {
        let OwedFact { job, parent } = fact;
        self.owed.insert(id, Owed { job, parent, failures: 0 });
    }

    /// The job on its way under this key.
    fn waiting(&self, principal: &Principal, key: &IdempotencyKey) -> Option<&JobId> {
        self.keys.get(&(principal.clone(), key.clone()))
    }
}

impl Engine {
    /// Whether a job has credentials issued for it: its lease names models or lets it spend something.
    pub(super) fn gets_credentials(&self, lease: &Lease) -> bool {
        let models = lease.grants.get("model.use").is_some_and(|patterns| !patterns.is_empty());
        let spends = lease.budget.counters().any(|(_, amount)| amount > Decimal::ZERO);
        self.settings.provisions && (models || spends)
    }

    /// Whether credentials may be asked for, for one more job.
    pub(super) fn check_provisioning(&self, principal: &Principal) -> Result<(), Fault> {
        let limits = &self.settings.limits;
        let (limit, unwanted) = (limits.provisioning_per_principal, limits.unrevoked);
        if self.tallies.draft_count(principal) >= limit {
            return Err(exceeds("provisioning_per_principal", limit));
        }
        if self.credentials.unwanted.len() >= unwanted {
            let message = format!("too much waits to be revoked: `unrevoked` is {unwanted}");
            return Err(Fault::new(Code::Unavailable, message));
        }
        Ok(())
    }

    /// Asks for a job's credentials; it is accepted when they are there.
    pub(super) fn provision(&mut self, now: Now, draft: Draft, fx: &mut Effects) {
        let (id, fact) = (draft.id.clone(), &draft.fact);
        let principal = fact.principal.clone();
        let credential = self.ids.credential(now);
        let parent = fact.parent.as_ref().map(|parent| parent.job.clone());
        let owed = OwedFact { job: id.clone(), parent };
        fx.put(key::owed(&credential), owed.to_bytes());
        self.credentials.owe(credential.clone(), owed);
        self.expect_child(fact);
        self.tallies.add_draft(&principal, id.clone());
        if let Some((key, _)) = &draft.key {
            self.credentials.keys.insert((principal.clone(), key.clone()), id.clone());
        }
        fx.task(Task::Issue(Box::new(Issue {
            id: credential.clone(),
            job: id.clone(),
            principal,
            agent: fact.agent.clone(),
            lease: fact.lease.clone(),
            ceiling: self.settings.ceiling.clone(),
        })));
        let waiting = Waiting { draft, credential, refused: false, repeats: Vec::new() };
        self.credentials.drafts.insert(id, waiting);
    }

    /// The job that is on its way under a key.
    pub(super) fn waiting_under(&self, from: &From, key: &IdempotencyKey) -> Option<JobId> {
        let session = self.sessions.get(&from.session)?;
        self.credentials.waiting(&session.principal, key).cloned()
    }

    /// Has a submit wait for the job that is on its way under its key.
    pub(super) fn join_waiting(
        &mut self,
        now: Now,
        job: &JobId,
        repeat: Repeat,
        key: &IdempotencyKey,
        intent: Intent,
        fx: &mut Effects,
    ) {
        let Some(waiting) = self.credentials.drafts.get_mut(job) else { return };
        let same = waiting.draft.key.as_ref().is_some_and(|(_, wanted)| *wanted == intent);
        let limits = &self.settings.limits;
        let limit = limits.commands_in_flight;
        let fits = waiting.repeats.len() < limits.repeats_per_job;
        if same && fits && self.credentials.repeats.take(repeat.from.connection, limit) {
            waiting.repeats.push(repeat);
        } else {
            let fault = match (same, fits) {
                (false, _) => super::keys::other_intent(),
                (true, true) => exceeds("commands_in_flight", limit),
                (true, false) => exceeds("repeats_per_job", limits.repeats_per_job),
            };
            let job = self.ids.job(now);
            let refused = Reply::JobRefused { job, fault, key: Some(key.clone()) };
            self.reply(now, &repeat.from, refused, fx);
        }
    }

    /// The credentials of a job are there, or not.
    pub(super) fn on_provisioned(
        &mut self,
        now: Now,
        job: &JobId,
        provisioned: Provisioned,
        fx: &mut Effects,
    ) {
        let Some(mut waiting) = self.forget_draft(job) else { return };
        self.find_heir(&mut waiting);
        let fault = match provisioned {
            Provisioned::Credentials(credentials) => match self.check_still(now, &waiting.draft) {
                Ok(()) => return self.accept_provisioned(now, waiting, credentials, fx),
                Err(fault) => {
                    self.revoke_draft(&waiting, fx);
                    fault
                }
            },
            Provisioned::Refused(fault) => {
                self.forget_owed(&waiting.credential, fx);
                fault
            }
            Provisioned::Failed(fault) => {
                self.revoke_draft(&waiting, fx);
                fault
            }
        };
        self.refuse_waiting(now, &waiting, &fault, fx);
        if let Some(parent) = &waiting.draft.fact.parent {
            self.end_when_alone(now, &parent.job, fx);
        }
    }

    /// What may have been issued for a job that is not accepted is revoked, before the end of the one that was
    /// to delegate to it is told.
    fn revoke_draft(&mut self, waiting: &Waiting, fx: &mut Effects) {
        if let Some(parent) = &waiting.draft.fact.parent {
            self.expect_revoked(&parent.job, &waiting.credential);
        }
        self.revoke(waiting.credential.clone(), fx);
    }

    /// A session is over: its jobs that wait for their credentials are refused, so that it hears it.
    pub(super) fn leave_drafts(&mut self, now: Now, session: &SessionId, fx: &mut Effects) {
        let Some(principal) = self.sessions.get(session).map(|session| session.principal.clone())
        else {
            return;
        };
        for from in self.drop_drafts(&principal, session) {
            if self.is_there(&from) {
                self.refuse(now, &from, true, session_closed(), fx);
            }
        }
    }

    /// Has a session wait for no job any more. Returns those commands of it that did.
    pub(super) fn drop_drafts(&mut self, principal: &Principal, session: &SessionId) -> Vec<From> {
        let mut left = Vec::new();
        // A submit waits for a job of its own principal.
        if self.tallies.draft_count(principal) == 0 {
            return left;
        }
        for waiting in self.credentials.drafts.values_mut() {
            if let By::Client(from) = &waiting.draft.by
                && from.session == *session
                && !waiting.refused
            {
                waiting.refused = true;
                left.push(from.clone());
            }
            let is_its = |repeat: &mut Repeat| repeat.from.session == *session;
            for Repeat { from, .. } in waiting.repeats.extract_if(.., is_its) {
                self.credentials.repeats.give_back(from.connection);
                left.push(from);
            }
        }
        left
    }

    /// When the session is over that asked first, another that wanted the same submits the job: one that
    /// is still there, if any is.
    fn find_heir(&self, waiting: &mut Waiting) {
        if !waiting.refused || waiting.repeats.is_empty() {
            return;
        }
        let there = waiting.repeats.iter().position(|one| self.is_there(&one.from));
        let Repeat { from, trace, priority } = waiting.repeats.remove(there.unwrap_or(0));
        waiting.refused = false;
        let draft = &mut waiting.draft;
        draft.fact.session = from.session.clone();
        draft.fact.request = from.id.clone();
        if draft.fact.parent.is_none() {
            draft.fact.trace = trace.or(draft.fact.trace.take());
        }
        draft.fact.priority = priority;
        draft.by = By::Client(from);
    }

    fn accept_provisioned(
        &mut self,
        now: Now,
        waiting: Waiting,
        credentials: Vec<Credential>,
        fx: &mut Effects,
    ) {
        let Waiting { draft, credential, refused: _, repeats } = waiting;
        let (job, key) = (draft.id.clone(), draft.key.clone());
        let owes = !credentials.is_empty();
        if !owes {
            self.forget_owed(&credential, fx);
        }
        self.accept_job(now, draft, credentials, fx);
        if let Some(job) = self.jobs.get_mut(&job).filter(|_| owes) {
            job.owes = Some(credential);
        }
        let repeats = repeats.into_iter().map(|repeat| repeat.from);
        for from in repeats.filter(|from| self.is_there(from)).collect::<Vec<_>>() {
            if let Some((key, _)) = &key {
                self.repeat(now, &from, key.clone(), job.clone(), fx);
            }
        }
    }

    /// Whether what was checked before is so still.
    fn check_still(&self, now: Now, draft: &Draft) -> Result<(), Fault> {
        self.check_draining()?;
        if let By::Client(from) = &draft.by {
            let session = self.sessions.get(&from.session);
            if session.is_none_or(super::Session::is_closing) {
                return Err(session_closed());
            }
        }
        self.check_still_child(now, &draft.fact)?;
        draft.fact.lease.check_time(now.wall)
    }

    fn refuse_waiting(&mut self, now: Now, waiting: &Waiting, fault: &Fault, fx: &mut Effects) {
        let Waiting { draft, repeats, .. } = waiting;
        let first = match (&draft.by, &draft.fact.parent) {
            (By::Client(from), _) => Some(from).filter(|_| !waiting.refused),
            (By::Agent(ticket), Some(parent)) => {
                let name = parent.delegation.as_deref().unwrap_or_default();
                self.refuse_delegation(now, &parent.job, name, *ticket, fault.clone(), fx);
                None
            }
            (By::Agent(_), None) => None,
        };
        for from in first.into_iter().chain(repeats.iter().map(|repeat| &repeat.from)) {
            if self.is_there(from) {
                self.refuse(now, from, true, fault.clone(), fx);
            }
        }
    }

    fn forget_draft(&mut self, job: &JobId) -> Option<Waiting> {
        let waiting = self.credentials.drafts.remove(job)?;
        let principal = &waiting.draft.fact.principal;
        self.tallies.remove_draft(principal, job);
        self.expect_no_child(&waiting.draft.fact);
        if let Some((key, _)) = &waiting.draft.key {
            self.credentials.keys.remove(&(principal.clone(), key.clone()));
        }
        for repeat in &waiting.repeats {
            self.credentials.repeats.give_back(repeat.from.connection);
        }
        Some(waiting)
    }

    /// The runtime stops: who waits is told.
    pub(super) fn refuse_drafts(&mut self, now: Now, fault: &Fault, fx: &mut Effects) {
        let jobs: Vec<_> = self.credentials.drafts.keys().cloned().collect();
        for job in jobs {
            if let Some(waiting) = self.forget_draft(&job) {
                self.revoke_draft(&waiting, fx);
                self.refuse_waiting(now, &waiting, fault, fx);
            }
        }
    }

    /// Has what goes by the id revoked, unless it is being revoked: once no other value is on its way.
    pub(super) fn revoke(&mut self, id: CredentialId, fx: &mut Effects) {
        debug_assert!(self.credentials.owed.contains_key(&id), "what is revoked is owed");
        let waits = self.credentials.rotating.contains_key(&id);
        if self.credentials.unwanted.insert(id.clone()) && !waits {
            fx.task(Task::Revoke { id });
        }
    }

    /// Has what was issued for a job revoked, unless it is revoked.
    pub(super) fn revoke_of(&mut self, job: &JobId, fx: &mut Effects) {
        let owes = self.jobs.get(job).and_then(|job| job.owes.clone());
        if let Some(id) = owes.filter(|id| self.is_owed(id)) {
            self.revoke(id, fx);
        }
    }

    /// Whether something may have been issued that is not revoked.
    pub(super) fn is_owed(&self, id: &CredentialId) -> bool {
        self.credentials.owed.contains_key(id)
    }

    /// A credential is revoked, or could not be.
    pub(super) fn on_revoked(
        &mut self,
        now: Now,
        id: CredentialId,
        revoked: Result<(), String>,
        fx: &mut Effects,
    ) {
        let Err(why) = revoked else {
            let parent = self.credentials.owed.get(&id).and_then(|owed| owed.parent.clone());
            self.forget_owed(&id, fx);
            if let Some(parent) = parent {
                self.on_child_revoked(now, &parent, &id, fx);
            }
            return;
        };
        let Some(owed) = self.credentials.owed.get_mut(&id) else { return };
        owed.failures += 1;
        let (job, failures) = (&owed.job, owed.failures);
        tracing::error!(credential = %id, %job, failures, "could not be revoked, trying again: {why}");
        let pause = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_PAUSE);
        self.timers.set(Timer::Revoke(id), now.moment.after(pause));
    }

    pub(super) fn on_revoke_due(&mut self, id: CredentialId, fx: &mut Effects) {
        if self.is_owed(&id) {
            fx.task(Task::Revoke { id });
        }
    }

    fn forget_owed(&mut self, id: &CredentialId, fx: &mut Effects) {
        self.credentials.owed.remove(id);
        self.credentials.unwanted.remove(id);
        fx.delete(key::owed(id));
    }

    /// What the store says may have been issued. That of a job that is still to come is kept.
    pub(super) fn recover_owed(&mut self, id: CredentialId, fact: OwedFact) {
        match (self.jobs.get_mut(&fact.job), &fact.parent) {
            (Some(job), _) => job.owes = Some(id.clone()),
            (None, Some(parent)) => self.expect_revoked(parent, &id),
            (None, None) => {}
        }
        self.credentials.owe(id, fact);
    }

    /// Revokes what is owed for jobs that are not there, all facts being recovered.
    pub(super) fn revoke_orphans(&mut self, fx: &mut Effects) {
        let owed = self.credentials.owed.iter();
        let orphans = owed.filter(|(_, owed)| !self.jobs.contains_key(&owed.job));
        for id in orphans.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.revoke(id, fx);
        }
    }
}

fn session_closed() -> Fault {
    Fault::new(Code::FailedPrecondition, "the session has closed")
}

/// How long a revocation that failed waits to be tried again: twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
