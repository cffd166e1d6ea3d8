//! Agents that are run again when their runtime has died.

use arcp_agent::{Fault, JobContext, Json, LogLevel, Outcome};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::gates::Gates;
use crate::input;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    gate: String,
    /// States that it keeps one after the other.
    #[serde(default)]
    checkpoints: Vec<Box<RawValue>>,
}

/// Waits at a gate in its first run, and says in a later one what it knows.
pub(crate) async fn again(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Kept { gate, checkpoints } = input(&json)?;
    if job.attempt() > 1 {
        let restored: Option<Value> = job.restored().and_then(|state| state.read().ok());
        return Outcome::of(&json!({ "attempt": job.attempt(), "restored": restored }));
    }
    for state in checkpoints {
        job.checkpoint(Json::from(&*state)).await?;
    }
    job.log(LogLevel::Info, "waiting").await?;
    gates.pass_or_stop(&job, &gate).await?;
    Outcome::of("released")
}
