//! The host's side of a [`JobContext`](crate::JobContext): what comes out of it, what goes in.

use std::collections::BTreeMap;
use std::sync::Arc;

use arcp_core::{
    AgentRef, Answer, Completion, Credential, CredentialId, Delegation, Event, Fault, JobId, Json,
    Lease, Question, Secret, StreamEvent, StreamId, TraceId,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::Outcome;

/// What a job is told when it starts.
#[derive(Debug, Clone)]
pub struct Brief {
    /// The job.
    pub job: JobId,
    /// The agent, with its version.
    pub agent: AgentRef,
    /// The effective lease.
    pub lease: Lease,
    /// The trace.
    pub trace: Option<TraceId>,
    /// What was issued for the job, with the values that it had then.
    pub credentials: Vec<Credential>,
    /// Which run of the job this is, from 1.
    pub attempt: u32,
    /// The last state that it has kept, when it is run again from there.
    pub checkpoint: Option<Json>,
    /// Largest event, as JSON, in bytes.
    pub event_bytes: usize,
    /// Largest state to be kept, as JSON, in bytes.
    pub checkpoint_bytes: usize,
    /// Largest chunk of a streamed result, decoded, in bytes.
    pub chunk_bytes: usize,
    /// Largest streamed result, decoded, in bytes.
    pub result_bytes: u64,
}

/// Something that a job says to its host.
#[derive(Debug)]
pub struct Report {
    /// The job.
    pub job: JobId,
    /// What it says.
    pub kind: ReportKind,
    /// The room that a large one takes up, given back when it is handled.
    pub room: Option<OwnedSemaphorePermit>,
}

/// Room in memory for what waits to be handled. A clone is the same room.
#[derive(Debug, Clone)]
pub struct Room {
    units: u32,
    free: Arc<Semaphore>,
}

impl Room {
    /// Room for `bytes`.
    pub fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes / ROOM_UNIT).unwrap_or(u32::MAX);
        Self { units, free: Arc::new(Semaphore::new(units as usize)) }
    }

    /// Waits until there is room for `bytes`; what is larger than all there is takes all. Cancel-safe.
    /// `None` for what is small.
    pub async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes / ROOM_UNIT).unwrap_or(u32::MAX).min(self.units);
        if units == 0 {
            return None;
        }
        // It is never closed.
        Arc::clone(&self.free).acquire_many_owned(units).await.ok()
    }
}

/// What is smaller than this takes no room of its own: the number of what waits is bounded too.
const ROOM_UNIT: usize = 1 << 10;

/// What a job says to its host.
#[derive(Debug)]
pub enum ReportKind {
    /// An event happened; never a terminal one.
    Emit(Event),
    /// It asks something.
    Ask {
        /// What.
        question: Question,
        /// Where the answer goes. Dropped when the job is over.
        answer: oneshot::Sender<Result<Answer, Fault>>,
    },
    /// It wants another job to do a part of it.
    Delegate {
        /// Which part.
        delegation: Delegation,
        /// Where the answer goes, as of a question: that the other job does it, or why not.
        answer: oneshot::Sender<Result<Answer, Fault>>,
        /// Where the end of the other job goes. Dropped when there is none.
        end: oneshot::Sender<Result<Completion, Fault>>,
    },
    /// The agent is done; said by the host itself, in the same queue, so that nothing overtakes.
    Ended(Result<Outcome, Fault>),
}

/// The wires between a context and its host.
#[derive(Debug, Clone)]
pub struct Port {
    /// What the job was told.
    pub brief: Arc<Brief>,
    /// Where its reports go; full means that it has to wait.
    pub reports: mpsc::Sender<Report>,
    /// The room for them.
    pub room: Room,
    /// The room for artifacts, which take longer.
    pub artifact_room: Room,
    /// What the job is told while it runs. The host lets go of its end when the job is over.
    pub signals: watch::Receiver<Signals>,
}

/// What a job is told while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signals {
    /// Why it is asked to end, if it is.
    pub cancelled: Option<String>,
    /// Its open streams. One that is not here is over, whatever its writer thinks.
    pub streams: BTreeMap<StreamId, Pace>,
    /// The values of its credentials that have got others since it started.
    pub rotated: BTreeMap<CredentialId, Secret<String>>,
}

/// How fast a stream may be: so many chunks a second at most; `None` for no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace(pub Option<u32>);

impl Signals {
    /// Asks the job to end.
    pub fn cancel(&mut self, reason: impl Into<String>) {
        self.cancelled = Some(reason.into());
    }

    /// Takes note of what a job says of a stream: an end ends it.
    pub fn note(&mut self, said: &StreamEvent) {
        if said.change.is_end() {
            self.streams.remove(&said.stream);
        }
    }
}
