//! Showing events: as lines for a person, with a progress bar on a terminal, or as JSON.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use arcp::core::{
    ArtifactRef, ChunkEncoding, Completion, Delivery, Event, Fault, Json, PermissionRequest,
    Progress, Quantity, StreamChange, StreamEvent,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::exit::Error;
use crate::follow::{Show, write_result};

/// Events to standard error for a person, the result to standard output.
pub(crate) struct Person {
    bar: Option<ProgressBar>,
}

impl Person {
    /// With a progress bar when standard error is a terminal.
    pub(crate) fn new() -> Self {
        Self { bar: io::stderr().is_terminal().then(bar) }
    }

    fn line(&self, text: &str) -> io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(|| writeln!(io::stderr(), "{text}")),
            None => writeln!(io::stderr(), "{text}"),
        }
    }

    fn progress(&self, seq: u64, progress: &Progress) -> io::Result<()> {
        let Some(bar) = &self.bar else {
            return self.line(&format!("{seq:>6}  progress   {}", describe(progress)));
        };
        let whole = |quantity: Quantity| quantity.to_u64().unwrap_or_default();
        if let Some(total) = progress.total {
            bar.set_length(whole(total));
        }
        bar.set_position(whole(progress.current));
        bar.set_message(progress.message.clone().unwrap_or_default());
        Ok(())
    }
}

impl Show for Person {
    fn event(&mut self, delivery: &Delivery) -> io::Result<()> {
        let seq = delivery.seq;
        match &delivery.event.event {
            Event::Progress(progress) => self.progress(seq, progress)?,
            event => self.line(&format!("{seq:>6}  {}", sentence(event)))?,
        }
        let event = &delivery.event.event;
        if event.is_terminal()
            && let Some(bar) = &self.bar
        {
            bar.finish_and_clear();
        }
        write_result(event, &mut io::stdout().lock())
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.line(text)
    }

    fn end(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One event a line to standard output.
pub(crate) struct Lines;

impl Show for Lines {
    fn event(&mut self, delivery: &Delivery) -> io::Result<()> {
        let (kind, body) = parts(&delivery.event.event);
        let line = json!({
            "seq": delivery.seq,
            "at": delivery.event.at.to_string(),
            "job_id": delivery.event.head.job.as_str(),
            "event": kind,
            "body": body,
        });
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }
}

/// A line on standard output. That nobody reads it any more is an error, and no panic.
pub(crate) fn say(line: impl Display) -> Result<(), Error> {
    writeln!(io::stdout(), "{line}").map_err(Error::failed)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("        [{bar:30}] {pos}/{len} {wide_msg}");
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Started { description } => format!("started    {description}"),
        Event::Log { level, message, .. } => format!("{:<9}  {message}", level.as_str()),
        Event::Metric { name, value, unit, .. } => {
            format!("metric     {name} = {value} {}", unit.as_deref().unwrap_or_default())
        }
        Event::Progress(progress) => format!("progress   {}", describe(progress)),
        Event::Thought { text } => format!("thought    {text}"),
        Event::ToolCall { tool, arguments, .. } => format!("tool call  {tool} {arguments}"),
        Event::ToolResult { call_id, result: Ok(value) } => format!("result     {call_id} {value}"),
        Event::ToolResult { call_id, result: Err(fault) } => {
            format!("result     {call_id} {fault}")
        }
        Event::Status { phase, message } => {
            format!("status     {phase} {}", message.as_deref().unwrap_or_default())
        }
        Event::Custom { name, data } => format!("{name:<9}  {data}"),
        Event::ResultChunk(chunk) => format!("chunk      {} of {}", chunk.chunk, chunk.result),
        Event::Stream(StreamEvent { stream, change }) => match change {
            StreamChange::Opened(info) => format!("stream     {stream} {}", info.kind.as_str()),
            StreamChange::Chunk(chunk) => format!("stream     {stream} {}", chunk.data),
            StreamChange::Closed { .. } => format!("stream     {stream} closed"),
            StreamChange::Failed(fault) => format!("stream     {stream} {fault}"),
        },
        Event::Artifact(reference) => {
            let ArtifactRef { artifact, media_type, size, .. } = reference;
            format!("artifact   {artifact} {media_type} {size} bytes")
        }
        Event::PermissionRequest(request) => {
            let PermissionRequest { permission, resource, operation, .. } = request;
            format!("asks       {permission} on {resource} to {operation}")
        }
        Event::LeaseGranted(granted) => format!("granted    {}", granted.permission),
        Event::LeaseExtended { lease, expires_at } => format!("extended   {lease} {expires_at}"),
        Event::LeaseRevoked { lease, reason } => format!("revoked    {lease} {reason}"),
        Event::Checkpoint { size } => format!("checkpoint {size} bytes"),
        Event::Delegated(delegated) => {
            format!("delegates  to {} as {}", delegated.agent, delegated.child)
        }
        Event::CredentialRotated { id, .. } => format!("rotated    {id}"),
        Event::Completed(_) => "completed".to_owned(),
        Event::Failed(fault) => format!("failed     {fault}"),
        Event::Cancelled { reason } => format!("cancelled  {reason}"),
        Event::TimedOut(fault) => format!("timed out  {fault}"),
    }
}

fn describe(progress: &Progress) -> String {
    let total = progress.total.map(|total| format!("/{total}")).unwrap_or_default();
    let units = progress.units.as_deref().unwrap_or_default();
    let message = progress.message.as_deref().unwrap_or_default();
    format!("{}{total} {units} {message}", progress.current).trim_end().to_owned()
}

/// An event's name and body.
pub(crate) fn parts(event: &Event) -> (&str, Value) {
    match event {
        Event::Started { description } => ("started", json!({ "description": description })),
        Event::Log { level, message, attributes } => (
            "log",
            json!({ "level": level.as_str(), "message": message, "attributes": maybe(attributes.as_ref()) }),
        ),
        Event::Metric { name, value, unit, dimensions } => (
            "metric",
            json!({ "name": name, "value": number(*value), "unit": unit,
                    "dimensions": maybe(dimensions.as_ref()) }),
        ),
        Event::Progress(progress) => (
            "progress",
            json!({ "current": number(progress.current), "total": progress.total.map(number),
                    "units": progress.units, "message": progress.message }),
        ),
        Event::Thought { text } => ("thought", json!({ "text": text })),
        Event::ToolCall { call_id, tool, arguments } => {
            ("tool_call", json!({ "call_id": call_id, "tool": tool, "args": value(arguments) }))
        }
        Event::ToolResult { call_id, result } => match result {
            Ok(found) => ("tool_result", json!({ "call_id": call_id, "result": value(found) })),
            Err(error) => ("tool_result", json!({ "call_id": call_id, "error": fault(error) })),
        },
        Event::Status { phase, message } => {
            ("status", json!({ "phase": phase, "message": message }))
        }
        Event::Custom { name, data } => (name, value(data)),
        Event::ResultChunk(chunk) => {
            let encoding = match chunk.encoding {
                ChunkEncoding::Utf8 => "utf8",
                ChunkEncoding::Base64 => "base64",
            };
            (
                "result_chunk",
                json!({ "result_id": chunk.result.as_str(), "chunk_seq": chunk.chunk,
                        "data": &*chunk.data, "encoding": encoding, "more": chunk.more }),
            )
        }
        Event::Stream(stream) => streamed(stream),
        Event::Artifact(reference) => (
            "artifact_ref",
            json!({ "artifact_id": reference.artifact.as_str(), "size": reference.size,
                    "media_type": reference.media_type, "sha256": reference.sha256 }),
        ),
        Event::PermissionRequest(request) => (
            "permission_request",
            json!({ "permission": request.permission, "resource": request.resource,
                    "operation": request.operation, "reason": request.reason }),
        ),
        Event::LeaseGranted(granted) => (
            "lease_granted",
            json!({ "lease_id": granted.lease.as_str(), "permission": granted.permission,
                    "resource": granted.resource, "operation": granted.operation,
                    "expires_at": granted.expires_at.to_string() }),
        ),
        Event::LeaseExtended { lease, expires_at } => (
            "lease_extended",
            json!({ "lease_id": lease.as_str(), "expires_at": expires_at.to_string() }),
        ),
        Event::LeaseRevoked { lease, reason } => {
            ("lease_revoked", json!({ "lease_id": lease.as_str(), "reason": reason }))
        }
        Event::Checkpoint { size } => ("checkpoint", json!({ "size": size })),
        Event::Delegated(delegated) => (
            "delegated",
            json!({ "delegation": delegated.delegation, "job_id": delegated.child.as_str(),
                    "agent": delegated.agent, "input": value(&delegated.input) }),
        ),
        // Its value is not for a terminal.
        Event::CredentialRotated { id, value: _ } => {
            ("credential_rotated", json!({ "credential_id": id.as_str() }))
        }
        Event::Completed(Completion::Inline(result)) => {
            ("completed", json!({ "value": value(result) }))
        }
        Event::Completed(Completion::Streamed { result, size, summary }) => (
            "completed",
            json!({ "result_id": result.as_str(), "result_size": size, "summary": summary }),
        ),
        Event::Failed(error) => ("failed", fault(error)),
        Event::Cancelled { reason } => ("cancelled", json!({ "reason": reason })),
        Event::TimedOut(error) => ("timed_out", fault(error)),
    }
}

fn streamed(event: &StreamEvent) -> (&'static str, Value) {
    let stream = event.stream.as_str();
    match &event.change {
        StreamChange::Opened(info) => (
            "stream_opened",
            json!({ "stream_id": stream, "kind": info.kind.as_str(),
                    "content_type": info.content_type }),
        ),
        StreamChange::Chunk(chunk) => (
            "stream_chunk",
            json!({ "stream_id": stream, "sequence": chunk.sequence, "data": value(&chunk.data) }),
        ),
        StreamChange::Closed { last } => {
            ("stream_closed", json!({ "stream_id": stream, "final_sequence": last }))
        }
        StreamChange::Failed(error) => {
            ("stream_failed", json!({ "stream_id": stream, "error": fault(error) }))
        }
    }
}

fn fault(fault: &Fault) -> Value {
    json!({ "code": fault.code.as_str(), "message": fault.message, "retryable": fault.retryable })
}

fn maybe(json: Option<&Json>) -> Value {
    json.map_or(Value::Null, value)
}

/// What came as JSON reads as JSON.
fn value(json: &Json) -> Value {
    json.read().unwrap_or_default()
}

fn number(quantity: Quantity) -> Value {
    serde_json::from_str(&quantity.to_string()).unwrap_or_default()
}
