//! Jobs that were running when the runtime died: run again where their agents can be, else failed.

use arcp_core::{Answer, Code, Event, Fault, JobId, Json, Now, Restart, StreamChange};
use bytes::Bytes;

use super::job::{Job, Phase, overtime};
use super::report::over;
use super::{Effects, Engine, RecoverError, StartJob, Task, Timer};
use crate::record::{RunFact, key};

impl Job {
    /// What a restart has to know of a job that can be run again.
    fn run_fact(&self) -> Option<RunFact> {
        Some(RunFact {
            started_at: self.started_at?,
            attempts: self.attempts,
            deaths: self.deaths,
            stopped: self.stopped,
            left: self.remaining.clone(),
            cancelled: self.cancelled.clone(),
        })
    }
}

impl Engine {
    /// Keeps what a job has used up, if it can be run again.
    pub(super) fn keep_run(&self, id: &JobId, fx: &mut Effects) {
        if let Some(fact) = self.jobs.get(id).and_then(Job::run_fact) {
            fx.put(key::run(id), fact.to_bytes());
        }
    }

    /// What a job that can be run again had used up. One whose job is gone is forgotten.
    pub(super) fn recover_run(
        &mut self,
        id: &JobId,
        value: &[u8],
        fx: &mut Effects,
    ) -> Result<(), RecoverError> {
        let fact = RunFact::from_bytes(value).map_err(|source| RecoverError::of(id, source))?;
        match self.jobs.get_mut(id) {
            Some(job) => {
                job.started_at = Some(fact.started_at);
                job.attempts = fact.attempts;
                (job.deaths, job.stopped) = (fact.deaths, fact.stopped);
                job.remaining = fact.left;
                job.cancelled = fact.cancelled;
            }
            None => fx.delete(key::run(id)),
        }
        Ok(())
    }

    /// A job has died with its runtime.
    pub(super) fn on_died(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        match self.check_restart(now, id) {
            Ok(()) => self.restart_job(now, id, fx),
            Err(end) => self.end_job(now, id, end, fx),
        }
    }

    /// Whether a job is run again, and how it ends when it is not.
    fn check_restart(&self, now: Now, id: &JobId) -> Result<(), Event> {
        let restarted =
            |what: &str| Event::Failed(Fault::new(Code::Unavailable, what).with_retryable(true));
        let job = self.jobs.get(id).ok_or_else(|| restarted("runtime restarted"))?;
        if let Some(reason) = &job.cancelled {
            return Err(Event::Cancelled { reason: reason.clone() });
        }
        let limit = self.settings.limits.restarts_per_job;
        if job.restart == Restart::Never || job.started_at.is_none() || job.owes.is_some() {
            return Err(restarted("runtime restarted"));
        }
        // A stop in good order is not the job's fault.
        if job.deaths >= limit && !job.stopped {
            let what = format!("runtime restarted; `restarts_per_job` is {limit}");
            return Err(restarted(&what));
        }
        let due = job.started_at.zip(job.max_runtime).map(|(began, span)| began.after(span));
        if due.is_some_and(|due| due <= now.wall) {
            return Err(Event::TimedOut(overtime()));
        }
        job.lease.check_time(now.wall).map_err(Event::Failed)
    }

    fn restart_job(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let lost = |_| StreamChange::Failed(Fault::new(Code::Aborted, "runtime restarted"));
        self.end_streams(now, id, lost, fx);
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.deaths += u32::from(!std::mem::take(&mut job.stopped));
        let message = Some(format!("runtime restarted; run {}", job.attempts + 1));
        if let Some(end) = job.lease.expires_at {
            self.timers.set(Timer::Lease(id.clone()), now.moment_of(end));
        }
        let said = Event::Status { phase: "restarted".to_owned(), message };
        self.set_to_work(now, id, None, said, fx);
    }

    /// Sets a job's agent to work, for the first time or once more. An input that is not given is read
    /// from the store. One that is run again holds no credentials.
    pub(super) fn set_to_work(
        &mut self,
        now: Now,
        id: &JobId,
        input: Option<Json>,
        said: Event,
        fx: &mut Effects,
    ) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.phase = Phase::Running;
        job.attempts += 1;
        let start = StartJob {
            job: id.clone(),
            agent: job.agent.clone(),
            input,
            lease: job.lease.clone(),
            trace: job.head.trace.clone(),
            credentials: job.credentials.clone(),
            attempt: job.attempts,
            restored: job.attempts > 1 && job.restart == Restart::FromCheckpoint,
        };
        if let Some(span) = job.max_runtime {
            let began = job.started_at.unwrap_or(now.wall);
            self.timers.set(Timer::Runtime(id.clone()), now.moment_of(began.after(span)));
        }
        self.keep_run(id, fx);
        self.expect_heartbeats(now);
        self.emit(now, id, said, fx);
        fx.task(Task::Start(Box::new(start)));
    }

    /// Keeps the state of a job, and says so.
    pub(super) fn keep_checkpoint(
        &mut self,
        now: Now,
        id: &JobId,
        state: &Json,
        fx: &mut Effects,
    ) -> Result<Answer, Fault> {
        let limit = self.settings.limits.checkpoint_bytes;
        let size = state.as_str().len();
        if size > limit {
            let message = format!("a state of {size} bytes exceeds `checkpoint_bytes` {limit}");
            return Err(Fault::new(Code::OutOfRange, message));
        }
        let job = self.jobs.get_mut(id).ok_or_else(over)?;
        job.may_have_checkpoint = true;
        fx.put(key::checkpoint(id), Ok(Bytes::copy_from_slice(state.as_str().as_bytes())));
        self.emit(now, id, Event::Checkpoint { size: size as u64 }, fx);
        Ok(Answer::Checkpointed)
    }

    /// A job has ended: nobody goes on from what it has kept.
    pub(super) fn forget_run(job: &Job, fx: &mut Effects) {
        let id = &job.head.job;
        if job.started_at.is_some() {
            fx.delete(key::run(id));
        }
        if job.may_have_checkpoint {
            fx.delete(key::checkpoint(id));
        }
    }
}
