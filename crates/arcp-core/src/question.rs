//! What a running job asks of its runtime, and what it is answered.

use crate::lease::Operation;
use crate::{StreamId, StreamInfo};

/// What a running job asks. Unlike an event, it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// May it do this?
    Authorize(Operation),
    /// Let it have a stream (R§11).
    OpenStream(StreamInfo),
}

/// What a job is answered whose question was not refused: the variant that the question wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may.
    Authorized,
    /// The stream is open.
    Stream(StreamId),
}
