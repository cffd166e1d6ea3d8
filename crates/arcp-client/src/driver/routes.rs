//! Where a job's events go: to the queues of its handles, in order, none twice.

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arcp_core::{Delivery, JobId};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{trace, warn};

use super::{Answer, AnswerTo};

/// The queues of the handles, by job. Two handles of one job (a submit was repeated) each get
/// all that comes from then on.
#[derive(Debug)]
pub(super) struct Routes {
    jobs: HashMap<JobId, Vec<mpsc::Sender<Delivery>>>,
    /// One event, for the queues that were full.
    held: Vec<(mpsc::Sender<Delivery>, Delivery)>,
    queue: usize,
    last_seq: Arc<AtomicU64>,
    gap_told: bool,
}

impl Routes {
    pub(super) fn new(queue: NonZeroU16, last_seq: Arc<AtomicU64>) -> Self {
        Self {
            jobs: HashMap::new(),
            held: Vec::new(),
            queue: usize::from(queue.get()),
            last_seq,
            gap_told: false,
        }
    }

    /// Opens a queue for the job, with what has come of it `before`, and gives its other end to
    /// `caller`, in what `answer` makes of it, unless it has given up.
    ///
    /// Called before anything else is read, so that no event of the job is missed.
    pub(super) fn open(
        &mut self,
        job: JobId,
        caller: AnswerTo,
        before: Vec<Delivery>,
        answer: impl FnOnce(mpsc::Receiver<Delivery>) -> Answer,
    ) {
        let (queue, events) = mpsc::channel(self.queue);
        if caller.send(Ok(answer(events))).is_err() {
            return;
        }
        let mut before = before.into_iter().filter(|delivery| delivery.event.head.job == job);
        let ended = before.any(|delivery| {
            let held = put(&queue, &delivery, &mut self.held);
            !held || delivery.event.event.is_terminal()
        });
        if !ended {
            self.jobs.entry(job).or_default().push(queue);
        }
    }

    /// Takes in one event, unless it has come before; whether it is for somebody who is not known
    /// here.
    pub(super) fn route(&mut self, delivery: &Delivery) -> bool {
        if !self.is_new(delivery.seq) {
            return false;
        }
        let job = &delivery.event.head.job;
        let Some(queues) = self.jobs.get_mut(job) else {
            trace!(%job, "an event of a job that nobody holds");
            return true;
        };
        queues.retain(|queue| put(queue, delivery, &mut self.held));
        if queues.is_empty() || delivery.event.event.is_terminal() {
            self.jobs.remove(job);
        }
        false
    }

    /// How many events a queue has room for.
    pub(super) fn capacity(&self) -> usize {
        self.queue
    }

    /// The highest number that has come.
    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Relaxed)
    }

    /// Whether an event waits for room in a queue.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Waits for room in one full queue and fills it. Cancel-safe.
    pub(super) async fn deliver(&mut self) {
        let Some((queue, delivery)) = self.held.last() else {
            return;
        };
        // No room because the handle is gone: nobody misses the event.
        if let Ok(room) = queue.reserve().await {
            room.send(delivery.clone());
        }
        self.held.pop();
    }

    /// Whether `seq` has not been seen. A peer may number what is no event, so that gaps are
    /// worth one line and no more; 0 is the number of an event that has none.
    fn is_new(&mut self, seq: u64) -> bool {
        let last = self.last_seq();
        if seq == 0 {
            return true;
        }
        if seq <= last {
            trace!(seq, last, "an event came twice");
            return false;
        }
        if seq > last + 1 && !self.gap_told {
            self.gap_told = true;
            warn!(seq, last, "a gap in the numbers of events; further ones are not told");
        }
        self.last_seq.store(seq, Ordering::Relaxed);
        true
    }
}

/// Whether `queue` still has a reader. What it has no room for is held back.
fn put(
    queue: &mpsc::Sender<Delivery>,
    delivery: &Delivery,
    held: &mut Vec<(mpsc::Sender<Delivery>, Delivery)>,
) -> bool {
    match queue.try_send(delivery.clone()) {
        Ok(()) => true,
        Err(TrySendError::Full(delivery)) => {
            held.push((queue.clone(), delivery));
            true
        }
        Err(TrySendError::Closed(_)) => false,
    }
}
