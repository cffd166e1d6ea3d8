//! `replay`: a session goes on whose client has missed many events.

use std::time::Instant;

use super::events::{Events, Input};
use super::{Load, millis, rate};
use crate::client::Client;
use crate::dialect::{Job, Left};
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut missed = Missed::make(server).await?;
    let mut client = Client::connect(server).await?;
    let start = Instant::now();
    client.resume(server, &missed.left, 0).await?;
    let resumed = start.elapsed();
    let mut events = Events::new(EVENTS);
    events.read(&mut client, &mut missed.job).await?;
    let (took, bytes) = (start.elapsed(), client.bytes);
    client.close().await?;
    Ok(Load {
        // Those of its start and its end are read as well.
        figure: rate(EVENTS + 2, took)?,
        latencies: vec![took],
        bytes,
        figures: vec![("resumed_ms".to_owned(), millis(resumed))],
    })
}

/// A session that has lost its client, and the job that it has asked for, which has ended.
struct Missed {
    left: Left,
    job: Job,
}

impl Missed {
    async fn make(server: &Server) -> Result<Self> {
        let mut client = Client::open_resumable(server).await?;
        let input = Input { n: EVENTS, start_ms: HEAD_START_MS, ..Input::default() };
        let mut job = client.submit("emit", &input).await?;
        client.accepted(&mut job).await?;
        let left = client.vanish()?;
        let mut watcher = Client::open(server).await?;
        let mut watched = watcher.watch(job.id()?).await?;
        watcher.ended(&mut watched).await?;
        watcher.close().await?;
        Ok(Self { left, job })
    }
}

const EVENTS: u64 = 100_000;
/// Before the first event, so that the client is gone by then.
const HEAD_START_MS: u64 = 100;
