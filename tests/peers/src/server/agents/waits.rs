//! Agents that wait, most of them at a gate.
//!
//! None looks whether it is cancelled: the runtime drops them then, and asks at the same moment
//! whether they have ended, so that to look would be to toss a coin.

use arcp::ARCPError;
use arcp_peers::read;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::credentials::Issuer;
use crate::gates::Gates;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    gate: String,
    #[serde(default, rename = "log")]
    _log: bool,
}

/// Waits until the gate is open.
pub(super) async fn gate(gates: Gates, input: Value) -> Result<Value, ARCPError> {
    let Gate { gate, .. } = read(input)?;
    gates.pass(&gate).await?;
    Ok(json!("released"))
}

/// Opens the gate.
pub(super) fn open(gates: &Gates, input: Value) -> Result<Value, ARCPError> {
    let Gate { gate, .. } = read(input)?;
    gates.open(gate);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Awaited {
    revoked: String,
}

/// Says which credentials are revoked, once the one that it is told of is.
pub(super) async fn revoked(issuer: &Issuer, input: Value) -> Result<Value, ARCPError> {
    let awaited: Option<Awaited> = read(input)?;
    Ok(json!(issuer.revoked(awaited.map(|awaited| awaited.revoked)).await?))
}
