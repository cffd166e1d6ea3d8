//! What joins the handles to their driver.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arcp_core::{Command, Delivery, JobAccepted, JobWatched, Reply, TraceId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::end::End;
use crate::{ClientError, Status};

/// One command of a handle, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) command: Command,
    pub(crate) trace: Option<TraceId>,
    /// `None` for a command that has no answer.
    pub(crate) answer: Option<AnswerTo>,
}

/// Where an answer goes.
pub(crate) type AnswerTo = oneshot::Sender<Result<Answer, ClientError>>;

/// What became of a command.
#[derive(Debug)]
pub(crate) enum Answer {
    /// There is a job, and this is where its events come out.
    Job(Box<JobAccepted>, mpsc::Receiver<Delivery>),
    /// The job is watched, and this is where its events come out.
    Watch(Box<JobWatched>, mpsc::Receiver<Delivery>),
    /// Anything else.
    Reply(Reply),
}

/// The handles' ends of what joins them to their driver.
#[derive(Debug)]
pub(crate) struct Handles {
    pub(crate) calls: mpsc::Sender<Call>,
    /// Asks for the end, with a reason for the peer.
    pub(crate) closing: mpsc::Sender<String>,
    /// Asks for the loss of the connection.
    pub(crate) cut: mpsc::Sender<()>,
    pub(crate) status: watch::Receiver<Status>,
    /// How the connection ended; its sender is gone when all is over.
    pub(crate) end: watch::Receiver<Option<End>>,
    pub(crate) last_seq: Arc<AtomicU64>,
}
