//! What an author of agents needs: [`Agent`], its [`JobContext`] and its [`Outcome`].
//!
//! A runtime hosts agents; this crate does not know how. `port` is the host's side of a context.

mod context;
mod file;
mod job_stream;
mod outcome;
pub mod port;
mod stream;

use std::future::Future;

pub use arcp_core::lease::Operation;
pub use arcp_core::{
    AgentRef, ArtifactRef, ChunkEncoding, Code, Credential, Fault, GrantedLease, JobId, Json,
    Lease, LogLevel, PermissionRequest, Progress, Quantity, Restart, StreamId, StreamInfo,
    StreamKind, TraceId,
};
pub use async_trait::async_trait;
pub use bytes::Bytes;

pub use context::JobContext;
pub use job_stream::JobStream;
pub use outcome::{Outcome, Streamed, read_input};
pub use stream::ResultStream;

/// Does jobs.
///
/// One value serves all jobs of its name, at the same time. The runtime bounds nothing of what
/// `run` does but what goes through the context; it ends the job when the future panics, and drops
/// the future when a cancelled job has not ended by its deadline.
#[async_trait]
pub trait Agent: Send + Sync + 'static {
    /// Does one job, to its end. What it returns is the job's one terminal event: a result, a
    /// failure, or, with code [`Code::Cancelled`], a cancellation with the fault's message as its
    /// reason.
    async fn run(&self, job: JobContext, input: Json) -> Result<Outcome, Fault>;

    /// What it can do for a job that was running when the runtime died: by default nothing. A job that
    /// is run again says on under the same id, has spent what it had spent, and has no credentials, so
    /// one that was issued any is not run again. A run that was cut off may have done anything: make
    /// what it does outside repeatable.
    fn restart(&self) -> Restart {
        Restart::Never
    }
}

/// An agent made of a function.
///
/// ```
/// use arcp_agent::{Outcome, agent_fn};
///
/// let echo = agent_fn(|_job, input| async move { Ok(Outcome::Value(input)) });
/// # let _ = echo;
/// ```
pub fn agent_fn<F, R>(run: F) -> impl Agent
where
    F: Fn(JobContext, Json) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Outcome, Fault>> + Send + 'static,
{
    AgentFn(run)
}

/// An agent whose jobs are run again when the runtime has died while they ran.
///
/// ```
/// use arcp_agent::{Code, Fault, Json, Outcome, Restart, agent_fn, restartable};
///
/// let count = restartable(
///     agent_fn(|job, _| async move {
///         let from = job.restored().and_then(|state| state.read().ok()).unwrap_or(0_u32);
///         for n in from..1_000 {
///             let state = Json::of(&(n + 1))
///                 .map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
///             job.checkpoint(state).await?;
///         }
///         Outcome::of(&1_000)
///     }),
///     Restart::FromCheckpoint,
/// );
/// # let _ = count;
/// ```
pub fn restartable(agent: impl Agent, restart: Restart) -> impl Agent {
    Restartable { agent, restart }
}

struct Restartable<A> {
    agent: A,
    restart: Restart,
}

#[async_trait]
impl<A: Agent> Agent for Restartable<A> {
    async fn run(&self, job: JobContext, input: Json) -> Result<Outcome, Fault> {
        self.agent.run(job, input).await
    }

    fn restart(&self) -> Restart {
        self.restart
    }
}

struct AgentFn<F>(F);

#[async_trait]
impl<F, R> Agent for AgentFn<F>
where
    F: Fn(JobContext, Json) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Outcome, Fault>> + Send + 'static,
{
    async fn run(&self, job: JobContext, input: Json) -> Result<Outcome, Fault> {
        (self.0)(job, input).await
    }
}
