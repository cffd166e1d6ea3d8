//! `grow`: what a job costs as the log grows, tenfold from level to level.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::events::{Events, Input};
use super::{Load, echo, millis, percentile, to_f64};
use crate::client::{Bytes, Client};
use crate::failure::Result;
use crate::report::Run;
use crate::server::{Durability, Server};
use crate::stage::{Stage, measured};

pub(super) async fn run(stage: &Stage, up_to: u64) -> Result<Run> {
    let server = stage.own(Durability::Full).await?;
    measured(&server, load(&server, up_to)).await
}

/// Lets the log grow to so many events.
async fn load(server: &Server, up_to: u64) -> Result<Load> {
    let mut log = Log::open(server).await?;
    let (mut figures, mut latencies, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for level in levels(up_to) {
        log.fill(level).await?;
        let cost = log.cost(server).await?;
        let mut tell = |what, figure| figures.push((format!("at_{level}_{what}"), figure));
        tell("echo_cpu_us", cost.job_us);
        tell("echo_p50_ms", millis(percentile(&cost.latencies, 50)?));
        tell("event_cpu_us", cost.event_us);
        costs.push(cost.job_us);
        latencies.extend(cost.latencies);
    }
    let first = costs.first().copied().ok_or("there is no level below that")?;
    let highest = costs.iter().copied().fold(first, f64::max);
    let bytes = log.close().await?;
    Ok(Load { figure: highest / first * 100.0, latencies, bytes, figures })
}

/// From ten thousand, tenfold.
fn levels(up_to: u64) -> impl Iterator<Item = u64> {
    let next = |level: &u64| level.checked_mul(10);
    std::iter::successors(Some(FIRST), next).take_while(move |level| *level <= up_to)
}

/// What is being filled.
struct Log {
    clients: Vec<Client>,
    events: u64,
    bytes: Bytes,
}

/// What a job costs the server, and an event.
struct Cost {
    job_us: f64,
    event_us: f64,
    latencies: Vec<Duration>,
}

impl Log {
    async fn open(server: &Server) -> Result<Self> {
        let mut clients = Vec::with_capacity(SESSIONS);
        for _ in 0..SESSIONS {
            clients.push(Client::open(server).await?);
        }
        Ok(Self { clients, events: 0, bytes: Bytes::default() })
    }

    /// Has jobs say events until there are so many.
    async fn fill(&mut self, level: u64) -> Result<()> {
        while self.events < level {
            let missing = level - self.events;
            let jobs = missing.div_ceil(JOB_EVENTS).min(SESSIONS as u64);
            let clients = self.clients.iter_mut().take(usize::try_from(jobs)?);
            try_join_all(clients.map(|client| emit(client, JOB_EVENTS - OF_A_JOB))).await?;
            self.events += jobs * JOB_EVENTS;
        }
        Ok(())
    }

    async fn cost(&mut self, server: &Server) -> Result<Cost> {
        // Not one that was silent while the log grew, as it would be taken for dead.
        let mut client = Client::open(server).await?;
        let mut latencies = Vec::with_capacity(ECHOES);
        let before = cpu(server)?;
        for _ in 0..ECHOES {
            latencies.push(echo::job(&mut client).await?);
        }
        let between = cpu(server)?;
        emit(&mut client, EVENTS).await?;
        let after = cpu(server)?;
        self.bytes.add(client.bytes);
        client.close().await?;
        self.events += ECHOES as u64 * OF_A_JOB + EVENTS + OF_A_JOB;
        let job_us = micros_each(between.saturating_sub(before), ECHOES as u64)?;
        let event_us = micros_each(after.saturating_sub(between), EVENTS)?;
        Ok(Cost { job_us, event_us, latencies })
    }

    async fn close(self) -> Result<Bytes> {
        let mut bytes = self.bytes;
        for client in self.clients {
            bytes.add(client.bytes);
            client.close().await?;
        }
        Ok(bytes)
    }
}

async fn emit(client: &mut Client, n: u64) -> Result<()> {
    let mut job = client.submit("emit", &Input { n, ..Input::default() }).await?;
    Events::new(n).read(client, &mut job).await
}

fn micros_each(used: Duration, count: u64) -> Result<f64> {
    Ok(used.as_secs_f64() * 1e6 / to_f64(count)?)
}

fn cpu(server: &Server) -> Result<Duration> {
    Ok(server.usage()?.ok_or("the server is not ours")?.cpu())
}

const FIRST: u64 = 10_000;
const SESSIONS: usize = 8;
/// Of a job by which the log grows.
const JOB_EVENTS: u64 = 1_000;
/// A job's start and its end are events, too.
const OF_A_JOB: u64 = 2;
/// Computing time is told in hundredths of a second: so many that this does not show.
const ECHOES: usize = 2_000;
const EVENTS: u64 = 40_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_up_tenfold() {
        assert_eq!(levels(2_000_000).collect::<Vec<_>>(), [10_000, 100_000, 1_000_000]);
        assert_eq!(levels(10_000).count(), 1);
        assert_eq!(levels(9_999).count(), 0);
    }
}
