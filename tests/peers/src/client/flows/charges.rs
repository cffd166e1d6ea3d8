//! Charges to a budget that are not plain: too much, less than nothing, in several currencies.

use arcp::envelope::Envelope;
use arcp::messages::MessageType;
use arcp_peers::ALICE_TOKEN;
use serde_json::{Value, json};

use super::leases::result;
use crate::stage::Stage;
use crate::stop::{Result, same};
use crate::wire::call;

/// What costs more than is left is counted all the same, and is the last.
pub(super) async fn overdrawn(stage: &Stage) -> Result {
    let charges = json!([["model", "0.70", "USD"], ["model", "0.42", "USD"]]);
    let told = [
        ("cost.model", 0.7, "USD"),
        ("cost.budget.remaining", 0.3, "USD"),
        ("cost.model", 0.42, "USD"),
        ("cost.budget.remaining", -0.12, "USD"),
    ];
    let result = json!({"charges": ["ok", "ok"], "then": "BUDGET_EXHAUSTED"});
    charged(stage, &["USD:1"], charges, &told, result).await
}

/// Less than nothing is refused, and gives nothing back.
pub(super) async fn negative(stage: &Stage) -> Result {
    let charges = json!([["refund", "-1", "USD"], ["model", "0.25", "USD"]]);
    let told = [("cost.model", 0.25, "USD"), ("cost.budget.remaining", 0.75, "USD")];
    let result = json!({"charges": ["INVALID_ARGUMENT", "ok"], "then": "ok"});
    charged(stage, &["USD:1"], charges, &told, result).await
}

/// Each currency has what is left of it; one without a budget has no end.
pub(super) async fn currencies(stage: &Stage) -> Result {
    let charges = json!([
        ["model", "0.5", "USD"],
        ["model", "7", "credits"],
        ["model", "100", "EUR"],
        ["model", "0.25", "USD"],
    ]);
    let told = [
        ("cost.model", 0.5, "USD"),
        ("cost.budget.remaining", 0.5, "USD"),
        ("cost.model", 7.0, "credits"),
        ("cost.budget.remaining", 3.0, "credits"),
        ("cost.model", 100.0, "EUR"),
        ("cost.model", 0.25, "USD"),
        ("cost.budget.remaining", 0.25, "USD"),
    ];
    let result = json!({"charges": ["ok", "ok", "ok", "ok"], "then": "ok"});
    charged(stage, &["USD:1", "credits:10"], charges, &told, result).await
}

/// One that is used up is enough for nothing more to be allowed.
pub(super) async fn one_used_up(stage: &Stage) -> Result {
    let charges = json!([["model", "10", "credits"]]);
    let told = [("cost.model", 10.0, "credits"), ("cost.budget.remaining", 0.0, "credits")];
    let result = json!({"charges": ["ok"], "then": "BUDGET_EXHAUSTED"});
    charged(stage, &["USD:1", "credits:10"], charges, &told, result).await
}

/// Charges a budget and then asks for a tool, and holds what is told to what was wanted.
async fn charged(
    stage: &Stage,
    budget: &[&str],
    charges: Value,
    told: &[(&str, f64, &str)],
    ended: Value,
) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let input = json!({"charges": charges, "then": ["tool.call", "search"]});
    let lease = json!({"cost_budget": budget, "tool.call": ["*"]});
    let events = wire.run(call("conf.charge", input).lease(lease)?).await?;
    let metrics: Vec<_> = events.iter().filter_map(metric).collect();
    same("what was told", metrics.as_slice(), told)?;
    same("what came of it", result(events)?, ended)
}

fn metric(event: &Envelope) -> Option<(&str, f64, &str)> {
    match &event.payload {
        MessageType::Metric(metric) => {
            Some((metric.name.as_str(), metric.value, metric.unit.as_str()))
        }
        _ => None,
    }
}
