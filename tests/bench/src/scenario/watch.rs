//! `watch`: one job with many events that many sessions watch, each of which checks all of them.

use std::time::Instant;

use futures_util::future::{try_join, try_join_all};

use super::events::{Events, Input, Span};
use super::{Load, rate};
use crate::client::{Bytes, Client};
use crate::dialect::Job;
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut watchers = Vec::with_capacity(WATCHERS);
    for _ in 0..WATCHERS {
        watchers.push(Client::open(server).await?);
    }
    let mut client = Client::open(server).await?;
    let asked = Instant::now();
    let input = Input { n: EVENTS, start_ms: HEAD_START_MS, ..Input::default() };
    let mut job = client.submit("emit", &input).await?;
    client.accepted(&mut job).await?;
    let id = job.id()?.to_owned();
    let jobs = try_join_all(watchers.iter_mut().map(|client| watch(client, &id))).await?;
    let all = watchers.iter_mut().zip(jobs).map(|(client, job)| read(client, job));
    let (spans, own) = try_join(try_join_all(all), read(&mut client, job)).await?;
    let latencies = vec![asked.elapsed()];
    let Span { first, last } = Span::of_all(spans)?;
    let figure = rate(WATCHERS as u64 * EVENTS - 1, last - first)?;
    let own_rate = rate(EVENTS - 1, own.last - own.first)?;
    let mut bytes = Bytes::default();
    for client in watchers.into_iter().chain([client]) {
        bytes.add(client.bytes);
        client.close().await?;
    }
    Ok(Load { figure, latencies, bytes, figures: vec![("own_events_s".to_owned(), own_rate)] })
}

async fn watch(client: &mut Client, id: &str) -> Result<Job> {
    let job = client.watch(id).await?;
    client.watching().await?;
    Ok(job)
}

/// Reads every event, to the end of the job.
async fn read(client: &mut Client, mut job: Job) -> Result<Span> {
    let mut events = Events::new(EVENTS);
    events.read(client, &mut job).await?;
    events.span()
}

const WATCHERS: usize = 50;
const EVENTS: u64 = 5_000;
/// Before the first event, so that all of them watch by then.
const HEAD_START_MS: u64 = 500;
