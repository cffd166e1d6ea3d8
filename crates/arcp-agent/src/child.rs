//! A job that another one has delegated to.

use arcp_core::lease::Budget;
use arcp_core::{Completion, Fault, JobAccepted, JobId, Lease};
use tokio::sync::oneshot;

use crate::context::over;

/// A job that does a part of this one (§10). Dropping it changes nothing: the other job goes on, and ends
/// when this one does.
#[derive(Debug)]
pub struct Child {
    accepted: JobAccepted,
    end: End,
}

#[derive(Debug)]
enum End {
    ToCome(oneshot::Receiver<Result<Completion, Fault>>),
    Known(Result<Completion, Fault>),
}

impl Child {
    pub(crate) fn new(
        accepted: JobAccepted,
        end: oneshot::Receiver<Result<Completion, Fault>>,
    ) -> Self {
        Self { accepted, end: End::ToCome(end) }
    }

    /// The job.
    pub fn job(&self) -> &JobId {
        &self.accepted.job
    }

    /// Its agent, with the version that a bare name resolved to.
    pub fn agent(&self) -> &str {
        self.accepted.agent.as_deref().unwrap_or_default()
    }

    /// What the delegation goes by.
    pub fn name(&self) -> &str {
        let parent = self.accepted.parent.as_ref();
        parent.and_then(|parent| parent.delegation.as_deref()).unwrap_or_default()
    }

    /// What it may do: what was asked for, until this job's lease ends at the latest.
    pub fn lease(&self) -> &Lease {
        &self.accepted.lease
    }

    /// What it might still spend when it was delegated to.
    pub fn budget(&self) -> &Budget {
        &self.accepted.budget
    }

    /// Waits for its end: what it gave, or why it has not. Of a result that it has streamed this is the id
    /// and the size; the chunks went to whoever watches. One that was cancelled has failed with `Cancelled`,
    /// one that took too long with `TimedOut`. Cancel-safe, and the same each time.
    pub async fn outcome(&mut self) -> Result<Completion, Fault> {
        if let End::ToCome(end) = &mut self.end {
            self.end = End::Known(end.await.unwrap_or_else(|_| Err(over())));
        }
        match &self.end {
            End::Known(end) => end.clone(),
            End::ToCome(_) => Err(over()),
        }
    }
}
