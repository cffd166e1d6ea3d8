//! Starting from what the store knows: open sessions wait for their clients, open jobs have died
//! with the runtime that ran them.

use arcp_core::{CredentialId, JobId, Now, SessionId, StreamId};
use bytes::Bytes;

use super::job::Job;
use super::session::Session;
use super::{Decision, Effects, Engine, Timer};
use crate::record::{ArtifactFact, JobFact, KeyFact, OwedFact, RecordError, SessionFact, key};

/// How far a stream reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The first number still kept, or the next one when none is.
    pub kept_from: u64,
    /// The last number, 0 when it has none.
    pub last: u64,
}

/// Something that the store knows.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A session that has not closed.
    Session {
        /// Which.
        id: SessionId,
        /// What is stored of it.
        value: Bytes,
        /// What there is of its stream.
        stream: Reach,
    },
    /// A job that has not ended.
    Job {
        /// Which.
        id: JobId,
        /// What is stored of it.
        value: Bytes,
        /// What there is of its stream.
        stream: Reach,
    },
    /// That a session watches a job that it did not submit.
    Watcher {
        /// The job.
        job: JobId,
        /// The session.
        session: SessionId,
    },
    /// That a stream of a job is open.
    Stream {
        /// The job.
        job: JobId,
        /// The stream.
        stream: StreamId,
    },
    /// What a job that can be run again has used up.
    Run {
        /// The job.
        job: JobId,
        /// What is stored of it.
        value: Bytes,
    },
    /// That something may have been issued and is not revoked.
    Owed {
        /// By what it goes.
        id: CredentialId,
        /// What is stored of it.
        value: Bytes,
    },
    /// An artifact.
    Artifact {
        /// What is stored of it.
        value: Bytes,
    },
    /// The wishes to watch a job.
    Audit {
        /// What there is of their stream.
        stream: Reach,
    },
    /// What an idempotency key is bound to.
    Key {
        /// What is stored of it.
        value: Bytes,
    },
}

/// Why an engine cannot start from a store.
#[derive(Debug, thiserror::Error)]
#[error("cannot recover {what}: {source}")]
pub struct RecoverError {
    what: String,
    source: RecordError,
}

impl RecoverError {
    pub(super) fn of(what: impl std::fmt::Display, source: RecordError) -> Self {
        Self { what: what.to_string(), source }
    }
}

impl Engine {
    /// Takes in what the store knows: all sessions, then all jobs, then the rest. Call it once,
    /// first.
    ///
    /// Jobs that were running are run again where their agents can be, else they end as failed, retryable,
    /// in one batch, but for those whose ends wait for what was issued to their children; those that had
    /// not started are still to come.
    pub fn recover(
        &mut self,
        now: Now,
        facts: &mut dyn Iterator<Item = Fact>,
        fx: &mut Effects,
    ) -> Result<(), RecoverError> {
        let mut died = Vec::new();
        for fact in facts {
            match fact {
                Fact::Session { id, value, stream } => {
                    self.recover_session(now, id, &value, stream, fx)?;
                }
                Fact::Job { id, value, stream } => {
                    self.recover_job(now, &id, &value, stream)?;
                    if stream.last > 0 {
                        died.push(id);
                    }
                }
                Fact::Watcher { job, session } => self.recover_watcher(job, session, fx),
                Fact::Stream { job, stream } => self.recover_stream(job, stream, fx),
                Fact::Run { job, value } => self.recover_run(&job, &value, fx)?,
                Fact::Owed { id, value } => {
                    let fact = OwedFact::from_bytes(&value)
                        .map_err(|source| RecoverError::of(&id, source))?;
                    self.recover_owed(id, fact);
                }
                Fact::Artifact { value } => {
                    let fact = ArtifactFact::from_bytes(&value)
                        .map_err(|source| RecoverError::of("an artifact", source))?;
                    self.recover_artifact(now, fact);
                }
                Fact::Audit { stream } => self.recover_audit(stream),
                Fact::Key { value } => self.recover_key(now, &value)?,
            }
        }
        self.recover_children();
        self.revoke_orphans(fx);
        self.expect_sweep(now);
        self.on_died(now, died, fx);
        for principal in self.tallies.with_queued() {
            self.start_next(now, &principal, fx);
        }
        Ok(())
    }

    fn recover_session(
        &mut self,
        now: Now,
        id: SessionId,
        value: &[u8],
        stream: Reach,
        fx: &mut Effects,
    ) -> Result<(), RecoverError> {
        let fact =
            SessionFact::from_bytes(value).map_err(|source| RecoverError::of(&id, source))?;
        let mut session = Session::recovered(&id, fact, stream, now.moment);
        if self.settings.session_lease.is_none() {
            session.expires_at = None;
        }
        self.waiting.insert((now.moment, id.clone()));
        self.tallies.add_session(&session.principal, id.clone());
        if self.waits_for_clients() {
            for token in session.resume.iter().chain(&session.older) {
                self.tokens.insert(*token, id.clone());
            }
        }
        let leased = session.expires_at.is_some();
        self.sessions.insert(id.clone(), session);
        if leased {
            self.time_session_lease(now, &id);
        } else if self.settings.session_lease.is_some() {
            self.start_session_lease(now, &id);
            self.keep_session(&id, fx);
        }
        let end = now.moment.after(self.settings.resume_window);
        self.timers.set(Timer::Resume(id), end);
        Ok(())
    }

    /// One whose job or session is gone is forgotten, and one that may not watch it any more.
    fn recover_watcher(&mut self, id: JobId, session: SessionId, fx: &mut Effects) {
        let policy = &self.settings.watch_policy;
        match (self.jobs.get_mut(&id), self.sessions.get_mut(&session)) {
            (Some(job), Some(watcher))
                if policy.decide(&watcher.principal, &job.principal, &id) == Decision::Allow =>
            {
                if watcher.watching.insert(id) {
                    job.watchers.push(session);
                }
            }
            _ => fx.delete(key::watcher(&id, &session)),
        }
    }

    fn recover_key(&mut self, now: Now, value: &[u8]) -> Result<(), RecoverError> {
        let (principal, key, fact) = KeyFact::from_bytes(value)
            .map_err(|source| RecoverError::of("an idempotency key", source))?;
        self.hold_key(now, principal, key, fact);
        Ok(())
    }

    /// A job that has said nothing, not even that it has started, was queued.
    fn recover_job(
        &mut self,
        now: Now,
        id: &JobId,
        value: &[u8],
        stream: Reach,
    ) -> Result<(), RecoverError> {
        let fact = JobFact::from_bytes(value).map_err(|source| RecoverError::of(id, source))?;
        let mut job = Job::new(id, fact);
        job.next_index = stream.last + 1;
        job.restart = self.settings.catalog.restart(&job.agent);
        job.may_have_checkpoint = true;
        job.kept_from = stream.kept_from;
        if let Some(session) = self.sessions.get_mut(&job.session) {
            session.watching.insert(id.clone());
            session.seen.add(job.head.request.clone(), self.settings.limits.remembered_messages);
            job.watchers.push(job.session.clone());
        }
        self.tallies.add_job(&job.principal, id.clone());
        if stream.last == 0 {
            self.tallies.queue_job(&job.principal, id.clone());
            if let Some(end) = job.lease.expires_at {
                self.timers.set(Timer::Lease(id.clone()), now.moment_of(end));
            }
        }
        self.jobs.insert(id.clone(), job);
        Ok(())
    }
}
