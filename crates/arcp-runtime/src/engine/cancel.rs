//! Cancelling jobs, streams and sessions (R§10.4): a job cooperatively up to a deadline, then by
//! force.

use std::time::Duration;

use arcp_core::{
    Cancel, CancelTarget, Code, Event, Fault, JobId, Json, Notice, Now, Reply, SessionId, StreamId,
};
use arcp_transport::CloseReason;

use super::job::Phase;
use super::stream::no_such_stream;
use super::{Effects, Engine, From, Task, Timer, shutting_down};

/// What is to be cancelled, found.
enum Target {
    Job(JobId),
    /// Of this job.
    Stream(JobId, StreamId),
    Session(SessionId),
}

impl Engine {
    pub(super) fn handle_cancel(
        &mut self,
        now: Now,
        from: &From,
        cancel: Cancel,
        fx: &mut Effects,
    ) {
        let Cancel { target, target_id, reason, deadline } = cancel;
        let reason = reason.unwrap_or_else(|| CANCELLED.to_owned());
        let found = match target {
            CancelTarget::Job => self.find_job(from, &target_id).map(Target::Job),
            CancelTarget::Stream => self.find_open_stream(from, &target_id),
            CancelTarget::Session => self.find_session(from, &target_id).map(Target::Session),
        };
        let found = match found {
            Ok(found) => found,
            Err(fault) => {
                self.reply(now, from, Reply::CancelRefused { target_id, fault }, fx);
                return;
            }
        };
        let job = if let Target::Job(job) = &found { Some(job.clone()) } else { None };
        self.reply(now, from, Reply::CancelAccepted { target_id, job }, fx);
        match found {
            Target::Job(job) => self.cancel_job(now, &job, reason, deadline, fx),
            Target::Stream(job, stream) => self.stop_stream(now, &job, stream, reason, fx),
            Target::Session(session) => {
                let fault = Fault::new(Code::Cancelled, CANCELLED);
                self.evict(now, &session, fault, CloseReason::Done, fx);
            }
        }
    }

    /// The job, when it has not ended and the session's principal may cancel it. What the
    /// principal may not know of looks like what is not there.
    fn find_job(&self, from: &From, text: &str) -> Result<JobId, Fault> {
        let id = JobId::parse(text).map_err(|_| Fault::invalid("malformed job id"))?;
        let principal = self.sessions.get(&from.session).map(|session| &session.principal);
        match self.jobs.get(&id) {
            Some(job) if Some(&job.principal) == principal => Ok(id),
            _ => Err(Fault::new(Code::JobNotFound, "no such in-flight job")),
        }
    }

    fn find_open_stream(&self, from: &From, text: &str) -> Result<Target, Fault> {
        let stream = StreamId::parse(text).map_err(|_| Fault::invalid("malformed stream id"))?;
        let job = self.find_stream(from, &stream).ok_or_else(no_such_stream)?;
        Ok(Target::Stream(job, stream))
    }

    /// The session, when it is of the asking session's principal.
    fn find_session(&self, from: &From, text: &str) -> Result<SessionId, Fault> {
        let id = SessionId::parse(text).map_err(|_| Fault::invalid("malformed session id"))?;
        let principal = self.sessions.get(&from.session).map(|session| &session.principal);
        match self.sessions.get(&id) {
            Some(session) if Some(&session.principal) == principal => Ok(id),
            _ => Err(Fault::new(Code::NotFound, "no such session")),
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
                job.cancelled = Some(reason.clone());
                self.keep_run(id, fx);
                fx.task(Task::Signal { job: id.clone(), reason: reason.clone() });
                self.cancel_children(now, id, &reason, deadline, fx);
            }
            Phase::Cancelling => self.cancel_children(now, id, &reason, deadline, fx),
            // Its end is told soon.
            Phase::Ending => return,
        }
        let deadline = now.moment.after(deadline.unwrap_or(self.settings.cancel_grace));
        self.timers.set_earlier(Timer::CancelDeadline(id.clone()), deadline);
    }

    pub(super) fn on_cancel_overdue(&mut self, now: Now, id: &JobId, fx: &mut Effects) {
        let reason = self.jobs.get(id).and_then(|job| job.cancelled.as_deref());
        let fault = Fault::aborted(reason.unwrap_or(CANCELLED));
        self.end_job_by_force(now, id, Event::Failed(fault), fx);
    }

    /// The runtime stops: what can be run again is left to the next start, other jobs that have started end,
    /// clients are told, sessions and queued jobs wait.
    pub(super) fn on_halt(&mut self, now: Now, fx: &mut Effects) {
        self.draining = true;
        // Of rotations nothing more is heard: those that have begun have ended, and no other begins. What is
        // revoked does not wait for them.
        self.credentials.rotating.clear();
        let started = self.jobs.iter().filter(|(_, job)| job.has_started());
        let jobs: Vec<_> = started.map(|(id, _)| id.clone()).collect();
        for job in self.deepest_first(jobs) {
            self.stop_job(now, &job, shutting_down(), fx);
        }
        self.refuse_drafts(now, &shutting_down(), fx);
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for connection in connections {
            let live = self.connections.get(&connection).and_then(|c| c.session()).cloned();
            if let Some(session) = live {
                if let Some(principal) = self.sessions.get(&session).map(|s| s.principal.clone()) {
                    self.end_subscriptions(now, &principal, &session, &shutting_down(), fx);
                }
                self.notify(now, connection, Notice::Evicted(self.going_away()), fx);
            }
            self.let_go(now, connection, CloseReason::GoingAway, fx);
        }
    }

    /// Why a session loses its connection to a runtime that stops, and whether it can go on.
    fn going_away(&self) -> Fault {
        let fault = shutting_down();
        if !self.waits_for_clients() {
            return fault;
        }
        let window = self.settings.resume_window.as_secs();
        let hint = format!("{{\"resumable\":true,\"resume_window_sec\":{window}}}");
        match Json::parse(&hint) {
            Ok(hint) => fault.with_detail(hint),
            Err(_) => fault,
        }
    }
}

/// The reason when nobody gave one, and the word by which a session's client knows (R§10.4).
const CANCELLED: &str = "cancelled";
