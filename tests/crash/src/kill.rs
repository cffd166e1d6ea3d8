//! When the server dies: at a moment, or just after a client has asked for something.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// When the server is to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// So long after it was started, perhaps before it listens.
    Starting(Duration),
    /// So long after it has begun to listen.
    Listening(Duration),
    /// So long after frames of a kind were sent to it so often.
    Asked { kind: &'static str, times: u32, after: Duration },
}

impl Aim {
    /// The aim of one round; `start` is how long the server takes to start.
    pub(crate) fn next(rng: &mut StdRng, start: Duration) -> Self {
        let mut millis = |range: std::ops::Range<f64>| rng.random_range(range) / 1_000.0;
        let (starting, soon, late) = (millis(0.0..1_300.0), millis(0.0..6.0), millis(5.0..600.0));
        let after = Duration::from_secs_f64(soon);
        match rng.random_range(0..10) {
            0 | 1 => Self::Starting(start.mul_f64(starting)),
            2..6 => Self::Listening(Duration::from_secs_f64(late)),
            _ => {
                let kind = KINDS.get(rng.random_range(0..KINDS.len())).copied().unwrap_or("ping");
                // As many clients resume as there are, and only once for certain.
                let times = if kind == "session.resume" { 1..7 } else { 1..12 };
                Self::Asked { kind, times: rng.random_range(times), after }
            }
        }
    }
}

const KINDS: [&str; 6] =
    ["session.resume", "tool.invoke", "cancel", "session.ack", "job.subscribe", "session.close"];

/// The death of one server: clients bring it about and hear of it.
#[derive(Debug)]
pub(crate) struct Kill {
    aim: Mutex<Option<(&'static str, u32)>>,
    due: Notify,
    dead: watch::Sender<bool>,
}

impl Kill {
    pub(crate) fn new(aim: Aim) -> Self {
        let aim = match aim {
            Aim::Asked { kind, times, .. } => Some((kind, times)),
            Aim::Starting(_) | Aim::Listening(_) => None,
        };
        Self { aim: Mutex::new(aim), due: Notify::new(), dead: watch::Sender::new(false) }
    }

    /// A client has sent a frame.
    pub(crate) fn sent(&self, kind: &str) {
        let mut aim = self.aim.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, left)) = aim.as_mut().filter(|(aimed, _)| *aimed == kind) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                *aim = None;
                self.due.notify_one();
            }
        }
    }

    /// Waits for the moment.
    pub(crate) async fn due(&self, aim: Aim) {
        match aim {
            Aim::Starting(span) | Aim::Listening(span) => pause(span).await,
            Aim::Asked { after, .. } => {
                // It may not be asked for so often.
                if timeout(LONGEST, self.due.notified()).await.is_ok() {
                    pause(after).await;
                }
            }
        }
    }

    /// It is dead.
    pub(crate) fn done(&self) {
        self.dead.send_replace(true);
    }

    pub(crate) fn is_done(&self) -> bool {
        *self.dead.borrow()
    }

    /// Whether it is dead, now or so soon that it is the reason of what was seen.
    pub(crate) async fn is_why(&self) -> bool {
        let mut dead = self.dead.subscribe();
        let soon = timeout(SOON, dead.wait_for(|dead| *dead)).await;
        soon.is_ok_and(|dead| dead.is_ok())
    }
}

/// What is waited for is a moment of time: deaths come at any.
async fn pause(span: Duration) {
    sleep(span).await; // tidy: sleep because a death comes at any moment
}

const LONGEST: Duration = Duration::from_millis(600);
const SOON: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    #[tokio::test]
    async fn it_is_due_when_it_was_asked_for_so_often() {
        let aim = Aim::Asked { kind: "cancel", times: 2, after: Duration::ZERO };
        let kill = Kill::new(aim);
        kill.sent("cancel");
        kill.sent("ping");
        assert!(timeout(Duration::from_millis(1), kill.due.notified()).await.is_err());
        kill.sent("cancel");
        kill.due(aim).await;
        assert!(!kill.is_done());
        kill.done();
        assert!(kill.is_why().await);
    }

    #[test]
    fn all_kinds_are_aimed_at() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut kinds = BTreeSet::new();
        for _ in 0..300 {
            kinds.insert(match Aim::next(&mut rng, Duration::from_millis(100)) {
                Aim::Starting(span) => {
                    assert!(span <= Duration::from_millis(130));
                    "starting"
                }
                Aim::Listening(_) => "listening",
                Aim::Asked { kind, .. } => kind,
            });
        }
        assert_eq!(kinds.len(), KINDS.len() + 2);
    }
}
