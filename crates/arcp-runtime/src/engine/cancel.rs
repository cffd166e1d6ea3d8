//! Cancelling: cooperative up to a deadline, then by force (R§10.4).

use std::time::Duration;

use arcp_core::{Cancel, CancelTarget, Code, Event, Fault, JobId, Notice, Now, Reply};
use arcp_transport::CloseReason;

use super::job::Phase;
use super::{Effects, Engine, From, Task, Timer};

impl Engine {
    pub(super) fn handle_cancel(
        &mut self,
        now: Now,
        from: &From,
        cancel: Cancel,
        fx: &mut Effects,
    ) {
        let Cancel { target, target_id, reason, deadline } = cancel;
        match target {
            CancelTarget::Job => match self.find_cancellable(from, &target_id) {
                Ok(job) => {
                    let reason = reason.unwrap_or_else(|| "cancelled".to_owned());
                    let reply = Reply::CancelAccepted { target_id, job: Some(job.clone()) };
                    self.reply(now, from, reply, fx);
                    self.cancel_job(now, &job, reason, deadline, fx);
                }
                Err(fault) => self.reply(now, from, Reply::CancelRefused { target_id, fault }, fx),
            },
            CancelTarget::Stream | CancelTarget::Session => {
                let message = "only jobs can be cancelled; to end a session, close it";
                let fault = Fault::new(Code::Unimplemented, message);
                self.reply(now, from, Reply::Nack(fault), fx);
            }
        }
    }

    /// The job, when it has not ended and the session's principal may cancel it. What the
    /// principal may not know of looks like what is not there.
    fn find_cancellable(&self, from: &From, text: &str) -> Result<JobId, Fault> {
        let id = JobId::parse(text).map_err(|_| Fault::invalid("malformed job id"))?;
        let principal = self.sessions.get(&from.session).map(|session| &session.principal);
        match self.jobs.get(&id) {
            Some(job) if Some(&job.principal) == principal => Ok(id),
            _ => Err(Fault::new(Code::JobNotFound, "no such in-flight job")),
        }
    }

    /// Asks a job to end; one that has not started ends at once. Asked again, the earlier deadline
    /// holds.
    pub(super) fn cancel_job(
        &mut self,
        now: Now,
        id: &JobId,
        reason: String,
        deadline: Option<Duration>,
        fx: &mut Effects,
    ) {
        let Some(job) = self.jobs.get_mut(id) else {
            return;
        };
        match job.phase {
            Phase::Queued => {
                self.end_job(now, id, Event::Cancelled { reason }, fx);
                return;
            }
            Phase::Running => {
                job.phase = Phase::Cancelling;
                fx.task(Task::Signal { job: id.clone(), reason });
            }
            Phase::Cancelling => {}
        }
        let deadline = now.moment.after(deadline.unwrap_or(self.settings.cancel_grace));
        self.timers.set_earlier(Timer::CancelDeadline(id.clone()), deadline);
    }

    pub(super) fn on_cancel_overdue(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let message = "the job was cancelled and did not end in time";
        let fault = Fault::new(Code::Aborted, message);
        self.end_job_by_force(now, id, Event::Failed(fault), fx);
    }

    /// The runtime stops: jobs that have started end, clients are told, sessions and queued jobs wait
    /// for the next start.
    pub(super) fn on_halt(&mut self, now: Now, fx: &mut Effects) {
        self.draining = true;
        let stopping = || Fault::new(Code::Unavailable, "the runtime is shutting down");
        let started = self.jobs.iter().filter(|(_, job)| job.has_started());
        let jobs: Vec<_> = started.map(|(id, _)| id.clone()).collect();
        for job in &jobs {
            self.end_job_by_force(now, job, Event::Failed(stopping()), fx);
        }
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for connection in connections {
            let live = self.connections.get(&connection).and_then(|c| c.session()).cloned();
            if let Some(session) = live {
                if let Some(principal) = self.sessions.get(&session).map(|s| s.principal.clone()) {
                    self.end_subscriptions(now, &principal, &session, &stopping(), fx);
                }
                self.notify(now, connection, Notice::Evicted(stopping()), fx);
                self.detach(now, connection, &session, fx);
            }
            self.end_connection(connection, CloseReason::GoingAway, fx);
        }
    }
}
