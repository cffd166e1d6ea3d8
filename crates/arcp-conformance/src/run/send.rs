//! What a scenario sends.

use std::collections::BTreeMap;

use arcp_core::Frame;
use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::{Identity, Run};
use crate::eval::text_of;
use crate::script::pattern::Pattern;
use crate::script::step::{Action, Body, Expectation, Message, Step};
use crate::script::value::Expr;

/// Frames to be sent, by client.
type Batches = BTreeMap<String, Vec<Frame>>;

impl Run<'_> {
    pub(super) async fn send(&mut self, name: &str, message: &Message) -> Result<(), String> {
        if matches!(message.body, Body::Opening(_)) && !self.clients.contains_key(name) {
            self.connect(name).await?;
        }
        let limit = self.scenario.deadline;
        let frame = self.frame(name, message)?;
        self.client(name)?.send(vec![frame], limit).await
    }

    /// Sends the messages of each client with one flush, and to all clients at once.
    pub(super) async fn together(&mut self, steps: &[Step]) -> Result<(), String> {
        let limit = self.scenario.deadline;
        let mut batches = Batches::new();
        self.gather(steps, &mut batches)?;
        let sends = self.clients.iter_mut().filter_map(|(name, client)| {
            let batch = batches.remove(name)?;
            Some(client.send(batch, limit))
        });
        join_all(sends).await.into_iter().collect()
    }

    /// The frames that steps send, by client.
    fn gather(&mut self, steps: &[Step], batches: &mut Batches) -> Result<(), String> {
        for step in steps {
            match &step.action {
                Action::Send(name, message) => {
                    let frame = self.frame(name, message)?;
                    batches.entry(name.clone()).or_default().push(frame);
                }
                Action::Repeat(count, steps) => {
                    for n in 1..=self.count(count)? {
                        self.set_round(n);
                        self.gather(steps, batches)?;
                    }
                }
                // The parser lets in no others.
                _ => {}
            }
        }
        Ok(())
    }

    /// Asks for a session and waits for it.
    pub(super) async fn open(&mut self, name: &str, message: &Message) -> Result<(), String> {
        self.send(name, message).await?;
        let wanted = self.reply(name, self.dialect.opened(), None);
        self.expect(&wanted).await
    }

    /// Asks for a job and waits until it has started.
    pub(super) async fn start(
        &mut self,
        name: &str,
        job: &[String],
        message: &Message,
    ) -> Result<(), String> {
        self.send(name, message).await?;
        let accepted = self.dialect.accepted();
        let payload = Pattern::Object {
            fields: vec![(literal("job_id"), Some(Pattern::Variable(job.to_vec())))],
            exact: false,
        };
        // The variable takes a new value, also where the script comes by twice.
        self.scope.unset(job);
        let wanted = self.reply(name, accepted, Some(payload));
        self.expect(&wanted).await?;
        let (kind, _) = self.dialect.started();
        let mut wanted = self.reply(name, kind, None);
        wanted.fields.push(("job".to_owned(), Some(Pattern::Variable(job.to_vec()))));
        self.started(wanted).await
    }

    /// Sees that a job has started, where the target says so.
    pub(super) async fn started(&mut self, mut wanted: Expectation) -> Result<(), String> {
        let (kind, phase) = self.dialect.started();
        let is_skipped = self.client(&wanted.client)?.skip.iter().any(|skip| skip == kind);
        if !self.habits.says_started || is_skipped {
            return Ok(());
        }
        wanted.kind = Pattern::Equal(literal(kind));
        wanted.payload = phase.map(|(key, value)| Pattern::Object {
            fields: vec![(literal(key), Some(Pattern::Equal(literal(value))))],
            exact: false,
        });
        self.expect(&wanted).await
    }

    /// The frame that a message is.
    fn frame(&mut self, name: &str, message: &Message) -> Result<Frame, String> {
        self.client(name)?;
        let frame = match &message.body {
            Body::Raw(expr) => Frame::text(text_of(&self.scope.value(expr)?)),
            Body::Binary(expr) => Frame::binary(text_of(&self.scope.value(expr)?)),
            Body::Bytes(bytes) => Frame::binary(bytes.clone()),
            Body::Typed(kind, payload) => {
                let kind = self.scope.value(kind)?;
                let payload = self.optional(payload.as_ref())?;
                self.envelope(name, &kind, payload, message)?
            }
            Body::Invoke(agent, input) => {
                let agent = self.scope.value(agent)?;
                let input = self.optional(input.as_ref())?;
                let (kind, payload) = self.dialect.invoke(agent, input);
                self.envelope(name, &kind.into(), payload, message)?
            }
            Body::Opening(who) => {
                let (kind, payload) = self.dialect.opening(&self.identity(who)?);
                self.envelope(name, &kind.into(), payload, message)?
            }
        };
        let text = String::from_utf8_lossy(&frame.bytes);
        self.transcript.sent(name, &text);
        Ok(frame)
    }

    fn optional(&self, expr: Option<&Expr>) -> Result<Value, String> {
        expr.map_or_else(|| Ok(Value::Object(Map::new())), |expr| self.scope.value(expr))
    }

    fn identity(&self, who: &str) -> Result<Identity, String> {
        match self.tokens.get(who) {
            Some(token) => Ok(Identity { token: Some(token.clone()) }),
            None if who == "anonymous" => Ok(Identity { token: None }),
            None => Err(format!("nobody has a token as `{who}`")),
        }
    }

    fn envelope(
        &mut self,
        name: &str,
        kind: &Value,
        payload: Value,
        message: &Message,
    ) -> Result<Frame, String> {
        let kind_text = text_of(kind);
        let session = self.client(name)?.session.clone();
        let mut envelope = self.dialect.envelope(&kind_text, session.as_deref());
        envelope.insert("type".to_owned(), kind.clone());
        envelope.insert("payload".to_owned(), payload);
        for (field, expr) in &message.fields {
            let key = self.dialect.field(field);
            let value = expr.as_ref().map(|expr| self.field(key, expr)).transpose()?;
            let into = if self.dialect.is_payload_field(&kind_text, key) {
                envelope.get_mut("payload").and_then(Value::as_object_mut)
            } else {
                Some(&mut envelope)
            };
            if let Some(into) = into {
                put(into, key, value);
            }
        }
        if let Some(id) = envelope.get("id") {
            self.scope.set_of(name, "last", id.clone());
        }
        self.client(name)?.watch.sent(&envelope);
        Ok(Frame::text(Value::Object(envelope).to_string()))
    }

    /// The expectation of a frame that answers what the client sent last.
    fn reply(&self, name: &str, kind: &str, payload: Option<Pattern>) -> Expectation {
        let last = vec![name.to_owned(), "last".to_owned()];
        let re = ("re".to_owned(), Some(Pattern::Variable(last)));
        let mut wanted = Expectation::of(name.to_owned(), Pattern::Equal(literal(kind)));
        wanted.payload = payload;
        if self.dialect.names_what_it_answers(kind) {
            wanted.fields.push(re);
        }
        wanted
    }

    /// The value of a field; an id whose variable has none yet is made.
    fn field(&mut self, key: &str, expr: &Expr) -> Result<Value, String> {
        if let Expr::Variable(path) = expr
            && key == "id"
            && self.scope.get(path).is_none()
        {
            self.scope.set(path, Value::String(self.dialect.message_id()));
        }
        self.scope.value(expr)
    }
}

/// Sets a field, or takes it out. What a client can do is added to, not replaced.
fn put(object: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match (value, object.get_mut(key)) {
        (None, _) => drop(object.remove(key)),
        (Some(Value::Object(more)), Some(Value::Object(there))) if key == "capabilities" => {
            there.extend(more);
        }
        (Some(value), _) => drop(object.insert(key.to_owned(), value)),
    }
}

fn literal(text: &str) -> Expr {
    Expr::Literal(Value::String(text.to_owned()))
}
