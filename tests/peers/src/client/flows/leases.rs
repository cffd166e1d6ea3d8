//! Leases, budgets and models, which the published client can not ask for.

use arcp::ErrorCode;
use arcp::envelope::Envelope;
use arcp::messages::{JobCompletedPayload, MessageType};
use arcp_peers::ALICE_TOKEN;
use chrono::{SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{call, payload};

/// What was asked for is said back, also what the published types do not name.
pub(super) async fn said_back(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let end = (Utc::now() + TimeDelta::hours(1)).trunc_subsecs(3);
    let lease = json!({
        "cost_budget": ["USD:1.5", "credits:1000"],
        "model_use": ["tier-fast/*"],
        "expires_at": end,
        "fs.read": ["/data/**"],
        "x-acme-region": "eu",
    });
    let job = wire.start(call("conf.echo", json!(1)).lease(lease)?).await?;
    let lease = job.accepted.lease.ok_or_else(|| failed("job.accepted says no lease"))?;
    let budget = lease.cost_budget.unwrap_or_default();
    same("dollars", budget.max("USD"), Some(1.5))?;
    same("credits", budget.max("credits"), Some(1000.0))?;
    same("models", lease.model_use.unwrap_or_default().patterns, ["tier-fast/*"])?;
    same("the end", lease.expires_at, Some(end))?;
    same("files", lease.extra.get("fs.read").cloned(), Some(json!(["/data/**"])))?;
    same("something else", lease.extra.get("x-acme-region").cloned(), Some(json!("eu")))
}

/// A lease that has ended is refused before a job is accepted.
pub(super) async fn over_before(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let lease = json!({"expires_at": Utc::now() - TimeDelta::seconds(1)});
    let asked = wire.invoke(call("conf.echo", json!(1)).lease(lease)?).await?;
    let refusal = payload!(wire.answer(&asked).await?, JobFailed);
    same("the code", refusal.code, ErrorCode::InvalidArgument)
}

/// A job ends with its lease.
pub(super) async fn expiry(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let lease = json!({"expires_at": Utc::now() + TimeDelta::seconds(3)});
    let job = call("conf.gate", json!({"gate": unique("gate")})).lease(lease)?;
    let end = wire.run(job).await?.pop().ok_or_else(|| failed("the job has no end"))?;
    same("the code", payload!(end, JobFailed).code, ErrorCode::LeaseExpired)
}

/// Each charge is told, and what is left after it; what is used up is refused.
pub(super) async fn budget(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let charges = json!([["tokens", "0.25", "USD"], ["tokens", "0.75", "USD"]]);
    let input = json!({"charges": charges, "then": ["model.use", "tier-fast/small"]});
    let lease = json!({"cost_budget": ["USD:1"], "model_use": ["tier-fast/*"]});
    let events = wire.run(call("conf.charge", input).lease(lease)?).await?;
    let metrics: Vec<_> = events.iter().filter_map(metric).collect();
    let told = |name: &str| -> Vec<f64> {
        metrics.iter().filter(|(known, _)| known == name).map(|(_, value)| *value).collect()
    };
    same("what was charged", told("cost.tokens"), [0.25, 0.75])?;
    same("what was left", told("cost.budget.remaining"), [0.75, 0.0])?;
    let result = result(events)?;
    same("the next operation", result.get("then").cloned(), Some(json!("BUDGET_EXHAUSTED")))
}

/// A bare budget is a lease too.
pub(super) async fn bare_budget(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let job = wire.start(call("conf.echo", json!(1)).budget(&["EUR:0.10"])?).await?;
    let budget = job.accepted.lease.and_then(|lease| lease.cost_budget).unwrap_or_default();
    same("euros", budget.max("EUR"), Some(0.1))
}

pub(super) async fn models(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let operations = json!([["model.use", "tier-fast/small"], ["model.use", "tier-slow/large"]]);
    let asked = call("conf.authorize", json!({"operations": operations}));
    let events = wire.run(asked.lease(json!({"model_use": ["tier-fast/*"]}))?).await?;
    same("what was allowed", result(events)?, json!(["ok", "PERMISSION_DENIED"]))
}

/// What a lease grants is allowed, in every namespace, and nothing beside it.
pub(super) async fn grants(stage: &Stage) -> Result {
    let lease = json!({
        "fs.read": ["/work/**"],
        "fs.write": ["/work/out/*"],
        "net.fetch": ["https://example.org/**"],
        "tool.call": ["search.*"],
        "agent.delegate": ["research"],
    });
    let asked = [
        ("fs.read", "/work/deep/a.txt", OK),
        ("fs.read", "/etc/passwd", DENIED),
        ("fs.read", "/work/../etc/passwd", DENIED),
        ("fs.write", "/work/out/a.txt", OK),
        ("fs.write", "/work/a.txt", DENIED),
        ("net.fetch", "https://example.org/a/b", OK),
        ("net.fetch", "https://example.com/", DENIED),
        ("tool.call", "search.web", OK),
        ("tool.call", "shell.exec", DENIED),
        ("agent.delegate", "research", OK),
        ("agent.delegate", "other", DENIED),
        ("model.use", "tier-fast/small", DENIED),
    ];
    let operations = asked.map(|(namespace, target, _)| json!([namespace, target]));
    let wanted = asked.map(|(.., how)| how);
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let asks = call("conf.authorize", json!({"operations": operations}));
    let allowed = result(wire.run(asks.clone().lease(lease)?).await?)?;
    same("what was allowed", allowed, json!(wanted))?;
    let allowed = result(wire.run(asks).await?)?;
    let without = wanted.map(|how| if how == OK { DENIED } else { how });
    same("without a lease", allowed, json!(without))
}

fn metric(event: &Envelope) -> Option<(String, f64)> {
    match &event.payload {
        MessageType::Metric(metric) => Some((metric.name.clone(), metric.value)),
        _ => None,
    }
}

/// The result with which a job has ended.
pub(super) fn result(mut events: Vec<Envelope>) -> Result<Value> {
    let end = events.pop().ok_or_else(|| failed("the job has no end"))?;
    let JobCompletedPayload { value, .. } = payload!(end, JobCompleted);
    holds("there is a result", value.is_some())?;
    Ok(value.unwrap_or_default())
}

const OK: &str = "ok";
const DENIED: &str = "PERMISSION_DENIED";
