//! `idle`: very many sessions that do nothing, and one beside them that pings.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select, try_join_all};
use tokio::time::sleep;

use super::{Load, in_parallel, to_f64};
use crate::client::{Bytes, Client};
use crate::failure::Result;
use crate::server::{OTHERS, Server, other};

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut active = Client::open(server).await?;
    pings(&mut active, WARM_UP).await?;
    let before = rss(server)?;
    let opening = Instant::now();
    let mut idle = open(server).await?;
    let opened = opening.elapsed();
    let mut bytes = Bytes::default();
    let latencies = {
        let still = pin!(try_join_all(idle.iter_mut().map(rest)));
        match select(pin!(pings(&mut active, PINGS)), still).await {
            Either::Left((pinged, _)) => pinged?,
            Either::Right((ended, _)) => return Err(ended.err().unwrap_or("nobody rests".into())),
        }
    };
    // A server that gives back what it needed for the handshakes has had time to by now.
    let growth = rss(server)?.saturating_sub(before);
    for client in idle.iter().chain([&active]) {
        bytes.add(client.bytes);
    }
    let figures = vec![("opening_s".to_owned(), opened.as_secs_f64())];
    Ok(Load { figure: to_f64(growth)? / to_f64(SESSIONS as u64)?, latencies, bytes, figures })
}

/// Opens all of them, for as many principals as it takes.
async fn open(server: &Server) -> Result<Vec<Client>> {
    let each = SESSIONS.div_ceil(AT_A_TIME);
    let opened = in_parallel(AT_A_TIME, |n| async move {
        let mut clients = Vec::with_capacity(each);
        for number in n * each..SESSIONS.min((n + 1) * each) {
            clients.push(Client::open_idle(server, Some(&other(number % OTHERS))).await?);
        }
        Ok(clients)
    });
    Ok(opened.await?.into_iter().flatten().collect())
}

/// Does nothing but answer who asks whether it is there.
async fn rest(client: &mut Client) -> Result<()> {
    loop {
        client.hear(|_| Ok(())).await?;
    }
}

async fn pings(client: &mut Client, count: usize) -> Result<Vec<Duration>> {
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        sleep(PAUSE).await; // tidy: sleep because this is the pace of the pings
        let start = Instant::now();
        client.ping().await?;
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}

fn rss(server: &Server) -> Result<u64> {
    Ok(server.usage()?.ok_or("the server is not ours")?.rss_kib)
}

const SESSIONS: usize = 10_000;
const AT_A_TIME: usize = 32;
const WARM_UP: usize = 50;
const PINGS: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(1);
