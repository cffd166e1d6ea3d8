//! What a runtime is loaded with.

mod chunks;
mod echo;
mod emit;
mod emit8;
mod events;
mod grow;
mod idle;
mod pool;
mod recover;
mod replay;
mod slow;
mod watch;

use std::time::Duration;

use clap::ValueEnum;
use futures_util::future::try_join_all;
use tokio::time::timeout;

use crate::client::Bytes;
use crate::failure::Result;
use crate::report::{Run, Sorted};
use crate::server::{Durability, Server};
use crate::stage::{Stage, measured};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// One job after the other, over one connection
    Echo,
    /// The same, on a server that syncs nothing to the disk
    EchoProcess,
    /// 64 sessions, each with four jobs in flight
    Pool,
    /// One job with 20,000 events
    Emit,
    /// One job with 200,000 events
    EmitMany,
    /// A job with 2,500 events in each of eight sessions, ten times
    #[value(name = "emit-8")]
    Emit8,
    /// One job with 5,000 events that 50 sessions watch
    Watch,
    /// A streamed result of 229 MB of text, in chunks of 64 KiB
    Chunks,
    /// The same of bytes, in base64
    ChunksBase64,
    /// A session that goes on after its client has missed 100,000 events
    Replay,
    /// 10,000 idle sessions, and one beside them that pings
    Idle,
    /// A start on the data of a crashed server: a million events, 10,000 open sessions
    Recover,
    /// Many short jobs, beside a client that has stopped reading the many events of its own
    Slow,
    /// What a job costs as the log grows from ten thousand to ten million events: minutes, and done only
    /// when asked for
    Grow,
}

/// What one run of a scenario comes to.
#[derive(Debug)]
pub(crate) struct Load {
    /// In the unit of the scenario.
    pub(crate) figure: f64,
    /// From asking for a job to its last event, for each job.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) bytes: Bytes,
    /// What else is worth knowing, by name.
    pub(crate) figures: Vec<(String, f64)>,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::EchoProcess => "echo-process",
            Self::Pool => "pool",
            Self::Emit => "emit",
            Self::EmitMany => "emit-many",
            Self::Emit8 => "emit-8",
            Self::Watch => "watch",
            Self::Chunks => "chunks",
            Self::ChunksBase64 => "chunks-base64",
            Self::Replay => "replay",
            Self::Idle => "idle",
            Self::Recover => "recover",
            Self::Slow => "slow",
            Self::Grow => "grow",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Echo | Self::EchoProcess | Self::Pool | Self::Slow => "jobs/s",
            Self::Emit | Self::EmitMany | Self::Emit8 | Self::Replay => "events/s",
            Self::Watch => "deliveries/s",
            Self::Chunks | Self::ChunksBase64 => "MB/s",
            Self::Idle => "KiB a session",
            Self::Recover => "ms to listening",
            Self::Grow => "% of the first cost",
        }
    }

    /// Whether it can be done with a runtime that is there.
    pub(crate) fn suits_any_server(self) -> bool {
        !matches!(self, Self::EchoProcess | Self::Idle | Self::Recover | Self::Slow | Self::Grow)
    }

    /// Whether a runtime can do it that keeps nothing on the disk, and no session for a client that is
    /// gone: nothing is recovered then, no log grows, what a client has missed is lost, and there is no
    /// other durability.
    pub(crate) fn needs_nothing_kept(self) -> bool {
        !matches!(self, Self::EchoProcess | Self::Replay | Self::Recover | Self::Slow | Self::Grow)
    }

    /// Whether it takes minutes.
    pub(crate) fn is_long(self) -> bool {
        self == Self::Grow
    }

    pub(crate) async fn run(self, stage: &mut Stage) -> Result<Run> {
        let patience = if self.is_long() { LONG_PATIENCE } else { PATIENCE };
        let late = |_| format!("{}: no end after {} s", self.name(), patience.as_secs());
        let run = timeout(patience, self.patient(stage)).await.map_err(late)?;
        Ok(run.map_err(|error| format!("{}: {error}", self.name()))?)
    }

    async fn patient(self, stage: &mut Stage) -> Result<Run> {
        match self {
            Self::Echo => on(stage.server().await?, echo::load).await,
            Self::EchoProcess => on(stage.own(Durability::Process).await?, echo::load).await,
            Self::Pool => on(stage.server().await?, pool::load).await,
            Self::Emit => on(stage.server().await?, emit::some).await,
            Self::EmitMany => on(stage.server().await?, emit::many).await,
            Self::Emit8 => on(stage.server().await?, emit8::load).await,
            Self::Watch => on(stage.server().await?, watch::load).await,
            Self::Chunks => on(stage.server().await?, chunks::text).await,
            Self::ChunksBase64 => on(stage.server().await?, chunks::bytes).await,
            Self::Replay => on(stage.server().await?, replay::load).await,
            Self::Idle => on(stage.own(Durability::Full).await?, idle::load).await,
            Self::Recover => recover::run(stage).await,
            Self::Slow => slow::run(stage).await,
            Self::Grow => grow::run(stage, stage.events).await,
        }
    }
}

/// Loads a server, and ends it.
async fn on(server: Server, load: impl AsyncFnOnce(&Server) -> Result<Load>) -> Result<Run> {
    measured(&server, load(&server)).await
}

/// Does so many at a time, and gives what each has come to.
async fn in_parallel<T, F: Future<Output = Result<T>>>(
    count: usize,
    one: impl Fn(usize) -> F,
) -> Result<Vec<T>> {
    try_join_all((0..count).map(one)).await
}

/// So many things in so much time, a second.
fn rate(count: u64, time: Duration) -> Result<f64> {
    if time.is_zero() {
        return Err("it took no time".into());
    }
    Ok(to_f64(count)? / time.as_secs_f64())
}

fn to_f64(figure: u64) -> Result<f64> {
    Ok(f64::from(u32::try_from(figure)?))
}

/// The least of them that so many of a hundred are not above.
pub(crate) fn percentile(latencies: &[Duration], percent: usize) -> Result<Duration> {
    Ok(Sorted::of(latencies.iter().copied())?.at(percent))
}

/// To the microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

const PATIENCE: Duration = Duration::from_mins(2);
const LONG_PATIENCE: Duration = Duration::from_mins(30);
