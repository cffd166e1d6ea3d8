//! Agents that spend and ask.

use arcp_agent::{Fault, JobContext, Json, Outcome};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gates::Gates;
use crate::input;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Charges {
    charges: Vec<(String, String, String)>,
    then: Option<(String, String)>,
}

/// Charges, then asks for something if it is told to; says how each went.
pub(crate) async fn charge(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Charges { charges, then } = input(&json)?;
    let mut said = Vec::new();
    for (what, amount, currency) in charges {
        let amount: Decimal = amount
            .parse()
            .map_err(|_| Fault::invalid(format!("`charges`: `{amount}` is no amount")))?;
        said.push(how(job.charge(&what, amount, &currency).await));
    }
    let then = match then {
        Some((namespace, target)) => how(job.authorize(&namespace, &target).await),
        None => Value::Null,
    };
    Outcome::of(&json!({ "charges": said, "then": then }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operations {
    operations: Vec<(String, String)>,
    gate: Option<String>,
}

/// Asks for each operation, at a gate if it is told to; says how each went.
pub(crate) async fn authorize(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Operations { operations, gate } = input(&json)?;
    if let Some(gate) = gate {
        gates.pass(&gate).await?;
    }
    let mut said = Vec::new();
    for (namespace, target) in operations {
        said.push(how(job.authorize(&namespace, &target).await));
    }
    Outcome::of(&said)
}

/// `ok`, or the code of the refusal.
pub(crate) fn how(result: Result<(), Fault>) -> Value {
    match result {
        Ok(()) => json!("ok"),
        Err(fault) => json!(fault.code.as_str()),
    }
}
