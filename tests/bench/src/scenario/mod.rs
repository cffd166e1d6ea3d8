//! What a runtime is loaded with.

mod echo;
mod emit;
mod events;
mod recover;
mod replay;
mod slow;

use std::time::Duration;

use clap::ValueEnum;
use tokio::time::timeout;

use crate::client::Bytes;
use crate::failure::Result;
use crate::report::{Run, Sorted};
use crate::stage::{Stage, measured};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// One job after the other, over one connection
    Echo,
    /// One job with many events
    Emit,
    /// A session that goes on after its client has missed many events
    Replay,
    /// A start on the data of a crashed server: a million events, 10,000 open sessions
    Recover,
    /// Many short jobs, beside a client that has stopped reading the many events of its own
    Slow,
}

/// What one run of a scenario comes to.
#[derive(Debug)]
pub(crate) struct Load {
    /// In the unit of the scenario.
    pub(crate) rate: u64,
    /// From asking for a job to its last event, for each job.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) bytes: Bytes,
    /// What else is worth knowing, by name.
    pub(crate) figures: Vec<(&'static str, f64)>,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Emit => "emit",
            Self::Replay => "replay",
            Self::Recover => "recover",
            Self::Slow => "slow",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Echo | Self::Slow => "jobs/s",
            Self::Emit | Self::Replay => "events/s",
            Self::Recover => "ms to listening",
        }
    }

    /// Whether it can be done with a runtime that is there.
    pub(crate) fn suits_any_server(self) -> bool {
        !matches!(self, Self::Recover | Self::Slow)
    }

    pub(crate) async fn run(self, stage: &mut Stage<'_>) -> Result<Run> {
        let late = |_| format!("{}: no end after {} s", self.name(), PATIENCE.as_secs());
        timeout(PATIENCE, self.patient(stage)).await.map_err(late)?
    }

    async fn patient(self, stage: &mut Stage<'_>) -> Result<Run> {
        match self {
            Self::Echo => {
                let server = stage.server().await?;
                measured(&server, echo::load(&server)).await
            }
            Self::Emit => {
                let server = stage.server().await?;
                measured(&server, emit::load(&server)).await
            }
            Self::Replay => {
                let server = stage.server().await?;
                measured(&server, replay::load(&server)).await
            }
            Self::Recover => recover::run(stage).await,
            Self::Slow => slow::run(stage).await,
        }
    }
}

/// So many things in so much time, a second.
fn rate(count: usize, time: Duration) -> Result<u64> {
    let count = u128::try_from(count)?;
    let rate = (count * 1_000_000_000).checked_div(time.as_nanos());
    Ok(u64::try_from(rate.ok_or("it took no time")?)?)
}

/// The least of them that so many of a hundred are not above.
fn percentile(latencies: &[Duration], percent: usize) -> Result<Duration> {
    Ok(Sorted::of(latencies.iter().copied())?.at(percent))
}

/// To the microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

const PATIENCE: Duration = Duration::from_mins(2);
