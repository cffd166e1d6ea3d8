//! `slow`: many short jobs of sessions that read, beside a session that has stopped reading while
//! its job says event after event.
//!
//! The same load with everybody reading comes first, on a server of its own: what one who does
//! not read costs the others is the difference.

use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};

use super::events::{Events, Input};
use super::{Load, echo, millis, percentile, rate, to_f64};
use crate::client::{Bytes, Client};
use crate::failure::Result;
use crate::report::Run;
use crate::server::{Durability, Server};
use crate::stage::{Stage, measured};

pub(super) async fn run(stage: &Stage) -> Result<Run> {
    let server = stage.own(Durability::Full).await?;
    let before = measured(&server, load(&server, Reader::Reads)).await?;
    drop(server);
    let server = stage.own(Durability::Full).await?;
    let mut run = measured(&server, load(&server, Reader::Pauses)).await?;
    let p99 = |run: &Run| percentile(&run.load.latencies, 99);
    let rss = |run: &Run| run.server_rss_kib.ok_or("the server is not ours");
    let growth = rss(&run)?.saturating_sub(rss(&before)?);
    let ratio = p99(&run)?.as_secs_f64() / p99(&before)?.as_secs_f64();
    run.load.figures.extend([
        ("all_reading_jobs_s".to_owned(), before.load.figure),
        ("all_reading_p50_ms".to_owned(), millis(percentile(&before.load.latencies, 50)?)),
        ("all_reading_p99_ms".to_owned(), millis(p99(&before)?)),
        ("all_reading_rss_kib".to_owned(), to_f64(rss(&before)?)?),
        ("p99_ratio".to_owned(), ratio),
        ("rss_growth_kib".to_owned(), to_f64(growth)?),
    ]);
    run.breach = breach(growth);
    Ok(run)
}

/// Whoever does not read must not cost more memory than this.
fn breach(growth_kib: u64) -> Option<String> {
    (growth_kib > GROWTH_KIB).then(|| {
        format!(
            "slow: with a reader that pauses the server's peak memory was {growth_kib} KiB higher \
             than without, and the bound is {GROWTH_KIB} KiB"
        )
    })
}

/// What the client of the large job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Reads,
    Pauses,
}

async fn load(server: &Server, reader: Reader) -> Result<Load> {
    let mut healthy = Vec::with_capacity(HEALTHY);
    for _ in 0..HEALTHY {
        healthy.push(Client::open(server).await?);
    }
    let mut client = Client::open(server).await?;
    let input = Input { n: EVENTS, delay_us: DELAY_US, ..Input::default() };
    let mut job = client.submit("emit", &input).await?;
    let start = Instant::now();
    let until = start + Duration::from_micros(EVENTS * DELAY_US);
    let mut events = Events::new(EVENTS);
    let jobs = try_join_all(healthy.into_iter().map(|client| jobs(client, until)));
    let jobs = match reader {
        Reader::Reads => try_join(jobs, events.read(&mut client, &mut job)).await?.0,
        Reader::Pauses => jobs.await?,
    };
    let took = until - start;
    let read_on = Instant::now();
    if reader == Reader::Pauses {
        events.read(&mut client, &mut job).await?;
    }
    let read_on = read_on.elapsed();
    let mut bytes = client.bytes;
    client.close().await?;
    let mut latencies = Vec::new();
    for (each, more) in jobs {
        latencies.extend(each);
        bytes.add(more);
    }
    let figures = vec![("read_on_ms".to_owned(), millis(read_on))];
    Ok(Load { figure: rate(latencies.len() as u64, took)?, latencies, bytes, figures })
}

/// One job after the other.
async fn jobs(mut client: Client, until: Instant) -> Result<(Vec<Duration>, Bytes)> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        latencies.push(echo::job(&mut client).await?);
    }
    let bytes = client.bytes;
    client.close().await?;
    Ok((latencies, bytes))
}

const HEALTHY: usize = 100;
const EVENTS: u64 = 500_000;
/// From one event to the next: 50,000 a second, for ten seconds.
const DELAY_US: u64 = 20;
/// 64 MiB.
const GROWTH_KIB: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound() {
        assert_eq!(breach(GROWTH_KIB), None);
        let text = breach(GROWTH_KIB + 1).unwrap();
        assert!(text.contains("65537 KiB higher") && text.contains("65536 KiB"), "{text}");
    }
}
