//! Agents that a test directs.

mod delegating;

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arcp_agent::{ChunkEncoding, Code, Fault, JobContext, Json, LogLevel, Outcome, Progress};
use arcp_agent::{CredentialId, Restart, agent_fn, read_input, restartable};
use arcp_agent::{JobStream, PermissionRequest, StreamInfo, StreamKind};
use arcp_core::Quantity;
use arcp_runtime::RuntimeBuilder;
use serde_json::{Value, json};
use tokio::sync::watch;

/// What a test and the agents share. A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Stage(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How many jobs may pass the gate.
    passes: watch::Sender<usize>,
    arrived: watch::Sender<usize>,
    emitted: watch::Sender<usize>,
    returned: watch::Sender<usize>,
    echoes: AtomicUsize,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            passes: watch::Sender::new(0),
            arrived: watch::Sender::new(0),
            emitted: watch::Sender::new(0),
            returned: watch::Sender::new(0),
            echoes: AtomicUsize::new(0),
        }))
    }

    /// Opens the gate, for all who wait and all who will come.
    pub(crate) fn open_gate(&self) {
        self.0.passes.send_replace(usize::MAX);
    }

    /// Waits until so many jobs in all have come to the gate.
    pub(crate) async fn arrived(&self, count: usize) {
        self.0.arrived.subscribe().wait_for(|arrived| *arrived >= count).await.unwrap();
    }

    /// Waits until so many `emit` jobs in all have said all they had to say.
    pub(crate) async fn emitted(&self, count: usize) {
        self.0.emitted.subscribe().wait_for(|emitted| *emitted >= count).await.unwrap();
    }

    /// Waits until so many `block` jobs in all have returned, long after their end perhaps.
    pub(crate) async fn returned(&self, count: usize) {
        self.0.returned.subscribe().wait_for(|returned| *returned >= count).await.unwrap();
    }

    /// How often `echo` has run.
    pub(crate) fn echoes(&self) -> usize {
        self.0.echoes.load(Ordering::SeqCst)
    }

    /// Adds the agents to a runtime.
    pub(crate) fn hire(&self, builder: RuntimeBuilder) -> RuntimeBuilder {
        let all = |stage: &Self| stage.clone();
        let [echo, emit, gate, stubborn, block, script, again] = std::array::from_fn(|_| all(self));
        let again = agent_fn(move |job, input| again.clone().script(job, input));
        builder
            .agent("echo", "1.0.0", agent_fn(|_, input| async move { Ok(Outcome::Value(input)) }))
            .agent("echo", "2.0.0", agent_fn(move |_, input| ready(Ok(echo.echo(input)))))
            .agent("emit", "1", agent_fn(move |job, input| emit.clone().emit(job, input)))
            .agent("gate", "1", agent_fn(move |job, input| gate.clone().gate(job, input)))
            .agent("stubborn", "1", agent_fn(move |_, input| stubborn.clone().stubborn(input)))
            .agent("block", "1", agent_fn(move |_, input| ready(Ok(block.block(input)))))
            .agent("script", "1", agent_fn(move |job, input| script.clone().script(job, input)))
            .agent("again", "1", restartable(again, Restart::FromInput))
            .agent("chunks", "1", agent_fn(chunks))
            .agent("large", "1", agent_fn(large))
            .agent("fail", "1", agent_fn(|_, input| async move { fail(&input) }))
            .agent("panic", "1", agent_fn(|_, input| async move { panic(&input) }))
    }

    fn echo(&self, input: Json) -> Outcome {
        self.0.echoes.fetch_add(1, Ordering::SeqCst);
        Outcome::Value(input)
    }

    /// `{n, pad}`: says `n` lines, the `i`th of which begins with `i`.
    async fn emit(self, job: JobContext, input: Json) -> Result<Outcome, Fault> {
        let input: Value = read_input(&input)?;
        let count = input["n"].as_u64().unwrap();
        let pad = "x".repeat(usize::try_from(input["pad"].as_u64().unwrap_or(0)).unwrap());
        for line in 0..count {
            job.log(LogLevel::Info, format!("{line} {pad}")).await?;
        }
        self.0.emitted.send_modify(|emitted| *emitted += 1);
        Outcome::of(&json!({"emitted": count}))
    }

    /// Waits until the gate is open, or until it is cancelled.
    async fn gate(self, job: JobContext, input: Json) -> Result<Outcome, Fault> {
        tokio::select! {
            () = self.pass() => Ok(Outcome::Value(input)),
            reason = job.cancelled() => Err(Fault::new(Code::Cancelled, reason)),
        }
    }

    /// Waits until the gate is open, cancelled or not.
    async fn stubborn(self, input: Json) -> Result<Outcome, Fault> {
        self.pass().await;
        Ok(Outcome::Value(input))
    }

    /// The same without ever giving its thread back, so that it cannot be dropped.
    fn block(&self, input: Json) -> Outcome {
        let here = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| here.block_on(self.pass()));
        self.0.returned.send_modify(|returned| *returned += 1);
        Outcome::Value(input)
    }

    async fn pass(&self) {
        let mut passes = self.0.passes.subscribe();
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        passes.wait_for(|passes| *passes > 0).await.unwrap();
    }

    /// A list of steps, each `[what, arguments...]`.
    async fn script(self, job: JobContext, input: Json) -> Result<Outcome, Fault> {
        let steps: Vec<Vec<Value>> = read_input(&input)?;
        let mut streams: Vec<Option<JobStream>> = Vec::new();
        let mut children = Vec::new();
        for step in &steps {
            let text = |place: usize| step[place].as_str().unwrap();
            match text(0) {
                "log" => job.log(LogLevel::parse(text(1)).unwrap(), text(2)).await?,
                "log_with" => {
                    let level = LogLevel::parse(text(1)).unwrap();
                    job.log_with(level, text(2), Json::from(&step[3])).await?;
                }
                "metric" => job.metric(text(1), quantity(&step[2]), text(3)).await?,
                "metric_with" => {
                    let dimensions = Json::from(&step[4]);
                    job.metric_with(text(1), quantity(&step[2]), text(3), dimensions).await?;
                }
                "progress" => job.progress(progress(step)).await?,
                "thought" => job.thought(text(1)).await?,
                "tool_call" => job.tool_call(text(1), text(2), Json::from(&step[3])).await?,
                "tool_result" => job.tool_result(text(1), Ok(Json::from(&step[2]))).await?,
                "tool_error" => {
                    let fault = Fault::new(Code::parse(text(2)).unwrap(), text(3));
                    job.tool_result(text(1), Err(fault)).await?;
                }
                "status" => job.status(text(1), step[2].as_str().map(str::to_owned)).await?,
                "emit" => job.emit(text(1), Json::from(&step[2])).await?,
                "gate" => self.pass().await,
                "cancelled" => return Err(Fault::new(Code::Cancelled, job.cancelled().await)),
                "rotate" => rotate(&job, step.get(1).and_then(Value::as_str)).await?,
                "delegate" => delegating::delegate(&job, &mut children, &step[1]).await?,
                "outcome" => delegating::outcome(&job, &mut children, &step[1]).await?,
                // Asks, says the answer, and goes on.
                "ask" => {
                    let answer = job.authorize(text(1), text(2)).await;
                    let said = answer.err().map_or("yes", |fault| fault.code.as_str());
                    job.emit("answer", Json::from(&json!(said))).await?;
                }
                "need" => job.authorize(text(1), text(2)).await?,
                "permit" => {
                    let request = PermissionRequest::new(text(1), text(2), text(3));
                    let wait = step.get(4).and_then(Value::as_u64).map(Duration::from_millis);
                    let said = match job.ask_permission(request.reason("why"), wait).await {
                        Ok(granted) => json!({"granted": granted.resource}),
                        Err(fault) => json!(fault.code.as_str()),
                    };
                    job.emit("permit", Json::from(&said)).await?;
                }
                "keep" => {
                    let data = text(2).as_bytes().to_vec();
                    match job.keep_artifact(text(1), data, None).await {
                        Ok(kept) => job.artifact(kept).await?,
                        Err(fault) => job.emit("refused", Json::text(fault.code.as_str())).await?,
                    }
                }
                "end" => return Err(Fault::new(Code::parse(text(1)).unwrap(), "as told")),
                other if other.starts_with("stream") => {
                    stream_step(&job, &mut streams, step).await?;
                }
                other => return Err(Fault::invalid(format!("no step `{other}`"))),
            }
        }
        Ok(Outcome::Value(Json::null()))
    }
}

/// Gives a credential another value, the job's first if none is named, and says as an event named `rotated`
/// whether the job has it from then on, or why not.
async fn rotate(job: &JobContext, named: Option<&str>) -> Result<(), Fault> {
    let before = job.credentials().first().cloned();
    let id = named.map(|id| CredentialId::parse(id).unwrap());
    let id = id.or_else(|| before.as_ref().map(|credential| credential.id.clone())).unwrap();
    let said = match job.rotate_credential(&id).await {
        Ok(credential) => {
            let now = job.credentials().first().cloned();
            json!(now.as_ref() == Some(&credential) && now != before)
        }
        Err(fault) => json!(fault.code.as_str()),
    };
    job.emit("rotated", Json::from(&said)).await
}

/// `[stream.WHAT, number of the stream, ...]`: a refusal is said as an event named `refused`.
async fn stream_step(
    job: &JobContext,
    streams: &mut Vec<Option<JobStream>>,
    step: &[Value],
) -> Result<(), Fault> {
    let place = usize::try_from(step[1].as_u64().unwrap()).unwrap();
    let text = |place: usize| step[place].as_str().unwrap();
    let done = match (step[0].as_str().unwrap(), streams.get_mut(place)) {
        ("stream.open", None) => {
            let kind = StreamKind::parse(text(2)).unwrap();
            let opened = job.open_stream(StreamInfo::new(kind).content_type("a/b")).await;
            opened.map(|stream| streams.push(Some(stream)))
        }
        ("stream.write", Some(Some(stream))) => stream.write(Json::from(&step[2])).await,
        ("stream.bytes", Some(Some(stream))) => stream.write_bytes(text(2).as_bytes()).await,
        ("stream.think", Some(Some(stream))) => {
            stream.think(text(2), text(3), step[4] == true).await
        }
        ("stream.stopped", Some(Some(stream))) => {
            stream.stopped().await;
            Ok(())
        }
        ("stream.rate", Some(Some(stream))) => {
            job.emit("rate", Json::of(&stream.rate()).unwrap()).await
        }
        ("stream.close", Some(stream)) => stream.take().unwrap().close().await,
        ("stream.fail", Some(stream)) => {
            let fault = Fault::new(Code::parse(text(2)).unwrap(), text(3));
            stream.take().unwrap().fail(fault).await
        }
        (other, _) => Err(Fault::invalid(format!("no step `{other}`"))),
    };
    match done {
        Ok(()) => Ok(()),
        Err(fault) => job.emit("refused", Json::text(fault.code.as_str())).await,
    }
}

fn quantity(value: &Value) -> Quantity {
    Quantity::parse(&value.to_string()).unwrap()
}

fn progress(step: &[Value]) -> Progress {
    let text = |place: usize| step.get(place).and_then(Value::as_str).map(str::to_owned);
    let total = step.get(2).filter(|total| !total.is_null()).map(quantity);
    Progress { current: quantity(&step[1]), total, units: text(3), message: text(4) }
}

/// `{encoding, pieces, summary}`: streams its pieces.
async fn chunks(job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Value = read_input(&input)?;
    let encoding = match input["encoding"].as_str() {
        Some("base64") => ChunkEncoding::Base64,
        _ => ChunkEncoding::Utf8,
    };
    let mut stream = job.result_stream(encoding)?;
    for piece in input["pieces"].as_array().unwrap() {
        stream.write_text(piece.as_str().unwrap()).await?;
    }
    stream.finish(input["summary"].as_str().map(str::to_owned)).await
}

/// `{result, event, message}`: a result, an event or a failure of so many bytes.
async fn large(job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Value = read_input(&input)?;
    let text =
        |key: &str| input[key].as_u64().map(|size| "x".repeat(usize::try_from(size).unwrap()));
    if let Some(message) = text("event") {
        job.log(LogLevel::Info, message).await?;
    }
    if let Some(message) = text("message") {
        return Err(Fault::new(Code::FailedPrecondition, message));
    }
    Outcome::of(&text("result"))
}

/// `{code, message, retryable}`: fails like this.
fn fail(input: &Json) -> Result<Outcome, Fault> {
    let input: Value = read_input(input)?;
    let code = Code::parse(input["code"].as_str().unwrap()).unwrap();
    let fault = Fault::new(code, input["message"].as_str().unwrap());
    Err(match input["retryable"].as_bool() {
        Some(retryable) => fault.with_retryable(retryable),
        None => fault,
    })
}

fn panic(input: &Json) -> Result<Outcome, Fault> {
    panic!("the secret is {input}");
}
