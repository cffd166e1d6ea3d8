//! Idempotency keys: a repeated intent is the same job again (§7.2, R§6.4).

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{Code, Fault, IdempotencyKey, JobId, Now, Principal, Reply, Submit, Timestamp};

use super::{Effects, Engine, From, Intent, Purpose, Timer};
use crate::record::{KeyFact, key};

/// The keys of every principal that has used any.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bound: BTreeMap<Principal, BTreeMap<IdempotencyKey, KeyFact>>,
    /// When each may be forgotten.
    due: BTreeSet<(Timestamp, Principal, IdempotencyKey)>,
}

impl Keys {
    fn get(&self, principal: &Principal, key: &IdempotencyKey) -> Option<&KeyFact> {
        self.bound.get(principal)?.get(key)
    }

    fn count(&self, principal: &Principal) -> usize {
        self.bound.get(principal).map_or(0, BTreeMap::len)
    }

    fn add(&mut self, principal: Principal, key: IdempotencyKey, fact: KeyFact, until: Timestamp) {
        self.due.insert((until, principal.clone(), key.clone()));
        self.bound.entry(principal).or_default().insert(key, fact);
    }

    /// Takes one that is due.
    fn pop_due(&mut self, now: Timestamp) -> Option<(Principal, IdempotencyKey, KeyFact)> {
        if self.due.first()?.0 > now {
            return None;
        }
        let (_, principal, key) = self.due.pop_first()?;
        let all = self.bound.get_mut(&principal)?;
        let fact = all.remove(&key)?;
        if all.is_empty() {
            self.bound.remove(&principal);
        }
        Some((principal, key, fact))
    }
}

impl Engine {
    /// Answers a submit whose key is bound. `false` when it is not, and there is a job to be made.
    pub(super) fn answer_bound(
        &mut self,
        now: Now,
        from: &From,
        submit: &Submit,
        fx: &mut Effects,
    ) -> bool {
        let session = self.sessions.get(&from.session);
        let (Some(key), Some(session)) = (&submit.key, session) else { return false };
        let Some(bound) = self.keys.get(&session.principal, key) else { return false };
        if bound.intent == Intent::of(submit) {
            let job = bound.job.clone();
            self.repeat(now, from, key.clone(), job, fx);
        } else {
            let fault = other_intent();
            let job = self.ids.job(now);
            self.reply(now, from, Reply::JobRefused { job, fault, key: Some(key.clone()) }, fx);
        }
        true
    }

    /// Tells again that a job was accepted, and what comes of it.
    pub(super) fn repeat(
        &mut self,
        now: Now,
        from: &From,
        key: IdempotencyKey,
        job: JobId,
        fx: &mut Effects,
    ) {
        let Some(open) = self.jobs.get(&job) else {
            self.recall(from, job, Purpose::Repeat(key), fx);
            return;
        };
        let mut accepted = open.accepted();
        accepted.repeated = Some(key);
        self.watch(&from.session, &job, fx);
        self.reply(now, from, Reply::JobAccepted(Box::new(accepted)), fx);
    }

    /// Whether the principal may bind one more key.
    pub(super) fn check_key(&self, principal: &Principal, submit: &Submit) -> Result<(), Fault> {
        let limit = self.settings.limits.keys_per_principal;
        if submit.key.is_some() && self.keys.count(principal) >= limit {
            let message = format!("`keys_per_principal` is {limit}");
            return Err(Fault::new(Code::ResourceExhausted, message));
        }
        Ok(())
    }

    /// Binds a key to the job that is made for it, in the same commit.
    pub(super) fn bind_key(
        &mut self,
        now: Now,
        principal: &Principal,
        key: IdempotencyKey,
        fact: KeyFact,
        fx: &mut Effects,
    ) {
        fx.put(key::idempotency(principal, &key), fact.to_bytes(principal, &key));
        self.hold_key(now, principal.clone(), key, fact);
    }

    pub(super) fn hold_key(
        &mut self,
        now: Now,
        principal: Principal,
        key: IdempotencyKey,
        fact: KeyFact,
    ) {
        let until = fact.at.after(self.settings.idempotency_horizon);
        self.keys.add(principal, key, fact, until);
        self.timers.set_earlier(Timer::Keys, now.moment_of(until));
    }

    /// Forgets the keys that are old enough. That of a job that has not ended is kept.
    pub(super) fn on_keys_due(&mut self, now: Now, fx: &mut Effects) {
        for _ in 0..STEP {
            let Some((principal, key, fact)) = self.keys.pop_due(now.wall) else { break };
            if self.jobs.contains_key(&fact.job) {
                let later = now.wall.after(self.settings.idempotency_horizon);
                self.keys.add(principal, key, fact, later);
            } else {
                fx.delete(key::idempotency(&principal, &key));
            }
        }
        if let Some((next, _, _)) = self.keys.due.first() {
            self.timers.set(Timer::Keys, now.moment_of(*next));
        }
    }
}

pub(super) fn other_intent() -> Fault {
    Fault::new(Code::DuplicateKey, "the idempotency key is bound to another intent")
}

/// Keys forgotten at a time.
const STEP: usize = 256;
