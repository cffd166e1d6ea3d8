//! How this dialect spells the domain's error codes.

use arcp_core::{Code, Fault, Json};

/// The dialect's spelling. Only spellings that every client of the dialect knows.
pub(super) fn spell(code: Code) -> &'static str {
    let known = SPELLINGS.iter().find(|(known, _)| *known == code);
    known.map_or(UNKNOWN, |(_, text)| text)
}

/// Reads a spelling, also those of later peers.
pub(super) fn parse(text: &str) -> Option<Code> {
    let spelt = READ.iter().find(|(_, known)| *known == text);
    let spelt = spelt.or_else(|| SPELLINGS.iter().find(|(_, known)| *known == text));
    spelt.map(|(code, _)| *code)
}

/// The fault that a peer told; a code that nobody knows goes into the message.
pub(super) fn fault(
    code: &str,
    message: &str,
    retryable: Option<bool>,
    detail: Option<Json>,
) -> Fault {
    let mut fault = match parse(code) {
        Some(known) => Fault::new(known, message),
        None => Fault::new(Code::Unknown, format!("{code}: {message}")),
    };
    fault.retryable = retryable.unwrap_or(fault.retryable);
    fault.detail = detail;
    fault
}

const UNKNOWN: &str = "UNKNOWN";

const SPELLINGS: &[(Code, &str)] = &[
    (Code::InvalidArgument, "INVALID_ARGUMENT"),
    (Code::Unauthenticated, "UNAUTHENTICATED"),
    (Code::PermissionDenied, "PERMISSION_DENIED"),
    // The first row of a spelling is how it reads.
    (Code::NotFound, "NOT_FOUND"),
    (Code::JobNotFound, "NOT_FOUND"),
    (Code::AgentNotAvailable, "NOT_FOUND"),
    (Code::AgentVersionNotAvailable, "AGENT_VERSION_NOT_AVAILABLE"),
    (Code::FailedPrecondition, "FAILED_PRECONDITION"),
    (Code::DuplicateKey, "FAILED_PRECONDITION"),
    (Code::AlreadyExists, "ALREADY_EXISTS"),
    (Code::OutOfRange, "OUT_OF_RANGE"),
    (Code::Cancelled, "CANCELLED"),
    (Code::TimedOut, "DEADLINE_EXCEEDED"),
    (Code::DataLoss, "DATA_LOSS"),
    (Code::ResumeWindowExpired, "DATA_LOSS"),
    (Code::HeartbeatLost, "HEARTBEAT_LOST"),
    (Code::LeaseExpired, "LEASE_EXPIRED"),
    (Code::BudgetExhausted, "BUDGET_EXHAUSTED"),
    (Code::LeaseSubsetViolation, "LEASE_SUBSET_VIOLATION"),
    (Code::LeaseRevoked, "LEASE_REVOKED"),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (Code::BackpressureOverflow, "BACKPRESSURE_OVERFLOW"),
    (Code::Unimplemented, "UNIMPLEMENTED"),
    (Code::Unavailable, "UNAVAILABLE"),
    (Code::Aborted, "ABORTED"),
    (Code::Unknown, UNKNOWN),
    (Code::Internal, "INTERNAL"),
];

/// Spellings that are read and never written.
const READ: &[(Code, &str)] = &[
    (Code::ResourceExhausted, "RATE_LIMITED"),
    (Code::Internal, "INTERNAL_ERROR"),
    (Code::InvalidArgument, "INVALID_REQUEST"),
    (Code::TimedOut, "TIMEOUT"),
    (Code::JobNotFound, "JOB_NOT_FOUND"),
    (Code::DuplicateKey, "DUPLICATE_KEY"),
    (Code::AgentNotAvailable, "AGENT_NOT_AVAILABLE"),
    (Code::ResumeWindowExpired, "RESUME_WINDOW_EXPIRED"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_spelling() {
        for code in Code::ALL {
            assert!(SPELLINGS.iter().any(|(known, _)| known == code), "{code}");
        }
    }

    #[test]
    fn spellings_read_back_unless_they_share_one() {
        let shared = [
            Code::JobNotFound,
            Code::AgentNotAvailable,
            Code::DuplicateKey,
            Code::ResumeWindowExpired,
        ];
        for code in Code::ALL.iter().filter(|code| !shared.contains(code)) {
            assert_eq!(parse(spell(*code)), Some(*code));
        }
        assert_eq!(parse("JOB_NOT_FOUND"), Some(Code::JobNotFound));
    }

    #[test]
    fn an_unknown_code_is_kept_in_the_message() {
        let told = fault("MOON_PHASE", "waning", Some(true), None);
        assert_eq!(told.code, Code::Unknown);
        assert_eq!(told.message, "MOON_PHASE: waning");
        assert!(told.retryable);
    }
}
