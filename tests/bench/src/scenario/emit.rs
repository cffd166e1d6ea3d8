//! `emit`: one job with many events, to one client that checks each of them.

use std::time::Instant;

use super::Load;
use super::events::{Events, Input};
use crate::client::Client;
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut client = Client::open(server).await?;
    let asked = Instant::now();
    let id = client.invoke("emit", Input { n: EVENTS, ..Input::default() }).await?;
    let mut events = Events::new(EVENTS);
    events.read(&mut client, &id).await?;
    let latencies = vec![asked.elapsed()];
    let bytes = client.bytes;
    client.close().await?;
    Ok(Load { rate: events.rate()?, latencies, bytes, figures: Vec::new() })
}

const EVENTS: u64 = 20_000;
