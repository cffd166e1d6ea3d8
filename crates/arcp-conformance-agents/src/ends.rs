//! Agents that only end, in one way or another.

use arcp_agent::{Code, Fault, JobContext, Json, Outcome};
use serde::Deserialize;
use serde_json::json;

use crate::input;

/// Returns the version that ran.
pub(crate) fn version(version: &'static str) -> Result<Outcome, Fault> {
    Outcome::of(&json!({ "version": version }))
}

/// Returns the trace that it was told.
pub(crate) fn trace(job: &JobContext) -> Result<Outcome, Fault> {
    Outcome::of(&json!({ "trace": job.trace().map(AsRef::<str>::as_ref) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: String,
    message: String,
    retryable: Option<bool>,
    details: Option<serde_json::Value>,
}

/// Fails as it is told.
pub(crate) fn fail(json: &Json) -> Result<Outcome, Fault> {
    let Failure { code, message, retryable, details } = input(json)?;
    let code = Code::parse(&code)
        .ok_or_else(|| Fault::invalid(format!("`code`: no `{code}` is known")))?;
    let mut fault = Fault::new(code, message);
    fault.retryable = retryable.unwrap_or(fault.retryable);
    fault.detail = details.as_ref().map(Json::from);
    Err(fault)
}

/// Crashes. Unwinds as a panic does, but is not printed: a backtrace of a debug build takes a second or more
/// of the processor, while other scenarios are on the clock.
pub(crate) fn panic() -> Result<Outcome, Fault> {
    std::panic::resume_unwind(Box::new("an agent that panics was asked for"))
}
