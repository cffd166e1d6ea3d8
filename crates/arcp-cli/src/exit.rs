//! How the program ends: its exit codes, and the errors that lead to them.

use std::process::ExitCode;

use arcp::client::ClientError;

/// An exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(u8);

/// All went well; a job completed.
pub(crate) const OK: Code = Code(0);
/// A job failed or was cancelled, or something broke.
pub(crate) const FAILED: Code = Code(1);
/// The command line or a file it names is wrong.
pub(crate) const USAGE: Code = Code(2);
/// No runtime could be reached, or it gave no session.
pub(crate) const UNREACHABLE: Code = Code(3);

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.0)
    }
}

/// Why the program ends early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line or a file it names is wrong.
    #[error("{0}")]
    Usage(String),
    /// No runtime could be reached, or it gave no session.
    #[error("{0}")]
    Unreachable(String),
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    pub(crate) fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Usage(_) => USAGE,
            Self::Unreachable(_) => UNREACHABLE,
            Self::Failed(_) => FAILED,
        }
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Transport(_) | ClientError::Rejected(_) => {
                Self::Unreachable(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}
