//! What a runtime is loaded with.

mod echo;
mod emit;

use std::time::Duration;

use clap::ValueEnum;
use tokio::time::timeout;

use crate::client::Bytes;
use crate::failure::Result;
use crate::server::Server;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// One job after the other, over one connection
    Echo,
    /// One job with many events
    Emit,
}

/// What one run of a scenario comes to.
#[derive(Debug)]
pub(crate) struct Load {
    /// In the unit of the scenario; more is better.
    pub(crate) rate: u64,
    /// From asking for a job to its last event, for each job.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) bytes: Bytes,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Emit => "emit",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Echo => "jobs/s",
            Self::Emit => "events/s",
        }
    }

    pub(crate) async fn load(self, server: &Server) -> Result<Load> {
        let load = async {
            match self {
                Self::Echo => echo::load(server).await,
                Self::Emit => emit::load(server).await,
            }
        };
        let late = |_| format!("{}: no end after {} s", self.name(), PATIENCE.as_secs());
        timeout(PATIENCE, load).await.map_err(late)?
    }
}

/// So many things in so much time, a second.
fn rate(count: usize, time: Duration) -> Result<u64> {
    let count = u128::try_from(count)?;
    let rate = (count * 1_000_000_000).checked_div(time.as_nanos());
    Ok(u64::try_from(rate.ok_or("it took no time")?)?)
}

const PATIENCE: Duration = Duration::from_mins(2);
