//! What a script delegates, and what it says of that.

use std::time::Duration;

use arcp_agent::{Child, Completion, Delegation, Fault, JobContext, Json, Lease};
use arcp_core::Timestamp;
use arcp_core::lease::{Budget, Pattern};
use serde_json::{Value, json};

/// Delegates `{agent, input, lease, name, max_runtime_ms}` and says that as an event named `child`, or why
/// not.
pub(super) async fn delegate(
    job: &JobContext,
    children: &mut Vec<Child>,
    part: &Value,
) -> Result<(), Fault> {
    let mut delegation =
        Delegation::new(part["agent"].as_str().unwrap(), Json::from(&part["input"]));
    delegation.lease = part.get("lease").map(lease);
    delegation.name = part["name"].as_str().map(str::to_owned);
    delegation.max_runtime = part["max_runtime_ms"].as_u64().map(Duration::from_millis);
    let said = match job.delegate(delegation).await {
        Ok(child) => {
            let said = json!({
                "job": child.job().as_str(),
                "agent": child.agent(),
                "name": child.name(),
                "budget": child.budget().to_amounts(),
                "ends": child.lease().expires_at.map(|at| at.to_string()),
            });
            children.push(child);
            said
        }
        Err(fault) => json!(fault.code.as_str()),
    };
    job.emit("child", Json::from(&said)).await
}

/// Waits for the end of a child, by its place, and says it as an event named `outcome`.
pub(super) async fn outcome(
    job: &JobContext,
    children: &mut [Child],
    place: &Value,
) -> Result<(), Fault> {
    let child = &mut children[usize::try_from(place.as_u64().unwrap()).unwrap()];
    let first = child.outcome().await;
    assert_eq!(first, child.outcome().await);
    let said = match first {
        Ok(Completion::Inline(value)) => json!({"value": value.read::<Value>().unwrap()}),
        Ok(Completion::Streamed { result, size, .. }) => {
            json!({"result_id": result.as_str(), "size": size})
        }
        Err(fault) => json!({"code": fault.code.as_str(), "message": fault.message}),
    };
    job.emit("outcome", Json::from(&said)).await
}

/// `{NAMESPACE: [pattern], cost.budget: [amount], expires_at}`.
fn lease(json: &Value) -> Lease {
    let mut lease = Lease::default();
    for (namespace, all) in json.as_object().unwrap() {
        let texts = || all.as_array().into_iter().flatten().map(|text| text.as_str().unwrap());
        match namespace.as_str() {
            "cost.budget" => lease.budget = Budget::parse(texts()).unwrap(),
            "expires_at" => {
                lease.expires_at = Some(Timestamp::parse(all.as_str().unwrap()).unwrap());
            }
            _ => {
                for pattern in texts() {
                    lease = lease.grant(namespace, Pattern::parse(pattern).unwrap());
                }
            }
        }
    }
    lease
}
