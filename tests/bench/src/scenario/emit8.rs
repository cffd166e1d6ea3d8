//! `emit-8`: a job with many events in each of eight sessions, several times over.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::events::{Events, Input, Span};
use super::{Load, rate};
use crate::client::{Bytes, Client};
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut clients = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        clients.push(Client::open(server).await?);
    }
    let (mut took, mut latencies) = (Duration::ZERO, Vec::new());
    for _ in 0..ROUNDS {
        let jobs = try_join_all(clients.iter_mut().map(job)).await?;
        let Span { first, last } = Span::of_all(jobs.iter().map(|(span, _)| *span))?;
        took += last - first;
        latencies.extend(jobs.iter().map(|(_, latency)| *latency));
    }
    let mut bytes = Bytes::default();
    for client in clients {
        bytes.add(client.bytes);
        client.close().await?;
    }
    // Of each round, all events but the first.
    let figure = rate(ROUNDS * (SESSIONS as u64 * EVENTS - 1), took)?;
    Ok(Load { figure, latencies, bytes, figures: Vec::new() })
}

/// One job, to its end.
async fn job(client: &mut Client) -> Result<(Span, Duration)> {
    let asked = Instant::now();
    let mut job = client.submit("emit", &Input { n: EVENTS, ..Input::default() }).await?;
    let mut events = Events::new(EVENTS);
    events.read(client, &mut job).await?;
    Ok((events.span()?, asked.elapsed()))
}

const SESSIONS: usize = 8;
const EVENTS: u64 = 2_500;
/// One takes a tenth of a second, which is too short to be measured.
const ROUNDS: u64 = 10;
