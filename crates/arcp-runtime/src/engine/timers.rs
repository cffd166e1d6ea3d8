//! What is due when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::{ConnectionId, CredentialId, JobId, MessageId, Moment, Now, SessionId, Timestamp};

/// Something that happens at a moment unless it is called off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// No session was accepted on the connection.
    Handshake(ConnectionId),
    /// Nothing has come from the connection's client for some time.
    Silence(ConnectionId),
    /// Nobody came back for the session.
    Resume(SessionId),
    /// The session's client has to authenticate again soon.
    SessionRefresh(SessionId),
    /// The session's lease ends.
    SessionLease(SessionId),
    /// The job was to have ended after it was cancelled.
    CancelDeadline(JobId),
    /// The job's lease ends.
    Lease(JobId),
    /// The job has run as long as it may.
    Runtime(JobId),
    /// Nobody has answered the request that this message made.
    Permission(MessageId),
    /// What could not be revoked is tried again.
    Revoke(CredentialId),
    /// Jobs at work are said to be alive.
    Heartbeats,
    /// The time of artifacts is over.
    Artifacts,
    /// Idempotency keys are old enough to be forgotten.
    Keys,
    /// What is old enough is forgotten.
    Sweep,
}

/// When the next step of long work is, of which the next thing is due `at`: what is due as well has its
/// turn after what happened meanwhile.
pub(super) fn next_step(now: Now, at: Timestamp) -> Moment {
    now.moment_of(at).max(now.moment.after(PAUSE))
}

/// The time between one step and the next.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// At most one moment a timer.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Moment, Timer)>,
    set: BTreeMap<Timer, Moment>,
}

impl Timers {
    /// Sets or moves a timer.
    pub(super) fn set(&mut self, timer: Timer, at: Moment) {
        self.cancel(&timer);
        self.due.insert((at, timer.clone()));
        self.set.insert(timer, at);
    }

    /// Sets a timer, or moves it to an earlier moment; never to a later one.
    pub(super) fn set_earlier(&mut self, timer: Timer, at: Moment) {
        if self.set.get(&timer).is_none_or(|known| at < *known) {
            self.set(timer, at);
        }
    }

    /// Moves a timer that is set to a later moment; never to an earlier one.
    pub(super) fn put_off(&mut self, timer: &Timer, at: Moment) {
        if self.set.get(timer).is_some_and(|known| *known < at) {
            self.set(timer.clone(), at);
        }
    }

    /// Calls a timer off.
    pub(super) fn cancel(&mut self, timer: &Timer) {
        if let Some((timer, at)) = self.set.remove_entry(timer) {
            self.due.remove(&(at, timer));
        }
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due at `now`.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.due.pop_first()?;
        self.set.remove(&timer);
        Some(timer)
    }
}
