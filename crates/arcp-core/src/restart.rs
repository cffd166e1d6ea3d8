//! What becomes of a job whose runtime has died.

/// What an agent can do for a job that was running when its runtime died, or was stopped (MAPPING
/// §5.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Nothing: the job fails with UNAVAILABLE, retryable.
    #[default]
    Never,
    /// It is run again from its input.
    FromInput,
    /// It is run again from its input and the last state that it had kept, if there is one.
    FromCheckpoint,
}
