//! What must not be, and was found.

/// What must not be, and was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Violation {
    // What a client sees.
    #[error("{session}: event {got} came where {expected} was due")]
    Number { session: String, expected: u64, got: u64 },
    #[error("{session}: event {seq} was {was}, and came again as {is}")]
    Replaced { session: String, seq: u64, was: String, is: String },
    #[error("{job}: ended by {one}, and by {other}")]
    TwoEnds { job: String, one: String, other: String },
    #[error("key {key}: {one} was accepted for it, and {other}")]
    TwoJobs { key: String, one: String, other: String },
    #[error("{what} was refused: {answer}")]
    Refused { what: String, answer: String },
    #[error("{what}, and nobody had killed the server")]
    Unprovoked { what: String },
    #[error("the server says: {line}")]
    Complaint { line: String },
    // What a store holds.
    #[error("the store cannot be read: {error}")]
    Unreadable { error: String },
    #[error("{session}: is not stored, and its client goes on with it")]
    SessionLost { session: String },
    #[error("{session}: was closed, and is stored as open")]
    NotClosed { session: String },
    #[error("{session}: event {seq} was seen and is not stored")]
    EventLost { session: String, seq: u64 },
    #[error("{session}: event {seq} was seen as {seen}, and is stored as {stored}")]
    EventChanged { session: String, seq: u64, seen: String, stored: String },
    #[error("{session}: number {seq} is missing, or there twice")]
    SessionGap { session: String, seq: u64 },
    #[error("{session}: number {seq} points to event {index} of {job}, which is not there")]
    Dangling { session: String, seq: u64, job: String, index: u64 },
    #[error("{session}: submitted {job}, and has no number for event {index} of it")]
    NotTold { session: String, job: String, index: u64 },
    #[error("{job}: was accepted and is not stored")]
    JobLost { job: String },
    #[error("{job}: event {index} is missing, or there twice")]
    JobGap { job: String, index: u64 },
    #[error("{job}: is stored as open and as ended")]
    OpenAndDone { job: String },
    #[error("{job}: has ended, with {ends} terminal events")]
    Ends { job: String, ends: usize },
    #[error(
        "{job}: has ended, and its terminal event is not the last, or not the one of its outcome"
    )]
    EndMisplaced { job: String },
    #[error("{job}: is open and has a terminal event")]
    EndedOpen { job: String },
    #[error("{job}: was running when the server died, and ended as {end}")]
    DeathUntold { job: String, end: String },
    #[error("{job}: failed as {end}, which nothing here does")]
    OddFailure { job: String, end: String },
    #[error("key {key}: {job} was accepted for it, and it is bound to {stored}")]
    KeyLost { key: String, job: String, stored: String },
    // What is so at rest.
    #[error("{job}: is open, and nothing runs")]
    StillOpen { job: String },
    #[error("{session}: has {stored} events, and its client has been told {seen}")]
    Untold { session: String, stored: u64, seen: u64 },
    #[error("{session}: has watched {job}, and was not told its end")]
    EndUntold { session: String, job: String },
}

impl Violation {
    /// Whether something that was told is gone: what a power cut does to a store that does not sync.
    pub(crate) fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::SessionLost { .. }
                | Self::NotClosed { .. }
                | Self::EventLost { .. }
                | Self::JobLost { .. }
                | Self::KeyLost { .. }
                | Self::Refused { .. }
        )
    }

    /// Whether what is stored does not fit together, which no power cut may bring about.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Complaint { .. }
                | Self::Unreadable { .. }
                | Self::SessionGap { .. }
                | Self::Dangling { .. }
                | Self::NotTold { .. }
                | Self::JobGap { .. }
                | Self::OpenAndDone { .. }
                | Self::Ends { .. }
                | Self::EndMisplaced { .. }
                | Self::EndedOpen { .. }
                | Self::OddFailure { .. }
        )
    }
}
