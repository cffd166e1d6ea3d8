//! The agent that asks for a permission.

use std::time::Duration;

use arcp_agent::{Fault, JobContext, Json, LogLevel, Outcome, PermissionRequest};
use serde::Deserialize;
use serde_json::json;

use crate::gates::Gates;
use crate::input;
use crate::lease::how;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    permission: String,
    resource: String,
    operation: String,
    reason: Option<String>,
    lease_seconds: Option<u64>,
    wait_ms: Option<u64>,
    gate: Option<String>,
}

/// Asks for a permission and, once it has it, uses it; says how each went.
pub(crate) async fn permission(
    gates: Gates,
    job: JobContext,
    json: Json,
) -> Result<Outcome, Fault> {
    let asked: Asked = input(&json)?;
    let mut request =
        PermissionRequest::new(&*asked.permission, &*asked.resource, &*asked.operation);
    request.reason = asked.reason;
    request.lease = asked.lease_seconds.map(Duration::from_secs);
    let wait = asked.wait_ms.map(Duration::from_millis);
    let granted = job.ask_permission(request, wait).await;
    if granted.is_err() {
        return Outcome::of(&json!({ "asked": how(granted.map(drop)), "used": null }));
    }
    if let Some(gate) = asked.gate {
        job.log(LogLevel::Info, "waiting").await?;
        gates.pass(&gate).await?;
    }
    let used = how(job.authorize(&asked.permission, &asked.resource).await);
    Outcome::of(&json!({ "asked": "ok", "used": used }))
}
