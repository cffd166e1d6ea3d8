//! Agents that spend and ask.

use arcp_agent::{Fault, JobContext, Json, LogLevel, Outcome};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gates::Gates;
use crate::input;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spending {
    charges: Vec<(String, String, String)>,
    gate: Option<String>,
    then: Option<(String, String)>,
}

/// Charges, waits at a gate if it is told to, then asks for something likewise; says how each went.
pub(crate) async fn charge(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Spending { charges, gate, then } = input(&json)?;
    let mut said = Vec::new();
    for charge in charges {
        said.push(how(spend(&job, charge).await?));
    }
    if let Some(gate) = gate {
        job.log(LogLevel::Info, "waiting").await?;
        gates.pass(&gate).await?;
    }
    let then = match then {
        Some((namespace, target)) => how(job.authorize(&namespace, &target).await),
        None => Value::Null,
    };
    Outcome::of(&json!({ "charges": said, "then": then }))
}

/// Charges what, how much and in which currency; `Err` where that is no amount.
pub(crate) async fn spend(
    job: &JobContext,
    (what, amount, currency): (String, String, String),
) -> Result<Result<(), Fault>, Fault> {
    let amount: Decimal = amount
        .parse()
        .map_err(|_| Fault::invalid(format!("`charges`: `{amount}` is no amount")))?;
    Ok(job.charge(&what, amount, &currency).await)
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
