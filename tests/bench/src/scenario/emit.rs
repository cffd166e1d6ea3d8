//! `emit`, `emit-many`: one job with many events, to one client that checks each of them.

use std::time::Instant;

use super::Load;
use super::events::{Events, Input};
use crate::client::Client;
use crate::failure::Result;
use crate::server::Server;

/// Of `emit`.
pub(super) async fn some(server: &Server) -> Result<Load> {
    load(server, 20_000).await
}

/// Of `emit-many`.
pub(super) async fn many(server: &Server) -> Result<Load> {
    load(server, 200_000).await
}

async fn load(server: &Server, n: u64) -> Result<Load> {
    let mut client = Client::open(server).await?;
    let asked = Instant::now();
    let mut job = client.submit("emit", &Input { n, ..Input::default() }).await?;
    let mut events = Events::new(n);
    events.read(&mut client, &mut job).await?;
    let latencies = vec![asked.elapsed()];
    let bytes = client.bytes;
    client.close().await?;
    Ok(Load { figure: events.rate()?, latencies, bytes, figures: Vec::new() })
}
