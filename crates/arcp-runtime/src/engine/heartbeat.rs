//! Telling clients that want to know it that their jobs are alive (R§10.3).

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use arcp_core::{Heartbeat, JobId, Moment, Notice, Now, Output};

use super::timers::PAUSE;
use super::{Effects, Engine, Timer};

impl Engine {
    /// The time between two rounds of heartbeats; `None` when there are none.
    fn heartbeat_interval(&self) -> Option<Duration> {
        self.settings.capabilities.heartbeats?.interval
    }

    /// Has a round come in time for a job that starts.
    pub(super) fn expect_heartbeats(&mut self, now: Now) {
        if let Some(interval) = self.heartbeat_interval() {
            self.timers.set_earlier(Timer::Heartbeats, now.moment.after(interval));
        }
    }

    /// One round for all jobs at work, so that a job that comes and goes costs nothing. A long one is
    /// told in steps, and what happens meanwhile has its turn between them.
    pub(super) fn on_heartbeats_due(&mut self, now: Now, fx: &mut Effects) {
        let Some(interval) = self.heartbeat_interval().filter(|_| self.is_working()) else {
            self.round = None;
            return;
        };
        let next_round = now.moment.after(interval);
        // While what was told waits for the store, more of it says nothing new.
        if fx.has_hints() {
            let again = if self.round.is_some() { now.moment.after(PAUSE) } else { next_round };
            self.timers.set(Timer::Heartbeats, again);
            return;
        }
        let (after, next_round) = match self.round.take() {
            Some(Round { after, next }) => (Some(after), next),
            None => (None, next_round),
        };
        match self.beat(now, interval * 2, after, fx) {
            Some(after) => {
                self.round = Some(Round { after, next: next_round });
                self.timers.set(Timer::Heartbeats, now.moment.after(PAUSE));
            }
            None => self.timers.set(Timer::Heartbeats, next_round),
        }
    }

    /// Tells of the jobs after one. Returns the last job looked at, when there may be others.
    fn beat(
        &mut self,
        now: Now,
        deadline: Duration,
        after: Option<JobId>,
        fx: &mut Effects,
    ) -> Option<JobId> {
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        let mut looked_at = 0;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let jobs = self.jobs.range_mut((from, Bound::Unbounded));
        for (id, job) in jobs.filter(|(_, job)| job.has_started()) {
            job.heartbeats += 1;
            looked_at += 1 + job.watchers.len();
            let watchers = job.watchers.iter().filter_map(|watcher| self.sessions.get(watcher));
            let listeners = watchers.filter(|session| session.declared.heartbeats.is_some());
            for connection in listeners.filter_map(|session| session.phase.connection()) {
                let notice = Notice::Heartbeat(Heartbeat {
                    head: Arc::clone(&job.head),
                    sequence: job.heartbeats,
                    deadline_ms,
                    state: job.state(),
                });
                let message = self.ids.message(now);
                fx.hint(connection, Output::Notice { id: message, at: now.wall, notice });
            }
            if looked_at >= STEP {
                return Some(id.clone());
            }
        }
        None
    }
}

/// A round of heartbeats that is under way.
#[derive(Debug)]
pub(super) struct Round {
    /// The last job looked at.
    after: JobId,
    /// When the next round begins.
    next: Moment,
}

/// Jobs and who watches them: how many are looked at at a time.
const STEP: usize = 1_024;
