//! Telling clients that want to know it that their jobs are alive (R§10.3).

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{Heartbeat, Notice, Now, Output};

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

    /// One round for all jobs at work, so that a job that comes and goes costs nothing.
    pub(super) fn on_heartbeats_due(&mut self, now: Now, fx: &mut Effects) {
        let Some(interval) = self.heartbeat_interval().filter(|_| self.is_working()) else {
            return;
        };
        self.timers.set(Timer::Heartbeats, now.moment.after(interval));
        // While a round waits for the store, another one says nothing new.
        if !fx.has_hints() {
            self.beat(now, interval * 2, fx);
        }
    }

    fn beat(&mut self, now: Now, deadline: Duration, fx: &mut Effects) {
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        for job in self.jobs.values_mut().filter(|job| job.has_started()) {
            job.heartbeats += 1;
            let watchers = job.watchers.iter().filter_map(|watcher| self.sessions.get(watcher));
            let listeners = watchers.filter(|session| session.declared.heartbeats.is_some());
            for connection in listeners.filter_map(|session| session.phase.connection()) {
                let notice = Notice::Heartbeat(Heartbeat {
                    head: Arc::clone(&job.head),
                    sequence: job.heartbeats,
                    deadline_ms,
                    state: job.state(),
                });
                let id = self.ids.message(now);
                fx.hint(connection, Output::Notice { id, at: now.wall, notice });
            }
        }
    }
}
