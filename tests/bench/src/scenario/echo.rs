//! `echo`: one job after the other, over one connection.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Load, rate};
use crate::client::Client;
use crate::dialect::Job;
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut client = Client::open(server).await?;
    for _ in 0..WARM_UP {
        job(&mut client).await?;
    }
    let mut latencies = Vec::with_capacity(JOBS);
    let start = Instant::now();
    while latencies.len() < JOBS && start.elapsed() < AT_MOST {
        latencies.push(job(&mut client).await?);
    }
    let figure = rate(latencies.len() as u64, start.elapsed())?;
    let bytes = client.bytes;
    client.close().await?;
    Ok(Load { figure, latencies, bytes, figures: Vec::new() })
}

/// One job, from asking for it to its end.
pub(super) async fn job(client: &mut Client) -> Result<Duration> {
    let start = Instant::now();
    let mut job = ask(client).await?;
    client.ended(&mut job).await?;
    Ok(start.elapsed())
}

/// Asks for a job.
pub(super) async fn ask(client: &mut Client) -> Result<Job> {
    client.submit("echo", &Text { text: "hello" }).await
}

#[derive(Serialize)]
struct Text {
    text: &'static str,
}

const JOBS: usize = 1_000;
/// Slower runtimes do fewer jobs.
const AT_MOST: Duration = Duration::from_secs(3);
/// Jobs that do not count: connections and caches are cold.
const WARM_UP: usize = 50;
