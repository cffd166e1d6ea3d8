//! Agents that are run again when their runtime has died.

use arcp_agent::{Fault, JobContext, Json, LogLevel, Outcome};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::gates::Gates;
use crate::input;
use crate::lease::spend;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    gate: String,
    /// States that it keeps one after the other.
    #[serde(default)]
    checkpoints: Vec<Box<RawValue>>,
    /// What it spends before that.
    #[serde(default)]
    charges: Vec<(String, String, String)>,
    /// In how many runs it waits.
    #[serde(default = "once")]
    runs: u32,
    /// Whether it waits on when it is asked to end.
    #[serde(default)]
    stubborn: bool,
}

fn once() -> u32 {
    1
}

/// Waits at a gate in its first runs, and says in a later one what it knows.
pub(crate) async fn again(gates: Gates, job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Kept { gate, checkpoints, charges, runs, stubborn } = input(&json)?;
    if job.attempt() > runs {
        let restored: Option<Value> = job.restored().and_then(|state| state.read().ok());
        return Outcome::of(&json!({ "attempt": job.attempt(), "restored": restored }));
    }
    if job.attempt() == 1 {
        for charge in charges {
            spend(&job, charge).await??;
        }
        for state in checkpoints {
            job.checkpoint(Json::from(&*state)).await?;
        }
    }
    job.log(LogLevel::Info, "waiting").await?;
    if stubborn {
        gates.pass(&gate).await?;
    } else {
        gates.pass_or_stop(&job, &gate).await?;
    }
    Outcome::of("released")
}
