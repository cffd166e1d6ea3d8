//! `recover`: a runtime starts on what one that crashed has left, which is much.

use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;

use super::events::{Events, Input};
use super::{Load, in_parallel, millis};
use crate::client::Client;
use crate::failure::Result;
use crate::report::Run;
use crate::server::{Durability, OTHERS, PREFIX, Server, other};
use crate::stage::{Stage, measured};

pub(super) async fn run(stage: &mut Stage) -> Result<Run> {
    let kept = match stage.kept.take() {
        Some(kept) => kept,
        None => make(stage).await?,
    };
    let data = copy(kept.path())?;
    stage.kept = Some(kept);
    let start = Instant::now();
    let server = stage.server_on(data).await?;
    let (listening, usage) = (start.elapsed(), server.usage()?);
    let load = async {
        let mut client = Client::open(&server).await?;
        client.ping().await?;
        let pong = start.elapsed();
        let bytes = client.bytes;
        client.close().await?;
        let mut figures = vec![("first_pong_ms".to_owned(), millis(pong))];
        figures.extend(usage.map(|usage| ("start_cpu_ms".to_owned(), millis(usage.cpu()))));
        Ok(Load { figure: millis(listening), latencies: vec![pong], bytes, figures })
    };
    measured(&server, load).await
}

/// Has a server do much, and kills it.
async fn make(stage: &Stage) -> Result<TempDir> {
    let server = stage.own(Durability::Full).await?;
    let each = SESSIONS.div_ceil(AT_A_TIME);
    in_parallel(AT_A_TIME, |n| {
        let (server, from) = (&server, n * each);
        async move {
            for session in from..SESSIONS.min(from + each) {
                leave_session(server, session).await?;
            }
            Ok(())
        }
    })
    .await?;
    server.kill().await
}

/// A session that stays open, and a job of it that has ended.
async fn leave_session(server: &Server, number: usize) -> Result<()> {
    let mut client = Client::open_as(server, &other(number % OTHERS)).await?;
    let input = Input { n: EVENTS, ..Input::default() };
    let key = format!("key-{number}");
    let mut job = client.submit_under(Some(&key), "emit", &input).await?;
    Events::new(EVENTS).read(&mut client, &mut job).await
}

/// A copy of the files in a folder, without its folders: no job here has artifacts.
fn copy(folder: &Path) -> Result<TempDir> {
    let copy = TempDir::with_prefix(PREFIX)?;
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
        }
    }
    Ok(copy)
}

/// Each with a job and a key.
const SESSIONS: usize = 10_000;
/// With those of its start and its end 100 a job, and a million in all.
const EVENTS: u64 = 98;
const AT_A_TIME: usize = 128;
