//! An agent's whole world.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arcp_core::lease::Operation;
use arcp_core::{
    AgentRef, Answer, ArtifactRef, ChunkEncoding, Code, Credential, Event, Fault, GrantedLease,
    JobId, Json, Lease, LogLevel, PermissionRequest, Progress, PutArtifact, Quantity, Question,
    StreamId, StreamInfo, TraceId,
};
use bytes::Bytes;
use rust_decimal::Decimal;
use tokio::sync::oneshot;

use crate::file::{Place, refuse};
use crate::job_stream::JobStream;
use crate::port::{Pace, Port, Report, ReportKind};
use crate::stream::ResultStream;

/// What a running job can say, ask and learn. Cheap to clone.
///
/// What it says is kept in the order in which the calls return. A call waits while the runtime is
/// busy, so an agent cannot outrun the store. Every call fails with `Aborted` once the job is over;
/// a call that is dropped while it waits has said nothing. An event that would not fit into a frame
/// is refused with `OutOfRange`, and nothing is said.
#[derive(Debug, Clone)]
pub struct JobContext {
    port: Port,
    streaming: Arc<AtomicBool>,
}

impl JobContext {
    /// The context at the job's end of `port`; for hosts.
    pub fn new(port: Port) -> Self {
        Self { port, streaming: Arc::default() }
    }

    /// The job.
    pub fn job(&self) -> &JobId {
        &self.port.brief.job
    }

    /// The agent, with the version that was asked for.
    pub fn agent(&self) -> &AgentRef {
        &self.port.brief.agent
    }

    /// What the job may do. To find out whether it may do one thing, call
    /// [`authorize`](Self::authorize).
    pub fn lease(&self) -> &Lease {
        &self.port.brief.lease
    }

    /// The trace, to be handed on to whatever the job calls.
    pub fn trace(&self) -> Option<&TraceId> {
        self.port.brief.trace.as_ref()
    }

    /// The credentials that were issued for the job, good until it ends; their values are for whoever
    /// they are to be shown to, and nobody else. Empty where none are issued, and when the runtime was
    /// restarted between the job's acceptance and its start.
    pub fn credentials(&self) -> &[Credential] {
        &self.port.brief.credentials
    }

    /// Which run of the job this is, from 1: more when the runtime has died meanwhile and the agent
    /// declares that it can be run again.
    pub fn attempt(&self) -> u32 {
        self.port.brief.attempt
    }

    /// The last state that the job had kept, when it is run again from there.
    pub fn restored(&self) -> Option<&Json> {
        self.port.brief.checkpoint.as_ref()
    }

    /// Keeps the job's state, in place of what was kept before, and says that it did (R§19). It is kept
    /// when this returns: a run after this one finds it by [`restored`](Self::restored), if the agent
    /// declares [`Restart::FromCheckpoint`](crate::Restart::FromCheckpoint). It is told to nobody, and
    /// forgotten with the end of the job.
    ///
    /// Fails with `OutOfRange` when it is larger than the runtime keeps.
    pub async fn checkpoint(&self, state: Json) -> Result<(), Fault> {
        let (size, limit) = (state.as_str().len(), self.port.brief.checkpoint_bytes);
        if size > limit {
            let message = format!("a state of {size} bytes exceeds `checkpoint_bytes` {limit}");
            return Err(Fault::new(Code::OutOfRange, message));
        }
        match self.ask(Question::Checkpoint(state), size).await? {
            Answer::Checkpointed => Ok(()),
            other => Err(crossed(&other)),
        }
    }

    /// Says a line of log.
    pub async fn log(&self, level: LogLevel, message: impl Into<String>) -> Result<(), Fault> {
        self.say(Event::Log { level, message: message.into(), attributes: None }).await
    }

    /// Says a line of log with `attributes`, a JSON object.
    pub async fn log_with(
        &self,
        level: LogLevel,
        message: impl Into<String>,
        attributes: Json,
    ) -> Result<(), Fault> {
        self.say(Event::Log { level, message: message.into(), attributes: Some(attributes) }).await
    }

    /// Says a measurement in `unit`.
    ///
    /// One whose name starts with `cost.` and whose unit is budgeted is charged; below zero such a
    /// value is refused with `InvalidArgument` and charges nothing (§9.6).
    pub async fn metric(
        &self,
        name: impl Into<String>,
        value: impl Into<Quantity>,
        unit: impl Into<String>,
    ) -> Result<(), Fault> {
        self.measure(name.into(), value.into(), unit.into(), None).await
    }

    /// Says a measurement in `unit`, with `dimensions`, a JSON object. Charged like any other
    /// [`metric`](Self::metric).
    pub async fn metric_with(
        &self,
        name: impl Into<String>,
        value: impl Into<Quantity>,
        unit: impl Into<String>,
        dimensions: Json,
    ) -> Result<(), Fault> {
        self.measure(name.into(), value.into(), unit.into(), Some(dimensions)).await
    }

    /// Says that `amount` of `currency` was spent on `what`: the metric `cost.WHAT`.
    pub async fn charge(&self, what: &str, amount: Decimal, currency: &str) -> Result<(), Fault> {
        self.metric(format!("cost.{what}"), amount, currency).await
    }

    /// Says how far the work has come.
    pub async fn progress(&self, progress: Progress) -> Result<(), Fault> {
        if progress.current.is_negative() {
            return Err(Fault::invalid("progress must not be below zero"));
        }
        self.say(Event::Progress(progress)).await
    }

    /// Says what the agent thinks.
    pub async fn thought(&self, text: impl Into<String>) -> Result<(), Fault> {
        self.say(Event::Thought { text: text.into() }).await
    }

    /// Says that a tool is called; `call_id` names the call within the job.
    pub async fn tool_call(
        &self,
        call_id: impl Into<String>,
        tool: impl Into<String>,
        arguments: Json,
    ) -> Result<(), Fault> {
        let (call_id, tool) = (call_id.into(), tool.into());
        self.say(Event::ToolCall { call_id, tool, arguments }).await
    }

    /// Says what a tool has answered.
    pub async fn tool_result(
        &self,
        call_id: impl Into<String>,
        result: Result<Json, Fault>,
    ) -> Result<(), Fault> {
        self.say(Event::ToolResult { call_id: call_id.into(), result }).await
    }

    /// Says that the job has entered a phase.
    pub async fn status(
        &self,
        phase: impl Into<String>,
        message: Option<String>,
    ) -> Result<(), Fault> {
        self.say(Event::Status { phase: phase.into(), message }).await
    }

    /// Says something of the agent's own.
    pub async fn emit(&self, name: impl Into<String>, data: Json) -> Result<(), Fault> {
        self.say(Event::Custom { name: name.into(), data }).await
    }

    /// Starts the job's result as a stream of chunks. A job has one such stream at most, and ends
    /// with what the stream's `finish` gives.
    pub fn result_stream(&self, encoding: ChunkEncoding) -> Result<ResultStream, Fault> {
        if self.streaming.swap(true, Ordering::AcqRel) {
            return Err(Fault::new(Code::FailedPrecondition, "the job streams its result already"));
        }
        ResultStream::new(self.clone(), encoding)
    }

    /// Asks whether the lease covers an operation. Call it before each thing that needs authority.
    ///
    /// Of a target that is written in two ways, both get one answer (see [`Operation::new`]). A path is
    /// judged as it is written, links or not: to open a file, ask
    /// [`authorize_file`](Self::authorize_file).
    ///
    /// Fails with `LeaseExpired`, `PermissionDenied`, `BudgetExhausted`, or `InvalidArgument` when
    /// the target has no normal form.
    pub async fn authorize(&self, namespace: &str, target: &str) -> Result<(), Fault> {
        let operation = Operation::new(namespace, target)?;
        match self.ask(Question::Authorize(operation), 0).await? {
            Answer::Authorized => Ok(()),
            other => Err(crossed(&other)),
        }
    }

    /// Asks whether the lease covers an operation on the file that `path` leads to, and returns that
    /// file's own path, which is absolute and has no links: open it by this path, not by the other. A
    /// file that is not there is judged by where it would be. `namespace` is one of `fs.*`.
    ///
    /// Whether it is there, and why it cannot be looked at, is only told to jobs that may know. A path
    /// that somebody changes between this call and the opening leads where that somebody likes: where
    /// others may write, do not rely on it.
    ///
    /// Fails like [`authorize`](Self::authorize), and with `InvalidArgument` for a path that is not
    /// absolute or no UTF-8.
    pub async fn authorize_file(&self, namespace: &str, path: &Path) -> Result<PathBuf, Fault> {
        if !namespace.starts_with("fs.") {
            return Err(Fault::invalid(format!("`{namespace}` is not about files")));
        }
        if !path.is_absolute() {
            return Err(Fault::invalid(format!("`{}` is not absolute", path.display())));
        }
        let wanted = path.to_owned();
        let looking = tokio::task::spawn_blocking(move || Place::find(&wanted));
        let place = looking.await.map_err(|error| {
            Fault::new(Code::Internal, format!("the file system's task died: {error}"))
        })?;
        let target = place.path.to_str();
        let target = target.ok_or_else(|| Fault::invalid("a path must be UTF-8"))?;
        self.authorize(namespace, target).await?;
        match place.obstacle {
            Some(obstacle) => Err(refuse(path, &obstacle)),
            None => Ok(place.path),
        }
    }

    /// Asks whoever watches for a permission that the lease does not cover, and waits for the answer
    /// (R§15.4): as long as `wait`, or until the job is asked to end. Once granted,
    /// [`authorize`](Self::authorize) covers it, until it expires or is taken back. A call that is
    /// dropped leaves its request open.
    ///
    /// Fails with `PermissionDenied` when it is denied, `TimedOut` when nobody answers in time,
    /// `Cancelled` when the job is asked to end, `ResourceExhausted` when it waits for as many
    /// permissions as it may.
    pub async fn ask_permission(
        &self,
        request: PermissionRequest,
        wait: Option<Duration>,
    ) -> Result<GrantedLease, Fault> {
        self.check_size(request.json_size())?;
        let asking = self.ask(Question::Permission { request, wait }, 0);
        let answer = tokio::select! {
            answer = asking => answer?,
            reason = self.cancelled() => return Err(Fault::new(Code::Cancelled, reason)),
        };
        match answer {
            Answer::Permission(granted) => Ok(granted),
            other => Err(crossed(&other)),
        }
    }

    /// Opens a stream of chunks beside the job's events (R§11). Streams that are open when the job
    /// ends are ended by the runtime.
    ///
    /// Fails with `ResourceExhausted` when the job has as many open streams as it may.
    pub async fn open_stream(&self, info: StreamInfo) -> Result<JobStream, Fault> {
        self.check_size(info.json_size())?;
        match self.ask(Question::OpenStream(info.clone()), 0).await? {
            Answer::Stream(id) => Ok(JobStream::new(self.clone(), id, info)),
            other => Err(crossed(&other)),
        }
    }

    /// Keeps an artifact for the job's principal (R§16), for so long or as long as the runtime keeps
    /// those that do not say. It is kept when this returns; who shall know of it is told by
    /// [`artifact`](Self::artifact), or in the result.
    ///
    /// Fails with `ResourceExhausted` when it is too large, or the principal has as many as it may,
    /// `InvalidArgument` when it is to be kept for too long, `Unimplemented` where nothing is kept.
    pub async fn keep_artifact(
        &self,
        media_type: impl Into<String>,
        data: impl Into<Bytes>,
        retain: Option<Duration>,
    ) -> Result<ArtifactRef, Fault> {
        let (media_type, data) = (media_type.into(), data.into());
        self.check_size(media_type.len())?;
        let size = data.len();
        let put = PutArtifact { media_type, data, sha256: None, retain };
        match self.ask(Question::Keep(put), size).await? {
            Answer::Artifact(reference) => Ok(reference),
            other => Err(crossed(&other)),
        }
    }

    /// Refers whoever watches to an artifact.
    pub async fn artifact(&self, reference: ArtifactRef) -> Result<(), Fault> {
        self.say(Event::Artifact(reference)).await
    }

    /// Waits until the job is asked to end and returns why. Cancel-safe.
    pub async fn cancelled(&self) -> String {
        let mut signals = self.port.signals.clone();
        match signals.wait_for(|signals| signals.cancelled.is_some()).await {
            Ok(signals) => signals.cancelled.clone().unwrap_or_default(),
            Err(_) => "the runtime is gone".to_owned(),
        }
    }

    /// Why the job is asked to end, if it is.
    pub fn cancellation(&self) -> Option<String> {
        self.port.signals.borrow().cancelled.clone()
    }

    async fn measure(
        &self,
        name: String,
        value: Quantity,
        unit: String,
        dimensions: Option<Json>,
    ) -> Result<(), Fault> {
        if name.starts_with("cost.") && value.is_negative() {
            return Err(Fault::invalid(format!("`{name}` must not be below zero, it is {value}")));
        }
        self.say(Event::Metric { name, value, unit: Some(unit), dimensions }).await
    }

    pub(crate) fn limits(&self) -> (usize, u64) {
        (self.port.brief.chunk_bytes, self.port.brief.result_bytes)
    }

    pub(crate) async fn say(&self, event: Event) -> Result<(), Fault> {
        let size = self.check_size(event.json_size())?;
        self.report(ReportKind::Emit(event), size).await
    }

    /// Whether an event of this size fits into a frame.
    fn check_size(&self, size: usize) -> Result<usize, Fault> {
        let limit = self.port.brief.event_bytes;
        if size > limit {
            let message = format!("an event of {size} bytes exceeds `event_bytes` {limit}");
            return Err(Fault::new(Code::OutOfRange, message));
        }
        Ok(size)
    }

    /// How fast a stream may be; `None` when it is over.
    pub(crate) fn pace(&self, stream: &StreamId) -> Option<Pace> {
        self.port.signals.borrow().streams.get(stream).copied()
    }

    /// Waits until `pace` of a stream is another than `known`. Cancel-safe.
    pub(crate) async fn pace_changed(&self, stream: &StreamId, known: Option<Pace>) {
        let mut signals = self.port.signals.clone();
        let changed = signals.wait_for(|now| now.streams.get(stream).copied() != known).await;
        // Without a runtime nothing is open.
        drop(changed);
    }

    async fn ask(&self, question: Question, size: usize) -> Result<Answer, Fault> {
        let (answer, answered) = oneshot::channel();
        self.report(ReportKind::Ask { question, answer }, size).await?;
        answered.await.unwrap_or_else(|_| Err(over()))
    }

    async fn report(&self, kind: ReportKind, size: usize) -> Result<(), Fault> {
        // The host lets go of the signal when the job is over.
        if self.port.signals.has_changed().is_err() {
            return Err(over());
        }
        let room = match &kind {
            ReportKind::Ask { question: Question::Keep(_), .. } => &self.port.artifact_room,
            _ => &self.port.room,
        };
        let room = room.take(size).await;
        let report = Report { job: self.job().clone(), kind, room };
        self.port.reports.send(report).await.map_err(|_| over())
    }
}

/// An answer to another question: a fault of the host's.
fn crossed(answer: &Answer) -> Fault {
    Fault::internal(format_args!("crossed answer: {answer:?}"))
}

fn over() -> Fault {
    Fault::new(Code::Aborted, "the job is over")
}
