//! A client that speaks in raw frames, so that a test sees and says what is on the wire.

use arcp_transport::{CloseReason, Frame, FrameSink, FrameSource, Transport};
use serde_json::{Value, json};

/// One connection, seen from the client.
#[derive(Debug)]
pub(crate) struct Raw {
    source: Box<dyn FrameSource>,
    sink: Box<dyn FrameSink>,
    sent: u64,
    /// The session that was accepted last.
    pub(crate) session: String,
}

impl Raw {
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        let (source, sink) = transport.split();
        Self { source, sink, sent: 0, session: String::new() }
    }

    /// Sends a message of its own id, which is returned.
    pub(crate) async fn say(&mut self, kind: &str, payload: Value) -> String {
        let id = self.next_id();
        self.send(&envelope(&id, kind, payload)).await;
        id
    }

    /// A message id that this connection has not used.
    pub(crate) fn next_id(&mut self) -> String {
        self.sent += 1;
        format!("msg_{}", self.sent)
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.sink.send(&mut vec![Frame::text(text.to_owned())]).await.unwrap();
    }

    /// Sends frames in one batch; whether it went.
    pub(crate) async fn send_all(&mut self, mut frames: Vec<Frame>) -> bool {
        self.sink.send(&mut frames).await.is_ok()
    }

    /// The next message.
    pub(crate) async fn recv(&mut self) -> Value {
        self.next().await.expect("a message, not the end")
    }

    /// The next message; `None` when the connection has ended, in whatever way.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let frame = self.source.recv().await.ok()??;
        Some(serde_json::from_slice(&frame.bytes).unwrap())
    }

    /// The next message, which has to be of this type.
    pub(crate) async fn expect(&mut self, wanted: &str) -> Value {
        let message = self.recv().await;
        assert_eq!(kind(&message), wanted, "{message}");
        message
    }

    /// The messages up to the first that is wanted, which comes last.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let message = self.recv().await;
            let found = wanted(&message);
            messages.push(message);
            if found {
                return messages;
            }
        }
    }

    /// All messages up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        messages
    }

    /// The events of a job up to its end. Nothing else may come in between.
    pub(crate) async fn finish(&mut self, job: &str) -> Vec<Value> {
        let messages = self.until(|message| job_of(message) == job && is_terminal(message)).await;
        for message in &messages {
            assert_eq!(job_of(message), job, "{message}");
        }
        messages
    }

    /// Opens a session as the principal whose token this is and returns what it was told.
    pub(crate) async fn open(&mut self, token: &str) -> Value {
        let request = self.say("session.open", bearer(token)).await;
        let accepted = self.expect("session.accepted").await;
        assert_eq!(accepted["correlation_id"], request);
        accepted["session_id"].as_str().unwrap().clone_into(&mut self.session);
        accepted
    }

    /// Offers a token; whether it was taken.
    pub(crate) async fn offer(&mut self, token: &str) -> bool {
        let id = self.next_id();
        let open = envelope(&id, "session.open", bearer(token)).to_string();
        // What is not sent is not answered either.
        self.send_all(vec![Frame::text(open)]).await;
        let Some(answer) = self.next().await else { return false };
        answer["session_id"].as_str().unwrap_or_default().clone_into(&mut self.session);
        kind(&answer) == "session.accepted"
    }

    /// Submits a job, which has to be accepted, and returns its id.
    pub(crate) async fn submit(&mut self, tool: &str, arguments: Value) -> String {
        let payload = json!({"tool": tool, "arguments": arguments});
        self.submit_as(payload).await
    }

    /// Submits a job under a key.
    pub(crate) async fn invoke_with_key(&mut self, key: &str, payload: Value) -> String {
        let id = self.next_id();
        let mut message = envelope(&id, "tool.invoke", payload);
        message["idempotency_key"] = json!(key);
        self.send(&message).await;
        id
    }

    /// Takes messages until the job's last, and returns that one's type.
    pub(crate) async fn until_completed(&mut self, job: &str) -> String {
        let messages = self.until(|m| job_of(m) == job && is_terminal(m)).await;
        messages.last().map(|message| kind(message).to_owned()).unwrap_or_default()
    }

    /// Submits a job while events of others may come, which are passed over.
    pub(crate) async fn submit_late(&mut self, tool: &str, arguments: Value) -> String {
        self.say("tool.invoke", json!({"tool": tool, "arguments": arguments})).await;
        let messages = self.until(|message| kind(message) == "job.accepted").await;
        messages.last().map(job_of).unwrap_or_default().to_owned()
    }

    /// Submits a job by its whole payload.
    pub(crate) async fn submit_as(&mut self, payload: Value) -> String {
        let request = self.say("tool.invoke", payload).await;
        let accepted = self.expect("job.accepted").await;
        assert_eq!(accepted["correlation_id"], request);
        job_of(&accepted).to_owned()
    }

    /// Asks for a pong and takes care that nothing else comes before it: all that was sent before
    /// is answered.
    pub(crate) async fn is_quiet(&mut self) {
        let request = self.say("ping", json!({})).await;
        let pong = self.expect("pong").await;
        assert_eq!(pong["correlation_id"], request);
    }

    /// Takes care that the connection ends and nothing else comes.
    pub(crate) async fn is_over(&mut self) {
        assert_eq!(self.next().await, None);
    }

    /// One page of a listing.
    pub(crate) async fn list(&mut self, payload: Value) -> Value {
        let request = self.say("session.list_jobs", payload).await;
        let page = self.expect("session.jobs").await;
        assert_eq!(page["correlation_id"], request);
        assert_eq!(page["payload"]["request_id"], request);
        page["payload"].clone()
    }

    /// Asks until a job of the principal is said to have ended, and returns its state.
    pub(crate) async fn until_ended(&mut self, job: &str) -> String {
        loop {
            let page = self.list(json!({})).await;
            let jobs = page["jobs"].as_array().unwrap();
            let line = jobs.iter().find(|line| line["job_id"] == job).expect("the job in the list");
            let state = line["status"].as_str().unwrap();
            if !matches!(state, "queued" | "running" | "blocked") {
                return state.to_owned();
            }
        }
    }

    pub(crate) async fn close(mut self) {
        self.sink.close(CloseReason::Done).await;
    }
}

/// What `session.open` says to be let in by a token.
pub(crate) fn bearer(token: &str) -> Value {
    json!({
        "auth": {"scheme": "bearer", "token": token},
        "client": {"kind": "test", "version": "1"},
        "capabilities": {},
    })
}

/// A message.
pub(crate) fn envelope(id: &str, kind: &str, payload: Value) -> Value {
    let mut message =
        json!({"arcp": "1.1", "id": id, "timestamp": "2026-01-01T00:00:00Z", "type": kind});
    message["payload"] = payload;
    message
}

/// The type of a message.
pub(crate) fn kind(message: &Value) -> &str {
    message["type"].as_str().unwrap_or_default()
}

/// The code that a message tells.
pub(crate) fn code(message: &Value) -> &str {
    message["payload"]["code"].as_str().unwrap_or_default()
}

/// The job that a message is about.
pub(crate) fn job_of(message: &Value) -> &str {
    message["job_id"].as_str().unwrap_or_default()
}

/// The number of an event.
pub(crate) fn seq(message: &Value) -> u64 {
    message["event_seq"].as_u64().unwrap_or_default()
}

pub(crate) fn is_terminal(message: &Value) -> bool {
    matches!(kind(message), "job.completed" | "job.failed" | "job.cancelled")
}
