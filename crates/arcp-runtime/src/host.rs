//! Where agents run: on threads of their own, so that one that blocks slows other agents only.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arcp_agent::port::{Brief, Pace, Port, Report, ReportKind, Room, Signals};
use arcp_agent::{Agent, JobContext, Outcome};
use arcp_core::{
    AgentRef, Code, CredentialId, Event, Fault, JobId, Json, Limits, Secret, StreamEvent, StreamId,
};
use arcp_store::Store;
use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::engine::StartJob;
use crate::past;

/// The agents by reference, version included.
pub(crate) type Registry = BTreeMap<AgentRef, Arc<dyn Agent>>;

/// Runs the agents of jobs.
pub(crate) struct Host {
    agents: Registry,
    pool: Pool,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
    room: Room,
    artifact_room: Room,
    limits: Limits,
    tasks: JoinSet<()>,
    running: HashMap<JobId, Running>,
}

struct Running {
    signals: watch::Sender<Signals>,
    abort: AbortHandle,
}

impl Host {
    pub(crate) fn new(
        agents: Registry,
        pool: Pool,
        store: Arc<dyn Store>,
        reports: mpsc::Sender<Report>,
        artifact_room: Room,
        limits: Limits,
    ) -> Self {
        let room = Room::new(limits.input_bytes);
        let (tasks, running) = (JoinSet::new(), HashMap::new());
        Self { agents, pool, store, reports, room, artifact_room, limits, tasks, running }
    }

    /// Runs a job's agent. It reports, and says last that it has ended.
    pub(crate) fn start(&mut self, start: StartJob) {
        while self.tasks.try_join_next().is_some() {}
        let StartJob { job, agent, input, lease, trace, credentials, attempt, restored } = start;
        let (tell, signals) = watch::channel(Signals::default());
        let code = self.agents.get(&agent).cloned();
        let brief = Brief {
            job: job.clone(),
            agent,
            lease,
            trace,
            credentials,
            attempt,
            checkpoint: None,
            event_bytes: self.limits.event_bytes(),
            checkpoint_bytes: self.limits.checkpoint_bytes,
            chunk_bytes: self.limits.chunk_bytes,
            result_bytes: self.limits.result_bytes,
        };
        let (reports, room) = (self.reports.clone(), Room::clone(&self.room));
        let artifact_room = Room::clone(&self.artifact_room);
        let port = Port { brief: Arc::new(brief), reports, room, artifact_room, signals };
        let input = match input {
            Some(input) => Source::Here(input),
            None => Source::Stored { store: Arc::clone(&self.store), restored },
        };
        let abort = self.tasks.spawn_on(run(code, port, input), self.pool.handle());
        self.running.insert(job, Running { signals: tell, abort });
    }

    /// Asks a job's agent to end.
    pub(crate) fn signal(&mut self, job: &JobId, reason: String) {
        self.tell(job, |signals| signals.cancel(reason));
    }

    /// Tells a job's agent that it has a stream.
    pub(crate) fn open_stream(&mut self, job: &JobId, stream: StreamId, rate: Option<u32>) {
        self.tell(job, |signals| {
            signals.streams.insert(stream, Pace(rate));
        });
    }

    /// Takes note of what a job says of a stream of its.
    pub(crate) fn note_stream(&mut self, job: &JobId, said: &StreamEvent) {
        if said.change.is_end() {
            self.tell(job, |signals| signals.note(said));
        }
    }

    /// Tells a job's agent that a stream of its is over.
    pub(crate) fn stop_stream(&mut self, job: &JobId, stream: &StreamId) {
        self.tell(job, |signals| {
            signals.streams.remove(stream);
        });
    }

    /// Tells a job's agent how fast a stream may be.
    pub(crate) fn pace(&mut self, job: &JobId, stream: &StreamId, rate: Option<u32>) {
        self.tell(job, |signals| {
            if let Some(known) = signals.streams.get_mut(stream) {
                *known = Pace(rate);
            }
        });
    }

    /// Tells a job's agent of the value that a credential has from now on.
    pub(crate) fn renew(&mut self, job: &JobId, id: CredentialId, value: Secret<String>) {
        self.tell(job, |signals| {
            signals.rotated.insert(id, value);
        });
    }

    fn tell(&mut self, job: &JobId, change: impl FnOnce(&mut Signals)) {
        if let Some(running) = self.running.get(job) {
            running.signals.send_modify(change);
        }
    }

    /// Drops a job's agent at its next await point.
    pub(crate) fn kill(&mut self, job: &JobId) {
        if let Some(running) = self.running.remove(job) {
            running.signals.send_modify(|signals| signals.cancel("the job is over"));
            running.abort.abort();
        }
    }

    /// Forgets a job whose agent has ended.
    pub(crate) fn forget(&mut self, job: &JobId) {
        self.running.remove(job);
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

/// Where a job's input is.
enum Source {
    Here(Json),
    Stored {
        store: Arc<dyn Store>,
        /// Whether the last state that was kept is there too.
        restored: bool,
    },
}

impl Source {
    async fn take(self, brief: &mut Brief) -> Result<Json, Fault> {
        match self {
            Self::Here(input) => Ok(input),
            Self::Stored { store, restored } => {
                if restored {
                    brief.checkpoint = past::checkpoint(&*store, &brief.job).await?;
                }
                past::input(&*store, &brief.job).await
            }
        }
    }
}

/// Runs one job to its end; a panic is a failure like another.
async fn run(agent: Option<Arc<dyn Agent>>, mut port: Port, input: Source) {
    let job = port.brief.job.clone();
    let (reports, room) = (port.reports.clone(), Room::clone(&port.room));
    let limit = port.brief.event_bytes;
    let work = async move {
        match agent {
            Some(agent) => {
                let input = input.take(Arc::make_mut(&mut port.brief)).await?;
                agent.run(JobContext::new(port), input).await
            }
            None => Err(Fault::new(Code::AgentNotAvailable, "the agent is gone")),
        }
    };
    let result: Result<Outcome, Fault> =
        AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
            let message = panic_message(panic.as_ref());
            tracing::error!(%job, "the agent panicked: {message}");
            Err(Fault::internal(&job))
        });
    let result = result
        .and_then(|outcome| check_size(outcome, limit))
        .map_err(|fault| shorten(fault, limit));
    let size = match &result {
        Ok(Outcome::Value(value)) => value.as_str().len(),
        _ => 0,
    };
    let room = room.take(size).await;
    // When nobody listens any more the runtime is gone, and the next start ends the job.
    drop(reports.send(Report { job, kind: ReportKind::Ended(result), room }).await);
}

/// A result that would not fit into a frame is a failure that says so.
fn check_size(outcome: Outcome, limit: usize) -> Result<Outcome, Fault> {
    let size = Event::Completed(outcome.clone().into_completion()).json_size();
    if size <= limit {
        return Ok(outcome);
    }
    let message = format!("a result of {size} bytes exceeds {limit}; stream it");
    Err(Fault::new(Code::OutOfRange, message))
}

/// A failure whose words would not fit into a frame keeps the first of them.
fn shorten(mut fault: Fault, limit: usize) -> Fault {
    let detail = fault.detail.as_ref().map_or(0, |detail| detail.as_str().len());
    // One character takes at most six bytes as JSON.
    if fault.message.len() * 6 + detail > limit {
        fault.message = fault.message.chars().take(SHORT).collect();
        fault.detail = fault.detail.filter(|_| detail + SHORT * 6 <= limit);
    }
    fault
}

pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// The agents' threads.
#[derive(Debug)]
pub(crate) struct Pool(Option<tokio::runtime::Runtime>, tokio::runtime::Handle);

impl Pool {
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("arcp-agent")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self(Some(runtime), handle))
    }

    fn handle(&self) -> &tokio::runtime::Handle {
        &self.1
    }
}

/// Does not wait for agents that block.
impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

const SHORT: usize = 1_024;
