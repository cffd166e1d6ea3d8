//! A stream of chunks beside a job's events (R§11).

use std::time::Duration;

use arcp_core::{
    Code, Event, Fault, Json, StreamChange, StreamChunk, StreamEvent, StreamId, StreamInfo,
    StreamKind, hex,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::JobContext;
use crate::port::Pace;

/// An open stream. Its chunks are numbered as the protocol wants it.
///
/// Whoever watches may stop it, after which every call fails with `Cancelled`, or slow it down: then
/// a chunk waits for its time. One that is dropped stays open until the job ends.
///
/// Its methods are cancel-safe up to the end of the waiting: a call that is dropped later may have
/// sent its chunk or not.
#[derive(Debug)]
pub struct JobStream {
    job: JobContext,
    id: StreamId,
    kind: StreamKind,
    /// The media type of its bytes, if it is a stream of bytes (R§11.3).
    content_type: String,
    /// The number of the next chunk.
    next: u64,
    /// When the last one went out.
    last_sent: Option<Instant>,
}

impl JobStream {
    pub(crate) fn new(job: JobContext, id: StreamId, info: StreamInfo) -> Self {
        let StreamInfo { kind, content_type, encoding: _ } = info;
        let content_type = content_type.unwrap_or_else(|| BYTES.to_owned());
        Self { job, id, kind, content_type, next: 0, last_sent: None }
    }

    /// What it goes by.
    pub fn id(&self) -> &StreamId {
        &self.id
    }

    /// How many chunks a second those who watch want at most; `None` for no bound. A writer that
    /// batches what it has to say need not wait as often.
    pub fn rate(&self) -> Option<u32> {
        self.job.pace(&self.id).and_then(|Pace(rate)| rate)
    }

    /// Sends a chunk. In a binary stream use [`write_bytes`](Self::write_bytes): `InvalidArgument`.
    pub async fn write(&mut self, data: Json) -> Result<(), Fault> {
        if self.kind == StreamKind::Binary {
            return Err(Fault::invalid("a binary stream takes bytes"));
        }
        self.send(self.chunk(data)).await
    }

    /// Sends a chunk of text, likewise.
    pub async fn write_text(&mut self, text: &str) -> Result<(), Fault> {
        self.write(Json::text(text)).await
    }

    /// Sends a chunk of bytes, with their digest. Only binary streams take any: `InvalidArgument`.
    ///
    /// Fails with `OutOfRange` when they are more than a chunk may have.
    pub async fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.kind != StreamKind::Binary {
            return Err(Fault::invalid("only a binary stream takes bytes"));
        }
        let (chunk_bytes, _) = self.job.limits();
        if bytes.len() > chunk_bytes {
            let length = bytes.len();
            let message = format!("a chunk of {length} bytes exceeds `chunk_bytes` {chunk_bytes}");
            return Err(Fault::new(Code::OutOfRange, message));
        }
        let mut chunk = self.chunk(Json::text(&STANDARD.encode(bytes)));
        chunk.content_type = Some(self.content_type.clone());
        chunk.sha256 = Some(hex(&Sha256::digest(bytes)));
        self.send(chunk).await
    }

    /// Sends a piece of reasoning as what `role` thinks; `redacted` says that something was left out
    /// of it on purpose (R§11.4).
    pub async fn think(&mut self, role: &str, text: &str, redacted: bool) -> Result<(), Fault> {
        let mut chunk = self.chunk(Json::text(text));
        (chunk.role, chunk.redacted) = (Some(role.to_owned()), redacted);
        self.send(chunk).await
    }

    /// Closes the stream: it is complete.
    pub async fn close(self) -> Result<(), Fault> {
        let last = self.next.checked_sub(1);
        self.end(StreamChange::Closed { last }).await
    }

    /// Ends the stream before it is complete.
    pub async fn fail(self, fault: Fault) -> Result<(), Fault> {
        self.end(StreamChange::Failed(fault)).await
    }

    /// Waits until somebody stops the stream, or the job is over. Cancel-safe.
    pub async fn stopped(&self) {
        let mut pace = self.job.pace(&self.id);
        while pace.is_some() {
            self.job.pace_changed(&self.id, pace).await;
            pace = self.job.pace(&self.id);
        }
    }

    fn chunk(&self, data: Json) -> StreamChunk {
        StreamChunk {
            sequence: self.next,
            data,
            content_type: None,
            sha256: None,
            role: None,
            redacted: false,
        }
    }

    async fn send(&mut self, chunk: StreamChunk) -> Result<(), Fault> {
        self.wait_for_turn().await?;
        self.say(StreamChange::Chunk(chunk)).await?;
        self.next += 1;
        self.last_sent = Some(Instant::now());
        Ok(())
    }

    /// Waits as long as those who watch want it.
    async fn wait_for_turn(&self) -> Result<(), Fault> {
        loop {
            let pace = self.job.pace(&self.id);
            let Some(Pace(rate)) = pace else { return Err(stopped()) };
            let (Some(rate), Some(last)) = (rate, self.last_sent) else { return Ok(()) };
            let turn = last + Duration::from_secs(1) / rate.max(1);
            tokio::select! {
                () = tokio::time::sleep_until(turn) => return Ok(()),
                () = self.job.pace_changed(&self.id, pace) => {}
            }
        }
    }

    async fn end(self, change: StreamChange) -> Result<(), Fault> {
        if self.job.pace(&self.id).is_none() {
            return Err(stopped());
        }
        self.say(change).await
    }

    async fn say(&self, change: StreamChange) -> Result<(), Fault> {
        self.job.say(Event::Stream(StreamEvent { stream: self.id.clone(), change })).await
    }
}

/// The media type of bytes of which nothing is said.
const BYTES: &str = "application/octet-stream";

fn stopped() -> Fault {
    Fault::new(Code::Cancelled, "the stream was stopped")
}

#[cfg(test)]
mod tests;
