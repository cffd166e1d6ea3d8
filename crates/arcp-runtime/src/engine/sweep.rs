//! When what is old enough is forgotten: a round of small steps every now and then.

use std::ops::Bound;
use std::time::Duration;

use arcp_core::{Fault, JobId, Key, Now, SessionId, Timestamp};

use super::{Effects, Engine, Task, Timer};

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events: after they were said, and those of a job that has ended after its end.
    pub events: Duration,
    /// What is known of a job that has ended: after its end. No shorter than that of events.
    pub jobs: Duration,
}

/// Seven days each.
impl Default for Retention {
    fn default() -> Self {
        let week = Duration::from_hours(7 * 24);
        Self { events: week, jobs: week }
    }
}

/// What is swept in one step, and when that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Now.
    pub now: Timestamp,
    /// What is kept for how long.
    pub retention: Retention,
    /// What is looked at.
    pub stage: Stage,
}

/// The stages of a round, in order: pointers are forgotten after the events that they point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Jobs that have ended, after this key.
    Ended(Option<Key>),
    /// The streams of sessions that have closed, after this key.
    Closed(Option<Key>),
    /// The oldest events of jobs that have not ended.
    Jobs(Vec<JobId>),
    /// The oldest pointers of sessions that have not closed.
    Sessions(Vec<SessionId>),
    /// Streams, each up to a number of which the engine knows by now; then another stage.
    Trim(Vec<(Key, u64)>, Box<Stage>),
}

/// What a step came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Where the stage goes on, if it has not come to its end.
    pub next: Option<Key>,
    /// Jobs that are forgotten.
    pub jobs: u64,
    /// Numbers of streams that are forgotten.
    pub numbers: u64,
    /// From which event on jobs that have not ended are to be kept.
    pub jobs_from: Vec<(JobId, u64)>,
    /// From which number on sessions that have not closed are to be kept.
    pub sessions_from: Vec<(SessionId, u64)>,
}

impl Engine {
    /// Has the first round come in time.
    pub(super) fn expect_sweep(&mut self, now: Now) {
        self.timers.set_earlier(Timer::Sweep, now.moment.after(self.settings.sweep_interval));
    }

    pub(super) fn on_sweep_due(&mut self, now: Now, fx: &mut Effects) {
        self.sweep(now, Stage::Ended(None), fx);
    }

    fn sweep(&self, now: Now, stage: Stage, fx: &mut Effects) {
        let step = Step { now: now.wall, retention: self.settings.retention, stage };
        fx.task(Task::Sweep(Box::new(step)));
    }

    /// A step has come to its end: the next one follows, or the next round in its time. One that failed
    /// ends its round.
    pub(super) fn on_swept(
        &mut self,
        now: Now,
        step: Step,
        swept: Result<Swept, Fault>,
        fx: &mut Effects,
    ) {
        let next = match swept {
            Ok(swept) => self.next_stage(step, swept),
            // The log has it.
            Err(_) => None,
        };
        match next.filter(|_| !self.draining) {
            Some(stage) => self.sweep(now, stage, fx),
            None => self.expect_sweep(now),
        }
    }

    fn next_stage(&mut self, step: Step, swept: Swept) -> Option<Stage> {
        // Nobody is promised any more what is about to go.
        let mut streams = Vec::new();
        for (job, kept_from) in swept.jobs_from {
            if let Some(job) = self.jobs.get_mut(&job).filter(|job| job.kept_from < kept_from) {
                job.kept_from = kept_from;
                streams.push((job.stream.clone(), kept_from - 1));
            }
        }
        for (id, kept_from) in swept.sessions_from {
            let session = self.sessions.get_mut(&id);
            if let Some(session) = session.filter(|session| session.kept_from < kept_from) {
                session.kept_from = kept_from;
                streams.push((session.stream.clone(), kept_from - 1));
            }
        }
        let next = self.stage_after(step, swept.next)?;
        Some(if streams.is_empty() { next } else { Stage::Trim(streams, Box::new(next)) })
    }

    fn stage_after(&self, step: Step, next: Option<Key>) -> Option<Stage> {
        let begun_before = |at: Timestamp| at.after(step.retention.events) <= step.now;
        match step.stage {
            Stage::Trim(_, then) => Some(*then),
            Stage::Ended(_) => match next {
                Some(next) => Some(Stage::Ended(Some(next))),
                None => Some(Stage::Closed(None)),
            },
            Stage::Closed(_) => match next {
                Some(next) => Some(Stage::Closed(Some(next))),
                None => Some(Stage::Jobs(self.old_jobs(None, begun_before))),
            },
            Stage::Jobs(jobs) => match jobs.last() {
                Some(last) => Some(Stage::Jobs(self.old_jobs(Some(last), begun_before))),
                None => Some(Stage::Sessions(self.old_sessions(None, begun_before))),
            },
            Stage::Sessions(sessions) => {
                let last = sessions.last()?;
                Some(Stage::Sessions(self.old_sessions(Some(last), begun_before)))
            }
        }
    }

    /// The next jobs that have said something so long ago that it may be forgotten.
    fn old_jobs(&self, after: Option<&JobId>, is_old: impl Fn(Timestamp) -> bool) -> Vec<JobId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let jobs = self.jobs.range::<JobId, _>((from, Bound::Unbounded));
        let old = jobs.filter(|(_, job)| job.has_started() && is_old(job.created_at));
        old.map(|(id, _)| id.clone()).take(STEP).collect()
    }

    fn old_sessions(
        &self,
        after: Option<&SessionId>,
        is_old: impl Fn(Timestamp) -> bool,
    ) -> Vec<SessionId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let sessions = self.sessions.range::<SessionId, _>((from, Bound::Unbounded));
        let old = sessions.filter(|(_, session)| session.next_seq > 1 && is_old(session.opened_at));
        old.map(|(id, _)| id.clone()).take(STEP).collect()
    }
}

/// Jobs or sessions looked at in one step.
const STEP: usize = 64;
