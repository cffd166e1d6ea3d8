//! `pool`: many sessions, each of which always has some jobs in flight.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::{Load, echo, rate};
use crate::client::{Bytes, Client};
use crate::dialect::{Job, What};
use crate::failure::Result;
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut clients = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        clients.push(Client::open(server).await?);
    }
    let start = Instant::now() + WARM_UP;
    let jobs = clients.into_iter().map(|client| jobs(client, start, start + TIME));
    let (mut latencies, mut bytes) = (Vec::new(), Bytes::default());
    for (each, more) in try_join_all(jobs).await? {
        latencies.extend(each);
        bytes.add(more);
    }
    Ok(Load { figure: rate(latencies.len() as u64, TIME)?, latencies, bytes, figures: Vec::new() })
}

/// The jobs of one session. Those that end from `start` to `end` count.
async fn jobs(mut client: Client, start: Instant, end: Instant) -> Result<(Vec<Duration>, Bytes)> {
    let (mut latencies, mut running) = (Vec::new(), Vec::with_capacity(IN_FLIGHT));
    for _ in 0..IN_FLIGHT {
        running.push((Instant::now(), echo::ask(&mut client).await?));
    }
    while let Some((asked, _)) = one_ends(&mut client, &mut running).await? {
        let now = Instant::now();
        if (start..end).contains(&now) {
            latencies.push(now - asked);
        }
        if now < end {
            running.push((now, echo::ask(&mut client).await?));
        }
    }
    let bytes = client.bytes;
    client.close().await?;
    Ok((latencies, bytes))
}

type Asked = (Instant, Job);

/// Waits until one of them ends, and takes it out; nothing when there is none.
async fn one_ends(client: &mut Client, running: &mut Vec<Asked>) -> Result<Option<Asked>> {
    while !running.is_empty() {
        let ended = client
            .hear(|heard| {
                let place = running.iter_mut().position(|(_, job)| job.is_of(heard));
                Ok(place.filter(|_| heard.what == What::Ended))
            })
            .await?;
        if let Some(place) = ended {
            return Ok(Some(running.swap_remove(place)));
        }
    }
    Ok(None)
}

const SESSIONS: usize = 64;
const IN_FLIGHT: usize = 4;
const WARM_UP: Duration = Duration::from_millis(300);
const TIME: Duration = Duration::from_secs(3);
