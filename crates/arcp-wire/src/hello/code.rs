//! Codes as this dialect spells them (§12): fifteen, of which several stand for more than one of the
//! domain's.

use arcp_core::{Code, Fault, Json};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::json::Object;

/// What a peer is told of a fault.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    code: &'static str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Json>,
}

impl<'a> Told<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        let code = name(fault.code);
        // A message must not be empty.
        let message = if fault.message.is_empty() { code } else { &fault.message };
        Self {
            code,
            message,
            retryable: is_retryable(code, fault.retryable),
            details: details(fault),
        }
    }
}

/// A fault's details; where the spelling leaves out what it was, they say that too.
fn details(fault: &Fault) -> Option<Json> {
    let reason = is_lossy(fault.code).then(|| fault.code.as_str());
    match &fault.detail {
        None => Json::of(&Reason { reason: reason? }).ok(),
        Some(detail) if detail.is_object() && reason.is_none() => Some(detail.clone()),
        Some(detail) => Json::of(&Details { reason, detail }).ok(),
    }
}

#[derive(Serialize)]
struct Reason {
    reason: &'static str,
}

/// A detail with the reason: among its own keys where it has some.
struct Details<'a> {
    reason: Option<&'static str>,
    detail: &'a Json,
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(reason) = self.reason {
            map.serialize_entry(REASON, reason)?;
        }
        match Object::read(self.detail.as_raw(), "details") {
            Ok(object) => {
                for (key, raw) in object.entries().filter(|(key, _)| *key != REASON) {
                    map.serialize_entry(key, raw)?;
                }
            }
            Err(_) => map.serialize_entry("detail", self.detail)?,
        }
        map.end()
    }
}

const REASON: &str = "reason";

/// An internal error can always be tried again; what a lease or a budget forbids never.
fn is_retryable(code: &str, fault: bool) -> bool {
    match code {
        INTERNAL_ERROR => true,
        "LEASE_EXPIRED" | "BUDGET_EXHAUSTED" => false,
        _ => fault,
    }
}

/// How the code is spelt.
pub(super) const fn name(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::PermissionDenied | Code::LeaseRevoked => "PERMISSION_DENIED",
        Code::JobNotFound | Code::NotFound => "JOB_NOT_FOUND",
        Code::AgentNotAvailable => "AGENT_NOT_AVAILABLE",
        Code::AgentVersionNotAvailable => "AGENT_VERSION_NOT_AVAILABLE",
        Code::DuplicateKey => "DUPLICATE_KEY",
        Code::Cancelled => "CANCELLED",
        Code::TimedOut => "TIMEOUT",
        Code::ResumeWindowExpired => "RESUME_WINDOW_EXPIRED",
        Code::HeartbeatLost => "HEARTBEAT_LOST",
        Code::LeaseExpired => "LEASE_EXPIRED",
        Code::BudgetExhausted => "BUDGET_EXHAUSTED",
        Code::LeaseSubsetViolation => "LEASE_SUBSET_VIOLATION",
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::AlreadyExists
        | Code::OutOfRange
        | Code::Unimplemented => "INVALID_REQUEST",
        Code::ResourceExhausted
        | Code::BackpressureOverflow
        | Code::Unavailable
        | Code::Aborted
        | Code::DataLoss
        | Code::Unknown
        | Code::Internal
        // One that is added has no spelling of its own here.
        | _ => INTERNAL_ERROR,
    }
}

/// Whether the spelling does not tell which of the domain's codes it was.
const fn is_lossy(code: Code) -> bool {
    matches!(
        code,
        Code::ResourceExhausted
            | Code::BackpressureOverflow
            | Code::Unavailable
            | Code::Aborted
            | Code::DataLoss
            | Code::LeaseRevoked
            | Code::Unimplemented
    )
}

/// Reads a peer's fault; a code that nobody knows is one that says nothing.
pub(super) fn fault(
    code: &str,
    message: &str,
    retryable: Option<bool>,
    details: Option<Json>,
) -> Fault {
    let known = READ.iter().copied().find(|known| name(*known) == code);
    let said = details.as_ref().and_then(reason).filter(|said| name(*said) == code);
    let code = said.or(known).unwrap_or(Code::Unknown);
    let fault = Fault::new(code, message);
    let fault = fault.with_retryable(retryable.unwrap_or(code.is_retryable()));
    match details {
        Some(details) => fault.with_detail(details),
        None => fault,
    }
}

/// Which of the codes that share a spelling it is, as a runtime like ours says it.
fn reason(details: &Json) -> Option<Code> {
    let object = Object::read(details.as_raw(), "details").ok()?;
    Code::parse(&object.text(REASON).ok()??)
}

/// What each spelling is read as.
const READ: &[Code] = &[
    Code::PermissionDenied,
    Code::LeaseSubsetViolation,
    Code::JobNotFound,
    Code::DuplicateKey,
    Code::AgentNotAvailable,
    Code::AgentVersionNotAvailable,
    Code::Cancelled,
    Code::TimedOut,
    Code::ResumeWindowExpired,
    Code::HeartbeatLost,
    Code::LeaseExpired,
    Code::BudgetExhausted,
    Code::InvalidArgument,
    Code::Unauthenticated,
    Code::Internal,
];

const INTERNAL_ERROR: &str = "INTERNAL_ERROR";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_spellings_and_each_reads_back() {
        let mut spelt: Vec<_> = Code::ALL.iter().map(|code| name(*code)).collect();
        spelt.sort_unstable();
        spelt.dedup();
        assert_eq!(spelt.len(), 15);
        for text in spelt {
            assert_eq!(name(fault(text, "", None, None).code), text);
        }
        assert_eq!(fault("VENDOR", "m", Some(true), None).code, Code::Unknown);
    }

    #[test]
    fn what_a_spelling_leaves_out_is_said_beside_it() {
        let read = |fault: &Fault| {
            let told = Told::of(fault);
            self::fault(told.code, told.message, Some(told.retryable), told.details)
        };
        for code in Code::ALL.iter().filter(|code| is_lossy(**code)) {
            assert_eq!(read(&Fault::new(*code, "m")).code, *code);
            let detail = Json::parse(r#"{"limit":"jobs","reason":"theirs"}"#).unwrap();
            let told = read(&Fault::new(*code, "m").with_detail(detail));
            assert_eq!(told.code, *code);
            assert!(told.detail.unwrap().as_str().contains(r#""limit":"jobs""#));
        }
        let listed =
            read(&Fault::new(Code::Cancelled, "m").with_detail(Json::parse("[1]").unwrap()));
        assert_eq!(listed.detail.unwrap().as_str(), r#"{"detail":[1]}"#);
    }

    #[test]
    fn retryable_is_what_the_code_says() {
        for code in Code::ALL {
            for said in [true, false] {
                let told = Fault::new(*code, "").with_retryable(said);
                let told = Told::of(&told);
                assert!(!told.message.is_empty());
                match told.code {
                    INTERNAL_ERROR => assert!(told.retryable),
                    "LEASE_EXPIRED" | "BUDGET_EXHAUSTED" => assert!(!told.retryable),
                    _ => assert_eq!(told.retryable, said),
                }
            }
        }
    }
}
