//! How a job ended, and the putting together of a result that came in pieces (§8.4).

use arcp_core::{ChunkEncoding, Completion, Event, Fault, Json, ResultChunk, ResultId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use crate::ClientError;

/// A job that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended.
    pub outcome: Ended,
    /// The `event_seq` of its last event.
    pub seq: u64,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With a result.
    Completed(Value),
    /// With a fault.
    Failed(Fault),
    /// It was cancelled, for this reason.
    Cancelled(String),
    /// It ran longer than it was allowed to.
    TimedOut(Fault),
}

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// It came whole.
    Inline(Json),
    /// It came in pieces.
    Streamed {
        /// All of it, decoded.
        bytes: Bytes,
        /// For a person.
        summary: Option<String>,
    },
}

/// The pieces so far. What is wrong with them counts only if the result is said to be made of
/// them: a job may break off its stream and fail.
#[derive(Debug)]
pub(crate) struct Assembly {
    limit: u64,
    state: Result<Pieces, String>,
}

#[derive(Debug, Default)]
struct Pieces {
    result: Option<ResultId>,
    next: u64,
    complete: bool,
    bytes: BytesMut,
}

impl Assembly {
    /// Nothing yet, and never more than `limit` bytes.
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, state: Ok(Pieces::default()) }
    }

    /// Takes the event in. The outcome, when it is the last one.
    pub(crate) fn take(&mut self, event: &Event) -> Option<Result<Ended, ClientError>> {
        match event {
            Event::ResultChunk(chunk) => self.push(chunk),
            Event::Completed(Completion::Inline(value)) => {
                return Some(Ok(Ended::Completed(Value::Inline(value.clone()))));
            }
            Event::Completed(Completion::Streamed { result, size, summary }) => {
                return Some(self.whole(result, *size, summary.clone()));
            }
            Event::Failed(fault) => return Some(Ok(Ended::Failed(fault.clone()))),
            Event::Cancelled { reason } => return Some(Ok(Ended::Cancelled(reason.clone()))),
            Event::TimedOut(fault) => return Some(Ok(Ended::TimedOut(fault.clone()))),
            _ => {}
        }
        None
    }

    fn push(&mut self, chunk: &ResultChunk) {
        if let Ok(pieces) = &mut self.state
            && let Err(wrong) = pieces.push(chunk, self.limit)
        {
            // Whatever came so far is of no use and frees its memory.
            self.state = Err(wrong);
        }
    }

    fn whole(
        &mut self,
        result: &ResultId,
        size: u64,
        summary: Option<String>,
    ) -> Result<Ended, ClientError> {
        let state = std::mem::replace(&mut self.state, Ok(Pieces::default()));
        let bytes = state
            .and_then(|pieces| pieces.whole(result, size))
            .map_err(ClientError::BrokenResult)?;
        Ok(Ended::Completed(Value::Streamed { bytes, summary }))
    }
}

impl Pieces {
    fn push(&mut self, chunk: &ResultChunk, limit: u64) -> Result<(), String> {
        self.check(chunk)?;
        let data = decode(chunk)?;
        if self.size().saturating_add(data.len() as u64) > limit {
            return Err(format!("it is larger than {limit} bytes"));
        }
        self.bytes.extend_from_slice(&data);
        self.next += 1;
        self.complete = !chunk.more;
        Ok(())
    }

    fn check(&mut self, chunk: &ResultChunk) -> Result<(), String> {
        let known = self.result.get_or_insert_with(|| chunk.result.clone());
        if *known != chunk.result {
            return Err(format!("a piece of {} among those of {known}", chunk.result));
        }
        if chunk.chunk > self.next {
            return Err(format!("piece {} is missing", self.next));
        }
        if chunk.chunk < self.next {
            return Err(format!("piece {} came twice", chunk.chunk));
        }
        if self.complete {
            return Err(format!("piece {} came after the last", chunk.chunk));
        }
        Ok(())
    }

    fn whole(self, result: &ResultId, size: u64) -> Result<Bytes, String> {
        match &self.result {
            Some(known) if known != result => {
                return Err(format!("the pieces are of {known}, the result is {result}"));
            }
            Some(_) if !self.complete => return Err(format!("piece {} is missing", self.next)),
            // A peer need not tell the size, which then reads as 0; the pieces are complete.
            Some(_) if size == 0 => {}
            _ if self.size() != size => {
                return Err(format!("{} of {size} bytes came", self.size()));
            }
            _ => {}
        }
        Ok(self.bytes.freeze())
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// The bytes of one piece of a streamed result, for whoever follows events and does not wait for
/// the whole. Fails with `BrokenResult` when the data is not what its encoding says.
pub fn decode_chunk(chunk: &ResultChunk) -> Result<Vec<u8>, ClientError> {
    decode(chunk).map_err(ClientError::BrokenResult)
}

fn decode(chunk: &ResultChunk) -> Result<Vec<u8>, String> {
    match chunk.encoding {
        ChunkEncoding::Utf8 => Ok(chunk.data.as_bytes().to_vec()),
        ChunkEncoding::Base64 => STANDARD
            .decode(chunk.data.as_bytes())
            .map_err(|error| format!("piece {} is no base64: {error}", chunk.chunk)),
    }
}

#[cfg(test)]
mod tests;
