//! Gates: by which one job waits until another one lets it go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use arcp_agent::{Code, Fault, JobContext, Json, LogLevel, Outcome};
use serde::Deserialize;
use tokio::sync::watch;

use crate::input;

/// The gates of one set of agents, by name. One that was opened stays open.
#[derive(Debug, Clone)]
pub(crate) struct Gates(Arc<watch::Sender<BTreeSet<String>>>);

impl Default for Gates {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeSet::new())))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    gate: String,
    #[serde(default = "yes")]
    log: bool,
}

fn yes() -> bool {
    true
}

impl Gates {
    /// Waits until the gate is open.
    pub(crate) async fn pass(&self, gate: &str) -> Result<(), Fault> {
        let mut open = self.0.subscribe();
        let passed = open.wait_for(|open| open.contains(gate)).await;
        passed.map(|_| ()).map_err(|_| Fault::new(Code::Aborted, "the gates are gone"))
    }

    /// The same, but ends cancelled when the job is asked to end.
    pub(crate) async fn pass_or_stop(&self, job: &JobContext, gate: &str) -> Result<(), Fault> {
        tokio::select! {
            passed = self.pass(gate) => passed,
            _ = job.cancelled() => Err(Fault::new(Code::Cancelled, "stopped at the gate")),
        }
    }

    /// Waits at the gate, and ends when it is asked to.
    pub(crate) async fn gate(self, job: JobContext, json: Json) -> Result<Outcome, Fault> {
        let gate = waiting(&job, &json).await?;
        self.pass_or_stop(&job, &gate).await?;
        Outcome::of("released")
    }

    /// Waits at the gate, whatever it is asked.
    pub(crate) async fn stubborn(self, job: JobContext, json: Json) -> Result<Outcome, Fault> {
        let gate = waiting(&job, &json).await?;
        self.pass(&gate).await?;
        Outcome::of("released")
    }

    /// Opens the gate.
    pub(crate) fn open(&self, json: &Json) -> Result<Outcome, Fault> {
        let Gate { gate, log: _ } = input(json)?;
        self.0.send_modify(|open| {
            open.insert(gate);
        });
        Ok(Outcome::Value(Json::null()))
    }
}

async fn waiting(job: &JobContext, json: &Json) -> Result<String, Fault> {
    let Gate { gate, log } = input(json)?;
    if log {
        job.log(LogLevel::Info, "waiting").await?;
    }
    Ok(gate)
}
