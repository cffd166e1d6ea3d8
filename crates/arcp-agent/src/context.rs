//! An agent's whole world.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arcp_core::lease::Operation;
use arcp_core::{
    AgentRef, ChunkEncoding, Code, Event, Fault, JobId, Json, Lease, LogLevel, Progress, Quantity,
    TraceId,
};
use rust_decimal::Decimal;
use tokio::sync::oneshot;

use crate::port::{Port, Report, ReportKind, take_room};
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
    /// Fails with `LeaseExpired`, `PermissionDenied`, `BudgetExhausted`, or `InvalidArgument` when
    /// the target is not in its one normal form (see [`Operation::new`]).
    pub async fn authorize(&self, namespace: &str, target: &str) -> Result<(), Fault> {
        let operation = Operation::new(namespace, target)?;
        let (answer, verdict) = oneshot::channel();
        self.report(ReportKind::Authorize { operation, answer }, 0).await?;
        verdict.await.unwrap_or_else(|_| Err(over()))
    }

    /// Waits until the job is asked to end and returns why. Cancel-safe.
    pub async fn cancelled(&self) -> String {
        let mut signal = self.port.cancelled.clone();
        match signal.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "the runtime is gone".to_owned(),
        }
    }

    /// Why the job is asked to end, if it is.
    pub fn cancellation(&self) -> Option<String> {
        self.port.cancelled.borrow().clone()
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
        let (size, limit) = (event.json_size(), self.port.brief.event_bytes);
        if size > limit {
            let message = format!("an event of {size} bytes exceeds `event_bytes` {limit}");
            return Err(Fault::new(Code::OutOfRange, message));
        }
        self.report(ReportKind::Emit(event), size).await
    }

    async fn report(&self, kind: ReportKind, size: usize) -> Result<(), Fault> {
        // The host lets go of the signal when the job is over.
        if self.port.cancelled.has_changed().is_err() {
            return Err(over());
        }
        let room = take_room(&self.port.room, size).await;
        let report = Report { job: self.job().clone(), kind, room };
        self.port.reports.send(report).await.map_err(|_| over())
    }
}

fn over() -> Fault {
    Fault::new(Code::Aborted, "the job is over")
}
