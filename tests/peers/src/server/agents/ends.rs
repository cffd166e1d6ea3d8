//! Agents that only end.

use arcp::ARCPError;
use arcp::ids::LeaseId;
use arcp_peers::{invalid, read};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: String,
    message: String,
    /// A tool can not say so.
    #[serde(rename = "retryable")]
    _retryable: Option<bool>,
    /// Nor this.
    #[serde(rename = "details")]
    _details: Option<Value>,
}

/// Fails as it is told, as far as a tool can: each error puts words of its own before the message.
pub(super) fn fail(input: Value) -> Result<Value, ARCPError> {
    let Failure { code, message: detail, .. } = read(input)?;
    let lease_id = LeaseId::new;
    Err(match code.as_str() {
        "INVALID_ARGUMENT" => ARCPError::InvalidArgument { detail },
        "UNAUTHENTICATED" => ARCPError::Unauthenticated { detail },
        "PERMISSION_DENIED" => ARCPError::PermissionDenied { detail },
        "NOT_FOUND" | "JOB_NOT_FOUND" | "AGENT_NOT_AVAILABLE" => {
            ARCPError::NotFound { kind: "thing", id: detail }
        }
        "AGENT_VERSION_NOT_AVAILABLE" => {
            ARCPError::AgentVersionNotAvailable { agent: detail, version: "1".to_owned() }
        }
        "FAILED_PRECONDITION" | "DUPLICATE_KEY" => ARCPError::FailedPrecondition { detail },
        "ALREADY_EXISTS" => ARCPError::AlreadyExists { kind: "thing", id: detail },
        "OUT_OF_RANGE" => ARCPError::OutOfRange { detail },
        "CANCELLED" => ARCPError::Cancelled { reason: detail },
        "TIMED_OUT" => ARCPError::DeadlineExceeded { detail },
        "HEARTBEAT_LOST" => ARCPError::HeartbeatLost { missed_count: 1 },
        "LEASE_EXPIRED" => ARCPError::LeaseExpired { lease_id: lease_id() },
        "LEASE_REVOKED" => ARCPError::LeaseRevoked { lease_id: lease_id(), reason: detail },
        "BUDGET_EXHAUSTED" => ARCPError::BudgetExhausted { detail },
        "LEASE_SUBSET_VIOLATION" => ARCPError::LeaseSubsetViolation { detail },
        "RESOURCE_EXHAUSTED" => ARCPError::ResourceExhausted { detail, retry_after_seconds: None },
        "BACKPRESSURE_OVERFLOW" => ARCPError::BackpressureOverflow { detail },
        "UNIMPLEMENTED" => ARCPError::Unimplemented { section: "0", detail },
        "UNAVAILABLE" => ARCPError::Unavailable { detail },
        "ABORTED" => ARCPError::Aborted { detail },
        "DATA_LOSS" | "RESUME_WINDOW_EXPIRED" => ARCPError::DataLoss { detail },
        "UNKNOWN" => ARCPError::Unknown { detail },
        "INTERNAL" => ARCPError::Internal { detail },
        other => invalid(format!("no code `{other}` is known")),
    })
}

/// Crashes.
#[expect(clippy::panic, reason = "that is what it is for")]
pub(super) fn panic() -> Result<Value, ARCPError> {
    panic!("an agent that panics was asked for")
}
