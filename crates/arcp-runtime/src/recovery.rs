//! Reading what an engine has to know at the start: open sessions, open jobs, who watches them and
//! their open streams, artifacts, what is owed, bound keys; nothing else.

use arcp_core::{CredentialId, JobId, Key, SessionId, StreamId};
use arcp_store::{Store, StoreError, StoreErrorKind};
use bytes::Bytes;
use futures_util::future::try_join_all;

use crate::engine::{Fact, Reach};
use crate::record::key;

/// Every fact that an engine recovers from: in the order in which it wants them.
pub(crate) async fn facts(store: &dyn Store) -> Result<Vec<Fact>, StoreError> {
    let mut facts = Vec::new();
    for page in scan_all(store, key::SESSIONS).await?.chunks(ASKED_AT_ONCE) {
        let session = async |(name, value): &(String, Bytes)| {
            let id = SessionId::parse(name).map_err(corrupt)?;
            let stream = reach(store, &key::session_stream(&id)).await?;
            Ok::<_, StoreError>(Fact::Session { id, value: value.clone(), stream })
        };
        facts.extend(try_join_all(page.iter().map(session)).await?);
    }
    for page in scan_all(store, key::OPEN_JOBS).await?.chunks(ASKED_AT_ONCE) {
        let job = async |(name, value): &(String, Bytes)| {
            let id = JobId::parse(name).map_err(corrupt)?;
            let stream = reach(store, &key::job_stream(&id)).await?;
            Ok::<_, StoreError>(Fact::Job { id, value: value.clone(), stream })
        };
        facts.extend(try_join_all(page.iter().map(job)).await?);
    }
    for (name, _) in scan_all(store, key::WATCHERS).await? {
        let (job, session) = name.split_once('\0').unwrap_or_default();
        let job = JobId::parse(job).map_err(corrupt)?;
        let session = SessionId::parse(session).map_err(corrupt)?;
        facts.push(Fact::Watcher { job, session });
    }
    for (name, _) in scan_all(store, key::OPEN_STREAMS).await? {
        let (job, stream) = name.split_once('\0').unwrap_or_default();
        let job = JobId::parse(job).map_err(corrupt)?;
        let stream = StreamId::parse(stream).map_err(corrupt)?;
        facts.push(Fact::Stream { job, stream });
    }
    for (name, value) in scan_all(store, key::RUNS).await? {
        let job = JobId::parse(&name).map_err(corrupt)?;
        facts.push(Fact::Run { job, value });
    }
    for (name, value) in scan_all(store, key::OWED).await? {
        let id = CredentialId::parse(&name).map_err(corrupt)?;
        facts.push(Fact::Owed { id, value });
    }
    for (_, value) in scan_all(store, key::ARTIFACTS).await? {
        facts.push(Fact::Artifact { value });
    }
    facts.push(Fact::Audit { stream: reach(store, &key::audit()).await? });
    for (_, value) in scan_all(store, key::KEYS).await? {
        facts.push(Fact::Key { value });
    }
    Ok(facts)
}

async fn scan_all(store: &dyn Store, prefix: &[u8]) -> Result<Vec<(String, Bytes)>, StoreError> {
    let mut all = Vec::new();
    let mut after: Option<Key> = None;
    loop {
        let facts = store.scan(prefix, after.as_ref(), FACTS).await?;
        let Some((last, _)) = facts.last() else { return Ok(all) };
        after = Some(last.clone());
        for (key, value) in facts {
            let name = key.as_bytes().get(prefix.len()..).unwrap_or_default();
            all.push((String::from_utf8_lossy(name).into_owned(), value));
        }
    }
}

async fn reach(store: &dyn Store, stream: &Key) -> Result<Reach, StoreError> {
    let page = store.read(stream, u64::MAX, 0).await?;
    Ok(Reach { kept_from: page.kept_from, last: page.last })
}

fn corrupt(error: arcp_core::ParseIdError) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, error)
}

const FACTS: usize = 256;
/// Streams that the store is asked for at a time: each alone would be a wait of its own.
const ASKED_AT_ONCE: usize = 64;
