//! The one table of error codes. A dialect spells them its own way; see `arcp-wire`.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal retry $retry:literal $section:literal;)*) => {
        /// Why something was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nDefined in ", $section, ".")]
                $name,
            )*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The domain's own spelling, kept in stored records.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Reads the domain's spelling.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// Whether the same request may succeed later, unless a fault says otherwise.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retry,)* }
            }

            /// Where the specification defines it.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }
        }
    };
}

// `R§` is RFC 0001 revision 2, `§` draft-arcp-1.1.
codes! {
    /// The request's form, grammar or values are wrong.
    InvalidArgument "INVALID_ARGUMENT" retry false "R§18.2";
    /// Credentials are missing or wrong.
    Unauthenticated "UNAUTHENTICATED" retry false "R§18.2";
    /// The lease, or the principal's rights, do not cover it.
    PermissionDenied "PERMISSION_DENIED" retry false "R§18.2";
    /// No such job, or none that the asker may know of.
    JobNotFound "JOB_NOT_FOUND" retry false "§12";
    /// No such artifact, stream, subscription or the like.
    NotFound "NOT_FOUND" retry false "R§18.2";
    /// No agent of that name.
    AgentNotAvailable "AGENT_NOT_AVAILABLE" retry false "§12";
    /// The agent exists, the wanted version does not.
    AgentVersionNotAvailable "AGENT_VERSION_NOT_AVAILABLE" retry false "§12";
    /// The idempotency key is bound to another intent.
    DuplicateKey "DUPLICATE_KEY" retry false "§12";
    /// Not in this state.
    FailedPrecondition "FAILED_PRECONDITION" retry false "R§18.2";
    /// It is there already.
    AlreadyExists "ALREADY_EXISTS" retry false "R§18.2";
    /// The value lies outside what is valid.
    OutOfRange "OUT_OF_RANGE" retry false "R§18.2";
    /// Cancelled by a client, the runtime or a policy.
    Cancelled "CANCELLED" retry false "R§18.2";
    /// It took longer than it was given.
    TimedOut "TIMED_OUT" retry true "§12";
    /// The log no longer reaches back to where the client was.
    ResumeWindowExpired "RESUME_WINDOW_EXPIRED" retry false "§12";
    /// The other side fell silent.
    HeartbeatLost "HEARTBEAT_LOST" retry false "§12";
    /// The lease's end has come.
    LeaseExpired "LEASE_EXPIRED" retry false "§12";
    /// A budget counter is at or below zero.
    BudgetExhausted "BUDGET_EXHAUSTED" retry false "§12";
    /// A delegated lease would grant more than its parent holds.
    LeaseSubsetViolation "LEASE_SUBSET_VIOLATION" retry false "§12";
    /// The lease was taken back.
    LeaseRevoked "LEASE_REVOKED" retry false "R§18.2";
    /// A quota or limit is reached; the message names it.
    ResourceExhausted "RESOURCE_EXHAUSTED" retry true "R§18.2";
    /// A reader fell too far behind.
    BackpressureOverflow "BACKPRESSURE_OVERFLOW" retry false "R§18.2";
    /// The protocol has it, this runtime does not.
    Unimplemented "UNIMPLEMENTED" retry false "R§18.2";
    /// Not now; perhaps later.
    Unavailable "UNAVAILABLE" retry true "R§18.2";
    /// Ended by force, or by a conflict.
    Aborted "ABORTED" retry true "R§18.2";
    /// Something that was kept is lost.
    DataLoss "DATA_LOSS" retry false "R§18.2";
    /// Nothing more is known.
    Unknown "UNKNOWN" retry false "R§18.2";
    /// A fault of the runtime or of an agent.
    Internal "INTERNAL" retry true "R§18.2";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
        assert_eq!(Code::parse("NONSENSE"), None);
    }

    #[test]
    fn lease_and_budget_are_never_retryable() {
        assert!(!Code::LeaseExpired.is_retryable());
        assert!(!Code::BudgetExhausted.is_retryable());
    }
}
