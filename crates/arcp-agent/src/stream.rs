//! A result that goes out in chunks (§8.4).

use arcp_core::{ChunkEncoding, Code, Completion, Event, Fault, JobId, ResultChunk, ResultId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::JobContext;
use crate::outcome::{Outcome, Streamed};

/// A job's result, on its way. Its chunks are numbered and closed as the protocol wants it.
///
/// Its methods are not cancel-safe: after a dropped call the result has a hole, and the job should
/// fail.
#[derive(Debug)]
pub struct ResultStream {
    job: JobContext,
    result: ResultId,
    encoding: ChunkEncoding,
    /// The chunk that waits to learn whether it is the last one.
    held: Option<String>,
    next: u64,
    size: u64,
}

impl ResultStream {
    pub(crate) fn new(job: JobContext, encoding: ChunkEncoding) -> Result<Self, Fault> {
        let result = result_id(job.job())?;
        Ok(Self { job, result, encoding, held: None, next: 0, size: 0 })
    }

    /// Sends a chunk of text. In a base64 stream its UTF-8 bytes go out.
    ///
    /// Fails with `ResourceExhausted` when the chunk or the whole result is too large, and with what
    /// [`JobContext`] fails with.
    pub async fn write_text(&mut self, text: &str) -> Result<(), Fault> {
        self.admit(text.len())?;
        let data = match self.encoding {
            ChunkEncoding::Utf8 => text.to_owned(),
            ChunkEncoding::Base64 => STANDARD.encode(text),
        };
        self.push(data).await
    }

    /// Sends a chunk of bytes. In a text stream they have to be UTF-8, else `InvalidArgument`.
    pub async fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        match (self.encoding, std::str::from_utf8(bytes)) {
            (ChunkEncoding::Utf8, Ok(text)) => self.write_text(text).await,
            (ChunkEncoding::Utf8, Err(_)) => Err(Fault::invalid("a text stream takes UTF-8 only")),
            (ChunkEncoding::Base64, _) => {
                self.admit(bytes.len())?;
                self.push(STANDARD.encode(bytes)).await
            }
        }
    }

    /// Closes the stream: the job's outcome. A stream without chunks gets an empty one.
    pub async fn finish(mut self, summary: Option<String>) -> Result<Outcome, Fault> {
        let last = self.held.take().unwrap_or_default();
        self.send(last, false).await?;
        Ok(Outcome::Streamed(Streamed(Completion::Streamed {
            result: self.result,
            size: self.size,
            summary,
        })))
    }

    fn admit(&mut self, bytes: usize) -> Result<(), Fault> {
        let (chunk_bytes, result_bytes) = self.job.limits();
        if bytes > chunk_bytes {
            let message = format!("a chunk of {bytes} bytes exceeds `chunk_bytes` {chunk_bytes}");
            return Err(Fault::new(Code::ResourceExhausted, message).with_retryable(false));
        }
        let size = self.size.saturating_add(bytes as u64);
        if size > result_bytes {
            let message = format!("the result exceeds `result_bytes` {result_bytes}");
            return Err(Fault::new(Code::ResourceExhausted, message).with_retryable(false));
        }
        self.size = size;
        Ok(())
    }

    async fn push(&mut self, data: String) -> Result<(), Fault> {
        match self.held.replace(data) {
            Some(previous) => self.send(previous, true).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, data: String, more: bool) -> Result<(), Fault> {
        let chunk = ResultChunk {
            result: self.result.clone(),
            chunk: self.next,
            data: data.into(),
            encoding: self.encoding,
            more,
        };
        self.next += 1;
        self.job.say(Event::ResultChunk(chunk)).await
    }
}

/// A job has one stream at most, so its result goes by the job's own number.
fn result_id(job: &JobId) -> Result<ResultId, Fault> {
    let number = job.as_str().strip_prefix("job_").unwrap_or_default();
    ResultId::parse(&format!("res_{number}")).map_err(Fault::internal)
}
