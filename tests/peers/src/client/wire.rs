//! The published envelopes over the published transport, for what the published client has no call
//! for.

use std::collections::VecDeque;
use std::time::Duration;

use arcp::ARCPError;
use arcp::envelope::{Envelope, Priority};
use arcp::ids::{IdempotencyKey, JobId, MessageId, SessionId, TraceId};
use arcp::messages::{
    AgentInventory, Capabilities, CapabilityName, Credentials, JobAcceptedPayload, MessageType,
    PingPayload, SessionAcceptedPayload, SessionOpenPayload, ToolInvokePayload,
};
use arcp::transport::Transport;
use arcp::transport::websocket::WebSocketTransport;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::stage::{identity, unique};
use crate::stop::{Result, Stop, failed, unexpected};

/// The payload of a frame, which has to be of this type.
macro_rules! payload {
    ($frame:expr, $kind:ident) => {{
        let frame: ::arcp::envelope::Envelope = $frame;
        match frame.payload {
            ::arcp::messages::MessageType::$kind(payload) => payload,
            _ => return Err($crate::stop::unexpected(&frame, stringify!($kind))),
        }
    }};
}

/// For [`Wire::find`]: the payloads of this type.
macro_rules! of_type {
    ($kind:ident) => {
        |frame: &::arcp::envelope::Envelope| match &frame.payload {
            ::arcp::messages::MessageType::$kind(payload) => Some(payload.clone()),
            _ => None,
        }
    };
}

pub(crate) use {of_type, payload};

/// A connection, and what came on it that nobody has asked for yet.
#[derive(Debug)]
pub(crate) struct Wire {
    transport: WebSocketTransport,
    session: Option<SessionId>,
    capabilities: Capabilities,
    waiting: VecDeque<Envelope>,
}

/// A job that was accepted.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    /// The message that asked for it.
    pub(crate) request: MessageId,
    pub(crate) accepted: JobAcceptedPayload,
}

impl Wire {
    pub(crate) fn new(transport: WebSocketTransport) -> Self {
        let capabilities = Capabilities::default();
        Self { transport, session: None, capabilities, waiting: VecDeque::new() }
    }

    /// Asks for a session, which has to be given.
    pub(crate) async fn open(
        &mut self,
        auth: Credentials,
        capabilities: Capabilities,
    ) -> Result<SessionAcceptedPayload> {
        let asked = self.send(session_open(auth, capabilities)).await?;
        let accepted = payload!(self.answer(&asked).await?, SessionAccepted);
        self.session = Some(accepted.session_id.clone());
        self.capabilities = accepted.capabilities.clone();
        Ok(accepted)
    }

    pub(crate) fn session(&self) -> Result<SessionId> {
        self.session.clone().ok_or_else(|| failed("there is no session"))
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Ends the flow if the runtime does not say that it has this.
    pub(crate) fn needs(&self, feature: CapabilityName) -> Result {
        if self.capabilities.has(feature) {
            return Ok(());
        }
        Err(Stop::NotRun(format!("the runtime does not offer {feature:?}")))
    }

    /// Ends the flow if the runtime does not host this agent.
    pub(crate) fn needs_agent(&self, agent: &str) -> Result {
        let name = agent.split('@').next().unwrap_or(agent);
        let hosted = self.capabilities.agents.clone().map(AgentInventory::into_rich);
        if hosted.unwrap_or_default().iter().any(|entry| entry.name == name) {
            return Ok(());
        }
        Err(Stop::NotRun(format!("the runtime has no agent `{name}`")))
    }

    pub(crate) async fn send(&self, message: MessageType) -> Result<MessageId> {
        self.send_envelope(Envelope::new(message)).await
    }

    pub(crate) async fn send_envelope(&self, mut envelope: Envelope) -> Result<MessageId> {
        let id = envelope.id.clone();
        envelope.session_id.clone_from(&self.session);
        self.transport.send(envelope).await?;
        Ok(id)
    }

    /// Invokes a fixture agent, if there is one of this name.
    pub(crate) async fn invoke(&self, invocation: Invocation) -> Result<MessageId> {
        self.needs_agent(&invocation.call.tool)?;
        self.send_envelope(invocation.into_envelope()?).await
    }

    /// Invokes a fixture agent and sees it accepted.
    pub(crate) async fn start(&mut self, invocation: Invocation) -> Result<Job> {
        let request = self.invoke(invocation).await?;
        let accepted = payload!(self.answer(&request).await?, JobAccepted);
        Ok(Job { id: accepted.job_id.clone(), request, accepted })
    }

    /// Invokes a fixture agent and takes all that comes of the job: its end is the last.
    pub(crate) async fn run(&mut self, invocation: Invocation) -> Result<Vec<Envelope>> {
        let job = self.start(invocation).await?;
        self.events(&job.id).await
    }

    /// All events of a job up to its end, which is the last.
    pub(crate) async fn events(&mut self, job: &JobId) -> Result<Vec<Envelope>> {
        let mut events = Vec::new();
        loop {
            let event = self.next_of(job).await?;
            let is_end = matches!(
                event.payload,
                MessageType::JobCompleted(_)
                    | MessageType::JobFailed(_)
                    | MessageType::JobCancelled(_)
            );
            events.push(event);
            if is_end {
                return Ok(events);
            }
        }
    }

    /// The next event of a job.
    pub(crate) async fn next_of(&mut self, job: &JobId) -> Result<Envelope> {
        self.find("an event of the job", |frame| {
            let is_of = frame.job_id.as_ref() == Some(job) && frame.event_seq.is_some();
            is_of.then(|| frame.clone())
        })
        .await
    }

    /// Passes over one frame that the published types have no place for.
    pub(crate) async fn undecodable(&self) -> Result {
        match timeout(PATIENCE, self.receive()).await {
            Ok(Err(Stop::Failed(_))) => Ok(()),
            Ok(Ok(Some(frame))) => Err(unexpected(&frame, "what does not decode")),
            _ => Err(failed("what does not decode did not come")),
        }
    }

    /// The end of a job.
    pub(crate) async fn end(&mut self, job: &JobId) -> Result<Envelope> {
        let last = self.events(job).await?.pop();
        last.ok_or_else(|| failed("the job has no end"))
    }

    /// The answer to a message.
    pub(crate) async fn answer(&mut self, to: &MessageId) -> Result<Envelope> {
        self.find("an answer", |frame| {
            let is_answer = frame.correlation_id.as_ref() == Some(to) && frame.event_seq.is_none();
            is_answer.then(|| frame.clone())
        })
        .await
    }

    /// What is sent is answered by this.
    pub(crate) async fn ask(&mut self, message: MessageType) -> Result<Envelope> {
        let asked = self.send(message).await?;
        self.answer(&asked).await
    }

    /// The first frame from which `pick` takes something. Those before it go on waiting.
    pub(crate) async fn find<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&Envelope) -> Option<T>,
    ) -> Result<T> {
        let mut taken = None;
        let found = self.waiting.iter().position(|frame| {
            taken = pick(frame);
            taken.is_some()
        });
        if let (Some(index), Some(taken)) = (found, taken) {
            self.waiting.remove(index);
            return Ok(taken);
        }
        let came = timeout(PATIENCE, async {
            loop {
                let frame = self.receive().await?.ok_or_else(|| {
                    failed(format_args!("the connection ended before {what} came"))
                })?;
                match pick(&frame) {
                    Some(taken) => return Ok(taken),
                    None => self.waiting.push_back(frame),
                }
            }
        });
        match came.await {
            Ok(found) => found,
            Err(_) => Err(failed(format_args!("{what} did not come; {}", self.unasked()))),
        }
    }

    /// What came and nobody asked for, up to now: the runtime has answered a ping.
    pub(crate) async fn rest(&mut self) -> Result<Vec<Envelope>> {
        self.now().await?;
        Ok(self.waiting.drain(..).collect())
    }

    /// What time it is for the runtime, by its answer to a ping.
    async fn now(&mut self) -> Result<DateTime<Utc>> {
        let nonce = unique("nonce");
        let pong = self.ask(MessageType::Ping(PingPayload { nonce: Some(nonce) })).await?;
        let now = pong.timestamp;
        payload!(pong, Pong);
        Ok(now)
    }

    /// Waits until it is later than this for the runtime.
    pub(crate) async fn pass(&mut self, time: DateTime<Utc>) -> Result {
        while let Ok(left) = (time - self.now().await?).to_std() {
            sleep(left + A_MOMENT).await; // tidy: sleep because time alone brings what the flow waits for
        }
        Ok(())
    }

    /// Fails if there is a frame that nobody asked for.
    pub(crate) async fn is_silent(&mut self) -> Result {
        match self.rest().await?.first() {
            None => Ok(()),
            Some(frame) => Err(unexpected(frame, "nothing")),
        }
    }

    /// Waits for the end of the connection. What comes before it can be found as ever.
    pub(crate) async fn closed(&mut self) -> Result {
        let closed = timeout(PATIENCE, async {
            // A reset is an end as good as any.
            while let Ok(Some(frame)) = self.receive().await {
                self.waiting.push_back(frame);
            }
        });
        closed.await.map_err(|_| failed("the connection does not end"))
    }

    async fn receive(&self) -> Result<Option<Envelope>> {
        Ok(self.transport.recv().await?)
    }

    fn unasked(&self) -> String {
        let types: Vec<_> = self.waiting.iter().map(|frame| frame.payload.type_name()).collect();
        format!("there came [{}]", types.join(", "))
    }
}

pub(crate) fn session_open(auth: Credentials, capabilities: Capabilities) -> MessageType {
    MessageType::SessionOpen(SessionOpenPayload { auth, client: identity(), capabilities })
}

/// A `tool.invoke` in the making.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    call: ToolInvokePayload,
    key: Option<String>,
    trace: Option<String>,
    priority: Priority,
}

/// Invokes `agent` with an input.
pub(crate) fn call(agent: &str, input: Value) -> Invocation {
    let call = ToolInvokePayload::new(agent, input);
    Invocation { call, key: None, trace: None, priority: Priority::Normal }
}

impl Invocation {
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn trace(mut self, trace: &str) -> Self {
        self.trace = Some(trace.to_owned());
        self
    }

    pub(crate) fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    pub(crate) fn budget(mut self, amounts: &[&str]) -> Result<Self> {
        let budget = serde_json::from_value(amounts.into()).map_err(failed)?;
        self.call.cost_budget = Some(budget);
        Ok(self)
    }

    pub(crate) fn lease(mut self, lease: Value) -> Result<Self> {
        self.call.lease_request = Some(serde_json::from_value(lease).map_err(failed)?);
        Ok(self)
    }

    fn into_envelope(self) -> Result<Envelope> {
        let mut envelope = Envelope::new(MessageType::ToolInvoke(self.call));
        envelope.priority = self.priority;
        let key = self.key.map(IdempotencyKey::new).transpose();
        envelope.idempotency_key = key.map_err(ARCPError::from)?;
        let trace = self.trace.map(TraceId::new).transpose();
        envelope.trace_id = trace.map_err(ARCPError::from)?;
        Ok(envelope)
    }
}

/// Puts a clock past a time that it has reached.
const A_MOMENT: Duration = Duration::from_millis(1);

/// How long a frame may take.
const PATIENCE: Duration = Duration::from_secs(10);
