//! An agent that hands work on, and one whose credential gets another value.

use std::collections::BTreeMap;

use arcp_agent::{
    Child, Code, Completion, Delegation, Fault, JobContext, Json, Lease, LogLevel, Outcome,
};
use arcp_core::Timestamp;
use arcp_core::lease::{Budget, Pattern};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::gates::Gates;
use crate::input;
use crate::lease::{how, spend};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Charge((String, String, String)),
    Ask((String, String)),
    Gate(String),
    /// Hands on, and waits for the end.
    Delegate(Part),
    /// Hands on.
    Start(Part),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    agent: String,
    #[serde(default)]
    input: Option<Box<RawValue>>,
    lease: Option<BTreeMap<String, Vec<String>>>,
    expires_at: Option<String>,
    id: Option<String>,
}

/// Does the steps one after the other, and says how each went.
pub(crate) async fn delegate(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Steps { steps } = input(&json)?;
    let mut said = Vec::new();
    for step in steps {
        said.push(match step {
            Step::Charge(charge) => how(spend(&job, charge).await?),
            Step::Ask((namespace, target)) => how(job.authorize(&namespace, &target).await),
            Step::Gate(gate) => {
                job.log(LogLevel::Info, "waiting").await?;
                gates.pass_or_stop(&job, &gate).await?;
                json!("ok")
            }
            Step::Delegate(part) => match job.delegate(part.read()?).await {
                Ok(child) => outcome(&job, child).await?,
                Err(fault) => refused(fault)?,
            },
            Step::Start(part) => match job.delegate(part.read()?).await {
                Ok(child) => json!({ "child": child.job().as_str() }),
                Err(fault) => refused(fault)?,
            },
        });
    }
    Outcome::of(&said)
}

/// Waits for the end of a child, unless the job itself is asked to end.
async fn outcome(job: &JobContext, mut child: Child) -> Result<Value, Fault> {
    let ended = tokio::select! {
        // Its children are asked with it, and may have ended already.
        biased;
        reason = job.cancelled() => return Err(Fault::new(Code::Cancelled, reason)),
        ended = child.outcome() => ended,
    };
    let job = child.job().as_str();
    let (end, value) = match ended {
        Ok(Completion::Inline(value)) => ("ok", Some(value)),
        Ok(Completion::Streamed { .. }) => ("ok", None),
        Err(fault) => (fault.code.as_str(), None),
    };
    Ok(match value {
        Some(value) => json!({ "child": job, "end": end, "value": value.as_raw() }),
        None => json!({ "child": job, "end": end }),
    })
}

/// The code, unless the job itself is asked to end.
fn refused(fault: Fault) -> Result<Value, Fault> {
    if fault.code == Code::Cancelled { Err(fault) } else { Ok(json!(fault.code.as_str())) }
}

impl Part {
    fn read(self) -> Result<Delegation, Fault> {
        let Self { agent, input, lease, expires_at, id } = self;
        let input = input.map_or_else(Json::null, |input| Json::from(&*input));
        let mut lease = lease.map(read_lease).transpose()?;
        if let Some(at) = expires_at {
            let at = Timestamp::parse(&at).map_err(|error| wrong("expires_at", &error))?;
            lease.get_or_insert_default().expires_at = Some(at);
        }
        let mut delegation = Delegation::new(agent, input);
        (delegation.lease, delegation.name) = (lease, id);
        Ok(delegation)
    }
}

fn read_lease(grants: BTreeMap<String, Vec<String>>) -> Result<Lease, Fault> {
    let mut lease = Lease::default();
    for (namespace, texts) in grants {
        if namespace == "cost.budget" {
            let amounts = Budget::parse(texts.iter().map(String::as_str));
            lease.budget = amounts.map_err(|error| wrong("lease", &error))?;
            continue;
        }
        let patterns: Result<Vec<_>, _> = texts.iter().map(|text| Pattern::parse(text)).collect();
        lease.grants.insert(namespace, patterns.map_err(|error| wrong("lease", &error))?);
    }
    Ok(lease)
}

fn wrong(what: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::invalid(format!("`{what}`: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotating {
    gate: String,
}

/// Gives its first credential another value, once a gate is open.
pub(crate) async fn rotate(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Rotating { gate } = input(&json)?;
    job.log(LogLevel::Info, "waiting").await?;
    gates.pass_or_stop(&job, &gate).await?;
    let none = || Fault::new(Code::FailedPrecondition, "the job has no credential");
    let id = job.credentials().first().map(|first| first.id.clone()).ok_or_else(none)?;
    job.rotate_credential(&id).await?;
    Ok(Outcome::Value(Json::null()))
}
