//! Idempotency keys: a repeated intent is the same job again (§7.2, R§6.4).

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{Code, Fault, IdempotencyKey, JobId, Now, Principal, Reply, Submit, Timestamp};

use super::timers::next_step;
use super::{Effects, Engine, From, Intent, Purpose, Timer, exceeds};
use crate::record::{KeyFact, key};

/// The keys of every principal that has used any.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bound: BTreeMap<Principal, BTreeMap<IdempotencyKey, Bound>>,
    /// When each may be forgotten.
    due: BTreeSet<(Timestamp, Principal, IdempotencyKey)>,
}

#[derive(Debug)]
struct Bound {
    fact: KeyFact,
    until: Timestamp,
}

impl Keys {
    fn get(&self, principal: &Principal, key: &IdempotencyKey) -> Option<&KeyFact> {
        self.bound.get(principal)?.get(key).map(|bound| &bound.fact)
    }

    fn count(&self, principal: &Principal) -> usize {
        self.bound.get(principal).map_or(0, BTreeMap::len)
    }

    fn add(&mut self, principal: Principal, key: IdempotencyKey, fact: KeyFact, until: Timestamp) {
        self.due.insert((until, principal.clone(), key.clone()));
        self.bound.entry(principal).or_default().insert(key, Bound { fact, until });
    }

    fn remove(&mut self, principal: &Principal, key: &IdempotencyKey) -> Option<KeyFact> {
        let all = self.bound.get_mut(principal)?;
        let Bound { fact, until } = all.remove(key)?;
        if all.is_empty() {
            self.bound.remove(principal);
        }
        self.due.remove(&(until, principal.clone(), key.clone()));
        Some(fact)
    }

    /// Takes one that is due.
    fn pop_due(&mut self, now: Timestamp) -> Option<(Principal, IdempotencyKey, KeyFact)> {
        let (_, principal, key) = self.due.first().filter(|(until, _, _)| *until <= now)?.clone();
        let fact = self.remove(&principal, &key)?;
        Some((principal, key, fact))
    }
}

impl Engine {
    /// Answers a submit whose key is bound. `false` when it is not, and there is a job to be made.
    pub(super) fn answer_bound(
        &mut self,
        now: Now,
        from: &From,
        key: &IdempotencyKey,
        intent: Intent,
        fx: &mut Effects,
    ) -> bool {
        let Some(session) = self.sessions.get(&from.session) else { return false };
        let Some(bound) = self.keys.get(&session.principal, key) else { return false };
        if bound.intent == intent {
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
        let limits = &self.settings.limits;
        let bounds = [
            ("keys_per_principal", self.keys.count(principal), limits.keys_per_principal),
            ("keys_in_all", self.keys.due.len(), limits.keys_in_all),
        ];
        let full = bounds.into_iter().find(|(_, count, limit)| count >= limit);
        match full.filter(|_| submit.key.is_some()) {
            Some((what, _, limit)) => Err(exceeds(what, limit)),
            None => Ok(()),
        }
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
            self.timers.set(Timer::Keys, next_step(now, *next));
        }
    }

    /// Forgets all keys of somebody who can never come back.
    pub(super) fn forget_keys(&mut self, principal: &Principal, fx: &mut Effects) {
        let keys = self.keys.bound.get(principal);
        let keys: Vec<_> = keys.into_iter().flat_map(|keys| keys.keys().cloned()).collect();
        for key in keys {
            if self.keys.remove(principal, &key).is_some() {
                fx.delete(key::idempotency(principal, &key));
            }
        }
    }
}

pub(super) fn other_intent() -> Fault {
    Fault::new(Code::DuplicateKey, "the idempotency key is bound to another intent")
}

/// Keys forgotten at a time.
const STEP: usize = 256;
