//! How jobs end: one terminal event each, told after those of the jobs that they have delegated to.
//!
//! A job whose agent is done ends its children first. Its own end waits until theirs are told, nothing is
//! being issued for more of them, and what was issued is revoked, for as long as a provisioner may take.

use arcp_core::{Code, Event, Fault, JobId, JobState, Now, Restart, StreamChange};

use super::job::{Job, Phase};
use super::report::over;
use super::{Effects, Engine, Task, Timer};
use crate::record::{Outcome, key};

impl Engine {
    /// Decides how a job ends, unless that is decided already; its children end with it. It is told at
    /// once where nothing has to come before.
    pub(super) fn end_job(&mut self, now: Now, id: &JobId, end: Event, fx: &mut Effects) {
        debug_assert!(end.is_terminal(), "a job ends with a terminal event");
        let Some(job) = self.jobs.get_mut(id).filter(|job| !job.is_ending()) else { return };
        job.phase = Phase::Ending;
        for timer in [Timer::CancelDeadline, Timer::Lease, Timer::Runtime] {
            self.timers.cancel(&timer(id.clone()));
        }
        self.end_streams(now, id, |next| last_word(&end, next), fx);
        self.end_permissions(id, fx);
        if let Some(job) = self.jobs.get_mut(id) {
            job.end = Some(end);
        }
        self.end_children(now, id, fx);
        self.end_when_alone(now, id, fx);
    }

    /// Ends a job whose agent has not: what the agent still says is not heard.
    pub(super) fn end_job_by_force(&mut self, now: Now, id: &JobId, end: Event, fx: &mut Effects) {
        if self.jobs.get(id).is_some_and(|job| !job.is_ending()) {
            // Before another one takes its place.
            fx.task(Task::Kill { job: id.clone() });
            self.end_job(now, id, end, fx);
        }
    }

    /// Ends the jobs that one has delegated to, as it ends itself. What was issued for them is not wanted
    /// from now on, however long their own ends are waited for.
    fn end_children(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let Some(job) = self.jobs.get(id) else { return };
        for child in job.children.all() {
            let Some(job) = self.jobs.get_mut(&child) else { continue };
            let reason = job.cancelled.get_or_insert_with(|| PARENT_ENDED.to_owned()).clone();
            // So that a start which finds it open does not run it again without what was issued for it.
            self.keep_run(&child, fx);
            self.revoke_of(&child, fx);
            self.end_job_by_force(now, &child, Event::Cancelled { reason }, fx);
        }
    }

    /// Tells the end of a job that is ending, if nothing has to come before it any more.
    pub(super) fn end_when_alone(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let Some(job) = self.jobs.get_mut(id).filter(|job| job.is_ending()) else { return };
        if job.children.are_gone() {
            self.tell_end(now, id, fx);
        } else {
            let limit = now.moment.after(self.settings.limits.provision_time);
            self.timers.set_earlier(Timer::Ending(id.clone()), limit);
        }
    }

    /// What has to come before a job's end takes too long: it is waited for no more, here and in what the
    /// job has delegated to.
    pub(super) fn on_ending_overdue(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let Some(job) = self.jobs.get(id).filter(|job| job.is_ending()) else { return };
        for child in job.children.all() {
            self.on_ending_overdue(now, &child, fx);
        }
        self.tell_end(now, id, fx);
    }

    /// The runtime stops, and what was issued could not be revoked in time.
    pub(super) fn on_last_call(&mut self, now: Now, fx: &mut Effects) {
        let ending = self.jobs.iter().filter(|(_, job)| job.is_ending());
        for id in ending.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.on_ending_overdue(now, &id, fx);
        }
    }

    /// Whether the end of a job is decided and not told.
    pub fn is_ending(&self) -> bool {
        self.jobs.values().any(Job::is_ending)
    }

    /// Tells a job's terminal event and forgets it; the store keeps what it was.
    fn tell_end(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let Some(end) = self.jobs.get_mut(id).and_then(|job| job.end.take()) else { return };
        let state = match &end {
            Event::Completed(_) => JobState::Completed,
            Event::Cancelled { .. } => JobState::Cancelled,
            Event::TimedOut(_) => JobState::TimedOut,
            Event::Failed(fault) if fault.is_end_of_cancelled() => JobState::Aborted,
            _ => JobState::Failed,
        };
        let told = self.answer_end(id, &end);
        self.emit(now, id, end, fx);
        self.revoke_of(id, fx);
        let Some(job) = self.jobs.remove(id) else { return };
        self.timers.cancel(&Timer::Ending(id.clone()));
        self.tallies.remove_job(&job.principal, id);
        let (last_index, left) = (job.next_index - 1, job.remaining.clone());
        let outcome = Outcome { state, ended_at: now.wall, last_index, left };
        fx.delete(key::open_job(id));
        Self::forget_run(&job, fx);
        fx.put(key::done_job(&job.principal, id), job.fact(Some(outcome)).to_bytes());
        for watcher in &job.watchers {
            if let Some(session) = self.sessions.get_mut(watcher) {
                session.watching.remove(id);
            }
            if *watcher != job.session {
                fx.delete(key::watcher(id, watcher));
            }
        }
        self.settle_with_parent(now, &job, fx);
        if let Some(told) = told {
            fx.task(told);
        }
        for watcher in &job.watchers {
            self.close_when_idle(now, watcher, fx);
        }
        self.start_next(now, &job.principal, fx);
        if let Some(parent) = &job.parent {
            self.end_when_alone(now, &parent.job, fx);
        }
    }

    /// What the agent is told that waits for the end of a job.
    fn answer_end(&self, id: &JobId, end: &Event) -> Option<Task> {
        let ticket = self.jobs.get(id)?.ticket?;
        let ended = match end {
            Event::Completed(completion) => Ok(completion.clone()),
            Event::Cancelled { reason } => Err(Fault::new(Code::Cancelled, reason)),
            Event::Failed(fault) if fault.is_end_of_cancelled() => {
                Err(Fault::new(Code::Cancelled, &fault.message))
            }
            Event::Failed(fault) | Event::TimedOut(fault) => Err(fault.clone()),
            _ => Err(over()),
        };
        Some(Task::TellEnd { ticket, ended })
    }

    /// Ends a job that the runtime stops, or leaves it to the next start if it can be run again.
    pub(super) fn stop_job(&mut self, now: Now, id: &JobId, fault: Fault, fx: &mut Effects) {
        let goes_on = self.jobs.get(id).is_some_and(|job| {
            job.restart != Restart::Never && job.owes.is_none() && job.phase == Phase::Running
        });
        if goes_on {
            fx.task(Task::Kill { job: id.clone() });
            if let Some(job) = self.jobs.get_mut(id) {
                job.stopped = true;
            }
            self.keep_run(id, fx);
        } else {
            // One that was asked to end has what was wanted.
            let reason = self.jobs.get(id).and_then(|job| job.cancelled.clone());
            let end = match reason {
                Some(reason) => Event::Cancelled { reason },
                None => Event::Failed(fault),
            };
            self.end_job_by_force(now, id, end, fx);
        }
    }

    pub(super) fn on_lease_over(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let Some(job) = self.jobs.get(id) else { return };
        let fault = job.lease.expired();
        self.end_job_by_force(now, id, Event::Failed(fault), fx);
    }

    pub(super) fn on_runtime_over(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        self.end_job_by_force(now, id, Event::TimedOut(overtime()), fx);
    }
}

pub(super) fn overtime() -> Fault {
    Fault::new(Code::TimedOut, "the job ran longer than it may")
}

/// What is said of a stream that is open when its job ends: it is complete when the job is.
fn last_word(end: &Event, next: u64) -> StreamChange {
    match end {
        Event::Completed(_) => StreamChange::Closed { last: next.checked_sub(1) },
        Event::Cancelled { reason } => StreamChange::Failed(Fault::new(Code::Cancelled, reason)),
        _ => StreamChange::Failed(over()),
    }
}

/// Why a job ends whose parent does.
pub(super) const PARENT_ENDED: &str = "the job that delegated to it has ended";
