//! Credentials that get other values while their job runs (§9).
//!
//! What a rotation may have issued is owed by the id that it was issued by before: it is revoked with the
//! job, and not before the rotation has come to its end.

use arcp_core::{Answer, Code, Credential, CredentialId, Event, Fault, JobId, Now, Secret};

use super::report::over;
use super::{Effects, Engine, Issue, Task, Ticket};

/// A credential that is getting another value.
#[derive(Debug)]
pub(super) struct Rotation {
    job: JobId,
    credential: CredentialId,
    ticket: Ticket,
}

impl Engine {
    /// A job wants one of its credentials to have another value; it is answered later, unless it is refused
    /// at once.
    pub(super) fn rotate(
        &mut self,
        id: &JobId,
        credential: CredentialId,
        ticket: Ticket,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let job = self.jobs.get(id).ok_or_else(over)?;
        let held = job.credentials.iter().any(|held| held.id == credential);
        let owes = job.owes.clone().filter(|_| held);
        let Some(owes) = owes else {
            return Err(Fault::new(Code::NotFound, "the job has no such credential"));
        };
        if self.credentials.rotating.contains_key(&owes) {
            let message = "a credential of the job is getting another value already";
            return Err(Fault::new(Code::FailedPrecondition, message));
        }
        let request = Issue {
            id: owes.clone(),
            job: id.clone(),
            principal: job.principal.clone(),
            agent: job.agent.clone(),
            lease: job.lease.clone(),
            ceiling: self.settings.ceiling.clone(),
        };
        fx.task(Task::Rotate { credential: credential.clone(), request: Box::new(request) });
        let rotation = Rotation { job: id.clone(), credential, ticket };
        self.credentials.rotating.insert(owes, rotation);
        Ok(())
    }

    /// A credential has another value, or not: of those that were issued by this id.
    pub(super) fn on_rotated(
        &mut self,
        now: Now,
        owed: &CredentialId,
        rotated: Result<Secret<String>, Fault>,
        fx: &mut Effects,
    ) {
        let Some(rotation) = self.credentials.rotating.remove(owed) else { return };
        if self.credentials.is_unwanted(owed) {
            // That has waited for this.
            fx.task(Task::Revoke { id: owed.clone() });
        }
        let Rotation { job, credential, ticket } = rotation;
        let result = rotated.and_then(|value| self.change_value(now, &job, &credential, value, fx));
        fx.task(Task::Answer { ticket, result: result.map(Box::new).map(Answer::Rotated) });
    }

    /// The value goes to the agent and, in the event, to the session that submitted the job: not where an
    /// agent has, for that session never had the one before.
    fn change_value(
        &mut self,
        now: Now,
        id: &JobId,
        credential: &CredentialId,
        value: Secret<String>,
        fx: &mut Effects,
    ) -> Result<Credential, Fault> {
        let job = self.jobs.get_mut(id).filter(|job| !job.is_ending()).ok_or_else(over)?;
        let held = job.credentials.iter_mut().find(|held| held.id == *credential);
        let held = held.ok_or_else(over)?;
        held.value = value.clone();
        let (held, told) = (held.clone(), job.ticket.is_none().then(|| value.clone()));
        let (job, credential) = (id.clone(), credential.clone());
        fx.task(Task::Renew { job, credential: credential.clone(), value });
        self.emit(now, id, Event::CredentialRotated { id: credential, value: told }, fx);
        Ok(held)
    }
}
