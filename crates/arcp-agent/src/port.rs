//! The host's side of a [`JobContext`](crate::JobContext): what comes out of it, what goes in.

use std::sync::Arc;

use arcp_core::lease::Operation;
use arcp_core::{AgentRef, Event, Fault, JobId, Lease, TraceId};
use tokio::sync::{mpsc, oneshot, watch};

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
    /// Largest event, as JSON, in bytes.
    pub event_bytes: usize,
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
}

/// What a job says to its host.
#[derive(Debug)]
pub enum ReportKind {
    /// An event happened; never a terminal one.
    Emit(Event),
    /// May I?
    Authorize {
        /// What.
        operation: Operation,
        /// Where the answer goes. Dropped when the job is over.
        answer: oneshot::Sender<Result<(), Fault>>,
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
    /// Turns to the reason when the job is asked to end.
    pub cancelled: watch::Receiver<Option<String>>,
}
