//! `replay`: a session goes on whose client has missed many events.

use std::time::Instant;

use super::events::{Events, Input};
use super::{Load, millis, rate};
use crate::client::Client;
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let missed = Missed::make(server).await?;
    let mut client = Client::connect(server).await?;
    let start = Instant::now();
    client.resume(&missed.resume_token, 0).await?;
    let resumed = start.elapsed();
    let mut events = Events::new(EVENTS);
    events.read(&mut client, &missed.asked).await?;
    let (took, bytes) = (start.elapsed(), client.bytes);
    client.close().await?;
    Ok(Load {
        // Those of its start and its end are read as well.
        rate: rate(usize::try_from(EVENTS + 2)?, took)?,
        latencies: vec![took],
        bytes,
        figures: vec![("resumed_ms", millis(resumed))],
    })
}

/// A session that has lost its client, and the job that it has asked for, which has ended.
struct Missed {
    resume_token: String,
    asked: String,
}

impl Missed {
    async fn make(server: &Server) -> Result<Self> {
        let mut client = Client::open_resumable(server).await?;
        let input = Input { n: EVENTS, start_ms: HEAD_START_MS, ..Input::default() };
        let asked = client.invoke("emit", input).await?;
        let job = client.job(&asked).await?;
        let resume_token = client.vanish()?;
        let mut watcher = Client::open(server).await?;
        watcher.watch_to_the_end(&job).await?;
        watcher.close().await?;
        Ok(Self { resume_token, asked })
    }
}

const EVENTS: u64 = 100_000;
/// Before the first event, so that the client is gone by then.
const HEAD_START_MS: u64 = 100;
