//! Agents that spend and ask.

use arcp::ARCPError;
use arcp::runtime::ToolContext;
use arcp_peers::{invalid, read};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gates::Gates;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spending {
    charges: Vec<(String, String, String)>,
    gate: Option<String>,
    then: Option<(String, String)>,
}

/// Charges, waits at a gate if it is told to, then asks for something likewise; says how each went.
pub(super) async fn charge(
    gates: &Gates,
    input: Value,
    job: &ToolContext,
) -> Result<Value, ARCPError> {
    let Spending { charges, gate, then } = read(input)?;
    let mut said = Vec::new();
    for (what, amount, currency) in charges {
        let amount: f64 =
            amount.parse().map_err(|_| invalid(format!("`{amount}` is no amount")))?;
        said.push(how(job.charge(&format!("cost.{what}"), amount, &currency).await));
    }
    if let Some(gate) = gate {
        gates.pass(&gate).await?;
    }
    let then = then.map(|(namespace, target)| how(ask(job, &namespace, &target)));
    Ok(json!({"charges": said, "then": then}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operations {
    operations: Vec<(String, String)>,
    gate: Option<String>,
}

/// Asks for each operation, at a gate if it is told to; says how each went.
pub(super) async fn authorize(
    gates: &Gates,
    input: Value,
    job: &ToolContext,
) -> Result<Value, ARCPError> {
    let Operations { operations, gate } = read(input)?;
    if let Some(gate) = gate {
        gates.pass(&gate).await?;
    }
    let said = operations.iter().map(|(namespace, target)| how(ask(job, namespace, target)));
    Ok(said.collect())
}

/// A tool can ask for a model. There is no call for anything else.
fn ask(job: &ToolContext, namespace: &str, target: &str) -> Result<(), ARCPError> {
    if namespace == "model.use" {
        return job.enforce_model_use(target);
    }
    Err(ARCPError::Unimplemented { section: "15", detail: format!("to ask for {namespace}") })
}

/// `ok`, or the code of the refusal.
fn how(result: Result<(), ARCPError>) -> Value {
    match result {
        Ok(()) => json!("ok"),
        Err(error) => json!(error.code().as_str()),
    }
}
