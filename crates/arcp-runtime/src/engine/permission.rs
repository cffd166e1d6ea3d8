//! Permissions that jobs ask for while they run, and the leases that come of them (R§15.4, R§15.5).
//!
//! A job that has asked is blocked until somebody of its principal answers, or as long as it said
//! that it would wait. What it is granted adds to its lease until it expires or is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::lease::{Operation, Pattern};
use arcp_core::{
    Answer, Code, Event, Fault, GrantedLease, JobId, LeaseId, MessageId, Now, PermissionAnswer,
    PermissionRequest, PermissionVerdict, Reply, Timestamp,
};

use super::report::over;
use super::{Effects, Engine, From, Task, Ticket, Timer, exceeds};
use crate::record::event_id;

/// What all jobs wait for, and who holds what.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    /// By the message that asks.
    asked: BTreeMap<MessageId, Asked>,
    leases: BTreeMap<LeaseId, JobId>,
}

/// Something that was asked for and is not answered.
#[derive(Debug)]
struct Asked {
    job: JobId,
    permission: String,
    operation: String,
    ticket: Ticket,
}

/// What one job waits for, and what it was granted.
#[derive(Debug, Default)]
pub(super) struct Held {
    asking: BTreeSet<MessageId>,
    leases: BTreeMap<LeaseId, Granted>,
}

#[derive(Debug)]
struct Granted {
    permission: String,
    resource: Pattern,
    expires_at: Timestamp,
    revoked: bool,
}

impl Granted {
    /// Whether it holds, and why not.
    fn check(&self, now: Timestamp) -> Result<(), Fault> {
        if self.revoked {
            return Err(Fault::new(Code::LeaseRevoked, "the permission was taken back"));
        }
        if now >= self.expires_at {
            let message = format!("the permission expired at {}", self.expires_at);
            return Err(Fault::new(Code::LeaseExpired, message));
        }
        Ok(())
    }

    fn covers(&self, operation: &Operation) -> bool {
        self.permission == operation.namespace() && operation.is_within(&self.resource)
    }
}

impl Held {
    /// Whether it waits for an answer.
    pub(super) fn is_asking(&self) -> bool {
        !self.asking.is_empty()
    }

    /// Whether a permission covers an operation that the lease does not; `denied` when none ever did.
    pub(super) fn check(
        &self,
        operation: &Operation,
        now: Timestamp,
        denied: Fault,
    ) -> Result<(), Fault> {
        let covering = self.leases.values().filter(|granted| granted.covers(operation));
        let mut result = Err(denied);
        for granted in covering {
            result = granted.check(now);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Forgets what holds no more, when there is no room otherwise. `false` when there is none.
    fn make_room(
        &mut self,
        limit: usize,
        now: Timestamp,
        leases: &mut BTreeMap<LeaseId, JobId>,
    ) -> bool {
        if self.asking.len() + self.leases.len() >= limit {
            self.leases.retain(|id, granted| {
                let holds = granted.check(now).is_ok();
                if !holds {
                    leases.remove(id);
                }
                holds
            });
        }
        self.asking.len() + self.leases.len() < limit
    }
}

impl Engine {
    /// Has a job ask for a permission; it is answered later, unless it is refused at once.
    pub(super) fn ask_permission(
        &mut self,
        now: Now,
        id: &JobId,
        request: PermissionRequest,
        wait: Option<Duration>,
        ticket: Ticket,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let limit = self.settings.limits.permissions_per_job;
        let job = self.jobs.get_mut(id).ok_or_else(over)?;
        if !job.held.make_room(limit, now.wall, &mut self.permissions.leases) {
            return Err(exceeds("permissions_per_job", limit));
        }
        let message = event_id(id, job.next_index, now.wall);
        job.held.asking.insert(message.clone());
        let (permission, operation) = (request.permission.clone(), request.operation.clone());
        let asked = Asked { job: id.clone(), permission, operation, ticket };
        self.permissions.asked.insert(message.clone(), asked);
        if let Some(wait) = wait {
            self.timers.set(Timer::Permission(message), now.moment.after(wait));
        }
        self.emit(now, id, Event::PermissionRequest(request), fx);
        Ok(())
    }

    /// Grants or denies what a job has asked for.
    pub(super) fn handle_permission(
        &mut self,
        now: Now,
        from: &From,
        answer: &PermissionAnswer,
        fx: &mut Effects,
    ) {
        match self.check_answer(now, from, answer) {
            Ok((message, Given::Grant(granted))) => {
                self.reply(now, from, Reply::Done, fx);
                self.grant(now, &message, granted, fx);
            }
            Ok((message, Given::Deny(fault))) => {
                self.reply(now, from, Reply::Done, fx);
                self.close_request(&message, Err(fault), fx);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// The request that is answered, and how.
    fn check_answer(
        &self,
        now: Now,
        from: &From,
        answer: &PermissionAnswer,
    ) -> Result<(MessageId, Given), Fault> {
        let (message, asked) = self.find_request(from, answer)?;
        if asked.permission != answer.permission {
            let message = format!("`permission` is not the one asked for, `{}`", asked.permission);
            return Err(Fault::invalid(message));
        }
        let given = match &answer.verdict {
            PermissionVerdict::Deny { reason } => {
                Given::Deny(Fault::new(Code::PermissionDenied, format!("denied: {reason}")))
            }
            PermissionVerdict::Grant { lease, .. } if lease.is_zero() => {
                return Err(Fault::invalid("`lease_seconds` must be at least 1"));
            }
            PermissionVerdict::Grant { operation, .. } if *operation != asked.operation => {
                let message =
                    format!("`operation` is not the one asked for, `{}`", asked.operation);
                return Err(Fault::invalid(message));
            }
            PermissionVerdict::Grant { resource, operation, lease } => {
                let resource = Pattern::parse(resource)
                    .and_then(|pattern| pattern.normal(&answer.permission))
                    .map_err(|error| Fault::invalid(format!("`resource`: {error}")))?;
                Given::Grant(Grant {
                    permission: answer.permission.clone(),
                    resource,
                    operation: operation.clone(),
                    expires_at: now.wall.after(*lease),
                })
            }
        };
        Ok((message, given))
    }

    /// The open request that an answer means: the one it names, or the oldest of its job for this
    /// permission. What the principal may not know of looks like what is not there.
    fn find_request(
        &self,
        from: &From,
        answer: &PermissionAnswer,
    ) -> Result<(MessageId, &Asked), Fault> {
        let missing = || Fault::new(Code::NotFound, "no such request waits for an answer");
        let principal = self.sessions.get(&from.session).map(|session| &session.principal);
        let own = |job: &JobId| {
            self.jobs.get(job).filter(|job| Some(&job.principal) == principal).ok_or_else(missing)
        };
        let message = match (&answer.request, &answer.job) {
            (Some(message), _) => message.clone(),
            (None, Some(job)) => {
                let for_this = |message: &&MessageId| {
                    let asked = self.permissions.asked.get(*message);
                    asked.is_some_and(|asked| asked.permission == answer.permission)
                };
                own(job)?.held.asking.iter().find(for_this).cloned().ok_or_else(missing)?
            }
            (None, None) => {
                let message = "`correlation_id` or `job_id` must say which request is answered";
                return Err(Fault::invalid(message));
            }
        };
        let asked = self.permissions.asked.get(&message).ok_or_else(missing)?;
        own(&asked.job)?;
        Ok((message, asked))
    }

    fn grant(&mut self, now: Now, message: &MessageId, grant: Grant, fx: &mut Effects) {
        let lease = self.ids.lease(now);
        let Some(id) = self.permissions.asked.get(message).map(|asked| asked.job.clone()) else {
            return;
        };
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Grant { permission, resource, operation, expires_at } = grant;
        let told = GrantedLease {
            lease: lease.clone(),
            permission: permission.clone(),
            resource: resource.to_string(),
            operation,
            expires_at,
        };
        let granted = Granted { permission, resource, expires_at, revoked: false };
        job.held.leases.insert(lease.clone(), granted);
        self.permissions.leases.insert(lease, id.clone());
        self.emit(now, &id, Event::LeaseGranted(told.clone()), fx);
        self.close_request(message, Ok(Answer::Permission(told)), fx);
    }

    /// Tells a job what has come of its request.
    fn close_request(
        &mut self,
        message: &MessageId,
        result: Result<Answer, Fault>,
        fx: &mut Effects,
    ) {
        let Some(asked) = self.permissions.asked.remove(message) else { return };
        self.timers.cancel(&Timer::Permission(message.clone()));
        if let Some(job) = self.jobs.get_mut(&asked.job) {
            job.held.asking.remove(message);
        }
        fx.task(Task::Answer { ticket: asked.ticket, result });
    }

    /// Nobody has answered in the time that the request gave.
    pub(super) fn on_permission_overdue(&mut self, message: &MessageId, fx: &mut Effects) {
        let fault = Fault::new(Code::TimedOut, "nobody answered the request in time");
        self.close_request(message, Err(fault), fx);
    }

    /// A job ends, and with it what it waits for and holds.
    pub(super) fn end_permissions(&mut self, id: &JobId, fx: &mut Effects) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let Held { asking, leases } = std::mem::take(&mut job.held);
        for lease in leases.keys() {
            self.permissions.leases.remove(lease);
        }
        for message in asking {
            self.close_request(&message, Err(over()), fx);
        }
    }

    /// Lets a permission last longer.
    pub(super) fn handle_refresh_lease(
        &mut self,
        now: Now,
        from: &From,
        lease: LeaseId,
        additional: Duration,
        fx: &mut Effects,
    ) {
        if additional.is_zero() {
            let fault = Fault::invalid("`additional_seconds` must be at least 1");
            self.reply(now, from, Reply::Nack(fault), fx);
            return;
        }
        match self.find_lease(now, from, &lease) {
            Ok((id, granted)) => {
                granted.expires_at = granted.expires_at.after(additional);
                let expires_at = granted.expires_at;
                self.reply(now, from, Reply::Done, fx);
                self.emit(now, &id, Event::LeaseExtended { lease, expires_at }, fx);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// Takes a permission back.
    pub(super) fn handle_revoke_lease(
        &mut self,
        now: Now,
        from: &From,
        lease: LeaseId,
        reason: String,
        fx: &mut Effects,
    ) {
        match self.find_lease(now, from, &lease) {
            Ok((id, granted)) => {
                granted.revoked = true;
                self.reply(now, from, Reply::Done, fx);
                self.emit(now, &id, Event::LeaseRevoked { lease, reason }, fx);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// A permission that holds, of a job of the session's principal.
    fn find_lease(
        &mut self,
        now: Now,
        from: &From,
        lease: &LeaseId,
    ) -> Result<(JobId, &mut Granted), Fault> {
        let missing = || Fault::new(Code::NotFound, "no such lease");
        let principal = self.sessions.get(&from.session).map(|session| &session.principal);
        let id = self.permissions.leases.get(lease).ok_or_else(missing)?;
        let job = self.jobs.get_mut(id).filter(|job| Some(&job.principal) == principal);
        let granted = job.and_then(|job| job.held.leases.get_mut(lease)).ok_or_else(missing)?;
        granted.check(now.wall)?;
        Ok((id.clone(), granted))
    }
}

/// A verdict, checked.
enum Given {
    Grant(Grant),
    Deny(Fault),
}

struct Grant {
    permission: String,
    resource: Pattern,
    operation: String,
    expires_at: Timestamp,
}
